"""The base of every list and form of the admin.

shown     get_queryset: one organisation's rows; a foreign, a deleted and a random id are 404
asked     lookup_allowed: only by the filters a list shows; nobody probes fields by ?name__gt=
changed   save_model: see changing.py
told      by the domain function, in the audit; `History` shows its lines, Django's log is empty
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import PAGE_VAR
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import history
from accounts.admin_base.changing import Changing
from accounts.admin_base.filters import OfOrganisation
from accounts.admin_base.scope import Scoped, is_operator
from accounts.models import Organisation
from tale.lib import theme
from tale.lib.refusals import NotFound, Refusal


class OrganisationAdmin(Changing):
    icon: ClassVar[str] = "table_rows"
    plural: ClassVar[Promise | str] = ""  # what the list is called, if not as its model
    intro: ClassVar[Promise | str] = ""  # what the list is for, above it
    when_empty: ClassVar[Promise | str] = ""  # the next step, where there is nothing yet
    titles: ClassVar[dict[str, Any]] = {}  # of fields whose own name says too little
    consequences: ClassVar[Promise | str] = ""  # what else goes with a deleted row
    list_per_page = 50
    change_list_template = "admin/rows.html"
    list_before_template = "admin/intro.html"
    change_form_outer_before_template = "admin/elsewhere.html"
    view_on_site = False
    warn_unsaved_form = True

    def __init__(self, model: type[models.Model], admin_site: Any) -> None:
        super().__init__(model, admin_site)
        for name, title in self.titles.items():
            setattr(self, f"its_{name}", _column(name, title))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        if not (is_operator(request) and self.owner_field):
            return rows
        owner = Organisation.objects.filter(pk=models.OuterRef(self.owner_field))
        return rows.annotate(organisation_name=models.Subquery(owner.values("name")[:1]))

    def get_list_display(self, request: HttpRequest) -> Any:
        named = super().get_list_display(request)
        shown = tuple(f"its_{name}" if name in self.titles else name for name in named)
        by_owner = is_operator(request) and self.owner_field
        return (*shown, "organisation_column") if by_owner else shown

    def get_list_filter(self, request: HttpRequest) -> Any:
        offered = super().get_list_filter(request)
        by_owner = is_operator(request) and self.owner_field
        return (*offered, OfOrganisation) if by_owner else offered

    @theme.display(description=_("organisation"), ordering="organisation_name")
    def organisation_column(self, row: Any) -> str:
        name: str = row.organisation_name
        return name

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        if request is None or lookup not in self._lookups(request):
            raise Refusal("lookup_not_allowed", field=lookup[:80])
        return True

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        if to_field != self.opts.pk.attname:
            raise Refusal("lookup_not_allowed", field=to_field[:80])
        return True

    def _lookups(self, request: HttpRequest) -> set[str]:
        return {name for item in self.get_list_filter(request) for name in item.names}

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, search_term.replace("\x00", ""))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = {
            "title": capfirst(str(self.plural or self.opts.verbose_name_plural)),
            "intro": self.intro,
            "links": self.links(request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def _elsewhere(self, request: HttpRequest, row: models.Model) -> str | None:
        """The organisation an operator would have to switch to, to change this row."""
        away = is_operator(request) and not self.is_here(request, row)
        return self.owner_of(row) if away and self.owner_field else ""

    def heading(self, row: Any) -> str:
        return str(row)

    def links(self, request: HttpRequest) -> list[dict[str, Any]]:
        """Buttons above the list, besides the one that adds a row: title, icon, address."""
        return []

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        row = self.get_object(request, unquote(object_id)) if object_id else None
        context = {
            "elsewhere": self._elsewhere(request, row) if row is not None else "",
            "heading": self.heading(row) if row is not None else "",
            **(extra_context or {}),
        }
        return super().changeform_view(request, object_id, form_url, context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        row = self.get_object(request, unquote(object_id))
        context = {
            "consequences": self.consequences,
            "heading": self.heading(row) if row is not None else "",
            **(extra_context or {}),
        }
        return super().delete_view(request, object_id, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Refusal("forbidden", right=self.view_right)
        row = self.row_or_404(request, object_id)
        pages = self.get_paginator(request, history.about(row), 50)
        page = pages.get_page(request.GET.get(PAGE_VAR))
        lines = history.told(page.object_list)
        title = _("History of %(row)s") % {"row": self.heading(row)}
        back = {"title": _("Open"), "icon": "visibility", "address": self.url(object_id)}
        context = {"title": title, "heading": title, "links": [back], "page": page, "lines": lines}
        return self.show(request, "admin/object_history.html", original=row, **context)

    def url(self, object_id: str = "", page: str = "change") -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}"
        if not object_id:
            return reverse(f"{name}_changelist")
        return reverse(f"{name}_{page}", args=[object_id])

    def _get_obj_does_not_exist_redirect(self, *_asked: Any) -> HttpResponse:
        raise NotFound

    def log_addition(self, *_told: Any) -> None:  # type: ignore[override]
        pass

    log_change = log_deletions = log_addition  # type: ignore[assignment]

    def construct_change_message(self, *_told: Any) -> str:  # type: ignore[override]
        return ""


def _column(name: str, title: Any) -> Any:
    """Django takes a column's title from the field of that name, whoever else has one."""

    @theme.display(description=title, ordering=name)
    def column(row: Any) -> Any:
        return getattr(row, name)

    return column


class ReadOnly(OrganisationAdmin):
    """A record: nobody changes it, here or elsewhere."""

    adds = changes = deletes = False
    warn_unsaved_form = False


class OwnFormSet(theme.InlineFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        """A row names its key, which Django would look for among all there are."""
        super().add_fields(form, index)
        model: Any = self.model
        own = model.objects.none()
        if not self.instance._state.adding:
            own = model.objects.filter(**{self.fk.name: self.instance})
        form.fields[model._meta.pk.name].queryset = own


class OrganisationInline(Scoped, theme.TabularInline):
    formset = OwnFormSet
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        options = {"labels": self.labels, "help_texts": self.help_texts, **options}
        formset: Any = super().get_formset(request, obj, **options)
        for field in formset.form.base_fields.values():
            field.widget.attrs["aria-label"] = field.label  # seen as the head of its column
        return formset
