"""Audit lines, told so that a person can read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts.admin_base.actions import SURFACES, named
from accounts.models import ApiKey, AuditLine, Membership, Organisation, Pseudonym, Team
from assistants.models import Assistant

OF_RULES = re.compile(r"\b(?:who|key|team|asst)_\w+")


@dataclass(frozen=True, slots=True)
class Told:
    line: AuditLine
    action: str
    surface: str
    by: str
    name: str
    address: str
    changes: list[tuple[str, str, str]]  # field, before, after


def about(row: Model) -> QuerySet[AuditLine]:
    """Of the row's own organisation: the same id elsewhere says nothing here."""
    if isinstance(row, Organisation):
        chain: str = row.pk
    else:
        chain = getattr(row, "organisation_id", "") or getattr(row, "chain", "")
    lines = AuditLine.objects.filter(chain=chain, target=str(row.pk))
    return lines.filter(target_kind=row._meta.model_name).select_related("detail")


def told(lines: Iterable[AuditLine]) -> list[Told]:
    """Lines of one organisation."""
    rows = list(lines)
    names = names_in(rows) | _members_in(rows)
    return [_told(row, names) for row in rows]


def _told(line: AuditLine, names: dict[str, str]) -> Told:
    detail = detail_of(line)
    return Told(
        line=line,
        action=named(line.action),
        surface=str(SURFACES.get(line.surface, line.surface)),
        by=names.get(line.who) or names.get(line.key) or line.who or line.key,
        name=name_in(line, names),
        address=detail.get("address", ""),
        changes=[
            (names.get(name, name.replace("_", " ")), _shown(before, names), _shown(after, names))
            for name, before, after in changes_in(detail)
        ],
    )


def detail_of(line: AuditLine) -> dict[str, Any]:
    """Empty once it was erased; the line itself stays."""
    detail = getattr(line, "detail", None)
    return detail.data if detail is not None else {}


def name_in(line: AuditLine, names: dict[str, str]) -> str:
    """What the line is about. A rule is written down with the id of whom it means, so that the
    name of a person who is erased stands nowhere."""
    name: str = detail_of(line).get("name", "")
    return OF_RULES.sub(lambda found: names.get(found[0], found[0]), name)


def names_in(lines: Iterable[AuditLine]) -> dict[str, str]:
    """Who the pseudonyms, keys, teams and assistants of these lines are, as far as anybody still
    knows."""
    rows = list(lines)
    ids = {each for row in rows for each in (row.who, row.key)}
    ids |= {each for row in rows for each in OF_RULES.findall(detail_of(row).get("name", ""))}
    homes = {row.chain for row in rows}
    people = Pseudonym.objects.filter(pk__in=ids, chain__in=homes).select_related("user")
    names = {person.pk: str(person.user) for person in people}
    for model in (ApiKey, Team, Assistant):
        found = model.unscoped.filter(pk__in=ids, organisation__in=homes)
        names |= dict(found.values_list("pk", "name"))
    return names


def _members_in(lines: list[AuditLine]) -> dict[str, str]:
    """The people a change of a team names, by their membership."""
    ids = {name for line in lines for name, *_values in changes_in(detail_of(line))}
    chain = lines[0].chain if lines else ""
    members = Membership.objects.filter(organisation_id=chain, pk__in=ids).select_related("user")
    return {member.pk: str(member) for member in members}


def _shown(value: Any, names: dict[str, str]) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(names.get(str(each), str(each)) for each in value)
    return "" if value is None else names.get(str(value), str(value))


def changes_in(detail: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    before, after = detail.get("before") or {}, detail.get("after") or {}
    return [(name, before.get(name), after.get(name)) for name in {**before, **after}]
