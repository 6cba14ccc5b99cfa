"""What a loop tells as it goes. Whoever listens writes it down, shows it, or both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from assistants.models import Artifact
from providers.shapes import ToolCall
from tale.lib.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Said:
    text: str


@dataclass(frozen=True, slots=True)
class Stepped:
    """A model step is over. Recorded before any of its tools runs, so that a continued turn asks
    and buys nothing twice."""

    text: str
    calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True)
class Used:
    """A tool is done: `for_model` goes back to the model, the rest to the person."""

    call: ToolCall
    for_model: dict[str, Any]
    artifacts: tuple[Artifact, ...] = ()
    refusal: Refusal | None = field(default=None)
    is_again: bool = False  # the same as before, and not paid again


Event = Said | Stepped | Used
