"""A picture changed as a sentence says. An edit keeps every pixel that it was not asked to touch:
what lies outside the mask comes back as it came."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps, ImageStat

from providers.studio import drawing, scenes, styles
from providers.studio.brief import Brief, is_in, read
from providers.studio.canvas import Canvas
from providers.studio.sky import falling

FORMATS = ("PNG", "JPEG", "WEBP")
ADDING = "add put place insert include plus füge hinzu setze ergänze stelle"
REMOVING = "remove erase delete cut entferne entfernen lösche weg"
BACKDROP = "background backdrop hintergrund"
BLURRED = "blur blurred blurry unscharf weichzeichnen verschwommen"
MIRRORED = "mirror mirrored flip flipped spiegle spiegel* gespiegelt"
TURNED = "rotate rotated drehe gedreht"
SHARPER = "sharp sharper crisp scharf schärfer"
CONTRAST = "contrast kontrast* punchy"
HOLE = (1, 254, 3)
TOLERANCE = 26  # painted backgrounds are never quite even


def edit(
    prompt: str,
    picture: bytes,
    width: int,
    height: int,
    *,
    seed: int,
    mask: bytes = b"",
    quality: str = "auto",
    style: str = "",
    background: str = "auto",
) -> bytes:
    """The picture as PNG, as large as asked. In the mask 255 may change."""
    before = _opened(picture, width, height)
    brief = read(prompt)
    where = _mask(mask, before.size) if mask else None
    after = _changed(before, brief, seed=seed, quality=quality, where=where)
    after = _in_manner(after, brief, style, seed)
    if background == "transparent" or (is_said(brief, REMOVING) and is_said(brief, BACKDROP)):
        after = _cut_out(after)
    if where is not None:
        after = Image.composite(after.convert("RGBA"), before.convert("RGBA"), where)
    if after.mode == "RGBA" and after.getchannel("A").getextrema() == (255, 255):
        after = after.convert("RGB")
    file = io.BytesIO()
    after.save(file, "PNG", compress_level=2)
    return file.getvalue()


def is_said(brief: Brief, vocabulary: str) -> bool:
    return any(is_in(word, vocabulary) for word in (*brief.words, *brief.unwanted))


def changes_something(brief: Brief) -> bool:
    """Whether the words say how the picture as a whole is to change."""
    light = (brief.brightness, brief.warmth, brief.vividness)
    air = (brief.time, brief.season, brief.weather, brief.style)
    return any((*light, *air)) or any(is_said(brief, words) for words in CHANGES)


def _opened(content: bytes, width: int, height: int) -> Image.Image:
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content), formats=FORMATS))
    image = image.convert("RGBA" if "A" in image.getbands() else "RGB")
    if image.size == (width, height):
        return image
    return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)


def _mask(content: bytes, size: tuple[int, int]) -> Image.Image:
    mask = Image.open(io.BytesIO(content), formats=FORMATS).convert("L")
    return mask if mask.size == size else ImageOps.fit(mask, size, Image.Resampling.NEAREST)


def _changed(
    image: Image.Image, brief: Brief, *, seed: int, quality: str, where: Image.Image | None
) -> Image.Image:
    subject = scenes.names_one(brief) and not (is_said(brief, REMOVING))
    if subject and is_said(brief, BACKDROP):
        scene = _drawn(brief, image.size, seed, quality)
        return Image.alpha_composite(scene.convert("RGBA"), _cut_out(image))
    if subject and where is not None:
        return _drawn_into(image, brief, where.getbbox(), seed, quality)
    if subject and is_said(brief, ADDING):
        width, height = image.size
        box = (round(width * 0.52), round(height * 0.42), round(width * 0.96), round(height * 0.97))
        return _drawn_into(image, brief, box, seed, quality, alone=True)
    if is_said(brief, REMOVING) and where is not None:
        return _healed(image, where)
    return _mooded(image, brief, seed)


def _drawn(brief: Brief, size: tuple[int, int], seed: int, quality: str) -> Image.Image:
    png = drawing.draw(brief.text, *_drawable(size), seed=seed, quality=quality)
    return Image.open(io.BytesIO(png)).convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _drawn_into(
    image: Image.Image,
    brief: Brief,
    box: tuple[int, int, int, int] | None,
    seed: int,
    quality: str,
    *,
    alone: bool = False,
) -> Image.Image:
    """The subject where there is room for it; `alone`: without a background of its own."""
    if box is None:
        return image
    size = box[2] - box[0], box[3] - box[1]
    background = "transparent" if alone else "opaque"
    words = re.sub(rf"(?i)\b({'|'.join(ADDING.split())})\b", "", brief.text)
    png = drawing.draw(words, *_drawable(size), seed=seed, quality=quality, background=background)
    patch = Image.open(io.BytesIO(png)).convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    whole = image.convert("RGBA")
    whole.alpha_composite(patch, box[:2])
    return whole


def _drawable(size: tuple[int, int]) -> tuple[int, int]:
    width, height = (max(drawing.SMALLEST, min(drawing.LARGEST, side)) for side in size)
    return width, height


def _mooded(image: Image.Image, brief: Brief, seed: int) -> Image.Image:
    """Light, hour, season and weather, over what is there."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    plain = drawing.toned(image.convert("RGB"), brief)
    for vocabulary, change in CHANGES.items():
        if is_said(brief, vocabulary):
            plain = change(plain)
    if tint := HOURS.get(brief.time):
        plain = tint(plain)
    weather = brief.weather or ("snow" if brief.season == "winter" else "")
    if brief.season in SEASONS:
        plain = ImageChops.multiply(plain, Image.new("RGB", plain.size, SEASONS[brief.season]))
    if weather:
        canvas = Canvas(*plain.size, detail=drawing.DETAILS["medium"], seed=f"{seed}")
        canvas.image = plain
        falling(canvas, replace(brief, weather=weather))
        plain = canvas.image
    if brief.weather == "fog":
        plain = Image.blend(plain, Image.new("RGB", plain.size, (214, 220, 226)), 0.45)
    if alpha:
        plain.putalpha(alpha)
    return plain


