"""How a row of the catalogue is changed: by whom it may be, all of it or nothing, and told."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.actor import Actor
from accounts.tenancy import Tenant
from tale.lib.refusals import NotFound, Refusal

RIGHT = "manage_providers"


def begin(actor: Actor, row: Any, kind: type[Any]) -> tuple[Any, dict[str, Any]]:
    actor.require(RIGHT)
    if row is None:
        return kind(organisation=actor.organisation), {}
    ours(actor, row)
    return row, audit.picture_of(row)


def put(row: Tenant, fields: dict[str, Any], known: set[str]) -> None:
    for name, value in fields.items():
        if name not in known:
            raise Refusal("field_not_allowed", field=name)
        setattr(row, name, value)


def save(actor: Actor, row: Any, before: dict[str, Any], *, unique: str = "name") -> Any:
    """`unique`: the field to blame where another row has the same."""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        raise Refusal("already_exists", field=unique) from taken
    old, new = audit.changes(before, audit.picture_of(row))
    if new:
        action = f"{row._meta.model_name}.{'changed' if before else 'created'}"
        audit.write(actor=actor, action=action, target=row, before=old, after=new)
    return row


def delete(actor: Actor, row: Any, *, after: dict[str, Any] | None = None) -> None:
    actor.require(RIGHT)
    ours(actor, row)
    action = f"{row._meta.model_name}.deleted"
    before = audit.picture_of(row)
    audit.write(actor=actor, action=action, target=row, before=before, after=after)
    row.delete()


def ours(actor: Actor, row: Tenant) -> None:
    if row.organisation_id != actor.organisation.pk:
        raise NotFound
