import asyncio
import io
import time
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest
from PIL import Image

from providers.base import Connection
from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retired,
    Retry,
    Unfit,
)
from providers.fitting import fit
from providers.kinds.openai import OpenAI
from providers.shapes import Partial, Wish
from tests import upstream
from tests.providers.kinds.wired import (
    METADATA,
    connected,
    failure,
    happened,
    listened,
    made,
    order,
    photo,
    question,
)
from tests.upstream import pictures

IMAGES = "/images/generations"


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as simulator:
        yield simulator


@pytest.fixture
def openai(sim: Any) -> OpenAI:
    adapter: OpenAI = connected(OpenAI, sim)
    return adapter


def test_it_works(sim: Any, openai: OpenAI) -> None:
    finished = made(openai, order("gpt-image-2", n=3, format="webp", user="a1b2"))
    assert [picture.media_type for picture in finished.pictures] == ["image/webp"] * 3
    assert {pictures.size_of(picture.content) for picture in finished.pictures} == {(1024, 1024)}
    assert (finished.missing, finished.usage.is_estimate) == ("", False)
    (charge,) = sim.bill
    assert finished.usage.pictures == charge.pictures == 3
    assert finished.usage.image_out == charge.image_out
    assert finished.usage.text_in == charge.text_in
    assert finished.usage.request_id == charge.request_id
    (request,) = sim.requests
    assert request.json == {
        "model": "gpt-image-2",
        "prompt": "a fox",
        "n": 3,
        "size": "1024x1024",
        "quality": "low",
        "output_format": "webp",
        "user": "a1b2",
    }


@pytest.mark.parametrize("model", ["gpt-image-2", "gpt-image-2.6-flare", "gpt-image-1.5"])
@pytest.mark.parametrize("size", ["auto", "512x512", "16:9", "3840x2160", "portrait", "1000x1000"])
@pytest.mark.parametrize("background", ["auto", "transparent"])
def test_what_fits_is_taken(
    openai: OpenAI, sim: Any, model: str, size: str, background: str
) -> None:
    """Not one refusal: the simulator keeps the rules of the real one. The hold was enough."""
    able = openai.capabilities(model)
    plan = fit(Wish("a fox", size=size, quality="high", background=background), able)
    sim.takes_s = 0
    request = openai.picture_fields(order(model, **_parts(plan)))
    assert request["size"] == plan.size
    made(openai, order(model, **_parts(plan)))
    assert len(sim.requests) == 1


def _parts(plan: Any) -> dict[str, Any]:
    names = ("prompt", "width", "height", "quality", "background", "format")
    return {name: getattr(plan, name) for name in names}


def test_an_edit_with_a_mask(sim: Any, openai: OpenAI) -> None:
    mask = Image.new("L", (64, 48), 0)
    mask.paste(255, (0, 0, 32, 48))
    file = io.BytesIO()
    mask.save(file, "PNG")
    wanted = order(
        "gpt-image-2",
        references=(photo(pictures.picture(64, 48)), photo(pictures.picture(32, 32))),
        mask=photo(file.getvalue()),
    )
    finished = made(openai, wanted)
    assert finished.usage.image_in == sim.bill[0].image_in > 0
    (request,) = sim.asked("/images/edits")
    assert [file.field for file in request.form.files] == ["image[]", "image[]", "mask"]
    with Image.open(io.BytesIO(request.form.file("mask").content)) as sent:
        alpha = sent.getchannel("A")
        assert (alpha.getpixel((0, 0)), alpha.getpixel((63, 47))) == (0, 255)


def test_previews(sim: Any, openai: OpenAI) -> None:
    *previews, finished = happened(openai, order("gpt-image-2", partials=2))
    assert [type(preview) for preview in previews] == [Partial, Partial]
    assert sim.requests[0].json["partial_images"] == 2
    assert finished.usage.image_out == sim.bill[0].image_out  # type: ignore[union-attr]


@pytest.mark.parametrize(("fault", "seen"), [("fewer_partials", 1), ("final_first", 0)])
def test_fewer_previews_are_no_fault(sim: Any, openai: OpenAI, fault: str, seen: int) -> None:
    sim.faults.next(fault)
    assert len(happened(openai, order("gpt-image-2", partials=2))) == seen + 1


def test_previews_of_several(sim: Any, openai: OpenAI) -> None:
    """A stream brings one picture, so there are three streams, and they run at once."""
    sim.takes_s = 0.1
    *previews, finished = happened(openai, order("gpt-image-2", n=3, partials=1))
    assert {preview.ordinal for preview in previews} == {0, 1, 2}  # type: ignore[union-attr]
    assert len(finished.pictures) == finished.usage.pictures == 3  # type: ignore[union-attr]
    assert finished.usage.image_out == sum(c.image_out for c in sim.bill)  # type: ignore[union-attr]
    assert sim.most_at_once == 3


