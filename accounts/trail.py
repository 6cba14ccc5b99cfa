"""Reading the audit: found by filter, shown as records, taken away as a file.

A record holds everything the line's hash covers, so whoever has a file can check the chain without
us. `who` is a pseudonym; `member` says whose, as long as that person is known here.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import AuditLine, Membership, Organisation, Pseudonym
from tale.lib.refusals import Refusal

LONGEST_EXPORT = 50_000  # lines; about 40 MB, made in memory
COLUMNS = (
    "seq",
    "at",
    "who",
    "member",
    "key",
    "surface",
    "action",
    "outcome",
    "target_kind",
    "target",
    "request_id",
    "detail",
    "detail_hash",
    "prev_hash",
    "hash",
)
Record = dict[str, Any]


def lines(*, actor: Actor, who: str = "", **wanted: Any) -> QuerySet[AuditLine]:
    """`who` is a pseudonym or a member; the rest is asked of the columns."""
    actor.require("view_audit")
    found = AuditLine.objects.of(actor.organisation).select_related("detail").filter(**wanted)
    return found.filter(who__in=_pseudonyms(who, actor.organisation)) if who else found


def records(found: Iterable[AuditLine], *, organisation: Organisation) -> Iterator[Record]:
    known = members(organisation)
    for line in found:
        detail = getattr(line, "detail", None)
        joined = {"member": known.get(line.who), "detail": detail.data if detail else None}
        yield {name: joined[name] if name in joined else getattr(line, name) for name in COLUMNS}


def export(*, actor: Actor, found: QuerySet[AuditLine], form: str) -> bytes:
    """As `csv` or `json`, oldest first. Taking the audit away is itself a line of the audit."""
    count = found.count()
    if count > LONGEST_EXPORT:
        message = _("These are {count} lines, and a file holds {most}. Choose a shorter time.")
        raise Refusal(
            "range_too_long",
            message.format(count=count, most=LONGEST_EXPORT),
            count=count,
            limit=LONGEST_EXPORT,
        )
    in_order = found.order_by("seq").iterator(chunk_size=500)
    taken = records(in_order, organisation=actor.organisation)
    file = _csv(taken) if form == "csv" else _json(taken)
    audit.write(actor=actor, action="audit.exported", after={"lines": count, "form": form})
    return file


def members(organisation: Organisation) -> dict[str, str]:
    """Whose pseudonym is whose, of the whole organisation in one query."""
    here = Pseudonym.objects.filter(
        chain=organisation.pk, user__memberships__organisation=organisation
    )
    return dict(here.values_list("pk", "user__memberships__pk"))


def _csv(taken: Iterable[Record]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for record in taken:
        writer.writerow({name: _cell(value) for name, value in record.items()})
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """A text that begins like a formula would be one where the file is opened."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value or "")
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _json(taken: Iterable[Record]) -> bytes:
    shown = [{**record, "at": record["at"].isoformat()} for record in taken]
    return json.dumps({"data": shown}, ensure_ascii=False).encode()


def _pseudonyms(who: str, organisation: Organisation) -> list[str]:
    if not who.startswith("mem_"):
        return [who]
    user = Membership.objects.of(organisation).filter(pk=who).values("user")
    of_member = Pseudonym.objects.filter(chain=organisation.pk, user__in=user)
    return list(of_member.values_list("pk", flat=True))
