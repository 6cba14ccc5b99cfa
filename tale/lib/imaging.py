"""Decoding and encoding pictures, for a child process: hostile bytes meet Pillow nowhere else.

Every colour ends in sRGB, 8 bits a channel, upright; nothing but pixels is carried over.
"""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import ExifTags, Image, ImageCms, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from tale.lib import outline
from tale.lib.outline import Unsound

FORMATS = {outline.PNG: "PNG", outline.JPEG: "JPEG", outline.WEBP: "WEBP"}
WHITE, INK = (255, 255, 255), (16, 24, 20, 190)
LABEL_PART, LEAST_LABEL = 0.05, 16  # of the shorter side; in pixels
# Text in a JPEG keeps its edges only without chroma subsampling.
HOW: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 6},
    "JPEG": {"quality": 95, "subsampling": 0, "optimize": True},
    "WEBP": {"lossless": True, "quality": 20, "method": 1, "exact": True},
}
LOSSLESS_PIXELS = 12_000_000  # above, lossless WebP needs more memory than a child has
LARGER: dict[str, Any] = {"quality": 95, "method": 3}
SMALLER: dict[str, Any] = {"quality": 85, "method": 4}


def first_frame(content: bytes) -> bytes:
    """Of an animation, as PNG."""
    with _opened(content) as image:
        image.load()
        return _encoded(_plain(image), outline.PNG)


def normalise(content: bytes) -> bytes:
    """An upload, made anew in its own format: what else was in the file stays behind."""
    with _opened(content) as image:
        image.load()
        return _encoded(_plain(image), Image.MIME[str(image.format)])


def mask(content: bytes) -> bytes:
    """As grey PNG: white where it is see-through, or, if it is nowhere, as light as it is."""
    with _opened(content) as image:
        image.load()
        plain = _plain(image)
        clear = ImageOps.invert(plain.getchannel("A")) if plain.mode == "RGBA" else None
        grey = clear if clear is not None and clear.getbbox() else plain.convert("L")
        if not grey.getbbox():
            raise Unsound("blank")
        return _encoded(grey, outline.PNG)


def render(content: bytes, media_type: str, side: int = 0, label: str = "") -> bytes:
    """As another format, or within `side` pixels; never larger than it is. `label` is written into
    its lower corner."""
    with _opened(content) as image:
        if side:
            image.draft("RGB", (side, side))  # a JPEG decodes at an eighth of its size and faster
        image.load()
        plain = _plain(image)
    if side:
        plain.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    if label:
        plain = _labelled(plain, label)
    if not side:
        is_large = plain.width * plain.height > LOSSLESS_PIXELS
        how = LARGER if is_large and media_type == outline.WEBP else {}
        return _encoded(plain, media_type, **how)
    return _encoded(plain, media_type, **SMALLER)


def _labelled(image: Image.Image, label: str) -> Image.Image:
    """Light on dark, so that it is read on any ground."""
    height = max(LEAST_LABEL, round(min(image.size) * LABEL_PART))
    font = ImageFont.load_default(size=height * 0.6)
    width, margin = round(font.getlength(label) + height * 0.9), height // 2
    right, bottom = image.width - margin, image.height - margin
    box = (max(0, right - width), max(0, bottom - height), right, bottom)
    corner = image.crop(box).convert("RGBA")
    pill = Image.new("RGBA", corner.size)
    draw = ImageDraw.Draw(pill)
    draw.rounded_rectangle((0, 0, pill.width - 1, pill.height - 1), height / 2, fill=INK)
    middle = (pill.width / 2, pill.height / 2)
    draw.text(middle, label, font=font, fill=(*WHITE, 255), anchor="mm")
    image.paste(Image.alpha_composite(corner, pill).convert(image.mode), box[:2])
    return image


def small_grey(content: bytes, side: int) -> Image.Image:
    """Square, whatever it was; what is transparent is white."""
    with _opened(content) as image:
        image.draft("L", (4 * side, 4 * side))
        image.load()
        return _small_grey(image, side)


def examined(content: bytes, side: int) -> Image.Image | None:
    """As `small_grey`, of a picture whose every pixel was decoded: one that is broken anywhere
    raises `Unsound`. None: sound, and its colours cannot be read; it is not lost to that."""
    with _opened(content) as image:
        image.load()
        try:
            is_drafted = image.format == FORMATS[outline.JPEG]  # other eighths than we would make
            return small_grey(content, side) if is_drafted else _small_grey(image, side)
        except Exception:
            return None


def _small_grey(image: Image.Image, side: int) -> Image.Image:
    upright = _upright(image)
    if _has_alpha(upright, image):
        upright = _flat(upright.convert("RGBA"))
    elif upright.mode not in ("1", "L", "RGB"):
        upright = upright.convert("RGB")
    return upright.convert("L").resize((side, side), Image.Resampling.BOX)


@contextmanager
def _opened(content: bytes) -> Iterator[Image.Image]:
    Image.MAX_IMAGE_PIXELS = outline.MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=list(FORMATS.values())) as image:
                outline.check_size(image.width, image.height)
                yield image
    except (Unsound, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as bomb:
        raise Unsound("image_too_large") from bomb
    except UnidentifiedImageError as unknown:
        raise Unsound("unsupported_file_type") from unknown
    except Exception as broken:  # Pillow raises of every kind on hostile bytes
        raise Unsound("corrupt_image") from broken


def _plain(image: Image.Image) -> Image.Image:
    """A copy of the pixels alone: L, RGB or RGBA, upright, in sRGB."""
    upright = _upright(image)
    mode = "L" if upright.mode in ("1", "L") else "RGB"
    plain = upright.convert("RGBA" if _has_alpha(upright, image) else mode)
    plain.info.clear()
    image.close()  # 25 megapixels are 100 MB, and an encoder needs them again
    return plain


def _upright(image: Image.Image) -> Image.Image:
    """In sRGB and 8 bits; the image itself where it is so already, and not a copy of it."""
    upright = image
    if image.getexif().get(ExifTags.Base.Orientation, 1) != 1:
        upright = ImageOps.exif_transpose(image)
    profile = image.info.get("icc_profile")
    if profile and upright.mode in ("RGB", "RGBA", "CMYK", "L"):
        upright = _in_srgb(upright, profile)
    if upright.mode.startswith("I"):  # 16 bits of grey: Pillow would clip them, not scale them
        upright = upright.convert("I").point(lambda value: value / 257).convert("L")
    return upright


def _has_alpha(upright: Image.Image, image: Image.Image) -> bool:
    return upright.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        mode = "RGB" if image.mode in ("CMYK", "L") else image.mode
        changed = ImageCms.profileToProfile(image, source, target, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):  # a profile that is not of these pixels
        return image
    return image if changed is None else changed


def _encoded(image: Image.Image, media_type: str, **how: Any) -> bytes:
    if media_type == outline.JPEG and image.mode == "RGBA":
        image = _flat(image)
    file, name = io.BytesIO(), FORMATS[media_type]
    image.save(file, name, **(how or HOW[name]))
    return file.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    flat = Image.new("RGB", image.size, WHITE)
    flat.paste(image, mask=image.getchannel("A"))
    return flat
