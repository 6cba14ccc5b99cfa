"""What the models of the OpenAI family can do, and what a name tells of any other model."""

from __future__ import annotations

import re
from typing import Any

from providers.shapes import Capabilities

_PICTURES: dict[str, Any] = {
    "operations": ("generate", "edit", "inpaint"),
    "formats": ("png", "jpeg", "webp"),
    "most_references": 16,
    "mask": "alpha",
    "partials": 3,
    "output_tokens": 0,
    # Of one picture sent along; the guide of 2026 says 194 and up to 6240 for its details.
    "reference_tokens": 6_500,
    "typical_s": (59, 143),
    "embeds_credentials": True,
}
_FREE: dict[str, Any] = {
    **_PICTURES,
    "longest_side": 3840,
    "side_step": 16,
    "least_pixels": 655_360,
    "most_pixels": 8_294_400,
    "widest_ratio": 3,
    "token_factors": (("low", 16), ("medium", 48), ("high", 96)),
}
# The formula squares the factor. Nobody has published these two: four times the tokens of high.
_FINEST = (("xhigh", 192), ("max", 192))
_FREE_FINE: dict[str, Any] = {
    **_FREE,
    "qualities": ("low", "medium", "high", "xhigh", "max"),
    "token_factors": (*_FREE["token_factors"], *_FINEST),
}
_THREE_SIZES: dict[str, Any] = {
    **_PICTURES,
    "sizes": ("1024x1024", "1536x1024", "1024x1536"),
    "backgrounds": ("opaque", "transparent"),
    "flat_tokens": (
        ("low 1024x1024", 272),
        ("low 1024x1536", 408),
        ("low 1536x1024", 400),
        ("medium 1024x1024", 1056),
        ("medium 1024x1536", 1584),
        ("medium 1536x1024", 1568),
        ("high 1024x1024", 4160),
        ("high 1024x1536", 6240),
        ("high 1536x1024", 6208),
    ),
}
# The first beginning that fits. The old ones stay: a gateway may still offer them.
_FAMILIES: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "gpt-image-2.6",
        {  # resellers saw three to four times the tokens of 2.5 in low and medium, November 2026
            **_FREE_FINE,
            "token_factors": (("low", 32), ("medium", 96), ("high", 96), *_FINEST),
            "typical_s": (12, 60),
        },
    ),
    ("gpt-image-2.5", {**_FREE_FINE, "typical_s": (20, 90)}),
    ("gpt-image-2", _FREE),
    ("gpt-image-1", _THREE_SIZES),
    ("chatgpt-image", _THREE_SIZES),
    (
        "dall-e-3",
        {
            "sizes": ("1024x1024", "1792x1024", "1024x1792"),
            "qualities": ("standard", "hd"),
            "default_quality": "standard",
            "styles": ("vivid", "natural"),
            "pictures_per_call": 1,
            "most_prompt_chars": 4000,
        },
    ),
    (
        "dall-e-2",
        {
            "sizes": ("256x256", "512x512", "1024x1024"),
            "qualities": (),
            "default_quality": "",
            "most_prompt_chars": 1000,
        },
    ),
)
_UNKNOWN: dict[str, Any] = {
    "qualities": (),
    "default_quality": "",
    "side_step": 8,
    "longest_side": 2048,
    "pictures_per_call": 4,  # Together's bound
    "most_prompt_chars": 4000,
}
_DRAWS = re.compile(
    r"""gpt-image|chatgpt-image|dall-e|flux|stable-?diffusion|\bsd(xl|[-_.]?[123](\b|\.))|sdxl
    |imagen|kandinsky|playground-v|qwen-image|hidream|ideogram|recraft|seedream|z-image
    |image-gen|text-to-image|-image(-|$)""",
    re.X,
)
_CHANGES = re.compile(r"gpt-image|chatgpt-image|kontext|edit|inpaint|qwen-image|flux\.?2|flux-2")
_DOES_ELSE = re.compile(
    r"""embed|\bbge|\be5-|tts|whisper|transcri|moderation|rerank|realtime|audio|speech|sora|video
    |davinci|babbage|computer-use|guard|\bocr|upscale|veo""",
    re.X,
)
_SEES = re.compile(
    r"""gpt-4o|gpt-4\.1|gpt-4-turbo|gpt-[5-9]|\bo[134](-|$)|vision|-vl|vl-|llava|pixtral|gemini
    |claude|gemma-?[34]|llama-?4|minicpm-v|internvl|mistral-(medium|small|large)-(3|latest|2[5-9])
    |molmo|qwen3\.5""",
    re.X,
)
_CONTEXTS = (("gpt-5", 400_000), ("gpt-4.1", 1_000_000), ("gpt-4o", 128_000), ("o3", 200_000))


def capabilities(model: str) -> Capabilities:
    name = _bare(model)
    for beginning, able in _FAMILIES:
        if name.startswith(beginning):
            return Capabilities(**able)
    able = dict(_UNKNOWN)
    if _DRAWS.search(name) and _CHANGES.search(name):
        able |= {"operations": ("generate", "edit"), "most_references": 4}
    context = next((tokens for start, tokens in _CONTEXTS if name.startswith(start)), 32_000)
    return Capabilities(**able, vision=bool(_SEES.search(name)), context_tokens=context)


def tags(model: str) -> tuple[str, ...]:
    """A guess, for an admin to mend."""
    name = _bare(model)
    if _DOES_ELSE.search(name):
        return ()
    if _DRAWS.search(name):
        is_able = _CHANGES.search(name)
        return ("image-generation", "image-edit") if is_able else ("image-generation",)
    return ("chat", "vision") if _SEES.search(name) else ("chat",)


def reasons(model: str) -> bool:
    """These take no temperature of ours."""
    return re.match(r"o\d|gpt-[5-9]", _bare(model)) is not None


def _bare(model: str) -> str:
    """Gateways write the maker before it."""
    return model.rpartition("/")[2].lower()
