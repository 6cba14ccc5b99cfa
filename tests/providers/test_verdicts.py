from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.utils import timezone

from providers import families, verdicts
from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retired,
    Unfit,
)
from tale.lib.http import Unreachable

SAID = "sk-live-1234 <script>"


def of(status: int, body: Any, **headers: str) -> ProviderFailed:
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    return verdicts.of_error(verdicts.error_in(body), status=status, headers=dashed)


def error(**words: Any) -> dict[str, Any]:
    return {"error": {"message": SAID, **words}}


WORDS: list[tuple[int, Any, type[ProviderFailed]]] = [
    (400, error(code="contentFilter"), Declined),
    (400, error(code=None, inner_error={"code": "ResponsibleAIPolicyViolation"}), Declined),
    (500, error(code="moderation_blocked"), Declined),  # the code counts, not the status
    (403, error(code=403, metadata={"reasons": ["sexual"]}), Declined),
    (403, error(code=403, metadata={}), BadKey),
    (403, error(code="Forbidden", message="Your resource has been temporarily blocked"), BadKey),
    (402, error(code=402), NoCredit),
    (429, error(code=429), Limited),
    (429, "too many", Limited),
    (429, error(code="insufficient_quota"), NoCredit),
    (503, error(code="slow_down"), Limited),
    (404, {"object": "error", "message": "The model `x` does not exist.", "code": 404}, Retired),
    (404, error(message='model "x" not found, try pulling it first'), Retired),
    (400, error(message="The model `x` has been deprecated, learn more here"), Retired),
    (400, error(message="The model does not exist here: 'n'", param="n"), Unfit),
    (404, {"detail": "Not Found"}, NotBilled),
    (405, None, NotBilled),
    (422, {"detail": [{"loc": ["body", "quality"], "msg": "extra"}]}, Unfit),
    (400, "<html>", Unfit),
    (409, error(), Doubtful),
    (529, error(code=529), Doubtful),
    (500, {"error": "CUDA out of memory"}, Doubtful),
    (500, {"error": {"code": {}, "type": [], "message": 3}}, Doubtful),
]


@pytest.mark.parametrize(("status", "body", "kind"), WORDS)
def test_what_words_mean(status: int, body: Any, kind: type[ProviderFailed]) -> None:
    failed = of(status, body)
    assert type(failed) is kind
    assert "sk-live" not in str(failed.message)  # theirs is anybody's text


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (error(code="unknown_parameter", param="style"), "style", "unsupported_parameter"),
        (error(param="messages[0].role", code="invalid_value"), "messages", "invalid_value"),
        (error(param="stream_options.include_usage"), "stream_options", "invalid_value"),
        (error(message="Unrecognized request argument supplied: seed"), "seed", "invalid_value"),
        (
            error(message="Unsupported parameter: 'max_tokens' is not"),
            "max_tokens",
            "invalid_value",
        ),
        ({"detail": [{"loc": ["body", "quality"]}]}, "quality", "invalid_value"),
        (
            {"object": "error", "message": {"detail": [{"loc": ["body", "n"]}]}},
            "n",
            "invalid_value",
        ),
        (error(param="<script>"), "", "invalid_value"),
        (error(code="context_length_exceeded", param="messages"), "messages", "too_long"),
    ],
)
def test_the_field_is_found(body: Any, field: str, code: str) -> None:
    failed = of(400, body)
    assert (failed.field, failed.code) == (field, code)
    assert failed.as_refusal().status == 400


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "3"}, 3),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after": "inf"}, 1),
        ({"retry_after": "-1"}, 1),
        ({"retry_after": "soon"}, 1),
        ({"retry_after": "99999999"}, 3600),
        ({"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"}, 360),
        ({"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "120ms"}, 0.12),
        ({"x_ratelimit_remaining_tokens": "5", "x_ratelimit_reset_tokens": "9s"}, 1),
        ({}, 1),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float) -> None:
    failed = of(429, error(code="rate_limit_exceeded"), **headers)
    assert isinstance(failed, Limited)
    assert failed.after_s == pytest.approx(seconds)


def test_a_date_to_wait_for() -> None:
    until = format_datetime(timezone.now() + timedelta(seconds=30), usegmt=False)
    failed = of(429, error(), retry_after=until)
    assert isinstance(failed, Limited)
    assert 25 < failed.after_s <= 30
    ago = of(429, error(), retry_after="Wed, 21 Oct 2015 07:28:00 GMT")
    assert isinstance(ago, Limited)
    assert ago.after_s == 0


def test_silence() -> None:
    assert type(verdicts.of_silence(Unreachable("provider_error", sent=False))) is NotBilled
    assert type(verdicts.of_silence(Unreachable("provider_error", sent=True))) is Doubtful


@pytest.mark.parametrize(
    ("model", "tags"),
    [
        ("openai/gpt-image-2", ("image-generation", "image-edit")),
        ("black-forest-labs/FLUX.1-schnell", ("image-generation",)),
        ("flux-kontext-pro", ("image-generation", "image-edit")),
        ("stable-diffusion-3.5-large", ("image-generation",)),
        ("stablediffusion", ("image-generation",)),
        ("sd-1.5-ggml", ("image-generation",)),
        ("gemini-3-pro-image", ("image-generation",)),
        ("text-embedding-3-small", ()),
        ("tts-1-hd", ()),
        ("gpt-4o-transcribe", ()),
        ("whisper-1", ()),
        ("omni-moderation-latest", ()),
        ("gpt-4o-realtime-preview", ()),
        ("sora-2", ()),
        ("gpt-5", ("chat", "vision")),
        ("o3", ("chat", "vision")),
        ("pixtral-12b", ("chat", "vision")),
        ("Qwen/Qwen2.5-VL-7B-Instruct", ("chat", "vision")),
        ("llama3.2:3b", ("chat",)),
        ("mistral-nemo", ("chat",)),
        ("gpt-oss-20b", ("chat",)),
    ],
)
def test_what_a_name_tells(model: str, tags: tuple[str, ...]) -> None:
    assert families.tags(model) == tags


def test_families_are_told_apart() -> None:
    newest, before, first = map(
        families.capabilities,
        ("gpt-image-2.6-flare", "openai/GPT-Image-2-2026-04-21", "gpt-image-1-mini"),
    )
    assert dict(newest.token_factors)["low"] == 2 * dict(before.token_factors)["low"]
    assert "xhigh" in newest.qualities
    assert "xhigh" not in before.qualities
    assert first.sizes
    assert not before.sizes
    assert families.capabilities("my-own").qualities == ()
