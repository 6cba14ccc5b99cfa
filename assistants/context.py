from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.actor import Actor
from accounts.models import Team
from assistants.models import Artifact
from providers.models import Model
from providers.shapes import Piece, Wish


def _anything(pictures: Sequence[Artifact]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Context:
    """For whom and from where something is made: the loop, its tools and both spenders share it.

    `reference` says upwards what it belongs to (`turn:…`), `home` which chat keeps the pictures,
    `shows` whether pictures that another chat keeps may be shown again.
    """

    actor: Actor
    reference: str
    home: str = ""
    assistant: str = ""
    team: Team | None = None
    chat_model: Model | None = None
    image_model: str = ""
    tool: str = ""  # that asks, where one does
    deadline_s: float | None = None  # of one call, where who asks has set it
    shows: Callable[[Sequence[Artifact]], bool] = _anything
    # What who asks has said yes to: a person at a button, a program in its request. No model can.
    confirmed_micro: int = 0
    # Of everything with this reference, where no policy says less; 0: only each wish has a limit.
    most_pictures: int = 0


Answer = Callable[[list[dict[str, Any]], list[dict[str, Any]]], AsyncIterator[Piece]]
MakePictures = Callable[[Wish, str, Sequence[str]], Awaitable[list[Artifact]]]


@dataclass(frozen=True, slots=True)
class Hands:
    """What the loop can do in the world, given to it as functions: it knows no database."""

    answer: Answer
    make_pictures: MakePictures
    offers: dict[str, str] = field(default_factory=dict)  # tool name -> why it is not offered
