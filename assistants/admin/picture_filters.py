"""How the list of pictures is narrowed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Choice, current
from accounts.models import Membership
from assistants.models import Artifact
from providers.models import Model


class ByState(Choice):
    """What is gone is asked for by name."""

    title = _("state")
    parameter_name = "state"
    words = (("there", _("There")), *Artifact.State.choices, ("all", _("All")))

    def value(self) -> str:
        return super().value() or "there"

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        if chosen == "all":
            return rows
        if chosen == "there":
            return rows.exclude(state=Artifact.State.DELETED)
        return rows.filter(state=chosen)

    def choices(self, changelist: Any) -> Any:
        for value, label in self.lookups():
            yield {"value": value, "label": label, "is_chosen": value == self.value()}


class ByOwner(Choice):
    title = _("person")
    parameter_name = "owner"

    def lookups(self) -> Any:
        organisation = current(self.request)
        if organisation is None:
            return []
        here = Membership.objects.of(organisation).select_related("user").order_by("user__email")
        return [(str(row.pk), str(row)) for row in here[:500]]

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        organisation = current(self.request)
        mine = Membership.objects.filter(organisation=organisation, pk=chosen).values("user")
        return rows.filter(owner__in=mine)


class ByModel(Choice):
    title = _("model")
    parameter_name = "model"

    def lookups(self) -> Any:
        organisation = current(self.request)
        if organisation is None:
            return []
        named = Model.objects.of(organisation).values_list("remote_id", "name")
        return list(dict(named[:500]).items())

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(model=chosen)
