"""What a real provider would charge: the table of November 2026, and an append-only record."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

# Dollars per million tokens are micro-dollars per token: text in, image in, image out, text out.
RATES: dict[str, tuple[str, str, str, str]] = {
    "gpt-image-2": ("5", "8", "30", "0"),
    "gpt-image-2.5": ("5", "8", "30", "0"),
    "gpt-image-2.6": ("5", "8", "30", "0"),
    "gpt-image-1.5": ("5", "8", "32", "10"),
    "gpt-image-1-mini": ("2", "2.5", "8", "0"),
    "gemini-3.1-flash-image": ("0.5", "0.5", "60", "3"),
    "gemini-3-pro-image": ("2", "2", "120", "12"),
    "gpt-4.1-mini": ("0.4", "0.4", "0", "1.6"),
    "gpt-5": ("1.25", "1.25", "0", "10"),
    "llama-3.3-8b": ("0.1", "0.1", "0", "0.2"),
    "gemini-3-flash": ("0.5", "0.5", "0", "3"),
}
# Output tokens of one square, portrait and landscape picture, before sizes were free.
FIXED = {
    "gpt-image-1.5": {
        "low": (272, 408, 400),
        "medium": (1056, 1584, 1568),
        "high": (4160, 6240, 6208),
    },
}
FIXED["gpt-image-1-mini"] = FIXED["gpt-image-1.5"]
FACTORS = {"low": 16, "medium": 48, "high": 96, "xhigh": 144, "max": 192}
PARTIAL_TOKENS = 100
REFERENCE_TOKENS = 1024


@dataclass(frozen=True)
class Charge:
    at: float
    request_id: str
    model: str
    pictures: int = 0
    size: str = ""
    quality: str = ""
    text_in: int = 0
    image_in: int = 0
    image_out: int = 0
    text_out: int = 0
    credits: int = 0
    amount_micro: int = 0
    about: str = ""  # how the prompt begins


class Bill(list[Charge]):
    """Grows only. With a path each charge is on disk before the answer leaves, so that a test can
    kill everything and still read what was spent."""

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.path = path

    def add(self, **charged: Any) -> Charge:
        charge = Charge(**charged)
        self.append(charge)
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(json.dumps(asdict(charge)) + "\n")
                file.flush()
                os.fsync(file.fileno())
        return charge

    def arrived(self, request_id: str) -> None:
        """The whole answer is out: what its caller makes of it is no longer ours."""
        if self.path is not None:
            with arrivals(self.path).open("a") as file:
                file.write(request_id + "\n")

    @property
    def pictures(self) -> int:
        return sum(charge.pictures for charge in self)

    @property
    def credits(self) -> int:
        return sum(charge.credits for charge in self)

    @property
    def amount_micro(self) -> int:
        return sum(charge.amount_micro for charge in self)


def arrivals(path: Path) -> Path:
    return path.with_suffix(".arrived")


def read(path: Path) -> list[Charge]:
    return [Charge(**json.loads(line)) for line in path.read_text().splitlines()]


def family(model: str) -> str:
    """gpt-image-2.5-flare-2026-09-08 costs what gpt-image-2.5 does."""
    named = [name for name in RATES if model == name or model.startswith(f"{name}-")]
    return max(named, key=len, default="")


def amount_micro(
    model: str, *, text_in: int = 0, image_in: int = 0, image_out: int = 0, text_out: int = 0
) -> int:
    """Rounded half up, once, at the end."""
    return math.floor(_exact(model, (text_in, image_in, image_out, text_out)) + Fraction(1, 2))


def _exact(model: str, counts: tuple[int, ...]) -> Fraction:
    rates = RATES.get(family(model), ("0", "0", "0", "0"))
    exact = (Fraction(rate) * count for rate, count in zip(rates, counts, strict=True))
    return sum(exact, Fraction(0))


def rounded_up(charge: Charge) -> int:
    counts = (charge.text_in, charge.image_in, charge.image_out, charge.text_out)
    return math.ceil(_exact(charge.model, counts))


def picture_tokens(model: str, quality: str, width: int, height: int) -> int:
    name = family(model)
    if name in FIXED:
        shape = 0 if width == height else 1 if width < height else 2
        return FIXED[name][quality][shape]
    long, short, factor = max(width, height), min(width, height), FACTORS[quality]
    patches = (2 * factor * short + long) // (2 * long)
    tokens = -(-factor * patches * (2_000_000 + width * height) // 4_000_000)
    if name == "gpt-image-2.6" and quality in ("low", "medium"):
        return -(-tokens * 7 // 2)  # reported at three to four times the tokens of 2.5
    return tokens


def text_tokens(text: str) -> int:
    return -(-len(text) // 4)
