"""Who did what, from where: one append-only chain per organisation.

    line n    hash = SHA-256(line n without its hash; it holds the hash of line n - 1)
    detail n  what names people; may be erased, the line keeps its hash

Write the line last in the transaction that makes the change: the head of the chain is locked
until that commits, so no line is missing and none is out of order.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import (
    AuditDetail,
    AuditHead,
    AuditLine,
    AuditSeal,
    Membership,
    Pseudonym,
    User,
)
from accounts.models.audit import PLATFORM
from tale.lib import keyring, limits
from tale.lib.refusals import Refusal

SECRETS = {"password", "secret_hash", "credential"}
# A refusal of these is about rights and is kept; a typing mistake is not.
KEPT = {
    "account_disabled",
    "already_exists",
    "ambiguous_credentials",
    "api_key_expired",
    "api_key_revoked",
    "append_only",
    "budget_exceeded",
    "confirmation_required",
    "content_policy",
    "csrf_failed",
    "field_not_allowed",
    "forbidden",
    "image_generation_off",
    "insufficient_scope",
    "invalid_api_key",
    "invalid_json",
    "invalid_link",
    "ip_not_allowed",
    "link_expired",
    "lookup_not_allowed",
    "model_not_allowed",
    "organization_suspended",
    "request_too_large",
    "scope_escalation",
    "tool_not_allowed",
    "unknown_field",
}
_HASHED = (
    "chain",
    "seq",
    "at",
    "who",
    "key",
    "surface",
    "action",
    "outcome",
    "target_kind",
    "target",
    "request_id",
    "detail_hash",
    "prev_hash",
)


class Origin(NamedTuple):
    """Where a request came from, when nobody acts yet for an organisation."""

    address: str = ""
    request_id: str = ""


NOWHERE = Origin()


def write(
    *,
    actor: Actor,
    action: str,
    target: models.Model | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    outcome: str = "done",
) -> AuditLine:
    detail = {"before": before or {}, "after": after or {}, "address": actor.address}
    if target is not None:
        detail["name"] = str(target)
    return _append(
        chain=actor.organisation.pk,
        user=actor.user,
        detail=detail,
        key=actor.key.pk if actor.key else "",
        surface=actor.surface,
        action=action,
        outcome=outcome,
        target_kind=target._meta.model_name or "" if target is not None else "",
        target=str(target.pk) if target is not None else "",
        request_id=actor.request_id,
    )


def write_platform(
    *,
    action: str,
    user: User | None,
    origin: Origin = NOWHERE,
    outcome: str = "done",
    **detail: Any,
) -> AuditLine:
    """What belongs to no organisation: an operator's doings, a sign-in of nobody we know."""
    return _append(
        chain=PLATFORM,
        user=user,
        detail={**detail, "address": origin.address},
        surface="web",
        action=action,
        outcome=outcome,
        request_id=origin.request_id,
    )


def write_to_each(
    *,
    about: User,
    by: User | None,
    action: str,
    origin: Origin,
    outcome: str = "done",
    **detail: Any,
) -> None:
    """An account is not one organisation's: what happens to it is told to each it belongs to."""
    mine = Membership.objects.filter(user=about, deactivated_at=None)
    for membership in mine.select_related("organisation", "user"):
        actor = Actor(
            membership.organisation, by, address=origin.address, request_id=origin.request_id
        )
        write(actor=actor, action=action, target=membership, outcome=outcome, after=detail)
    if not mine:
        write_platform(action=action, user=by, origin=origin, outcome=outcome, **detail)


def has_room(action: str, who: str) -> bool:
    """A stranger may cause so many lines in a quarter of an hour; the rest is not written."""
    try:
        limits.take(f"audit {action}", who, limit=10, window_s=900, spends=False)
    except Refusal:
        return False
    return True


def is_kept(refusal: Refusal) -> bool:
    """A foreign id inside a body is an attempt; a page that is not there is none."""
    return refusal.code in KEPT or (refusal.code == "not_found" and bool(refusal.field))


def refused(
    *, actor: Actor, refusal: Refusal, action: str, target: models.Model | None = None
) -> None:
    if is_kept(refusal):
        about = {name: str(value) for name, value in refusal.details.items()}
        write(actor=actor, action=action, target=target, after=about, outcome=refusal.code)


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, on both sides."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def picture_of(row: models.Model) -> dict[str, Any]:
    """The row's own fields as text; of a secret only that it is this one and not another."""
    seen: dict[str, Any] = {}
    secrets = SECRETS | set(getattr(row, "SEALED", ()))
    for field in row._meta.concrete_fields:
        value = field.value_from_object(row)
        if field.name in secrets:
            seen[field.name] = f"set, {keyring.fingerprint(str(value))}" if value else ""
        elif isinstance(value, bool | int | list | dict | None):
            seen[field.name] = value
        else:
            seen[field.name] = str(value)
    return seen


def verify(chain: str) -> str:
    """Empty when every line is as it was written, else what is wrong first."""
    seal = AuditSeal.objects.filter(chain=chain).order_by("-last_seq").first()
    seq, last = (seal.last_seq, seal.last_hash) if seal else (0, "")
    lines = AuditLine.objects.filter(chain=chain, seq__gt=seq).order_by("seq")
    for line in lines.select_related("detail").iterator(chunk_size=500):
        if line.seq != seq + 1:
            return f"line {seq + 1} is missing"
        if line.prev_hash != last or line.hash != _hash_of(_hashed_part(line)):
            return f"line {line.seq} was changed"
        detail = getattr(line, "detail", None)
        if detail is not None and _hash_of(detail.data) != line.detail_hash:
            return f"the detail of line {line.seq} was changed"
        seq, last = line.seq, line.hash
    head = AuditHead.objects.filter(chain=chain).first()
    if head is None or (head.seq, head.hash) != (seq, last):
        return f"the end is missing after line {seq}"
    return ""


def chains() -> list[str]:
    heads = AuditHead.objects.values_list("chain", flat=True)
    return sorted({*heads, *AuditLine.unscoped.values_list("chain", flat=True).distinct()})


def who(chain: str, user: User | None) -> str:
    if user is None:
        return ""
    known: dict[str, str] = user.__dict__.setdefault("_who", {})
    if chain in known:
        return known[chain]
    name = Pseudonym.objects.get_or_create(chain=chain, user=user)[0].pk
    # One that this transaction made is gone again when it is rolled back, and money counted under
    # it would count for nobody.
    transaction.on_commit(lambda: known.update({chain: name}))
    return name


@transaction.atomic
def _append(*, chain: str, user: User | None, detail: dict[str, Any], **fields: str) -> AuditLine:
    name = who(chain, user)
    head = AuditHead.lock(chain)
    line = AuditLine(
        chain=chain,
        seq=head.seq + 1,
        at=timezone.now(),
        who=name,
        detail_hash=_hash_of(detail),
        prev_hash=head.hash,
        **fields,
    )
    line.hash = _hash_of(_hashed_part(line))
    line.save(force_insert=True)
    AuditDetail.objects.create(line=line, data=detail)
    head.move_to(line.seq, line.hash)
    return line


def _hashed_part(line: AuditLine) -> dict[str, Any]:
    part = {name: getattr(line, name) for name in _HASHED}
    at: datetime = part["at"]
    return {**part, "at": at.isoformat()}


def _hash_of(data: dict[str, Any]) -> str:
    plain = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(plain.encode()).hexdigest()
