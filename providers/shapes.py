"""What passes between us and an adapter: plain, frozen, knowing no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for, before anyone knows which model will draw it."""

    prompt: str
    n: int = 1
    size: str = "auto"  # auto, 1024x1024, 16:9, portrait
    quality: str = "auto"
    style: str = ""
    background: str = "auto"  # auto, opaque, transparent
    format: str = "auto"  # auto, png, jpeg, webp
    negative: str = ""
    seed: int | None = None
    references: int = 0  # pictures that come with it; any makes it an edit
    has_mask: bool = False
    alt: str = ""  # what it will show, in words for those who do not see it; no model is told
    variation: bool = False  # once more on purpose: no duplicate of the same wish before


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do, as data: nobody asks which provider it is."""

    operations: tuple[str, ...] = ("generate",)  # generate, edit, inpaint
    sizes: tuple[str, ...] = ()  # the only ones; empty: any within the rule below
    aspects: tuple[str, ...] = ()  # where a shape is named instead of a size
    resolutions: tuple[str, ...] = ()  # with it: 1K, 2K, 4K, the long side in thousands
    longest_side: int = 4096
    shortest_side: int = 64
    side_step: int = 1
    least_pixels: int = 0
    most_pixels: int = 0  # 0: no bound of its own
    widest_ratio: float = 0  # 3: from 1:3 to 3:1; 0: any
    default_size: str = "1024x1024"
    qualities: tuple[str, ...] = ("low", "medium", "high")  # empty: it has no such choice
    default_quality: str = "medium"
    styles: tuple[str, ...] | None = None  # None: in words, as part of the prompt
    backgrounds: tuple[str, ...] = ("opaque",)
    formats: tuple[str, ...] = ("png",)
    most_pictures: int = 10
    pictures_per_call: int = 10
    most_prompt_chars: int = 32_000
    most_references: int = 0
    mask: str = ""  # which part may change: "alpha" 0, "white", "black"; empty: takes none
    seed: bool = False
    negative: bool = False
    partials: int = 0
    cancel: bool = False
    typical_s: tuple[float, float] = (10, 60)  # median and 95th percentile
    embeds_credentials: bool = False
    source_type: str = "trainedAlgorithmicMedia"  # how its pictures come about, in IPTC's words
    # Image tokens of one picture: {"low": 16, …} of the formula in pricing, or {"": n} for all.
    token_factors: tuple[tuple[str, float], ...] = ()
    flat_tokens: tuple[tuple[str, int], ...] = ()
    reference_tokens: int = 0
    # chat
    tools: bool = True
    vision: bool = False
    streams: bool = True
    context_tokens: int = 32_000
    output_tokens: int = 2048


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One thing a wish could not have as it was asked, what it got instead, and why."""

    field: str
    asked: str
    got: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A wish a model can fulfil."""

    prompt: str
    n: int
    width: int
    height: int
    quality: str
    style: str = ""
    background: str = "auto"
    format: str = "png"
    negative: str = ""
    seed: int = 0
    operation: str = "generate"
    aspect: str = ""  # in the model's own words, where it asks for those
    resolution: str = ""
    adjustments: tuple[Adjustment, ...] = ()

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    media_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent. The mask is grey, as large as the first reference; 255 may change."""

    model: str
    plan: Plan
    references: tuple[Picture, ...] = ()
    mask: Picture | None = None
    partials: int = 0  # how many previews somebody would look at
    user: str = ""  # a hash, for the provider's own abuse desk


@dataclass(frozen=True, slots=True)
class Usage:
    """What the provider says it did, and will bill."""

    pictures: int = 0
    text_in: int = 0
    cached_in: int = 0  # part of text_in
    image_in: int = 0
    text_out: int = 0
    image_out: int = 0
    credits: int = 0
    told_micro: int | None = None  # it named the amount itself, in `told_currency`
    told_currency: str = ""
    is_estimate: bool = False
    request_id: str = ""

    @property
    def tokens_in(self) -> int:
        return self.text_in + self.image_in

    @property
    def tokens_out(self) -> int:
        return self.text_out + self.image_out


@dataclass(frozen=True, slots=True)
class Queued:
    """Kept before the first wait: with it the picture can be fetched by somebody else."""

    handle: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progressed:
    fraction: float


@dataclass(frozen=True, slots=True)
class Partial:
    picture: Picture
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """Fewer pictures than asked is a result too; `usage.pictures` counts what may be billed."""

    pictures: tuple[Picture, ...]
    usage: Usage
    revised_prompt: str = ""
    adjustments: tuple[Adjustment, ...] = ()  # what turned out only on the way
    missing: str = ""  # why there are fewer, as a code of refusals
    first_byte_at: datetime | None = field(default=None, compare=False)  # of the answer


Happening = Queued | Progressed | Partial | Finished


@dataclass(frozen=True, slots=True)
class Question:
    """One request to a chat model, in the shape most of them share."""

    model: str
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...] = ()
    most_tokens: int = 2048
    tool_choice: str = ""  # empty: the model's own
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Thought:
    """What a model says to itself: kept apart from its answer, sent back where it asks for it."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str  # JSON, whole
    extra: dict[str, Any] | None = None  # given back word for word (Gemini's signatures)


@dataclass(frozen=True, slots=True)
class Ended:
    usage: Usage = field(default_factory=Usage)
    reason: str = ""  # stop, length, tool_calls, content_filter


Piece = Text | Thought | ToolCall | Ended


@dataclass(frozen=True, slots=True)
class Listed:
    """A model as its provider lists it, with what we make of it."""

    remote_id: str
    name: str = ""
    tags: tuple[str, ...] = ()
    context_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a connection test did, and it spent nothing."""

    steps: tuple[str, ...]
    latency_ms: int
