"""The last look at what came, before anybody sees it. What is refused here was paid for: it is
booked, set aside and never delivered, and the refusal is final.

A check is told a picture as it is kept, and answers the code of a refusal or nothing. One that
needs more than a look at the database joins CHECKS the same way. A check that breaks stops the
picture: the sweeper comes back to what lies there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from assistants import likeness
from assistants.artifacts import File
from assistants.models import BlockedPicture
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

Check = Callable[[File, Organisation], Awaitable[str]]


async def looks_blocked(file: File, organisation: Organisation) -> str:
    if file.likeness is None:
        return ""
    blocked = BlockedPicture.objects.of(organisation)
    found = await in_db(likeness.nearest, blocked, file.likeness)
    return "content_policy" if found else ""


CHECKS: list[Check] = [looks_blocked]


async def look(files: Sequence[File], organisation: Organisation) -> list[File]:
    return [replace(file, refused=await _refused(file, organisation)) for file in files]


async def _refused(file: File, organisation: Organisation) -> str:
    for check in CHECKS:
        if code := await check(file, organisation):
            return code
    return ""


def code_of(files: Sequence[File]) -> str:
    """Why nothing can be shown: of what came, or because none of it is a picture."""
    return next((file.refused for file in files if file.refused), "provider_bad_image")


async def block(*, actor: Actor, name: str, content: bytes) -> BlockedPicture:
    """The picture itself is not kept: what it looks like is enough."""
    bits = await likeness.of(content)
    if bits is None:
        text = _("There is nothing in this picture to know it by.")
        raise Refusal("invalid_value", text, field="file")
    sha256 = hashlib.sha256(content).hexdigest()
    return await in_db(_block, actor, name, sha256, bits)


@transaction.atomic
def _block(actor: Actor, name: str, sha256: str, bits: int) -> BlockedPicture:
    actor.require("manage_policies")
    row = BlockedPicture(
        organisation=actor.organisation,
        name=name,
        sha256=sha256,
        **likeness.bands(bits),
    )
    row.full_clean()
    row.save()
    after = {"name": name, "sha256": sha256}
    audit.write(actor=actor, action="blockedpicture.created", target=row, after=after)
    return row


@transaction.atomic
def unblock(*, actor: Actor, row: BlockedPicture) -> None:
    actor.require("manage_policies")
    before = {"name": row.name, "sha256": row.sha256}
    audit.write(actor=actor, action="blockedpicture.deleted", target=row, before=before)
    row.delete()
