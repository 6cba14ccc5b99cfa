"""What passes between us and an adapter: plain, frozen, knowing no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for, before anyone knows which model will draw it."""

    prompt: str
    n: int = 1
    size: str = "auto"
    quality: str = "auto"
    style: str = ""
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do, as data: nobody asks which provider it is."""

    sizes: tuple[str, ...] = ()  # empty: any size within `longest_side`
    longest_side: int = 4096
    shortest_side: int = 64
    default_size: str = "1024x1024"
    qualities: tuple[str, ...] = ("low", "medium", "high")
    default_quality: str = "medium"
    most_pictures: int = 10
    tools: bool = True
    output_tokens: int = 2048

    @classmethod
    def of(cls, overrides: dict[str, Any]) -> Capabilities:
        known: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in overrides.items()
        }
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One thing a wish could not have as it was asked, and what it got instead."""

    field: str
    asked: str
    got: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A wish a model can fulfil."""

    prompt: str
    n: int
    width: int
    height: int
    quality: str
    style: str = ""
    seed: int = 0
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    media_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider says it did, and will bill."""

    pictures: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    pictures: tuple[Picture, ...]
    usage: Usage
    revised_prompt: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a chat model, in the shape most of them share."""

    model: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    most_tokens: int = 2048


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str  # JSON, as the model wrote it


@dataclass(frozen=True, slots=True)
class Ended:
    usage: Usage = field(default_factory=Usage)


Piece = Text | ToolCall | Ended
