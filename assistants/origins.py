"""Was this made here? Asked with a file, or with the hash of one.

    same     it is a file of ours, byte for byte: an original or something made from one
    alike    it looks like a picture of ours, resized or saved again; a guess, and said to be one
    unknown  neither

Beside it stands what the file says of itself, which survives outside of our database and can be
checked only if it is signed. Nothing that is sent is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from assistants import gate, likeness, provenance, statements
from assistants.models import Artifact, Rendition
from assistants.provenance import Credentials
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

State = Artifact.State
HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
MADE_BY = {
    "trainedAlgorithmicMedia": _("Made by AI"),
    "compositeWithTrainedAlgorithmicMedia": _("Changed by AI"),
    "algorithmicMedia": _("Drawn by a program, without AI"),
    "algorithmicallyEnhanced": _("Changed by a program, without AI"),
}


class Verdict(StrEnum):
    SAME = "same"
    ALIKE = "alike"
    UNKNOWN = "unknown"


class Signed(StrEnum):
    """Who vouches for what the file says."""

    OURS = "ours"
    OTHER = "other"
    BROKEN = "broken"  # it was changed since
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Origin:
    sha256: str
    verdict: Verdict
    picture: Artifact | None = None
    credentials: Credentials | None = None  # None: only a hash was sent
    is_theirs: bool = False  # may who asks see the picture itself?

    @property
    def signed(self) -> Signed:
        said = self.credentials or Credentials()
        if said.ours or said.valid:
            return Signed.OURS if said.ours else Signed.OTHER
        return Signed.BROKEN if said.present else Signed.NONE

    @property
    def source_type(self) -> str:
        """As we know it, else as the file says."""
        known = source_type_of(self.picture) if self.picture else ""
        return known or (self.credentials.source_type if self.credentials else "")

    @property
    def made_by(self) -> str:
        return in_words(self.source_type)

    @property
    def made_on(self) -> date | None:
        return day_of(self.picture, self.picture.created_at) if self.picture else None

    @property
    def deleted_on(self) -> date | None:
        """That it was here stays true of a picture that is gone; nothing else is told of it."""
        return day_of(self.picture, self.picture.deleted_at) if self.picture else None

    @property
    def publisher(self) -> Organisation | None:
        """Whose picture it is, if they let everybody know."""
        picture = self.picture
        if picture is None or not statements.is_public(picture.organisation):
            return None
        return picture.organisation


async def of_file(content: bytes, organisation: Organisation | None) -> Origin:
    """Among the pictures of the organisation; without one, of all of them."""
    gate.look_at_sent(content)
    credentials, bits = await asyncio.gather(provenance.read(content), likeness.of(content))
    sha256 = hashlib.sha256(content).hexdigest()
    return await in_db(_find, sha256, organisation, credentials, bits)


def of_hash(sha256: str, organisation: Organisation | None) -> Origin:
    sha256 = sha256.strip().lower()
    if not HASH.fullmatch(sha256):
        raise Refusal(
            "invalid_value",
            _("A SHA-256 hash is 64 characters, 0 to 9 and a to f."),
            field="sha256",
        )
    return _find(sha256, organisation)


def in_words(source_type: str) -> str:
    """One that a stranger made up is shown as it is."""
    return str(MADE_BY.get(source_type, source_type))


def source_type_of(picture: Artifact) -> str:
    """Of a deleted picture it is forgotten, with the rest of what its maker asked for."""
    known: str = picture.parameters.get("source_type", "")
    return known


def require_one(file: object, sha256: str) -> None:
    if (file is None) == (not sha256):
        raise Refusal(
            "required" if file is None else "incompatible_parameters",
            gettext("Choose a picture, or write its hash."),
            field="file",
        )


def day_of(picture: Artifact, moment: datetime | None) -> date | None:
    """As it was where it was made; the hour is nobody's business."""
    zone = ZoneInfo(picture.organisation.time_zone)
    return timezone.localdate(moment, zone) if moment else None


def _find(
    sha256: str,
    organisation: Organisation | None,
    credentials: Credentials | None = None,
    bits: int | None = None,
) -> Origin:
    made = _made_here(organisation)
    same = made.filter(sha256=sha256).first() or _by_rendition(sha256, made)
    if same is None and credentials and credentials.ours:
        # Signed here and unchanged since: made of that picture, though the file is not kept.
        same = made.filter(pk=credentials.picture).first()
    if same is not None:
        return Origin(sha256, Verdict.SAME, same, credentials)
    alike = likeness.nearest(made.filter(state=State.READY), bits) if bits is not None else None
    verdict = Verdict.ALIKE if alike else Verdict.UNKNOWN
    return Origin(sha256, verdict, alike, credentials)


def _made_here(organisation: Organisation | None) -> QuerySet[Artifact]:
    rows = Artifact.objects.of(organisation) if organisation else Artifact.unscoped.all()
    made = rows.filter(origin=Artifact.Origin.GENERATED).exclude(state=State.ASIDE)
    return made.select_related("organisation", "owner")


def _by_rendition(sha256: str, made: QuerySet[Artifact]) -> Artifact | None:
    of_it = Rendition.unscoped.filter(sha256=sha256).values("artifact")
    return made.filter(pk__in=of_it).first()
