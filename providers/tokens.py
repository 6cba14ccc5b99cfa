"""How many tokens a call takes at most, before anyone has counted them."""

from __future__ import annotations

import json
from typing import Any

from providers.shapes import Capabilities, Plan, Question, Usage

# A token is never shorter than a byte, and a message's frame costs a few.
FRAME = 16
BESIDE = 64  # text counted for each picture sent along (seen at gpt-image-1.5 in June 2026: 41)
PARTIAL = 100  # of image out, for each preview (OpenAI's guide, 2026)
# A picture shown to a chat model whose capabilities do not say; 4K in tiles is below this.
LOOKED_AT = 6_000


def of_picture(able: Capabilities, plan: Plan) -> int | None:
    """Of one picture, the dearest where the model chooses its quality. None: nobody knows."""
    if plan.quality in ("", "auto"):
        known = [_of_quality(able, plan, name) for name in (*able.qualities, "")]
        counted = [number for number in known if number is not None]
        every_quality = all(number is not None for number in known[: len(able.qualities)])
        return max(counted) if counted and every_quality else None
    return _of_quality(able, plan, plan.quality)


def _of_quality(able: Capabilities, plan: Plan, quality: str) -> int | None:
    flat, factors = dict(able.flat_tokens), dict(able.token_factors)
    names = (f"{quality} {plan.size}", quality, plan.size, plan.resolution, "")
    found = next((flat[name] for name in names if name in flat), None)
    if found is None and (factor := factors.get(quality) or factors.get("")):
        return by_area(int(factor), plan.width, plan.height)
    return found


def by_area(factor: int, width: int, height: int) -> int:
    """gpt-image-2 and later, as its users worked it out in 2026: meets all published prices."""
    long, short = max(width, height), min(width, height)
    across = (2 * factor * short + long) // (2 * long)  # rounded factor * short / long
    return -(-factor * across * (2_000_000 + width * height) // 4_000_000)


def at_most(able: Capabilities, plan: Plan, *, references: int = 0, partials: int = 0) -> Usage:
    """Each picture is billed as a call of its own, with all that was sent."""
    shown = references + (plan.operation == "inpaint")  # a mask is a picture too
    said = len(f"{plan.prompt}{plan.negative}{plan.style}".encode())
    return Usage(
        pictures=plan.n,
        text_in=plan.n * (said + FRAME + shown * BESIDE),
        image_in=plan.n * shown * able.reference_tokens,
        text_out=plan.n * able.output_tokens,
        image_out=plan.n * ((of_picture(able, plan) or 0) + partials * PARTIAL),
        credits=plan.n,
    )


def of_question(able: Capabilities, question: Question) -> Usage:
    messages, pictures = _apart(list(question.messages))
    said = json.dumps(messages, ensure_ascii=False) + json.dumps(list(question.tools))
    frames = FRAME * (len(question.messages) + len(question.tools))
    return Usage(
        text_in=len(said.encode()) + frames,
        image_in=pictures * (able.reference_tokens or LOOKED_AT),
        text_out=question.most_tokens,
    )


def _apart(part: Any) -> tuple[Any, int]:
    """What is said, and how many pictures are shown: their bytes are no tokens."""
    if isinstance(part, dict):
        if part.get("type") in ("image_url", "image", "input_image"):
            return {}, 1
        whole = {name: _apart(value) for name, value in part.items()}
        return {name: value for name, (value, _) in whole.items()}, sum(
            number for _, number in whole.values()
        )
    if isinstance(part, list | tuple):
        parts = [_apart(value) for value in part]
        return [value for value, _ in parts], sum(number for _, number in parts)
    return part, 0