def _night(image: Image.Image) -> Image.Image:
    dark = image.point([round(value * 0.55) for value in range(256)] * 3)
    blue = ImageChops.multiply(dark, Image.new("RGB", image.size, (150, 170, 255)))
    sky = Image.linear_gradient("L").resize(image.size)
    return Image.composite(blue, ImageEnhance.Brightness(blue).enhance(0.75), sky)


def _sunset(image: Image.Image) -> Image.Image:
    glow = ImageOps.colorize(
        Image.linear_gradient("L").resize(image.size), (255, 138, 84), (255, 222, 170)
    )
    return Image.blend(image, ImageChops.soft_light(ImageChops.multiply(image, glow), glow), 0.8)


def _day(image: Image.Image) -> Image.Image:
    return ImageOps.autocontrast(ImageEnhance.Brightness(image).enhance(1.25), cutoff=1)


def _in_manner(image: Image.Image, brief: Brief, style: str, seed: int) -> Image.Image:
    manner = styles.STYLES.get(read(style).style or brief.style)
    if manner is None:
        return image
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    dice = Canvas(*image.size, detail=drawing.DETAILS["medium"], seed=f"{seed}").dice("style")
    image = manner.apply(image.convert("RGB"), dice)
    if alpha:
        image.putalpha(alpha)
    return image


def _cut_out(image: Image.Image) -> Image.Image:
    """Without what lies around: from the whole border inwards, as far as the colour holds."""
    marked = image.convert("RGB").filter(ImageFilter.MedianFilter(5))
    width, height = image.size
    across, down = range(0, width, max(1, width // 24)), range(0, height, max(1, height // 24))
    border = [(x, y) for x in across for y in (0, height - 1)]
    border += [(x, y) for y in down for x in (0, width - 1)]
    for place in border:
        if marked.getpixel(place) != HOLE:
            ImageDraw.floodfill(marked, place, HOLE, thresh=TOLERANCE)
    around = ImageChops.difference(marked, Image.new("RGB", image.size, HOLE)).convert("L")
    kept = around.point([0, *[255] * 255])
    gap = max(3, min(image.size) // 40) | 1  # a flood that seeped in between two whiskers
    kept = kept.filter(ImageFilter.MaxFilter(gap)).filter(ImageFilter.MinFilter(gap))
    cut = image.convert("RGBA")
    cut.putalpha(ImageChops.multiply(cut.getchannel("A"), kept))
    return cut


def _healed(image: Image.Image, where: Image.Image) -> Image.Image:
    """What is taken away is filled from around it, coarse first, then finer."""
    hole = where.filter(ImageFilter.MaxFilter(9))
    plain = image.convert("RGB")
    rest = ImageStat.Stat(plain, ImageOps.invert(hole))
    filled = Image.composite(
        Image.new("RGB", image.size, tuple(round(mean) for mean in rest.mean)), plain, hole
    )
    for share in (8, 16, 32, 64):
        blurred = filled.filter(ImageFilter.BoxBlur(max(2, min(image.size) // share)))
        filled = Image.composite(blurred, plain, hole)
    return filled


Change = Callable[[Image.Image], Image.Image]
CHANGES: dict[str, Change] = {
    BLURRED: lambda image: image.filter(ImageFilter.GaussianBlur(max(2, min(image.size) // 90))),
    MIRRORED: ImageOps.mirror,
    TURNED: lambda image: image.rotate(180),
    SHARPER: lambda image: image.filter(ImageFilter.UnsharpMask(3, 140, 2)),
    CONTRAST: lambda image: ImageEnhance.Contrast(image).enhance(1.35),
}
HOURS: dict[str, Change] = {"night": _night, "dusk": _night, "sunset": _sunset, "day": _day}
SEASONS = {"autumn": (255, 214, 160), "winter": (224, 236, 255), "spring": (232, 255, 226)}
