"""Which people, teams, keys and invitations somebody may see. Whoever reads the administration
sees all of their organisation; anybody else sees themselves and what is theirs."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actor import Actor
from accounts.models import ApiKey, Invitation, Membership, Team


def members(actor: Actor) -> QuerySet[Membership]:
    rows = Membership.objects.of(actor.organisation).select_related("user")
    return rows if _sees_all(actor) else rows.filter(pk=_own(actor))


def teams(actor: Actor) -> QuerySet[Team]:
    rows = Team.objects.of(actor.organisation)
    return rows if _sees_all(actor) else rows.filter(members__membership_id=_own(actor))


def keys(actor: Actor) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.of(actor.organisation).select_related("owner")
    return rows if _sees_all(actor) else rows.filter(owner_id=_own(actor))


def invitations(actor: Actor) -> QuerySet[Invitation]:
    rows = Invitation.objects.of(actor.organisation)
    return rows if _sees_all(actor) else rows.none()


def _sees_all(actor: Actor) -> bool:
    return actor.may("view_governance")


def _own(actor: Actor) -> str:
    return actor.membership.pk if actor.membership else ""
