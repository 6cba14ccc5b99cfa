"""Audit lines, told so that a person can read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from accounts.admin_base.actions import SURFACES, named
from accounts.models import ApiKey, AuditLine, Membership, Organisation, Pseudonym


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
        name=detail.get("name", ""),
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


def names_in(lines: Iterable[AuditLine]) -> dict[str, str]:
    """Who the pseudonyms and keys of these lines are, as far as anybody still knows."""
    rows = list(lines)
    people = Pseudonym.objects.filter(pk__in={row.who for row in rows}).select_related("user")
    keys = ApiKey.unscoped.filter(pk__in={row.key for row in rows})
    return {key.pk: key.name for key in keys} | {who.pk: str(who.user) for who in people}


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