def test_one_of_three_fails(sim: Any, openai: OpenAI) -> None:
    sim.faults.next("moderation_blocked")
    finished = made(openai, order("gpt-image-2", n=3, partials=1))
    assert (len(finished.pictures), finished.missing) == (2, "content_policy")
    assert (finished.usage.pictures, finished.usage.is_estimate) == (2, False)


def test_one_of_three_is_in_doubt(sim: Any, openai: OpenAI) -> None:
    """It was drawn and charged, and is counted as if it had come."""
    sim.faults.next("drop_after", after_bytes=1000)
    finished = made(openai, order("gpt-image-2", n=3, partials=1))
    assert len(sim.bill) == 3
    assert (len(finished.pictures), finished.missing) == (2, "provider_error")
    assert (finished.usage.pictures, finished.usage.is_estimate) == (3, True)
    assert finished.usage.image_out == sum(charge.image_out for charge in sim.bill)


def test_all_fail(sim: Any, openai: OpenAI) -> None:
    """What is known to be billed is told only if nothing else is in doubt."""
    wanted = order("gpt-image-2", n=3, partials=1)
    sim.faults.next("svg_picture", times=3)
    failed = failure(lambda: made(openai, wanted))
    assert failed.usage is not None
    assert failed.usage.pictures == 3
    assert failed.usage.image_out == sum(charge.image_out for charge in sim.bill)
    sim.faults.next("svg_picture", times=2)
    sim.faults.next("drop")
    failed = failure(lambda: made(openai, wanted))
    assert (failed.retry, failed.usage) == (DOUBT, None)
    sim.faults.next("rate_limited", times=2)
    sim.faults.next("moderation_blocked")
    assert failure(lambda: made(openai, wanted)).retry is NEVER


def test_fewer_than_asked(sim: Any, openai: OpenAI) -> None:
    sim.faults.next("fewer")
    finished = made(openai, order("gpt-image-2", n=3))
    assert (len(finished.pictures), finished.missing) == (2, "provider_bad_reply")
    assert finished.usage.pictures == 2


NEVER, AFTER, ELSEWHERE, DOUBT = (
    Retry.NEVER, Retry.AFTER, Retry.ELSEWHERE, Retry.UNKNOWN_CHARGE,
)  # fmt: skip
FAULTS: list[tuple[str, type[ProviderFailed], str, Retry]] = [
    ("moderation_blocked", Declined, "content_policy", NEVER),
    ("content_policy_violation", Declined, "content_policy", NEVER),
    ("rate_limited", Limited, "provider_rate_limited", AFTER),
    ("slow_down", Limited, "provider_rate_limited", AFTER),
    ("insufficient_quota", NoCredit, "provider_error", ELSEWHERE),
    ("project_spend_limit_exceeded", NoCredit, "provider_error", ELSEWHERE),
    ("credit_balance_exhausted", NoCredit, "provider_error", ELSEWHERE),
    ("invalid_api_key", BadKey, "provider_auth", ELSEWHERE),
    ("unverified_organization", BadKey, "provider_auth", ELSEWHERE),
    ("unsupported_country", BadKey, "provider_auth", ELSEWHERE),
    ("model_not_found", Retired, "model_not_found", ELSEWHERE),
    ("too_large", Unfit, "request_too_large", NEVER),
    ("server_error", Doubtful, "provider_error", DOUBT),
    ("bad_gateway", Doubtful, "provider_error", DOUBT),
    ("unavailable", Doubtful, "provider_error", DOUBT),
    ("gateway_timeout", Doubtful, "provider_timeout", DOUBT),
    ("redirect_metadata", NotBilled, "provider_bad_reply", ELSEWHERE),
    ("redirect_file", NotBilled, "provider_bad_reply", ELSEWHERE),
    ("drop", Doubtful, "provider_error", DOUBT),
    ("reset", Doubtful, "provider_error", DOUBT),
    ("drop_after", Doubtful, "provider_error", DOUBT),
    ("garbage", Doubtful, "provider_bad_reply", DOUBT),
    ("not_json", Doubtful, "provider_bad_reply", DOUBT),
    ("wrong_content_type", Doubtful, "provider_bad_reply", DOUBT),
    ("empty", Doubtful, "provider_bad_reply", DOUBT),
    ("huge", Doubtful, "provider_reply_too_large", DOUBT),
    ("gzip_bomb", Doubtful, "provider_reply_too_large", DOUBT),
    ("none", Doubtful, "provider_bad_reply", DOUBT),
    ("svg_picture", Doubtful, "provider_bad_image", DOUBT),
    ("html_picture", Doubtful, "provider_bad_image", DOUBT),
    ("empty_picture", Doubtful, "provider_bad_image", DOUBT),
]


