"""Links to pictures for those who have no session: signed, for one picture in one shape, for a
while. They die with the picture, with its chat, and with the organisation that is suspended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import Organisation
from assistants.models import Artifact
from chats.access import alive
from chats.delivery import Asked, checked
from chats.models import Chat
from tale.lib.refusals import Refusal

SALT = "chats.links"


class Link(NamedTuple):
    url: str
    expires_at: datetime


def give(artifact: Artifact, asked: Asked, *, now: datetime, minutes: int = 0) -> Link:
    """As long as is asked for, at most as long as the organisation lets links live."""
    most = artifact.organisation.link_minutes
    expires_at = now + timedelta(minutes=min(minutes or most, most))
    said = [artifact.pk, asked.variant, asked.download, int(now.timestamp())]
    token = signing.dumps([*said, int(expires_at.timestamp())], salt=SALT, compress=True)
    address = reverse("chats:link", kwargs={"token": token})
    return Link(settings.TALE_URL + address, expires_at.replace(microsecond=0))


def followed(token: str, *, now: datetime) -> tuple[Artifact, Asked]:
    try:
        said = signing.loads(token, salt=SALT)
    except signing.BadSignature as wrong:
        raise Refusal("invalid_link") from wrong
    artifact_id, variant, download, given_s, expires_s = said
    artifact = _named(artifact_id)
    minutes = artifact.organisation.link_minutes  # perhaps shorter by now
    ends_s = min(expires_s, given_s + 60 * minutes)
    if now > datetime.fromtimestamp(ends_s, UTC):
        raise Refusal("link_expired")
    wanted: dict[str, Any] = {"variant": variant, "download": download}
    return alive(artifact), checked({name: value for name, value in wanted.items() if value})


def _named(artifact_id: str) -> Artifact:
    """The link itself says which: we signed it."""
    found = Artifact.unscoped.filter(pk=artifact_id).select_related("organisation").first()
    if found is None:
        raise Refusal("gone")
    if found.organisation.status != Organisation.Status.ACTIVE:
        raise Refusal("organization_suspended")
    if found.home:
        chats = Chat.objects.of(found.organisation).filter(pk=found.home, deleted_at=None)
        if not chats.exists():
            raise Refusal("gone")
    return found
