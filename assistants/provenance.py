"""Where a picture comes from, in the picture itself: content credentials, XMP, IPTC.

A picture that was paid for is never lost to its marking: what cannot be marked is stored as it
came, and its row and the log say so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from typing import Any, Literal

import structlog
from django.conf import settings

from assistants.marking import signer
from assistants.marking.metadata import Facts
from assistants.marking.signer import CannotSign
from tale.lib import child
from tale.lib.child import ChildFailed

MARK, READ = "assistants.marking.manifest:mark", "assistants.marking.manifest:read"
LONGEST_S = 10
MOST_BYTES = 64 * 2**20

log = structlog.get_logger(__name__)

# ours: marked by us; provider: its own credentials, untouched; none: it could not be marked.
By = Literal["ours", "provider", "none"]
Change = Literal["resized", "transcoded"]


@dataclass(frozen=True, slots=True)
class Marked:
    content: bytes
    by: By


@dataclass(frozen=True, slots=True)
class Credentials:
    """`valid`: not a byte was changed since it was signed. `ours`: signed by this installation.
    Without both, the rest is hearsay."""

    present: bool = False
    valid: bool = False
    ours: bool = False
    issuer: str = ""
    source_type: str = ""  # trainedAlgorithmicMedia, …
    tool: str = ""
    made_at: str = ""
    picture: str = ""
    problems: tuple[str, ...] = ()


async def mark(content: bytes, *, facts: Facts, ingredients: Sequence[bytes] = ()) -> Marked:
    """`ingredients`: what it was made from, the picture that was changed first."""
    facts = replace(facts, version=settings.TALE_VERSION)
    sources = _as_many_as_fit(ingredients)
    try:
        marked = await _in_child(
            MARK,
            picture=content,
            facts=asdict(facts),
            ingredients=b"".join(sources),
            lengths=list(map(len, sources)),
        )
    except (ChildFailed, CannotSign) as failed:
        log.error("picture unmarked", picture=facts.picture, reason=str(failed))
        return Marked(content, "none")
    return Marked(marked, "ours") if marked else Marked(content, "provider")


async def remark(
    content: bytes,
    *,
    original: bytes,
    facts: Facts,
    did: Change,
) -> Marked:
    """A rendition is a new encode and lost what the original says: it says it again, and which
    picture it is."""
    facts = replace(facts, did=did)
    return await mark(content, facts=facts, ingredients=[original])


def _as_many_as_fit(ingredients: Sequence[bytes]) -> list[bytes]:
    """Into the memory of a child, beside the picture itself: the first ones matter most."""
    sums = accumulate(map(len, ingredients))
    return [one for one, total in zip(ingredients, sums, strict=True) if total <= MOST_BYTES]


async def read(content: bytes) -> Credentials:
    try:
        said = json.loads(await _in_child(READ, picture=content))
    except ChildFailed as failed:
        return Credentials(problems=(failed.error or failed.reason,))
    except CannotSign:
        return Credentials(problems=("CannotSign",))
    return Credentials(**{**said, "problems": tuple(said["problems"])})


async def _in_child(target: str, **arguments: Any) -> bytes:
    arguments["signer"] = asdict(signer.load())
    try:
        return await child.call(target, timeout_s=LONGEST_S, **arguments)
    except ChildFailed as failed:
        if failed.reason != "died":
            raise
        # Another job's memory, or somebody's kill: the picture itself may be sound.
        return await child.call(target, timeout_s=LONGEST_S, **arguments)