@pytest.mark.parametrize(("fault", "kind", "code", "retry"), FAULTS, ids=[f[0] for f in FAULTS])
def test_what_a_fault_means(
    sim: Any, openai: OpenAI, fault: str, kind: type[ProviderFailed], code: str, retry: Retry
) -> None:
    sim.faults.next(fault)
    failed = failure(lambda: made(openai, order("gpt-image-2")))
    assert (type(failed), failed.code, failed.retry) == (kind, code, retry)
    # Once, whatever happened: nobody draws a second picture unasked.
    assert len(sim.requests) == 1
    if isinstance(failed, NotBilled):
        assert not sim.bill
    assert METADATA not in str([request.target for request in sim.requests])
    assert sim.key not in repr(failed)


def test_the_other_429_says_when(sim: Any, openai: OpenAI) -> None:
    for given, seconds in ({"retry_after_s": 7}, 7), ({"retry_after_ms": 250}, 0.25), ({}, 1):
        sim.faults.next("rate_limited", **given)
        failed = failure(lambda: made(openai, order("gpt-image-2")))
        assert isinstance(failed, Limited)
        assert failed.after_s == seconds
    sim.faults.next("slow_down", retry_after_s=2)
    failed = failure(lambda: made(openai, order("gpt-image-2")))
    assert isinstance(failed, Limited)
    assert failed.after_s == 30
    sim.faults.next("unavailable", retry_after_s=4)  # 503, and it says that it did not begin
    failed = failure(lambda: made(openai, order("gpt-image-2")))
    assert isinstance(failed, Limited)
    assert failed.after_s == 4


def test_a_wrong_field_is_named(sim: Any, openai: OpenAI) -> None:
    failed = failure(lambda: made(openai, order("gpt-image-2", width=100)))
    assert isinstance(failed, Unfit)
    assert failed.field == "size"
    assert failed.request_id == sim.requests[0].id


def test_what_was_billed_for_nothing_is_told(sim: Any, openai: OpenAI) -> None:
    sim.faults.next("svg_picture")
    failed = failure(lambda: made(openai, order("gpt-image-2")))
    assert failed.usage is not None
    assert failed.usage.image_out == sim.bill[0].image_out
    assert failed.request_id == sim.bill[0].request_id


@pytest.mark.parametrize("fault", ["no_usage", "zero_usage", "negative_usage", "huge_usage"])
def test_counts_that_are_none(sim: Any, openai: OpenAI, fault: str) -> None:
    sim.faults.next(fault)
    usage = made(openai, order("gpt-image-2", n=2)).usage
    assert (usage.pictures, usage.tokens_out, usage.is_estimate) == (2, 0, True)


def test_a_stream_that_fails(sim: Any, openai: OpenAI) -> None:
    for fault in "stream_error", "no_final":
        sim.faults.next(fault)
        failed = failure(lambda: made(openai, order("gpt-image-2", partials=1)))
        assert failed.retry is DOUBT


def test_it_takes_too_long(sim: Any) -> None:
    sim.faults.next("hang")
    began = time.monotonic()
    hasty = connected(OpenAI, sim, deadline_s=0.3)
    failed = failure(lambda: made(hasty, order("gpt-image-2")))
    assert (failed.code, failed.retry) == ("provider_timeout", DOUBT)
    assert time.monotonic() - began < 2


def test_nobody_there() -> None:
    nobody = OpenAI(Connection("http://127.0.0.1:9/v1", "sk-x", deadline_s=2, reaches_private=True))
    failed = failure(lambda: made(nobody, order("gpt-image-2")))
    assert (type(failed), failed.retry) == (NotBilled, ELSEWHERE)
    assert failure(lambda: listened(lambda: nobody.answer(question("gpt-5")))).retry is ELSEWHERE


def test_a_background_refused_is_told(sim: Any, openai: OpenAI) -> None:
    finished = made(openai, order("gpt-image-2", background="transparent"))
    assert [(one.field, one.asked) for one in finished.adjustments] == [
        ("background", "transparent")
    ]
    assert len(sim.bill) == 1


def test_hanging_up_ends_every_stream(sim: Any, openai: OpenAI) -> None:
    sim.takes_s = 2

    async def leave() -> float:
        async with aclosing(openai.make_pictures(order("gpt-image-2", n=2, partials=1))) as told:
            await anext(told)
            began = time.monotonic()
        return time.monotonic() - began

    assert asyncio.run(leave()) < 0.5


def test_models_and_check(sim: Any, openai: OpenAI) -> None:
    tags = {model.remote_id: model.tags for model in asyncio.run(openai.models())}
    assert tags["gpt-image-2"] == ("image-generation", "image-edit")
    assert tags["gpt-5"] == ("chat", "vision")
    checked = asyncio.run(openai.check())
    assert checked.steps
    assert not sim.bill
    sim.key = "another"
    assert isinstance(failure(lambda: asyncio.run(openai.check())), BadKey)
