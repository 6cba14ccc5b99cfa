"""A prompt becomes a picture: read, staged, drawn, finished. A drawing engine, no AI."""

import io

from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from providers.studio import scenes, styles, textures
from providers.studio.brief import WRITING, Brief, read
from providers.studio.canvas import Canvas, Detail
from providers.studio.colours import WHITE
from providers.studio.sky import falling

SMALLEST, LARGEST = 64, 4096
DETAILS = {
    "low": Detail(samples=1, amount=0.5, texture=0.0),
    "medium": Detail(samples=2, amount=0.9, texture=0.7),
    "high": Detail(samples=3, amount=1.5, texture=1.2, depth=0.3),
}
QUALITIES = {"": "medium", "auto": "medium", "standard": "medium", "hd": "high"}
BACKGROUNDS = ("", "auto", "opaque", "transparent")
LARGE_PX = 4_000_000  # above, two samples a side must do: more would fill the child's memory


def draw(
    prompt: str,
    width: int,
    height: int,
    *,
    seed: int,
    quality: str = "auto",
    style: str = "",
    background: str = "opaque",
) -> bytes:
    """The picture as PNG. The same arguments give the same bytes."""
    if not (SMALLEST <= width <= LARGEST and SMALLEST <= height <= LARGEST):
        raise ValueError(f"size must be from {SMALLEST} to {LARGEST} pixels a side")
    if background not in BACKGROUNDS:
        raise ValueError("unknown background")
    brief = read(prompt)
    manner = styles.STYLES.get(read(style).style or brief.style)
    canvas = Canvas(
        width,
        height,
        detail=_detail(quality, width, height, manner),
        seed=f"{seed}/{brief.core}",
        transparent=background == "transparent",
        silent=brief.refuses(WRITING),
    )
    _stage(canvas, brief)
    return _png(_finish(canvas, brief, manner))


def _detail(quality: str, width: int, height: int, manner: styles.Style | None) -> Detail:
    detail = DETAILS.get(QUALITIES.get(quality, quality))
    if detail is None:
        raise ValueError("unknown quality")
    # Nobody can see the thousandth leaf of a thumbnail.
    amount = detail.amount * min(1.0, 0.3 + min(width, height) / 700)
    samples = min(detail.samples, 2) if width * height > LARGE_PX else detail.samples
    texture = detail.texture * (manner.texture if manner else 1.0)
    return Detail(samples, amount, texture, detail.depth)


def _stage(canvas: Canvas, brief: Brief) -> None:
    stage, names = None, scenes.plan(brief)
    for name in names:
        draw_scene = scenes.painter(name)
        if stage:
            canvas.lamp = stage.lamp
        given = draw_scene(canvas, brief, stage) if stage else draw_scene(canvas, brief)
        stage = given or stage
    canvas.lamp = WHITE
    if any(scenes.SCENES[name].outdoors for name in names):
        falling(canvas, brief)


def _finish(canvas: Canvas, brief: Brief, manner: styles.Style | None) -> Image.Image:
    alpha = canvas.image.getchannel("A") if canvas.image.mode == "RGBA" else None
    image = toned(canvas.image.convert("RGB"), brief)
    if canvas.detail.depth and scenes.SCENES[scenes.plan(brief)[0]].kind == "place":
        image = _deepened(image, canvas.detail.depth)
    if manner:
        image = manner.apply(image, canvas.dice("style"))
    if canvas.detail.texture:
        speckle = textures.grain(canvas.dice("grain"), image.size, 0.016 * canvas.detail.texture)
        image = ImageChops.add(image, Image.merge("RGB", (speckle,) * 3), 1, -128)
    if alpha:
        image.putalpha(alpha)
    return canvas.sign(image, manner.ink if manner else styles.as_it_is)


def _deepened(image: Image.Image, depth: float) -> Image.Image:
    """Local contrast: what is lighter than around it grows lighter, and darker what is darker."""
    small = image.reduce(8) if min(image.size) >= 128 else image
    wide = small.filter(ImageFilter.GaussianBlur(max(2, min(small.size) // 12)))
    around = wide.resize(image.size, Image.Resampling.BICUBIC)
    return Image.blend(around, image, 1 + depth)


def toned(image: Image.Image, brief: Brief) -> Image.Image:
    """Brighter, warmer, paler: as often as it was asked for, within reason."""
    brightness, warmth, vividness = (
        max(-3, min(3, wish)) for wish in (brief.brightness, brief.warmth, brief.vividness)
    )
    if brightness:
        gamma = 0.8**brightness
        image = image.point([round(255 * (v / 255) ** gamma) for v in range(256)] * 3)
    if warmth:
        scales = (1 + 0.045 * warmth, 1 + 0.008 * warmth, 1 - 0.06 * warmth)
        image = image.point([min(255, round(v * scale)) for scale in scales for v in range(256)])
    if vividness:
        image = ImageEnhance.Color(image).enhance(1 + 0.17 * vividness)
    return image


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=2)
    return file.getvalue()
