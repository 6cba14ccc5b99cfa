"""Legal holds: what they cover stays, whoever asks and for whatever reason.

To set one takes the organisation's rule book alone, to delete takes it shared (`rules.lock`): so
nothing is deleted past a hold that was set a moment before.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation, Pseudonym
from policies import rules
from policies.models import LegalHold
from tale.lib.refusals import Refusal

Scope = LegalHold.Scope


@dataclass(frozen=True, slots=True)
class Covered:
    """What an organisation's holds cover, read once for many pictures."""

    pictures: frozenset[str]
    chats: frozenset[str]
    people: frozenset[int]  # by their user ids

    def holds(self, *, picture: str, chat: str = "", person: int | None = None) -> bool:
        return picture in self.pictures or chat in self.chats or person in self.people

    def __bool__(self) -> bool:
        return bool(self.pictures or self.chats or self.people)


class Held(Refusal):
    code = "forbidden"

    def __init__(self) -> None:
        super().__init__(
            message=_(
                "This is under a legal hold. It cannot be deleted until an administrator "
                "releases it."
            )
        )


@transaction.atomic
def put(*, actor: Actor, scope: str, subject: str, reason: str, now: datetime) -> LegalHold:
    who = _somebody(actor)
    rules.lock(actor.organisation, alone=True)
    _require_new(actor.organisation, scope, subject)
    hold = LegalHold(
        organisation=actor.organisation, scope=scope, subject=subject, reason=reason.strip()
    )
    hold.set_by, hold.set_at = who, now
    hold.full_clean()
    hold.save(force_insert=True)
    after = {"scope": scope, "subject": subject, "reason": hold.reason}
    audit.write(actor=actor, action="legal_hold.set", target=hold, after=after)
    return hold


@transaction.atomic
def release(*, actor: Actor, hold: LegalHold, reason: str, now: datetime) -> LegalHold:
    who = _somebody(actor)
    said = reason.strip()
    if not said:
        raise Refusal("required", _("Say why it is released."), field="reason")
    if hold.set_by == who:
        raise Refusal(
            "forbidden",
            _("You set this legal hold, so somebody else has to release it."),
            right="manage_policies",
        )
    on = LegalHold.objects.of(actor.organisation).filter(pk=hold.pk, released_at=None)
    if not on.update(released_by=who, released_at=now, release_reason=said):
        raise Refusal("gone", _("It was released before."))
    hold.refresh_from_db()
    audit.write(actor=actor, action="legal_hold.released", target=hold, after={"reason": said})
    return hold


def covered(organisation: Organisation) -> Covered:
    on = LegalHold.objects.of(organisation).filter(released_at=None)
    subjects: dict[str, set[str]] = defaultdict(set)
    for scope, subject in on.values_list("scope", "subject"):
        subjects[scope].add(subject)
    people = Pseudonym.objects.none()
    if subjects[Scope.PERSON]:
        people = Pseudonym.objects.filter(chain=organisation.pk, pk__in=subjects[Scope.PERSON])
    return Covered(
        pictures=frozenset(subjects[Scope.PICTURE]),
        chats=frozenset(subjects[Scope.CHAT]),
        people=frozenset(people.values_list("user_id", flat=True)),
    )


def _require_new(organisation: Organisation, scope: str, subject: str) -> None:
    """Two of the same would take two releases, and the second holds nothing more."""
    known = LegalHold.objects.of(organisation).filter(
        scope=scope, subject=subject, released_at=None
    )
    if known.exists():
        text = _("This is under a legal hold already. Nothing more is needed to keep it.")
        raise Refusal("already_exists", text, field=scope)


def _somebody(actor: Actor) -> str:
    """A person: two of them stand behind every release, and a key of the organisation is none."""
    actor.require("manage_policies")
    if actor.user is None:
        raise Refusal("forbidden", right="manage_policies")
    return audit.who(actor.organisation.pk, actor.user)
