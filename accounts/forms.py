"""Forms of a person's own pages. What is wrong with one is a refusal, like everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import keys
from accounts.actor import Actor
from accounts.models import Team, User
from accounts.models.keys import Scope
from tale.lib.refusals import STATUS_OF, Refusal
from tale.lib.strict import is_blank

_CODES = {"max_length": "too_long", "null_characters_not_allowed": "invalid_characters"}
_NEEDS = {Scope.ASSISTANTS: "author_assistants", Scope.ADMIN: "manage_organisation"}


class StrictForm(forms.Form):
    """Takes the fields it shows. One that was slipped in is refused, not ignored."""

    def checked(self) -> dict[str, Any]:
        for name in self.data.keys() - self.fields.keys() - {"csrfmiddlewaretoken"}:
            raise Refusal("field_not_allowed", field=name[:80])
        if not self.is_valid():
            field, errors = next(iter(self.errors.as_data().items()))
            code = errors[0].code or ""
            code = _CODES.get(code, code if code in STATUS_OF else "invalid_value")
            if code == "invalid_choice" and isinstance(
                self.fields.get(field), forms.ModelChoiceField
            ):
                code = "forbidden"  # a row that was not on offer
            raise Refusal(code, errors[0].messages[0], field=field)
        return self.cleaned_data

    def show(self, refusal: Refusal) -> None:
        """Next to its field; what `checked` raised stands there already."""
        if self.is_valid():
            named = refusal.field if refusal.field in self.fields else None
            self.add_error(named, str(refusal.message))


class NameField(forms.CharField):
    def validate(self, value: str) -> None:
        super().validate(value)
        if value and is_blank(value):
            raise ValidationError(_("One cannot see anything of this name."), code="blank")


class ProfileForm(StrictForm):
    name = NameField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class NewcomerForm(StrictForm):
    name = NameField(
        label=_("Your name"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least ten characters, and nothing that is easy to guess."),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, User(email=self.email, name=self.cleaned_data.get("name", "")))
        return password


class KeyForm(StrictForm):
    name = NameField(
        label=_("Name"), max_length=80, help_text=_("So that you know it again in a year.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"),
        choices=Scope.choices,
        initial=[Scope.READ, Scope.CHAT, Scope.IMAGES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label=_("It expires in"),
        coerce=int,
        choices=lambda: [(days, _days(days)) for days in (7, 30, 90, 180, 365)],
        initial=keys.LIFE.days,
    )
    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=_("Team that pays"),
        required=False,
        empty_label=_("None: I pay myself"),
    )
    allowed_addresses = forms.CharField(
        label=_("Allowed addresses"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        help_text=_("One address or network in a line, such as 10.0.0.0/8. Empty: from anywhere."),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = keys.teams_of(actor)  # type: ignore[attr-defined]
        # Only shown are the scopes this person may give; the domain says no to the others.
        self.fields["scopes"].widget.choices = [
            (scope, label)
            for scope, label in Scope.choices
            if scope not in _NEEDS or actor.may(_NEEDS[Scope(scope)])
        ]

    def wish(self, *, now: datetime) -> dict[str, Any]:
        wish = self.checked()
        days = wish.pop("days")
        wish["allowed_addresses"] = wish["allowed_addresses"].split()
        return {**wish, "expires_at": now + timedelta(days=days)}


def _days(days: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}
