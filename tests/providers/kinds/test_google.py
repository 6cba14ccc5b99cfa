"""Gemini over a real socket: a picture in any part of what it says, and a refusal inside a 200."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pytest

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
from providers.kinds.google import Google
from providers.shapes import Capabilities
from providers.tokens import of_picture
from tests import upstream
from tests.providers.kinds.asking import adapter, drawn, failure, order_for, photo
from tests.upstream import pictures
from tests.upstream.google import MORE_SHAPES, SCALES, SHAPES, TOKENS

FLASH, PRO = "gemini-3.1-flash-image", "gemini-3-pro-image"


class Hasty(Google):
    deadline_s = 2


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("google") as running:
        yield running


@pytest.fixture
def google(sim: Any) -> Any:
    return adapter(Hasty, sim)


def test_it_works(sim: Any, google: Google) -> None:
    order = order_for(google, FLASH, "a fox", size="16:9", style="watercolour")
    finished = drawn(google, order)
    assert [pictures.size_of(one.content) for one in finished.pictures] == [(1376, 768)]
    assert finished.revised_prompt == "a fox. Style: watercolour."
    assert finished.adjustments == ()
    [request], [charge] = sim.requests, sim.bill
    assert request.headers["x-goog-api-key"] == sim.key
    assert request.json["generationConfig"] == {
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "16:9", "imageSize": "1K"},
    }
    usage = finished.usage
    assert (usage.pictures, usage.image_out, usage.text_in, usage.text_out) == (
        1,
        charge.image_out,
        charge.text_in,
        charge.text_out,
    )
    assert (usage.is_estimate, usage.request_id) == (False, charge.request_id)


@pytest.mark.parametrize("model", [FLASH, PRO])
def test_every_shape_measures_what_was_planned(google: Google, model: str) -> None:
    able = google.capabilities(model)
    shapes = SHAPES | MORE_SHAPES if model == FLASH else SHAPES
    assert set(able.aspects) == set(shapes)
    assert set(able.resolutions) == set(TOKENS[model])
    for aspect, (width, height) in shapes.items():
        for name in able.resolutions:
            size = f"{round(width * SCALES[name])}x{round(height * SCALES[name])}"
            plan = order_for(google, model, size=size).plan
            assert (plan.aspect, plan.resolution, plan.size) == (aspect, name, size)
            assert plan.adjustments == ()
            assert of_picture(able, plan) == TOKENS[model][name]


def test_a_size_is_fitted_to_a_shape(sim: Any, google: Google) -> None:
    order = order_for(google, PRO, size="1920x1080", quality="high", background="transparent")
    assert {one.field for one in order.plan.adjustments} == {"size", "quality", "background"}
    finished = drawn(google, order)
    assert f"{order.plan.size}" == "1376x768" == sim.bill[0].size
    assert len(finished.pictures) == 1


def test_several_pictures_are_several_calls_at_once(sim: Any, google: Google) -> None:
    sim.takes_s = 0.2
    finished = drawn(google, order_for(google, FLASH, n=3))
    assert len(finished.pictures) == finished.usage.pictures == sim.bill.pictures == 3
    assert finished.usage.image_out == sum(charge.image_out for charge in sim.bill)
    assert sim.most_at_once == 3


def test_one_of_several_is_missing(sim: Any, google: Google) -> None:
    sim.answers("picture", "image_safety", "picture")
    finished = drawn(google, order_for(google, FLASH, n=3))
    assert (len(finished.pictures), finished.missing) == (2, "content_policy")


def test_pictures_that_come_along_are_sent_as_they_are(sim: Any, google: Google) -> None:
    references = (photo(64, 64), photo(32, 32, "jpeg"))
    finished = drawn(google, order_for(google, FLASH, "brighter", references=references))
    text, *shown = sim.requests[0].json["contents"][0]["parts"]
    assert text == {"text": "brighter"}
    assert [one["inlineData"]["mimeType"] for one in shown] == ["image/png", "image/jpeg"]
    assert [base64.b64decode(one["inlineData"]["data"]) for one in shown] == [
        one.content for one in references
    ]
    assert finished.usage.image_in == sim.bill[0].image_in > 0


@pytest.mark.parametrize("way", ["picture", "picture_only", "markdown"])
def test_a_picture_is_found_wherever_it_is(sim: Any, google: Google, way: str) -> None:
    sim.answers(way)
    assert len(drawn(google, order_for(google, FLASH)).pictures) == 1
    assert len(sim.requests) == 1


@pytest.mark.parametrize("way", ["text_only", "no_image", "other"])
def test_words_instead_of_a_picture_are_asked_about_once(
    sim: Any, google: Google, way: str
) -> None:
    sim.answers(way)
    finished = drawn(google, order_for(google, FLASH))
    asked = [one.json["generationConfig"]["responseModalities"] for one in sim.requests]
    assert asked == [["TEXT", "IMAGE"], ["IMAGE"]]
    assert finished.usage.pictures == sim.bill.pictures == 1
    assert finished.usage.text_in >= sum(charge.text_in for charge in sim.bill)
    assert finished.usage.text_out == sum(charge.text_out for charge in sim.bill)


def test_words_twice_are_paid_for_and_no_picture(sim: Any, google: Google) -> None:
    sim.answers("text_only", "text_only")
    failed = failure(google, order_for(google, FLASH))
    assert (type(failed), failed.code) == (NotBilled, "provider_bad_reply")
    assert failed.usage is not None
    assert failed.usage.text_out == sum(charge.text_out for charge in sim.bill) > 0
    assert failed.usage.pictures == 0
    assert len(sim.requests) == 2


def test_words_are_paid_for_when_the_second_try_fails(sim: Any, google: Google) -> None:
    sim.answers("text_only")
    sim.faults.next("wrong_content_type")  # of the words
    sim.faults.next("server_error")
    failed = failure(google, order_for(google, FLASH))
    assert type(failed) is NotBilled
    assert failed.usage is not None
    assert failed.usage.text_out == sum(charge.text_out for charge in sim.bill) > 0
    assert not failed.lets_another_try


@pytest.mark.parametrize(
    "way", ["image_safety", "prohibited", "recitation", "safety", "prompt_blocked"]
)
def test_a_refusal_inside_a_200_is_final(sim: Any, google: Google, way: str) -> None:
    sim.answers(way)
    failed = failure(google, order_for(google, FLASH))
    assert (type(failed), failed.retry) == (Declined, Retry.NEVER)
    assert len(sim.requests) == 1
    assert sim.bill == []


def test_a_refusal_after_words_pays_for_the_words(sim: Any, google: Google) -> None:
    sim.answers("text_only", "image_safety")
    failed = failure(google, order_for(google, FLASH))
    assert type(failed) is Declined
    assert failed.usage is not None
    assert failed.usage.text_out == sim.bill[0].text_out


@pytest.mark.parametrize(
    ("fault", "how", "code", "retry"),
    [
        ("insufficient_quota", NoCredit, "provider_error", Retry.ELSEWHERE),
        ("invalid_api_key", BadKey, "provider_auth", Retry.ELSEWHERE),
        ("resource_blocked", BadKey, "provider_auth", Retry.ELSEWHERE),
        ("not_found", Retired, "model_not_found", Retry.ELSEWHERE),
        ("invalid_value", Unfit, "invalid_value", Retry.NEVER),
        ("too_large", Unfit, "request_too_large", Retry.NEVER),
        ("server_error", NotBilled, "provider_error", Retry.ELSEWHERE),
        ("unavailable", NotBilled, "provider_error", Retry.ELSEWHERE),
        ("redirect_metadata", NotBilled, "provider_bad_reply", Retry.ELSEWHERE),
        ("redirect_file", NotBilled, "provider_bad_reply", Retry.ELSEWHERE),
        ("gateway_timeout", Doubtful, "provider_timeout", Retry.UNKNOWN_CHARGE),
        ("bad_gateway", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("drop", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("reset_after", Doubtful, "provider_error", Retry.UNKNOWN_CHARGE),
        ("hang", Doubtful, "provider_timeout", Retry.UNKNOWN_CHARGE),
        ("huge", Doubtful, "provider_reply_too_large", Retry.UNKNOWN_CHARGE),
        ("gzip_bomb", Doubtful, "provider_reply_too_large", Retry.UNKNOWN_CHARGE),
        ("garbage", Doubtful, "provider_bad_reply", Retry.UNKNOWN_CHARGE),
        ("not_json", Doubtful, "provider_bad_reply", Retry.UNKNOWN_CHARGE),
        ("empty", Doubtful, "provider_bad_reply", Retry.UNKNOWN_CHARGE),
        ("svg_picture", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
        ("html_picture", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
        ("empty_picture", Doubtful, "provider_bad_image", Retry.UNKNOWN_CHARGE),
    ],
)
def test_each_fault_says_what_it_means_for_the_money(
    sim: Any, google: Google, fault: str, how: type[ProviderFailed], code: str, retry: Retry
) -> None:
    sim.faults.next(fault)
    failed = failure(google, order_for(google, FLASH))
    assert type(failed) is how
    assert (failed.code, failed.retry) == (code, retry)
    assert sim.key not in repr(failed) + str(failed.as_refusal())
    sim.finish()
    if not isinstance(failed, Doubtful):
        assert sim.bill == []


def test_a_busy_provider_says_how_long(sim: Any, google: Google) -> None:
    sim.faults.next("rate_limited", retry_after_s=34)
    failed = failure(google, order_for(google, FLASH))
    assert isinstance(failed, Limited)
    assert (failed.retry, failed.after_s) == (Retry.AFTER, 34)


def test_what_it_says_without_numbers_is_an_estimate(sim: Any, google: Google) -> None:
    for fault in ("no_usage", "zero_usage", "negative_usage", "huge_usage", "text_usage"):
        sim.faults.next(fault)
        usage = drawn(google, order_for(google, FLASH)).usage
        assert usage.is_estimate
        assert (usage.pictures, usage.tokens_in, usage.tokens_out) == (1, 0, 0)


def test_a_wrong_content_type_harms_nothing(sim: Any, google: Google) -> None:
    sim.faults.next("wrong_content_type")
    assert len(drawn(google, order_for(google, FLASH)).pictures) == 1


def test_bytes_are_believed_and_not_what_is_said_of_them(sim: Any, google: Google) -> None:
    sim.faults.next("jpeg_picture")
    finished = drawn(google, order_for(google, FLASH))
    assert finished.pictures[0].media_type == "image/jpeg"
    assert [(one.field, one.got) for one in finished.adjustments] == [("format", "jpeg")]


def test_nobody_there_is_not_billed(sim: Any) -> None:
    asked = adapter(Hasty, sim, base_url="http://127.0.0.1:9/v1beta")
    assert type(failure(asked, order_for(asked, FLASH))) is NotBilled


def test_it_lists_models_with_what_they_are_for(sim: Any, google: Google) -> None:
    listed = {one.remote_id: one for one in asyncio.run(google.models())}
    assert listed[FLASH].tags == ("image-generation", "image-edit")
    assert listed["gemini-3-flash"].tags == ("chat", "vision")
    assert listed["gemini-3-flash"].context_tokens == 65_536


def test_a_check_spends_nothing(sim: Any, google: Google) -> None:
    assert len(asyncio.run(google.check()).steps) == 3
    with pytest.raises(BadKey):
        asyncio.run(adapter(Hasty, sim, secret="wrong").check())
    assert sim.bill == []


def test_a_chat_model_draws_nothing(google: Google) -> None:
    able = google.capabilities("gemini-3-flash")
    assert able.vision
    assert able.aspects == Capabilities().aspects
