"""What the operator of an installation does to accounts, which belong to no one organisation."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from tale.lib.refusals import Refusal

OF_ACCOUNT = {"name", "language", "is_active"}


@transaction.atomic
def change_account(*, by: User, user: User, origin: audit.Origin, **fields: Any) -> User:
    """A session asks on each request whether its account is active, and a key does."""
    if not by.is_superuser:
        raise Refusal("forbidden")
    for name in fields.keys() - OF_ACCOUNT:
        raise Refusal("field_not_allowed", field=name)
    if user.is_superuser and fields.get("is_active") is False:
        message = _("An operator is not switched off here.")
        raise Refusal("forbidden", message, field="is_active")
    before = audit.picture_of(user)
    for name, value in fields.items():
        setattr(user, name, value)
    user.save(update_fields=list(fields))
    old, new = audit.changes(before, audit.picture_of(user))
    if new:
        audit.write_to_each(
            about=user, by=by, action="account.changed", origin=origin, was=old, now=new
        )
    return user
