"""What the simulator never says, and Gemini does."""

from __future__ import annotations

from typing import Any

import pytest

from providers import gemini
from providers.errors import BadKey, Limited, NoCredit, NotBilled, ProviderFailed, Unfit
from tests.upstream import pictures

DRAFT, FINAL = pictures.picture(8, 8), pictures.picture(9, 9)


def body(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": list(parts)}, "finishReason": "STOP"}], **more}


def inline(content: bytes, **more: Any) -> dict[str, Any]:
    return {"inlineData": {"mimeType": "image/png", "data": pictures.encoded(content)}, **more}


def test_a_draft_among_its_thoughts_is_not_the_picture() -> None:
    found = gemini.picture(body(inline(DRAFT, thought=True), inline(FINAL)))
    assert found is not None
    assert found.content == FINAL
    assert gemini.picture(body(inline(DRAFT, thought=True))) is None
    assert not gemini.has_picture(body(inline(DRAFT, thought=True)))


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"candidates": None},
        {"candidates": [None]},
        {"candidates": [{"content": None}]},
        {"candidates": [{"content": {"parts": [None, "x", {"inlineData": 3, "text": 4}]}}]},
        {"candidates": [{"finishReason": 7}], "usageMetadata": [], "promptFeedback": "x"},
    ],
)
def test_odd_answers_hold_no_picture_and_break_nothing(odd: dict[str, Any]) -> None:
    assert gemini.picture(odd) is None
    assert gemini.refusal(odd) is None
    assert gemini.usage(odd).is_estimate


def test_thoughts_and_cached_tokens_are_counted() -> None:
    told = {
        "promptTokenCount": 300,
        "cachedContentTokenCount": 100,
        "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258}],
        "candidatesTokenCount": 1130,
        "thoughtsTokenCount": 50,
    }
    usage = gemini.usage({"usageMetadata": told}, pictures=1)
    assert (usage.text_in, usage.image_in, usage.cached_in) == (42, 258, 42)
    assert (usage.text_out, usage.image_out) == (50, 1130)
    assert not usage.is_estimate


QUOTA = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProject", "quotaValue": "0"}]}
BUSY = {"violations": [{"quotaId": "GenerateRequestsPerMinute", "quotaValue": "10"}]}


@pytest.mark.parametrize(
    ("status", "error", "how", "after_s"),
    [
        (429, {"details": [QUOTA, {"retryDelay": "9s"}]}, NoCredit, 0),
        (429, {"message": "Quota exceeded, limit: 0, model: x"}, NoCredit, 0),
        (429, {"message": "Your prepayment credits are depleted."}, NoCredit, 0),
        (429, {"details": [BUSY, {"retryDelay": "34.07s"}]}, Limited, 34.07),
        (429, {"message": "limit: 05", "details": [{"retryDelay": "soon"}]}, Limited, 1),
        (429, {"details": [None, {"violations": [None]}]}, Limited, 1),
        (429, {"details": [{"retryDelay": "999999s"}]}, Limited, 3600),
        (400, {"message": "API key not valid. Please pass a valid API key."}, BadKey, 0),
        (400, {"status": "FAILED_PRECONDITION", "message": "User location"}, NotBilled, 0),
        (400, {"status": "INVALID_ARGUMENT", "message": "Bad aspect"}, Unfit, 0),
    ],
)
def test_an_error_says_who_must_act(
    status: int, error: dict[str, Any], how: type[ProviderFailed], after_s: float
) -> None:
    failed = gemini.of_error(error, status)
    assert type(failed) is how
    assert failed.after_s == after_s
