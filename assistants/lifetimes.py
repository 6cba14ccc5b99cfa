"""How long a picture is kept. Its chat decides, unless somebody says otherwise."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.actor import Actor
from assistants.models import Artifact
from tale.lib.refusals import Refusal

Retention = Artifact.Retention


@transaction.atomic
def keep(
    *,
    actor: Actor,
    picture: Artifact,
    retention: str,
    expires_at: datetime | None = None,
    now: datetime,
) -> Artifact:
    actor.require("manage_chats")
    if retention not in Retention.values:
        raise Refusal("invalid_choice", field="retention", choices=Retention.values)
    if retention == Retention.TEMPORARY:
        if expires_at is None:
            raise Refusal("required", field="expires_at")
        if expires_at <= now:
            raise Refusal("invalid_date", field="expires_at")
    else:
        expires_at = None
    before = {"retention": picture.retention, "expires_at": _said(picture.expires_at)}
    there = Artifact.objects.of(actor.organisation).filter(pk=picture.pk, state__in=Artifact.KEPT)
    if not there.update(retention=retention, expires_at=expires_at):
        raise Refusal("gone")
    picture.refresh_from_db()
    after = {"retention": retention, "expires_at": _said(expires_at)}
    before, after = audit.changes(before, after)
    audit.write(actor=actor, action="picture.kept", target=picture, before=before, after=after)
    return picture


def _said(day: datetime | None) -> str:
    return day.isoformat() if day else ""
