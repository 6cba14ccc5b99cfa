"""Filters of lists. Each is asked for by name, and offers nothing of another organisation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin_base.scope import own_rows
from accounts.models import Organisation

ENDS = (pgettext_lazy("day", "From"), pgettext_lazy("day", "To"))
Words = list[tuple[str, Any]]
Rows = models.QuerySet[Any]


class Filter(ListFilter):
    """A list is asked by `names` and by nothing else."""

    names: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.request, self.rows = request, model_admin
        for name in self.names:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.names)


class Choice(Filter):
    """One of `words`, which may also be found out per request."""

    template = "admin/filter_choice.html"
    parameter_name: ClassVar[str] = ""
    words: ClassVar[tuple[tuple[str, Any], ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.names = (cls.parameter_name,)

    def lookups(self) -> Words:
        return list(self.words)

    def value(self) -> str:
        return str(self.used_parameters.get(self.parameter_name, ""))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return self.narrow(queryset, self.value()) if self.value() else queryset

    def narrow(self, rows: Rows, chosen: str) -> Rows:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, label in [("", _("All")), *self.lookups()]:
            yield {"value": value, "label": label, "is_chosen": value == self.value()}


def of_own(other: type[models.Model], field: str, name: Any) -> type[Choice]:
    """By a related row, offering those of one's own organisation."""

    class OwnRow(Choice):
        title = name
        parameter_name = field

        def lookups(self) -> Words:
            return [(row.pk, str(row)) for row in own_rows(self.request, other)[:500]]

        def narrow(self, rows: Rows, chosen: str) -> Rows:
            return rows.filter(**{field: chosen})

    return OwnRow


def by_word(field: str, offered: Any, name: Any) -> type[Choice]:
    """By a field that holds one of a few words."""

    class Word(Choice):
        title = name
        parameter_name = field
        words = tuple(offered)

        def narrow(self, rows: Rows, chosen: str) -> Rows:
            return rows.filter(**{field: chosen}) if chosen in dict(self.words) else rows.none()

    return Word


def by_days(field: str, name: Any) -> type[Filter]:
    """From one day to another, both included, as the organisation counts its days."""

    class Days(Filter):
        title = name
        template = "admin/filter_days.html"
        names = (f"{field}_from", f"{field}_to")

        def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
            first, last = (_day(self.used_parameters.get(each)) for each in self.names)
            if first:
                queryset = queryset.filter(**{f"{field}__gte": _midnight(first)})
            if last:
                after = _midnight(last + timedelta(days=1))
                queryset = queryset.filter(**{f"{field}__lt": after})
            return queryset

        def choices(self, changelist: Any) -> Iterator[Any]:
            for each, label in zip(self.names, ENDS, strict=True):
                day = self.used_parameters.get(each, "")
                yield {"name": each, "label": label, "day": day}

    return Days


class OfOrganisation(Choice):
    """For operators, who see every organisation."""

    title = _("organisation")
    parameter_name = "of"

    def lookups(self) -> Words:
        return list(Organisation.objects.values_list("pk", "name")[:500])

    def narrow(self, rows: Rows, chosen: str) -> Rows:
        organisation = Organisation.objects.filter(pk=chosen).first()
        if organisation is None:
            return rows.none()
        return rows.filter(pk__in=self.rows.rows_of(organisation).values("pk"))


def _day(text: Any) -> date | None:
    try:
        day: date | None = forms.DateField(required=False).clean(text)
    except ValidationError as wrong:
        raise IncorrectLookupParameters from wrong
    return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
