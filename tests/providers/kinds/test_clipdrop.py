"""ClipDrop over a real socket: bytes back, credits gone, one address for each kind of change."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retry,
    Unfit,
)
from providers.kinds.clipdrop import ClipDrop
from providers.shapes import Picture
from tests import upstream
from tests.providers.kinds.asking import adapter, drawn, failure, order_for, photo
from tests.upstream import pictures


class Hasty(ClipDrop):
    deadline_s = 2
    waits_s = (0.01, 0.02)


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("clipdrop") as running:
        yield running


@pytest.fixture
def clipdrop(sim: Any) -> Any:
    return adapter(Hasty, sim)


def test_it_works(sim: Any, clipdrop: ClipDrop) -> None:
    finished = drawn(clipdrop, order_for(clipdrop, "text-to-image", "a fox", style="watercolour"))
    assert [pictures.size_of(one.content) for one in finished.pictures] == [(1024, 1024)]
    assert finished.pictures[0].media_type == "image/png"
    assert (finished.usage.pictures, finished.usage.credits) == (1, 1)
    assert finished.usage.request_id == sim.bill[0].request_id
    assert not finished.usage.is_estimate
    assert finished.adjustments == ()
    assert finished.revised_prompt == "a fox. Style: watercolour."
    [request] = sim.requests
    assert request.form.fields == {"prompt": "a fox. Style: watercolour."}
    assert request.headers["x-api-key"] == sim.key


def test_several_pictures_are_several_calls_at_once(sim: Any, clipdrop: ClipDrop) -> None:
    sim.takes_s = 0.2
    finished = drawn(clipdrop, order_for(clipdrop, "text-to-image", n=4))
    assert len(finished.pictures) == finished.usage.pictures == finished.usage.credits == 4
    assert sim.bill.credits == 4
    assert sim.most_at_once == 4


def test_what_came_is_delivered_whatever_became_of_the_rest(sim: Any, clipdrop: ClipDrop) -> None:
    sim.faults.next("bad_gateway", billed=True)
    finished = drawn(clipdrop, order_for(clipdrop, "text-to-image", n=3))
    assert len(finished.pictures) == 2
    assert finished.missing == "provider_error"
    assert (finished.usage.pictures, finished.usage.credits) == (3, 3)  # one is in doubt
    assert finished.usage.is_estimate
    assert sim.bill.credits == 3


def test_what_runs_out_of_credit_half_way_is_not_billed(sim: Any, clipdrop: ClipDrop) -> None:
    sim.faults.next("insufficient_quota")
    finished = drawn(clipdrop, order_for(clipdrop, "text-to-image", n=3))
    assert (len(finished.pictures), finished.usage.credits) == (2, 2)
    assert finished.missing == "provider_error"
    assert sim.bill.credits == 2


@pytest.mark.parametrize("variant", ["old_edition", "lying"])
def test_bytes_are_believed_and_not_what_is_said_of_them(sim: Any, variant: str) -> None:
    sim.variant = variant
    asked = adapter(Hasty, sim)
    finished = drawn(asked, order_for(asked, "text-to-image"))
    assert finished.pictures[0].media_type == "image/jpeg"
    assert [(one.asked, one.got) for one in finished.adjustments] == [("png", "jpeg")]
    assert finished.usage.credits == sim.bill.credits


def test_a_fixed_size_is_fitted(clipdrop: ClipDrop) -> None:
    plan = order_for(clipdrop, "text-to-image", size="16:9", seed=3).plan
    assert plan.size == "1024x1024"
    assert {one.field for one in plan.adjustments} == {"size", "seed"}


@pytest.mark.parametrize(
    ("prompt", "wish", "path", "fields"),
    [
        ("Remove the background", {"background": "transparent"}, "/remove-background/v1", {}),
        (
            "Put a beach in the background",
            {},
            "/replace-background/v1",
            {"prompt": "Put a beach in the background"},
        ),
        (
            "Extend it to all sides",
            {"size": "1001x600"},
            "/uncrop/v1",
            {"extend_left": "244", "extend_right": "245", "extend_up": "44", "extend_down": "44"},
        ),
    ],
)
def test_a_change_finds_its_address(
    sim: Any, clipdrop: ClipDrop, prompt: str, wish: dict[str, Any], path: str, fields: Any
) -> None:
    order = order_for(clipdrop, "edit", prompt, references=(photo(512, 512),), **wish)
    finished = drawn(clipdrop, order)
    [request] = sim.requests
    assert request.path == path
    assert request.form.fields == fields
    assert request.form.file("image_file").content == photo().content
    if path == "/uncrop/v1":
        assert pictures.size_of(finished.pictures[0].content) == (1001, 600)
    if path == "/remove-background/v1":
        assert pictures.has_alpha(finished.pictures[0].content)


def test_a_marked_part_is_black_and_white(sim: Any, clipdrop: ClipDrop) -> None:
    grey = Image.new("L", (512, 512), 90)
    grey.paste(200, (0, 0, 256, 512))
    file = io.BytesIO()
    grey.save(file, "PNG")
    mask = Picture(file.getvalue())
    order = order_for(clipdrop, "edit", "a hat", references=(photo(),), mask=mask)
    drawn(clipdrop, order)
    [request] = sim.requests
    assert request.path == "/text-inpainting/v1"
    assert request.form.fields == {"text_prompt": "a hat"}
    with Image.open(io.BytesIO(request.form.file("mask_file").content)) as sent:
        assert (sent.mode, sent.getpixel((9, 9)), sent.getpixel((400, 9))) == ("L", 255, 0)


@pytest.mark.parametrize(
    ("prompt", "wish", "field"),
    [
        ("Make it brighter", {}, "prompt"),
        ("Make it brighter", {"background": "transparent"}, "prompt"),
        ("Extend it", {"size": "256x256"}, "size"),
        ("Extend it", {"size": "512x512"}, "size"),
    ],
)
def test_what_it_cannot_change_is_never_sent(
    sim: Any, clipdrop: ClipDrop, prompt: str, wish: dict[str, Any], field: str
) -> None:
    failed = failure(clipdrop, order_for(clipdrop, "edit", prompt, references=(photo(),), **wish))
    assert isinstance(failed, Unfit)
    assert failed.field == field
    assert sim.requests == []


@pytest.mark.parametrize(
    ("fault", "how", "code", "retry"),
    [
        ("insufficient_quota", NoCredit, "provider_error", Retry.ELSEWHERE),
        ("invalid_api_key", BadKey, "provider_auth", Retry.ELSEWHERE),
        ("moderation_blocked", Declined, "content_policy", Retry.NEVER),
        ("invalid_value", Unfit, "invalid_value", Retry.NEVER),
        ("too_large", Unfit, "request_too_large", Retry.NEVER),
        ("server_error", NotBilled, "provider_error", Retry.ELSEWHERE),
        ("unavailable", NotBilled, "provider_error", Retry.ELSEWHERE),
        ("not_found", NotBilled, "provider_error", Retry.ELSEWHERE),
        ("redirect_metadata", NotBilled, "provider_bad_reply", Retry.ELSEWHERE),
        ("redirect_file", NotBilled, "provider_bad_reply", Retry.ELSEWHERE),
        ("bad_gateway", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("gateway_timeout", Doubtful, "provider_timeout", Retry.UNKNOWN_CHARGE),
        ("drop", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("reset_after", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("hang", Doubtful, "provider_timeout", Retry.UNKNOWN_CHARGE),
        ("huge", Doubtful, "provider_reply_too_large", Retry.UNKNOWN_CHARGE),
        ("gzip_bomb", Doubtful, "provider_reply_too_large", Retry.UNKNOWN_CHARGE),
        ("garbage", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
        ("empty", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
        ("svg_picture", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
        ("html_picture", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
    ],
)
def test_each_fault_says_what_it_means_for_the_money(
    sim: Any, clipdrop: ClipDrop, fault: str, how: type[ProviderFailed], code: str, retry: Retry
) -> None:
    sim.faults.next(fault)
    failed = failure(clipdrop, order_for(clipdrop, "text-to-image"))
    assert type(failed) is how
    assert (failed.code, failed.retry) == (code, retry)
    assert sim.key not in repr(failed) + str(failed.as_refusal())
    sim.finish()
    if not isinstance(failed, Doubtful):
        assert sim.bill == []


def test_a_bad_picture_that_was_charged_says_so(sim: Any, clipdrop: ClipDrop) -> None:
    sim.faults.next("html_picture")
    failed = failure(clipdrop, order_for(clipdrop, "text-to-image"))
    assert failed.usage is not None
    assert (failed.usage.pictures, failed.usage.credits) == (1, 1)


def test_a_wrong_content_type_harms_nothing(sim: Any, clipdrop: ClipDrop) -> None:
    sim.faults.next("wrong_content_type")
    assert len(drawn(clipdrop, order_for(clipdrop, "text-to-image")).pictures) == 1


def test_a_busy_provider_is_asked_again_by_our_own_clock(sim: Any, clipdrop: ClipDrop) -> None:
    sim.faults.next("rate_limited", times=2)
    assert len(drawn(clipdrop, order_for(clipdrop, "text-to-image")).pictures) == 1
    assert len(sim.requests) == 3
    sim.faults.next("rate_limited", times=3)
    failed = failure(clipdrop, order_for(clipdrop, "text-to-image"))
    assert type(failed) is Limited
    assert (failed.retry, failed.after_s) == (Retry.AFTER, 0.04)
    assert sim.bill.credits == 1


def test_nobody_there_is_not_billed(sim: Any) -> None:
    asked = adapter(Hasty, sim, base_url="http://127.0.0.1:9")
    assert type(failure(asked, order_for(asked, "text-to-image"))) is NotBilled


def test_a_check_spends_nothing_and_says_what_it_did(sim: Any, clipdrop: ClipDrop) -> None:
    checked = asyncio.run(clipdrop.check())
    assert len(checked.steps) == 3
    assert sim.bill == []
    with pytest.raises(BadKey):
        asyncio.run(adapter(Hasty, sim, secret="wrong").check())
    with pytest.raises(BadKey):
        asyncio.run(adapter(Hasty, sim, secret="").check())
    assert sim.bill == []


def test_it_lists_what_there_is(clipdrop: ClipDrop) -> None:
    listed = asyncio.run(clipdrop.models())
    assert [(one.remote_id, one.tags) for one in listed] == [
        ("text-to-image", ("image-generation",)),
        ("edit", ("image-edit",)),
    ]
