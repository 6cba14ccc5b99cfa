"""ClipDrop: one picture per call as plain bytes, paid in credits that run down."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any, ClassVar

from tests.upstream import pictures
from tests.upstream.messages import Answer, File, Refused, Request
from tests.upstream.server import Simulator

FORMS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}
SIDES = ("extend_left", "extend_right", "extend_up", "extend_down")


@dataclass(frozen=True)
class Route:
    fields: tuple[str, ...] = ()
    files: tuple[str, ...] = ("image_file",)
    most_pixels: int = 0
    longest_side: int = 0
    most_bytes: int = 30_000_000
    form: str = "jpeg"
    negotiates: bool = False  # looks at Accept


ROUTES = {
    "/text-to-image/v1": Route(("prompt",), (), form="png"),
    "/remove-background/v1": Route(
        ("transparency_handling",), most_pixels=25_000_000, form="png", negotiates=True
    ),
    "/replace-background/v1": Route(
        ("prompt",), longest_side=2048, most_bytes=20_000_000, negotiates=True
    ),
    "/uncrop/v1": Route((*SIDES, "seed"), most_pixels=10_000_000),
    "/cleanup/v1": Route(
        ("mode",), ("image_file", "mask_file"), most_pixels=16_000_000, form="png"
    ),
    "/text-inpainting/v1": Route(
        ("text_prompt",), ("image_file", "mask_file"), most_pixels=10_000_000
    ),
}


class ClipDrop(Simulator):
    key = "clip-sim-7f3a9d0c5b12"
    refusals: ClassVar[dict[str, dict[str, Any]]] = {
        "insufficient_quota": {"status": 402, "message": "Not enough credits"},
        "invalid_api_key": {"status": 403, "message": "Invalid api key"},
        "rate_limited": {"message": "Too many requests"},
        "too_large": {"message": "Image too large"},
    }
    variant = ""  # old_edition: JPEG of 512² for 2 credits; lying: says PNG, sends JPEG

    def __init__(self, **options: Any) -> None:
        self.credits = 100
        super().__init__(**options)

    def envelope(self, refused: Refused) -> dict[str, Any]:
        return {"error": refused.message}

    async def handle(self, request: Request) -> Answer:
        route = ROUTES.get(request.path)
        if route is None or request.method != "POST":
            raise Refused(404, "Not found")
        self._check_key(request)
        if not request.is_multipart:
            raise Refused(400, "Expected multipart/form-data")
        form = self._form(request, route)
        width, height = _check(request, route)
        cost = 2 if self.variant == "old_edition" else 1
        if self.credits < cost:
            raise Refused(402, "Not enough credits")
        await asyncio.sleep(self.takes_s)
        content = self._draw(request, width, height, form)
        self.credits -= cost
        self.bill.add(
            at=time.time(),
            request_id=request.id,
            model=request.path.split("/")[1],
            pictures=1,
            size=f"{width}x{height}",
            credits=cost,
        )
        headers = {
            "x-remaining-credits": str(self.credits),
            "x-credits-consumed": str(cost),
        }
        return Answer(
            body=request.fault.drawn([content])[0] if request.fault.name != "none" else b"",
            media_type="image/png" if self.variant == "lying" else pictures.MEDIA_TYPES[form],
            headers=headers,
        )

    def _check_key(self, request: Request) -> None:
        given = request.headers.get("x-api-key")
        if not given:
            raise Refused(401, "No api key provided")
        if given != self.key:
            raise Refused(403, "Invalid api key")

    def _form(self, request: Request, route: Route) -> str:
        if self.variant in ("old_edition", "lying"):
            return "jpeg"
        accept = request.headers.get("accept", "*/*").split(";")[0].split(",")[0].strip()
        if not route.negotiates or accept in ("*/*", "image/*"):
            return route.form
        if accept not in FORMS:
            raise Refused(406, f"Cannot answer with {accept}")
        return FORMS[accept]

    def _draw(self, request: Request, width: int, height: int, form: str) -> bytes:
        if self.variant == "old_edition" and request.path == "/text-to-image/v1":
            width = height = 512
        is_cut_out = request.path == "/remove-background/v1" and form != "jpeg"
        return pictures.picture(width, height, form, transparent=is_cut_out, weight=self.weight)


def _check(request: Request, route: Route) -> tuple[int, int]:
    """The size of the picture to come."""
    form = request.form
    for name in form.fields:
        if name not in route.fields:
            raise Refused(400, f"Unexpected field {name}")
    files = {name: form.file(name) for name in route.files}
    sizes = {name: _check_file(name, file, route) for name, file in files.items()}
    if request.path == "/text-to-image/v1":
        if not 1 <= len(form.fields.get("prompt", "")) <= 1000:
            raise Refused(400, "prompt is required, at most 1000 characters")
        return 1024, 1024
    if "mask_file" in sizes and sizes["mask_file"] != sizes["image_file"]:
        raise Refused(400, "mask_file must have the size of image_file")
    width, height = sizes["image_file"]
    if request.path == "/uncrop/v1":
        left, right, up, down = (_whole(form.fields, name, -2000, 2000) for name in SIDES)
        _whole(form.fields, "seed", 0, 100_000)
        width, height = width + left + right, height + up + down
    return width, height


def _check_file(name: str, file: File | None, route: Route) -> tuple[int, int]:
    if file is None:
        raise Refused(400, f"{name} is required")
    if len(file.content) > route.most_bytes:
        raise Refused(413, f"{name} is too large")
    try:
        width, height = pictures.size_of(file.content)
        form = pictures.form_of(file.content)
    except (OSError, SyntaxError) as error:
        raise Refused(400, f"{name} is not an image") from error
    if form not in FORMS.values():
        raise Refused(400, f"{name} must be PNG, JPEG or WebP")
    if route.most_pixels and width * height > route.most_pixels:
        raise Refused(400, f"{name} has too many pixels")
    if route.longest_side and max(width, height) > route.longest_side:
        raise Refused(400, f"{name} is longer than {route.longest_side} pixels")
    return width, height


def _whole(fields: dict[str, str], name: str, least: int, most: int) -> int:
    try:
        value = int(fields.get(name, "0"))
    except ValueError as error:
        raise Refused(400, f"{name} must be a whole number") from error
    if not least <= value <= most:
        raise Refused(400, f"{name} must be between {least} and {most}")
    return value
