"""The one place where a wish is changed, and every change is told."""

from __future__ import annotations

import difflib
import math
import re
import secrets
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from providers import sizes
from providers.shapes import Adjustment, Capabilities, Plan, Wish
from tale.lib.refusals import Refusal

LADDER = ("low", "medium", "high", "xhigh", "max")
FORMATS = ("png", "jpeg", "webp")
SEE_THROUGH = ("png", "webp")  # JPEG knows no transparency
_SAME = {"standard": "medium", "hd": "high"}
_NEAR = 0.02  # of a shape: what whole blocks of pixels may cost


@dataclass(slots=True)
class _Told:
    """What had to be changed, in the order it was found out."""

    adjustments: list[Adjustment] = field(default_factory=list)

    def change(self, name: str, asked: str, got: str, why: str) -> None:
        self.adjustments.append(Adjustment(name, asked, got, why))


def fit(wish: Wish, able: Capabilities) -> Plan:
    if not wish.prompt.strip():
        raise Refusal("blank", field="prompt")
    if not 1 <= wish.n <= able.most_pictures:  # never reduced in silence
        raise beyond(wish.n, able.most_pictures)
    operation = _operation(wish, able)
    told = _Told()
    aspect, resolution, width, height = _size(wish.size or "auto", able, told)
    quality = _quality(wish.quality or "auto", able, told)
    prompt, style = _style(wish.prompt.strip(), wish.style.strip(), able, told)
    background, file_format = _background(wish, able, told)
    prompt, negative = _negative(prompt, wish.negative.strip(), able, told)
    seed = _seed(wish.seed, able, told)
    if len(prompt) > able.most_prompt_chars:
        most = able.most_prompt_chars
        message = _("This model takes at most %(most)d characters, with style. Shorten the prompt.")
        raise Refusal("too_long", message % {"most": most}, field="prompt", most=most)
    return Plan(
        prompt=prompt,
        n=wish.n,
        width=width,
        height=height,
        quality=quality,
        style=style,
        background=background,
        format=file_format,
        negative=negative,
        seed=seed,
        operation=operation,
        aspect=aspect,
        resolution=resolution,
        adjustments=tuple(told.adjustments),
    )


def beyond(n: int, most: int) -> Refusal:
    text = ngettext("Ask for one picture.", "Ask for 1 to %(most)d pictures.", most)
    bound = "minimum" if n < 1 else "maximum"
    return Refusal(
        "out_of_range", text % {"most": most}, field="n", least=1, most=most, bound=bound
    )


def _operation(wish: Wish, able: Capabilities) -> str:
    """Refused before anything is paid: a picture or mask left out would change what is drawn."""
    changes = {"edit", "inpaint"} & set(able.operations)
    if not wish.references and wish.has_mask:
        raise Refusal("required", _("A mask needs the picture it belongs to."), field="image")
    if not wish.references:
        if "generate" not in able.operations:
            message = _("This model only changes pictures. Attach one, or choose another model.")
            raise Refusal("unsupported_for_model", message, field="image")
        return "generate"
    if not changes or not able.most_references:
        message = _("This model cannot work from a picture. Choose one tagged Image edit.")
        raise Refusal("unsupported_for_model", message, field="image")
    if wish.references > able.most_references:
        most = able.most_references
        message = ngettext(
            "This model takes one picture at most. Send only that.",
            "This model takes at most %(most)d pictures. Remove some.",
            most,
        )
        raise Refusal("too_many_items", message % {"most": most}, field="image", most=most)
    if wish.has_mask and not ("inpaint" in changes and able.mask):
        message = _("This model cannot change a marked part only. Remove the mask.")
        raise Refusal("unsupported_for_model", message, field="mask")
    if not wish.has_mask and "edit" not in changes:
        message = _("This model changes a marked part only. Mark it with a mask.")
        raise Refusal("unsupported_for_model", message, field="mask")
    return "inpaint" if wish.has_mask else "edit"


def _size(size: str, able: Capabilities, told: _Told) -> tuple[str, str, int, int]:
    """Aspect and resolution in the model's words where it takes those, and the true size."""
    asked = sizes.pixels(able.default_size if size == "auto" else size)
    wanted = asked[0] / asked[1] if asked else sizes.shape(size)
    if wanted is None:
        message = _("Ask for auto, for a size such as 1024x1024, or for a shape such as 16:9.")
        raise Refusal("invalid_choice", message, field="size")
    aspect = resolution = ""
    found: tuple[int, int] | None
    if able.aspects:
        default = sizes.pixels(able.default_size) or (1024, 1024)
        area = math.prod(asked or default)
        aspect, resolution, found = sizes.of_aspect(wanted, area, able)
    elif asked:
        if size != "auto":
            _require_sides(asked, able)
        found = sizes.nearest(*asked, able)
    else:
        found = sizes.of_shape(wanted, able)
    if found is None:  # described so that nothing is possible: an admin must mend it
        raise Refusal("unsupported_for_model", field="size")
    got = f"{found[0]}x{found[1]}"
    if not _is_met(size, aspect, found):
        told.change("size", size, got, _("This is the nearest size the model can draw."))
    return aspect, resolution, *found


