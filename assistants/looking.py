"""Looking at what others had drawn: a right, a reason, and a line of the audit."""

from __future__ import annotations

from accounts import audit
from accounts.actor import Actor
from assistants.models import Artifact
from tale.lib.refusals import Refusal


def look(*, actor: Actor, reason: str, picture: Artifact | None = None) -> None:
    """Without a picture: at all of the organisation's."""
    actor.require("manage_chats")
    said = reason.strip()
    if not said:
        raise Refusal("required", field="reason")
    action = "picture.shown" if picture is not None else "pictures.shown"
    audit.write(actor=actor, action=action, target=picture, after={"reason": said})
