"""What the Images API of November 2026 accepts, and in which words it refuses the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.upstream import bill, pictures
from tests.upstream.messages import File, Refused

FREE_SIZES = ("gpt-image-2", "gpt-image-2.5", "gpt-image-2.6")
THREE_SIZES = ("1024x1024", "1536x1024", "1024x1536")
COMMON = {
    "prompt", "model", "n", "size", "quality", "background", "output_format",
    "output_compression", "moderation", "stream", "partial_images", "user", "safety_identifier",
}  # fmt: skip
EDIT_ONLY = {"input_fidelity", "image", "images", "mask", "markup"}
NEWEST_ONLY = {"complexity", "frame_count", "frame_duration_ms", "svg"}
NUMBERS = {"n": (1, 10), "partial_images": (0, 3), "output_compression": (0, 100)}
MOST_PROMPT = 32_000
_SIZE = re.compile(r"([1-9]\d*)x([1-9]\d*)", re.ASCII)


@dataclass(frozen=True)
class Job:
    model: str
    prompt: str
    n: int
    width: int
    height: int
    quality: str
    form: str
    background: str
    stream: bool
    partials: int
    inputs: int

    @property
    def size(self) -> str:
        return f"{self.width}x{self.height}"


def wrong(param: str, message: str, code: str = "invalid_value") -> Refused:
    return Refused(400, message, code=code, param=param)


def gone(model: str) -> Refused:
    message = f"The model '{model}' has been deprecated or you do not have access to it."
    return Refused(404, message, code="model_not_found", param=None)


def job(
    body: dict[str, Any], *, models: tuple[str, ...], transparent: tuple[str, ...], inputs: int = 0
) -> Job:
    model = body.get("model", "")
    if not isinstance(model, str) or not model:
        raise wrong("model", "Missing required parameter: 'model'.", "missing_required_parameter")
    if model not in models:
        raise gone(model)
    kin = bill.family(model)
    _known(body, kin, is_edit=inputs > 0)
    _numbers(body)
    prompt = body.get("prompt")
    if not prompt or not isinstance(prompt, str):
        raise wrong("prompt", "Missing required parameter: 'prompt'.", "missing_required_parameter")
    if len(prompt) > MOST_PROMPT:
        raise wrong(
            "prompt", f"Expected at most {MOST_PROMPT} characters.", "string_above_max_length"
        )
    form = _one_of(body, "output_format", _forms(kin), "png")
    quality = _one_of(body, "quality", ("auto", *_qualities(kin)), "auto")
    background = _background(body, form, is_able=kin in transparent)
    _one_of(body, "moderation", ("auto", "low"), "auto")
    width, height = _size(body.get("size", "auto"), kin)
    if "output_compression" in body and form not in ("jpeg", "webp"):
        raise wrong("output_compression", "Compression less than 100 is not supported for PNG.")
    stream = body.get("stream", False)
    if stream and body.get("n", 1) != 1:
        raise wrong("n", "Streaming is only supported with n=1.")
    return Job(
        model=model,
        prompt=prompt,
        n=body.get("n", 1),
        width=width,
        height=height,
        quality="high" if quality == "auto" else quality,
        form=form,
        background=background,
        stream=stream,
        partials=body.get("partial_images", 0) if stream else 0,
        inputs=inputs,
    )


def _known(body: dict[str, Any], kin: str, *, is_edit: bool) -> None:
    known = COMMON | (EDIT_ONLY if is_edit else set())
    if kin == "gpt-image-2.6":
        known = known | NEWEST_ONLY
    for name in body:
        if name not in known:
            raise wrong(name, f"Unknown parameter: '{name}'.", "unknown_parameter")
    if "input_fidelity" in body and kin != "gpt-image-1.5":
        message = "Unsupported parameter: 'input_fidelity' is not supported with this model."
        raise wrong("input_fidelity", message, "unsupported_parameter")


def _numbers(body: dict[str, Any]) -> None:
    for name, (least, most) in NUMBERS.items():
        value = body.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong(name, f"Invalid type for '{name}': expected an integer.", "invalid_type")
        if value > most:
            message = f"Invalid '{name}': expected a value <= {most}, but got {value} instead."
            raise wrong(name, message, "integer_above_max_value")
        if value < least:
            message = f"Invalid '{name}': expected a value >= {least}, but got {value} instead."
            raise wrong(name, message, "integer_below_min_value")


def _one_of(body: dict[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    value = body.get(name, default)
    if value not in choices:
        listed = ", ".join(f"'{choice}'" for choice in choices)
        raise wrong(name, f"Invalid value: '{value}'. Supported values are: {listed}.")
    return str(value)


def _forms(kin: str) -> tuple[str, ...]:
    more = ("svg", "gif") if kin == "gpt-image-2.6" else ()
    return ("png", "jpeg", "webp", *more)


def _qualities(kin: str) -> tuple[str, ...]:
    more = ("xhigh", "max") if kin in ("gpt-image-2.5", "gpt-image-2.6") else ()
    return ("low", "medium", "high", *more)


def _background(body: dict[str, Any], form: str, *, is_able: bool) -> str:
    background = _one_of(body, "background", ("auto", "opaque", "transparent"), "auto")
    if background == "transparent":
        if not is_able:
            message = "Transparent background is not supported for this model."
            refused = wrong("background", message)
            refused.type = "image_generation_user_error"
            raise refused
        if form not in ("png", "webp"):
            raise wrong("background", "Transparent background needs output format png or webp.")
    return "opaque" if background == "auto" else background


def _size(size: Any, kin: str) -> tuple[int, int]:
    if size == "auto":
        return 1024, 1024
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if kin not in FREE_SIZES:
        if size not in THREE_SIZES:
            listed = ", ".join(f"'{choice}'" for choice in (*THREE_SIZES, "auto"))
            raise wrong("size", f"Invalid value: '{size}'. Supported values are: {listed}.")
        found = _SIZE.fullmatch(size)
    if found is None:
        raise wrong("size", f"Invalid size '{size}'.")
    width, height = int(found[1]), int(found[2])
    if width % 16 or height % 16:
        raise wrong("size", f"Invalid size '{size}'. Width and height must be divisible by 16.")
    if max(width, height) > 3840 or max(width, height) > 3 * min(width, height):
        raise wrong("size", f"Invalid size '{size}'. Edges <= 3840, ratio 1:3 to 3:1.")
    if not 655_360 <= width * height <= 8_294_400:
        raise wrong("size", f"Invalid size '{size}'. Requested resolution is out of bounds.")
    return width, height


def check_inputs(images: list[File], mask: File | None) -> None:
    if not images:
        message = "Missing required parameter: 'image'."
        raise wrong("image", message, "missing_required_parameter")
    if len(images) > 16:
        raise wrong(
            "image", f"Expected at most 16 images, got {len(images)}.", "array_above_max_length"
        )
    for file in images:
        if len(file.content) >= 50_000_000 or _form(file) not in ("png", "jpeg", "webp"):
            raise wrong("image", "Invalid image file or mode for image.", "invalid_image_file")
    if mask is None:
        return
    if len(mask.content) >= 4_000_000 or _form(mask) != "png":
        raise wrong(
            "mask", "Invalid mask: a PNG of less than 4 MB is expected.", "invalid_image_file"
        )
    if not pictures.has_alpha(mask.content):
        raise wrong("mask", "Invalid mask image format - mask image missing alpha channel.")
    if pictures.size_of(mask.content) != pictures.size_of(images[0].content):
        raise wrong("mask", "Invalid mask image format - mask size does not match image size.")


def _form(file: File) -> str:
    try:
        return pictures.form_of(file.content)
    except (OSError, SyntaxError):
        return ""
