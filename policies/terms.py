"""What all money of an organisation stands on: its currency, and when its days begin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import people
from accounts.actor import Actor
from accounts.models import Organisation
from policies import rules
from policies.models import Entry, Hold
from tale.lib.refusals import Refusal


@transaction.atomic
def change(*, actor: Actor, now: datetime, **fields: Any) -> Organisation:
    """Of an organisation, as people.change_organisation; nobody spends while its terms change."""
    before = actor.organisation.currency, actor.organisation.time_zone
    rules.lock(actor.organisation, alone=True)
    if fields.get("currency", before[0]) != before[0] and _has_spent(actor.organisation):
        text = _("Money was spent in %(currency)s, so it stays.") % {"currency": before[0]}
        raise Refusal("field_not_allowed", text, field="currency")
    organisation = people.change_organisation(actor=actor, **fields)
    if organisation.time_zone != before[1]:
        rules.recount(organisation=organisation, now=now)
    return organisation


def _has_spent(organisation: Organisation) -> bool:
    mine = (rows.of(organisation) for rows in (Entry.objects, Hold.objects))
    return any(rows.exists() for rows in mine)
