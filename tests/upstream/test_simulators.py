"""The simulators against the real SDK: what a client of the real provider sees, it sees here."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from typing import Any

import openai
import pytest
from PIL import Image

from tests.upstream import bill, faults, pictures
from tests.upstream.conftest import post

PIXELS = pictures.picture(64, 64)
DRAW = {"model": "gpt-image-2", "prompt": "a fox", "size": "1024x1024", "quality": "low"}


def mask(side: int, *, mode: str = "RGBA") -> bytes:
    file = io.BytesIO()
    Image.new(mode, (side, side)).save(file, "PNG")
    return file.getvalue()


def draw(sim: Any) -> tuple[int, dict[str, str], bytes]:
    return post(sim, "/v1/images/generations", DRAW)


def test_it_works(sim: Any, client: Any) -> None:
    made = client.images.generate(**{**DRAW, "size": "1536x1024"}, n=2)
    contents = [base64.b64decode(one.b64_json) for one in made.data]
    assert [pictures.size_of(content) for content in contents] == [(1536, 1024)] * 2
    assert made.usage.output_tokens == 2 * 158
    assert sim.bill.pictures == 2
    assert sim.bill.amount_micro == 2 * 5 + 2 * 158 * 30
    assert made._request_id == sim.bill[0].request_id == sim.requests[0].id
    assert sim.requests[0].json["n"] == 2


@pytest.mark.parametrize(
    ("model", "size", "golden"),
    [
        ("gpt-image-2", (1024, 1024), (0.006, 0.053, 0.211)),
        ("gpt-image-2", (1536, 1024), (0.005, 0.041, 0.165)),
        ("gpt-image-2", (3840, 2160), (0.011, 0.100, 0.400)),
        ("gpt-image-1.5", (1024, 1024), (0.009, 0.034, 0.133)),
        ("gpt-image-1.5", (1024, 1536), (0.013, 0.050, 0.200)),
    ],
)
def test_the_bill_adds_up_to_the_published_prices(
    model: str, size: tuple[int, int], golden: tuple[float, ...]
) -> None:
    # Not those of gpt-image-1-mini: its published prices hold a quarter of a cent of input as well.
    for quality, dollars in zip(("low", "medium", "high"), golden, strict=True):
        tokens = bill.picture_tokens(model, quality, *size)
        charged = bill.amount_micro(model, image_out=tokens)
        assert abs(charged - dollars * 1e6) <= (700 if model == "gpt-image-1.5" else 500)


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"n": 11}, "integer_above_max_value", "n"),
        ({"n": 0}, "integer_below_min_value", "n"),
        ({"size": "1000x1000"}, "invalid_value", "size"),
        ({"size": "512x512"}, "invalid_value", "size"),
        ({"size": "3840x1024"}, "invalid_value", "size"),
        ({"model": "gpt-image-1.5", "size": "1040x1040"}, "invalid_value", "size"),
        ({"quality": "xhigh"}, "invalid_value", "quality"),
        ({"output_format": "svg"}, "invalid_value", "output_format"),
        ({"background": "transparent"}, "invalid_value", "background"),
        ({"output_compression": 50}, "invalid_value", "output_compression"),
        ({"response_format": "url"}, "unknown_parameter", "response_format"),
        ({"style": "vivid"}, "unknown_parameter", "style"),
        ({"prompt": "x" * 32_001}, "string_above_max_length", "prompt"),
    ],
)
def test_what_the_real_one_refuses_is_refused(
    sim: Any, client: Any, change: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(**{**DRAW, **change})
    assert (refused.value.code, refused.value.param) == (code, param)
    assert not sim.bill


@pytest.mark.parametrize("model", ["dall-e-3", "dall-e-2", "gpt-image-1", "gpt-5"])
def test_a_dead_model_is_gone(client: Any, model: str) -> None:
    with pytest.raises(openai.NotFoundError) as refused:
        client.images.generate(**{**DRAW, "model": model})
    assert refused.value.code == "model_not_found"


@pytest.mark.parametrize(
    ("name", "raised", "code"),
    [
        ("moderation_blocked", openai.BadRequestError, "moderation_blocked"),
        ("model_not_found", openai.NotFoundError, "model_not_found"),
        ("invalid_api_key", openai.AuthenticationError, "invalid_api_key"),
        ("unverified_organization", openai.PermissionDeniedError, None),
        ("too_large", openai.APIStatusError, None),
        ("rate_limited", openai.RateLimitError, "rate_limit_exceeded"),
        ("credit_balance_exhausted", openai.RateLimitError, "credit_balance_exhausted"),
        ("server_error", openai.InternalServerError, None),
        ("bad_gateway", openai.InternalServerError, None),
        ("gateway_timeout", openai.InternalServerError, None),
    ],
)
def test_an_error_is_what_the_sdk_takes_it_for(
    sim: Any, client: Any, name: str, raised: type[openai.APIStatusError], code: str | None
) -> None:
    sim.faults.next(name, where="POST /v1/images", retry_after_s=7)
    assert client.models.list().data
    with pytest.raises(raised) as refused:
        client.images.generate(**DRAW)
    assert refused.value.code == code
    assert not sim.bill
    assert client.images.generate(**DRAW).data


def test_a_rate_limit_says_when(sim: Any) -> None:
    sim.faults.next("rate_limited", retry_after_s=7)
    status, headers, body = draw(sim)
    assert (status, headers["retry-after"]) == (429, "7")
    assert json.loads(body)["error"]["type"] == "requests"


def test_a_wrong_key_is_refused(sim: Any) -> None:
    with (
        openai.OpenAI(base_url=sim.base_url, api_key="sk-other", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError),
    ):
        stranger.models.list()


@pytest.mark.parametrize("name", ["drop", "drop_after", "reset", "reset_after"])
def test_what_is_lost_on_the_way_was_billed(sim: Any, name: str) -> None:
    sim.faults.next(name, after_bytes=50)
    with pytest.raises((HTTPException, ConnectionError)):
        draw(sim)
    assert sim.bill.pictures == 1
    sim.faults.next(name, billed=False)
    with pytest.raises((HTTPException, ConnectionError)):
        draw(sim)
    assert sim.bill.pictures == 1


def test_a_connection_reset_is_not_an_end(sim: Any) -> None:
    sim.faults.next("reset")
    with pytest.raises(ConnectionResetError):
        draw(sim)


@pytest.mark.parametrize("name", ["hang", "drip", "stall_after"])
def test_a_slow_answer_runs_into_the_clients_limit(sim: Any, client: Any, name: str) -> None:
    sim.faults.next(name)
    with pytest.raises((openai.APITimeoutError, TimeoutError)):
        asyncio.run(within(sim, 0.5))
    sim.finish()
    assert sim.bill.pictures == 1


async def within(sim: Any, seconds: float) -> None:
    async with (
        asyncio.timeout(seconds),
        openai.AsyncOpenAI(base_url=sim.base_url, api_key=sim.key, max_retries=0) as client,
    ):
        await client.images.generate(**DRAW)  # type: ignore[call-overload]


def test_bodies_nobody_expects(sim: Any) -> None:
    sim.faults.next("redirect_metadata")
    assert draw(sim)[1]["location"].startswith("http://169.254.169.254/")
    sim.faults.next("empty")
    assert draw(sim)[::2] == (200, b"")
    sim.faults.next("gzip_bomb")
    assert len(draw(sim)[2]) < 1_000_000
    sim.faults.next("huge")
    assert len(draw(sim)[2]) == 100 * 2**20
    sim.faults.next("garbage")
    with pytest.raises(ValueError):
        json.loads(draw(sim)[2])
    assert sim.bill.pictures == 4


@pytest.mark.parametrize("name", sorted(faults.PICTURES))
def test_pictures_nobody_asked_for(sim: Any, client: Any, name: str) -> None:
    sim.faults.next(name)
    made = client.images.generate(**DRAW, n=2)
    contents = [base64.b64decode(one.b64_json) for one in made.data]
    assert contents != [pictures.picture(1024, 1024, ordinal=at) for at in range(2)]
    assert sim.bill.pictures == len(contents) == {"fewer": 1, "none": 0, "more": 3}.get(name, 2)


def test_usage_may_lie_and_the_bill_does_not(sim: Any, client: Any) -> None:
    sim.faults.next("negative_usage")
    assert client.images.generate(**DRAW).usage.output_tokens == -196
    sim.faults.next("no_usage")
    assert client.images.generate(**DRAW).usage is None
    assert [charge.image_out for charge in sim.bill] == [196, 196]


def test_an_edit_takes_pictures_and_a_mask(sim: Any, client: Any) -> None:
    first, second = ("one.png", PIXELS, "image/png"), ("two.png", PIXELS, "image/png")
    made = client.images.edit(
        **DRAW, image=[first, second], mask=("m.png", mask(64), "image/png"), n=1
    )
    assert made.data[0].b64_json
    assert made.usage.input_tokens_details.image_tokens == 2 * bill.REFERENCE_TOKENS
    sent = sim.requests[0].form
    assert [file.field for file in sent.files] == ["image[]", "image[]", "mask"]
    assert sent.files[0].content == PIXELS
    assert sent.fields["n"] == "1"


@pytest.mark.parametrize("wrong", [mask(32), mask(64, mode="RGB"), b"text"])
def test_a_mask_that_does_not_fit_is_refused(client: Any, wrong: bytes) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.edit(**DRAW, image=PIXELS, mask=wrong)
    assert refused.value.param == "mask"


@pytest.mark.parametrize(
    ("fault", "kinds"),
    [
        ("", ["partial_image", "partial_image", "completed"]),
        ("fewer_partials", ["partial_image", "completed"]),
        ("final_first", ["completed", "partial_image", "partial_image"]),
        ("no_final", ["partial_image", "partial_image"]),
    ],
)
def test_a_picture_comes_in_parts(sim: Any, client: Any, fault: str, kinds: list[str]) -> None:
    if fault:
        sim.faults.next(fault)
    with client.images.generate(**DRAW, stream=True, partial_images=2) as stream:
        events = list(stream)
    assert [each.type.removeprefix("image_generation.") for each in events] == kinds
    partials = sum(kind == "partial_image" for kind in kinds)
    assert sim.bill[0].image_out == 196 + 100 * partials


def test_who_hangs_up_at_a_preview_pays_for_the_picture(sim: Any, client: Any) -> None:
    sim.takes_s = 0.3
    with client.images.generate(**DRAW, stream=True, partial_images=3) as stream:
        next(iter(stream))
    sim.finish()
    assert sim.bill.pictures == 1


def test_a_stream_that_breaks_raises(sim: Any, client: Any) -> None:
    sim.faults.next("stream_error")
    with pytest.raises(openai.APIError, match="It broke"):
        list(client.images.generate(**DRAW, stream=True))
    assert not sim.bill


def test_many_at_once(sim: Any) -> None:
    sim.takes_s, sim.weight = 0.3, 40_000

    async def crowd() -> int:
        async with openai.AsyncOpenAI(base_url=sim.base_url, api_key=sim.key) as client:
            made = await asyncio.gather(*(client.images.generate(**DRAW) for _ in range(60)))  # type: ignore[call-overload]
        return sum(len(one.data) for one in made)

    assert asyncio.run(crowd()) == sim.bill.pictures == 60
    assert sim.most_at_once > 1


def test_by_hand_with_a_bill_on_disk(tmp_path: Path) -> None:
    record = tmp_path / "bill"
    command = [sys.executable, "-m", "tests.upstream", "openai", "--port=0", f"--bill={record}"]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        _, _, url, *_, key = process.stdout.readline().split()
        with openai.OpenAI(base_url=url, api_key=key) as client:
            client.images.generate(**DRAW)  # type: ignore[call-overload]
    finally:
        process.send_signal(2)
        assert process.wait(10) == 0
        process.stdout.close()
    assert [charge.pictures for charge in bill.read(record)] == [1]
