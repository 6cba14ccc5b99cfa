"""Whatever is asked, a model only ever hears what it can do, and every change is told once."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers import fitting, sizes
from providers.fitting import fit
from providers.shapes import Capabilities, Plan, Wish
from tale.lib.refusals import Refusal

GPT_IMAGE_2 = Capabilities(
    operations=("generate", "edit", "inpaint"),
    longest_side=3840,
    side_step=16,
    least_pixels=655_360,
    most_pixels=8_294_400,
    widest_ratio=3,
    formats=("png", "jpeg", "webp"),
    most_references=16,
    mask="alpha",
)
GEMINI = Capabilities(
    operations=("generate", "edit"),
    aspects=tuple("1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9 1:4 4:1 1:8 8:1".split()),
    resolutions=("512", "1K", "2K", "4K"),
    qualities=(),
    formats=("png", "jpeg"),
    most_references=14,
)
LISTED = Capabilities(sizes=("1024x1024", "1536x1024", "1024x1536"))
FIXED = Capabilities(sizes=("1024x1024",), qualities=(), most_prompt_chars=1000)


def changed(plan: Plan) -> dict[str, tuple[str, str]]:
    return {one.field: (one.asked, one.got) for one in plan.adjustments}


def refusal(wish: Wish, able: Capabilities) -> tuple[str, str]:
    with pytest.raises(Refusal) as refused:
        fit(wish, able)
    return refused.value.code, refused.value.field


def test_it_works() -> None:
    plan = fit(Wish("a fox", n=2, size="1536x1024", quality="hd"), GPT_IMAGE_2)
    assert (plan.prompt, plan.n, plan.size, plan.quality) == ("a fox", 2, "1536x1024", "high")
    assert plan.operation == "generate"
    assert plan.adjustments == ()


@pytest.mark.parametrize(
    ("size", "able", "got", "is_told"),
    [
        ("auto", GPT_IMAGE_2, "1024x1024", False),
        ("16:9", GPT_IMAGE_2, "1280x720", False),
        ("landscape", GPT_IMAGE_2, "1248x832", False),
        ("1920x1080", GPT_IMAGE_2, "1920x1088", True),
        ("1000x1000", GPT_IMAGE_2, "1008x1008", True),
        ("256x256", GPT_IMAGE_2, "816x816", True),
        ("3840x3840", GPT_IMAGE_2, "2880x2880", True),
        ("3840x640", GPT_IMAGE_2, "2704x912", True),
        ("9:1", GPT_IMAGE_2, "1776x592", True),
        ("1920x1080", LISTED, "1536x1024", True),
        ("16:9", LISTED, "1536x1024", True),
        ("tall", LISTED, "1024x1536", False),
        ("tall", FIXED, "1024x1024", True),
        ("16:9", GEMINI, "1376x768", False),
        ("1920x1080", GEMINI, "1376x768", True),
        ("2048x2048", GEMINI, "2048x2048", False),
        ("3:7", GEMINI, "768x1376", True),
        ("1:1", Capabilities(side_step=24), "1008x1008", False),
        ("999x777", Capabilities(), "999x777", False),
    ],
)
def test_a_size_becomes_the_nearest_one(
    size: str, able: Capabilities, got: str, is_told: bool
) -> None:
    plan = fit(Wish("a fox", size=size), able)
    assert plan.size == got
    assert changed(plan) == ({"size": (size, got)} if is_told else {})


def test_a_model_that_is_told_a_shape_gets_it_in_its_own_words() -> None:
    plan = fit(Wish("a fox", size="3840x2160"), GEMINI)
    assert (plan.aspect, plan.resolution) == ("16:9", "2K")


def test_what_a_shape_measures_may_be_listed() -> None:
    able = replace(GEMINI, aspects=("1:1", "4:3"), sizes=("1024x1024", "1200x896"))
    assert fit(Wish("a fox", size="4:3"), able).size == "1200x896"
    assert fit(Wish("a fox", size="2400x1792"), able).resolution == "2K"


@pytest.mark.parametrize(
    ("quality", "qualities", "got", "is_told"),
    [
        ("auto", ("low", "medium", "high"), "medium", False),
        ("standard", ("low", "medium", "high"), "medium", False),
        ("max", ("low", "medium", "high"), "high", True),
        ("medium", ("low", "high"), "low", True),
        ("high", ("standard", "hd"), "hd", False),
        ("low", ("standard", "hd"), "standard", True),
        ("high", (), "", True),
        ("auto", (), "", False),
        ("high", ("TURBO", "QUALITY"), "TURBO", True),
    ],
)
def test_a_quality_becomes_the_nearest_one(
    quality: str, qualities: tuple[str, ...], got: str, is_told: bool
) -> None:
    plan = fit(Wish("a fox", quality=quality), replace(LISTED, qualities=qualities))
    assert plan.quality == got
    assert changed(plan) == ({"quality": (quality, got)} if is_told else {})


def test_a_model_may_choose_the_quality_itself() -> None:
    able = replace(LISTED, default_quality="auto")
    assert fit(Wish("a fox"), able).quality == "auto"
    assert fit(Wish("a fox", quality="high"), able).quality == "high"


@pytest.mark.parametrize(
    ("style", "styles", "prompt", "got", "is_told"),
    [
        ("watercolour", None, "a fox. Style: watercolour.", "", False),
        ("Fox", None, "a fox", "", False),
        ("Vivid", ("vivid", "natural"), "a fox", "vivid", False),
        ("naturals", ("vivid", "natural"), "a fox", "natural", True),
        ("cubist", ("vivid", "natural"), "a fox", "", True),
    ],
)
def test_a_style_is_said_in_words_or_chosen_from_the_list(
    style: str, styles: tuple[str, ...] | None, prompt: str, got: str, is_told: bool
) -> None:
    plan = fit(Wish("a fox", style=style), replace(LISTED, styles=styles))
    assert (plan.prompt, plan.style) == (prompt, got)
    assert changed(plan) == ({"style": (style, got)} if is_told else {})


CLEAR = replace(GPT_IMAGE_2, backgrounds=("opaque", "transparent"))


@pytest.mark.parametrize(
    ("wish", "able", "got", "told"),
    [
        (Wish("a fox"), CLEAR, ("auto", "png"), set()),
        (Wish("a fox", background="transparent"), CLEAR, ("transparent", "png"), set()),
        (
            Wish("a fox", background="transparent", format="webp"),
            CLEAR,
            ("transparent", "webp"),
            set(),
        ),
        (
            Wish("a fox", background="transparent", format="jpeg"),
            CLEAR,
            ("transparent", "png"),
            {"format"},
        ),
        (
            Wish("a fox", background="transparent", format="jpeg"),
            GPT_IMAGE_2,
            ("opaque", "jpeg"),
            {"background"},
        ),
        (
            Wish("a fox", background="transparent"),
            replace(CLEAR, formats=("jpeg",)),
            ("opaque", "jpeg"),
            {"background"},
        ),
        (Wish("a fox", format="webp"), LISTED, ("auto", "png"), {"format"}),
    ],
)
def test_background_and_format_go_together(
    wish: Wish, able: Capabilities, got: tuple[str, str], told: set[str]
) -> None:
    plan = fit(wish, able)
    assert (plan.background, plan.format) == got
    assert set(changed(plan)) == told


def test_what_to_leave_out_is_said_in_the_prompt_where_there_is_no_field() -> None:
    plan = fit(Wish("a fox!", negative="trees"), LISTED)
    assert (plan.prompt, plan.negative) == ("a fox! Without trees.", "")
    assert set(changed(plan)) == {"negative"}
    kept = fit(Wish("a fox", negative="trees"), replace(LISTED, negative=True))
    assert (kept.prompt, kept.negative, kept.adjustments) == ("a fox", "trees", ())


def test_a_seed_is_drawn_kept_or_told_to_be_useless() -> None:
    seeded = replace(LISTED, seed=True)
    assert fit(Wish("a fox", seed=7), seeded).seed == 7
    assert len({fit(Wish("a fox"), seeded).seed for _ in range(3)}) == 3
    assert changed(fit(Wish("a fox", seed=7), LISTED)) == {"seed": ("7", "")}
    assert changed(fit(Wish("a fox", seed=0), LISTED)) == {"seed": ("0", "")}
    assert fit(Wish("a fox"), LISTED).adjustments == ()


def test_pictures_that_come_along_make_it_an_edit() -> None:
    assert fit(Wish("a fox", references=2), GPT_IMAGE_2).operation == "edit"
    assert fit(Wish("a fox", references=1, has_mask=True), GPT_IMAGE_2).operation == "inpaint"


@pytest.mark.parametrize(
    ("wish", "able", "code", "field"),
    [
        (Wish("  "), LISTED, "blank", "prompt"),
        (Wish("a fox", n=0), LISTED, "out_of_range", "n"),
        (Wish("a fox", n=11), LISTED, "out_of_range", "n"),
        (Wish("a fox", size="huge"), LISTED, "invalid_choice", "size"),
        (Wish("a fox", size="0x64"), LISTED, "invalid_choice", "size"),
        (Wish("a fox", size="8000x8000"), Capabilities(), "out_of_range", "size"),
        (Wish("a fox", size="8x8"), Capabilities(), "out_of_range", "size"),
        (Wish("a fox", quality="best"), LISTED, "invalid_choice", "quality"),
        (Wish("a fox", background="red"), LISTED, "invalid_choice", "background"),
        (Wish("a fox", format="bmp"), LISTED, "invalid_choice", "format"),
        (Wish("x" * 1001), FIXED, "too_long", "prompt"),
        (Wish("x" * 990, style="watercolour"), FIXED, "too_long", "prompt"),
        (Wish("a fox", references=1), LISTED, "unsupported_for_model", "image"),
        (
            Wish("a fox", references=1, has_mask=True),
            GEMINI,
            "unsupported_for_model",
            "mask",
        ),
        (Wish("a fox", references=15), GEMINI, "too_many_items", "image"),
        (Wish("a fox", has_mask=True), GPT_IMAGE_2, "required", "image"),
        (
            Wish("a fox"),
            replace(GPT_IMAGE_2, operations=("edit",)),
            "unsupported_for_model",
            "image",
        ),
        (Wish("a fox"), Capabilities(least_pixels=10**9), "unsupported_for_model", "size"),
    ],
)
def test_what_no_change_can_mend_is_refused(
    wish: Wish, able: Capabilities, code: str, field: str
) -> None:
    assert refusal(wish, able) == (code, field)


PIXELS = st.builds("{}x{}".format, st.integers(1, 6000), st.integers(1, 6000))
SHAPES = st.sampled_from([*sizes.WORDS, *GEMINI.aspects, "3:7", "99:1"])
WISHES = st.builds(
    Wish,
    prompt=st.sampled_from(["a fox", "a fox in watercolour.", "ein Fuchs: rot", "狐"]),
    n=st.integers(1, 4),
    size=st.one_of(st.just("auto"), PIXELS, SHAPES),
    quality=st.sampled_from(["auto", "", "low", "medium", "high", "max", "standard", "hd"]),
    style=st.sampled_from(["", "watercolour", "Vivid", "cubist"]),
    background=st.sampled_from(["auto", "", "opaque", "transparent"]),
    format=st.sampled_from(["auto", "", "png", "jpeg", "webp"]),
    negative=st.sampled_from(["", "trees", "blur, text"]),
    seed=st.none() | st.integers(0, 2**31),
    references=st.integers(0, 2),
    has_mask=st.booleans(),
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "longest_side": st.integers(512, 6000),
        "shortest_side": st.integers(1, 256),
        "side_step": st.sampled_from([1, 8, 16, 24, 64]),
        "least_pixels": st.integers(0, 100_000),
        "most_pixels": st.just(0) | st.integers(300_000, 9_000_000),
        "widest_ratio": st.sampled_from([0, 1, 2.5, 3]),
        "sizes": st.lists(PIXELS, min_size=1, max_size=4).map(tuple),
        "aspects": st.just(tuple(GEMINI.aspects)),
        "resolutions": st.sampled_from([(), ("1K",), ("512", "1K", "2K", "4K")]),
        "default_size": st.sampled_from(["512x512", "1024x1024", "1000x777", "2048x1152"]),
    },
)
ABLE = st.builds(
    lambda rules, **rest: Capabilities(**rules, **rest),
    RULES,
    operations=st.sampled_from([("generate",), ("generate", "edit", "inpaint")]),
    qualities=st.sampled_from([(), ("low", "high"), ("medium",), ("standard", "hd"), ("turbo",)]),
    default_quality=st.sampled_from(["medium", "high", "auto", ""]),
    styles=st.sampled_from([None, (), ("vivid", "natural")]),
    backgrounds=st.sampled_from([("opaque",), ("opaque", "transparent"), ("transparent",)]),
    formats=st.sampled_from([("png",), ("jpeg",), ("jpeg", "webp"), ("png", "jpeg", "webp")]),
    most_references=st.integers(0, 2),
    mask=st.sampled_from(["", "white"]),
    seed=st.booleans(),
    negative=st.booleans(),
)


def fitted(wish: Wish, able: Capabilities) -> Plan | None:
    """None where it is refused, which the tests above look at."""
    try:
        return fit(wish, able)
    except Refusal as refused:
        if refused.field not in {"size", "image", "mask"}:
            raise
        return None


def as_wish(plan: Plan, wish: Wish, able: Capabilities) -> Wish:
    return replace(
        wish,
        prompt=plan.prompt,
        size=plan.size,
        quality=plan.quality,
        style=plan.style,
        background=plan.background,
        format=plan.format,
        negative=plan.negative,
        seed=plan.seed if able.seed else None,
    )


@given(WISHES, ABLE)
def test_nothing_a_model_cannot_do_comes_out(wish: Wish, able: Capabilities) -> None:
    if (plan := fitted(wish, able)) is None:
        return
    if able.aspects:
        assert plan.aspect in able.aspects
        assert plan.resolution in (able.resolutions or ("",))
    else:
        assert sizes.is_valid(plan.width, plan.height, able)
    chosen_by_it = ("auto",) if able.default_quality == "auto" else ()
    assert plan.quality in ((*able.qualities, *chosen_by_it) if able.qualities else ("",))
    assert plan.style in (able.styles or ()) or plan.style == ""
    assert plan.background in ("auto", *able.backgrounds)
    assert plan.format in able.formats
    assert not (plan.background == "transparent" and plan.format not in fitting.SEE_THROUGH)
    assert able.negative or not plan.negative
    assert able.seed or not plan.seed
    assert plan.operation in able.operations
    assert plan.n == wish.n


@given(WISHES, ABLE)
def test_every_change_is_told_exactly_once(wish: Wish, able: Capabilities) -> None:
    if (plan := fitted(wish, able)) is None:
        return
    told = [one.field for one in plan.adjustments]
    assert len(told) == len(set(told))
    assert all(one.why and one.asked != one.got for one in plan.adjustments)
    differs = {
        name
        for name, is_same in {
            "size": keeps_size(wish.size, plan),
            "quality": wish.quality in ("auto", "") or level(wish.quality) == level(plan.quality),
            "style": able.styles is None or wish.style.casefold() == plan.style.casefold(),
            "background": wish.background in ("auto", "", plan.background),
            "format": wish.format in ("auto", "", plan.format),
            "negative": wish.negative == plan.negative,
            "seed": wish.seed is None or (wish.seed == plan.seed and able.seed),
        }.items()
        if not is_same
    }
    assert set(told) == differs


@given(WISHES, ABLE)
def test_what_was_fitted_fits(wish: Wish, able: Capabilities) -> None:
    if (plan := fitted(wish, able)) is None:
        return
    again = fit(as_wish(plan, wish, able), able)
    assert again == replace(plan, adjustments=())


@given(st.one_of(PIXELS, SHAPES))
def test_gpt_image_2_hears_only_sizes_of_its_rule(size: str) -> None:
    if (plan := fitted(Wish("a fox", size=size), GPT_IMAGE_2)) is None:
        assert max(sizes.pixels(size) or (0,)) > 3840 or min(sizes.pixels(size) or (99,)) < 64
        return
    assert plan.width % 16 == plan.height % 16 == 0
    assert 655_360 <= plan.width * plan.height <= 8_294_400
    assert max(plan.width, plan.height) <= min(3840, 3 * min(plan.width, plan.height))


def keeps_size(asked: str, plan: Plan) -> bool:
    of = math.log(plan.width / plan.height)
    if asked in ("landscape", "wide"):
        return of > 0.02
    if asked in ("portrait", "tall"):
        return of < -0.02
    if sizes.pixels(asked):
        return asked == plan.size
    return asked in ("auto", plan.aspect) or abs(of - math.log(sizes.shape(asked) or 1)) <= 0.02


def level(quality: str) -> str:
    return {"standard": "medium", "hd": "high"}.get(quality, quality)