def _require_sides(asked: tuple[int, int], able: Capabilities) -> None:
    least, most = able.shortest_side, able.longest_side
    if not able.sizes and not (least <= min(asked) and max(asked) <= most):
        message = _("This model draws from %(least)d to %(most)d pixels a side.")
        said = message % {"least": least, "most": most}
        raise Refusal("out_of_range", said, field="size", least=least, most=most)


def _is_met(size: str, aspect: str, got: tuple[int, int]) -> bool:
    width, height = got
    if size == "auto" or size == aspect:
        return True
    if sizes.pixels(size):
        return size == f"{width}x{height}"
    is_square = abs(math.log(width / height)) <= _NEAR
    if size == "square":
        return is_square
    if size in ("landscape", "wide"):
        return width > height and not is_square
    if size in ("portrait", "tall"):
        return height > width and not is_square
    return abs(math.log(width / height / (sizes.shape(size) or 1))) <= _NEAR


def _quality(asked: str, able: Capabilities, told: _Told) -> str:
    if asked not in ("auto", *LADDER, *_SAME, *able.qualities):
        choices = ["auto", *(able.qualities or LADDER[:3])]
        raise Refusal("invalid_choice", field="quality", choices=choices)
    if not able.qualities:
        if asked != "auto":
            told.change("quality", asked, "", _("This model has only one quality."))
        return ""
    if asked in able.qualities or (asked == able.default_quality == "auto"):
        return asked
    got = _nearest_quality(able.default_quality if asked == "auto" else asked, able)
    if asked != "auto" and _SAME.get(got, got) != _SAME.get(asked, asked):
        told.change("quality", asked, got, _("This model has no such quality."))
    return got


def _nearest_quality(asked: str, able: Capabilities) -> str:
    """Of two equally near the cheaper one, which stands lower."""
    if asked in able.qualities:
        return asked
    rank = {name: LADDER.index(_SAME.get(name, name)) for name in (*LADDER, *_SAME)}
    ranked = [name for name in able.qualities if name in rank]
    if asked in rank and ranked:
        return min(ranked, key=lambda name: (abs(rank[name] - rank[asked]), rank[name]))
    return able.default_quality if able.default_quality in able.qualities else able.qualities[0]


def _style(prompt: str, style: str, able: Capabilities, told: _Told) -> tuple[str, str]:
    if not style:
        return prompt, ""
    if able.styles is None:  # in words: shown as the prompt really sent, which is no loss
        if re.search(rf"\b{re.escape(style)}\b", prompt, re.IGNORECASE):
            return prompt, ""
        return _with(prompt, f"Style: {style}."), ""
    by_name = {name.casefold(): name for name in able.styles}
    close = difflib.get_close_matches(style.casefold(), by_name, n=1)
    got = by_name[close[0]] if close else ""
    if got.casefold() != style.casefold():
        told.change("style", style, got, _("This model has its own list of styles."))
    return prompt, got


def _background(wish: Wish, able: Capabilities, told: _Told) -> tuple[str, str]:
    """The background and the file format, which depend on each other."""
    background, asked = wish.background or "auto", wish.format or "auto"
    if background not in ("auto", "opaque", "transparent"):
        choices = ["auto", "opaque", "transparent"]
        raise Refusal("invalid_choice", field="background", choices=choices)
    if asked not in ("auto", *FORMATS, *able.formats):
        raise Refusal("invalid_choice", field="format", choices=["auto", *able.formats])
    formats = able.formats
    if background == "transparent":
        clear = tuple(name for name in SEE_THROUGH if name in formats)
        if "transparent" in able.backgrounds and clear:
            formats = clear
        else:
            why = _("This model cannot leave the background transparent.")
            background = "opaque" if "opaque" in able.backgrounds else "auto"
            told.change("background", "transparent", background, why)
    elif background not in ("auto", *able.backgrounds):
        why = _("This model chooses the background itself.")
        background = "auto"
        told.change("background", "opaque", background, why)
    if asked in formats:
        return background, asked
    got = "png" if "png" in formats else formats[0]
    if asked in able.formats:
        told.change("format", asked, got, _("This format knows no transparency."))
    elif asked != "auto":
        told.change("format", asked, got, _("This model does not deliver that format."))
    return background, got


def _negative(prompt: str, negative: str, able: Capabilities, told: _Told) -> tuple[str, str]:
    if not negative or able.negative:
        return prompt, negative
    why = _("This model has no field for what to leave out, so the prompt says it.")
    said = f"Without {negative}."
    told.change("negative", negative, said, why)
    return (prompt if said in prompt else _with(prompt, said)), ""


def _seed(seed: int | None, able: Capabilities, told: _Told) -> int:
    if able.seed:
        return secrets.randbits(31) if seed is None else seed
    if seed is not None:
        why = _("This model draws differently every time: it takes no seed.")
        told.change("seed", str(seed), "", why)
    return 0


def _with(prompt: str, sentence: str) -> str:
    return f"{prompt} {sentence}" if prompt[-1] in ".!?;:" else f"{prompt}. {sentence}"
