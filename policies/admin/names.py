"""Whom the opaque texts of rules, holds and entries mean, as far as anybody still knows."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _t

from accounts.models import ApiKey, Membership, Organisation, Pseudonym, Team
from assistants.models import Assistant


def names_of(subjects: Iterable[str], organisation: Organisation) -> dict[str, str]:
    """A subject is one id, or `team:who` for a member's own share of a team's rule."""
    ids = {part for subject in subjects for part in subject.split(":") if part}
    people = Pseudonym.objects.filter(chain=organisation.pk, pk__in=ids).select_related("user")
    names = {person.pk: str(person.user) for person in people}
    for model in (Team, Assistant, ApiKey):
        rows = model.objects.of(organisation).filter(pk__in=ids)
        names |= {row.pk: row.name for row in rows}
    return names


def name_of(subject: str, names: dict[str, str]) -> str:
    if subject in ("", "organisation"):
        return _t("Organisation")
    return " · ".join(
        _t("Organisation") if part == "organisation" else names.get(part, part)
        for part in subject.split(":")
    )


def person_behind(subject: str, organisation: Organisation) -> Membership | None:
    user = Pseudonym.objects.filter(chain=organisation.pk, pk=subject).values("user")
    return Membership.objects.of(organisation).filter(user__in=user).first()
