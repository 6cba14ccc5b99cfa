"""Studio's edits, through the adapter and the child that really makes them."""

import asyncio
import io
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageStat

from providers.base import Connection
from providers.kinds.studio import Studio
from providers.shapes import Finished, Order, Partial, Picture, Plan
from providers.studio import drawing

SIDE = 128
LAKE = Picture(drawing.draw("a mountain lake", SIDE, SIDE, seed=3))
CAT = Picture(drawing.draw("a cat", SIDE, SIDE, seed=3))


def edited(
    prompt: str, picture: Picture = LAKE, *, mask: Picture | None = None, **more: Any
) -> Any:
    plan = Plan(prompt, 1, SIDE, SIDE, "low", operation="edit", seed=1, **more)
    order = Order("studio-image", plan, references=(picture,), mask=mask)
    return opened(made(order)[-1].pictures[0])


def made(order: Order) -> list[Any]:
    async def collect() -> list[Any]:
        return [happening async for happening in Studio(Connection()).make_pictures(order)]

    return asyncio.run(collect())


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.content))


def light(image: Image.Image) -> float:
    return float(ImageStat.Stat(image.convert("L")).mean[0])


def circle() -> Picture:
    mask = Image.new("L", (SIDE, SIDE))
    ImageDraw.Draw(mask).ellipse((40, 60, 100, 120), fill=255)
    file = io.BytesIO()
    mask.save(file, "PNG")
    return Picture(file.getvalue())


def test_it_works() -> None:
    before = light(opened(LAKE))
    assert light(edited("make it brighter")) > before + 5
    assert light(edited("at night")) < before * 0.7


@pytest.mark.parametrize("prompt", ["an orange cat", "remove it", "at night", "entferne das"])
def test_outside_the_mask_nothing_changes(prompt: str) -> None:
    mask = circle()
    after = edited(prompt, mask=mask).convert("RGB")
    difference = ImageChops.difference(after, opened(LAKE).convert("RGB"))
    inside = opened(mask)
    outside = ImageChops.multiply(difference, ImageChops.invert(inside).convert("RGB"))
    assert outside.getbbox() is None
    assert difference.getbbox() is not None


def test_a_background_can_go() -> None:
    for cut in (
        edited("remove the background", CAT),
        edited("the cat alone", CAT, background="transparent"),
    ):
        alpha = cut.getchannel("A")
        assert alpha.getpixel((2, 2)) == 0
        assert alpha.getpixel((SIDE // 2, SIDE // 2)) == 255


def test_the_exact_size_is_kept() -> None:
    plan = Plan("brighter", 1, 96, 160, "low", operation="edit")
    finished = made(Order("studio-image", plan, references=(LAKE,)))[-1]
    assert opened(finished.pictures[0]).size == (96, 160)


def test_it_is_stable() -> None:
    assert edited("in winter with snow").tobytes() == edited("in winter with snow").tobytes()


def test_a_preview_comes_first_when_somebody_looks() -> None:
    plan = Plan("a cat", 2, 512, 512, "low", seed=4)
    preview, finished = made(Order("studio-image", plan, partials=1))
    assert isinstance(preview, Partial)
    assert opened(preview.picture).size == (256, 256)
    assert isinstance(finished, Finished)
    assert (len(finished.pictures), finished.usage.pictures) == (2, 2)
