"""The look of the admin. Nothing else imports django-unfold, so that it can move on, or go.

0.91 is its last release for Python 3.11.
"""

from functools import wraps
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from django.forms import DateInput
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminAutocompleteWidget,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

if TYPE_CHECKING:  # it has no types of its own, and builds on Django's classes
    from collections.abc import Callable

    from django import forms
    from django.contrib import admin
    from django.http import HttpRequest

    Method = TypeVar("Method", bound=Callable[..., Any])
    AdminSite: TypeAlias = admin.AdminSite
    TabularInline: TypeAlias = admin.TabularInline[Any, Any]
    InlineFormSet: TypeAlias = forms.BaseInlineFormSet[Any, Any, Any]

    class ModelAdmin(admin.ModelAdmin[Any]):
        def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]: ...

    def action(**about: Any) -> Callable[[Method], Method]: ...
    def display(**about: Any) -> Callable[[Method], Method]: ...

else:
    from unfold import decorators
    from unfold.admin import ModelAdmin, TabularInline
    from unfold.decorators import action
    from unfold.forms import PaginationInlineFormSet as InlineFormSet
    from unfold.sites import UnfoldAdminSite as AdminSite

Amount = Text = UnfoldAdminTextInputWidget
Autocomplete = UnfoldAdminAutocompleteWidget
Checkboxes = UnfoldAdminCheckboxSelectMultipleWidget
File = UnfoldAdminFileFieldWidget
Lines = UnfoldAdminTextareaWidget
Password = UnfoldAdminPasswordWidget
Radios = UnfoldAdminRadioSelectWidget
Select = UnfoldAdminSelectWidget
Switch = UnfoldBooleanSwitchWidget


class Labels(dict[str, str]):
    """The colours of badges. The theme shows a word without one by its code."""

    def __missing__(self, word: str) -> str:
        return ""


class Badge(tuple[str, str]):
    """A code and its word. A list of the theme makes a badge of it, a form needs to be told how."""

    def __html__(self) -> str:
        return conditional_escape(self[1])


class Header(list[str]):
    """What matters, and under it what explains it."""

    def __html__(self) -> str:
        return format_html_join(" · ", "{}", ((line,) for line in self[:2] if line))


if not TYPE_CHECKING:

    def display(**about: Any) -> Any:
        """The theme's own, for values that forms can show as well."""
        kind = Header if about.get("header") else None
        if isinstance(about.get("label"), dict):
            about["label"], kind = Labels(about["label"]), Badge

        def shown(method: Any) -> Any:
            if kind is None:
                return decorators.display(**about)(method)

            @wraps(method)
            def in_its_kind(*asked: Any) -> Any:
                return kind(method(*asked))

            return decorators.display(**about)(in_its_kind)

        return shown


def more(address: str, text: str) -> SafeString:
    """A link within a field of a form, which would not look like one."""
    return format_html('<a class="t-more" href="{}">{}</a>', address, text)


class Date(DateInput):
    """The browser's own calendar: it knows the reader's way to write a day, and needs no script."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__({"class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")


__all__ = [
    "ActionVariant",
    "AdminSite",
    "Amount",
    "Autocomplete",
    "Checkboxes",
    "Date",
    "InlineFormSet",
    "Lines",
    "ModelAdmin",
    "Password",
    "Radios",
    "Select",
    "Switch",
    "TabularInline",
    "Text",
    "action",
    "display",
    "more",
]
