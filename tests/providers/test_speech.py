"""Words that no simulator says, put into an answer's ear directly."""

from typing import Any

import pytest

from providers.errors import Declined, Doubtful, Limited, ProviderFailed
from providers.shapes import Ended, Piece, Question, Text, Thought, ToolCall
from providers.speech import Speech

ASKED = Question("m", ({"role": "user", "content": "hi"},))
RATE = {"error": {"code": "rate_limit_exceeded", "message": "later"}}
FILTERED = {"error": {"code": "content_filter", "message": "no"}}


def delta(finish: str | None = None, **words: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": words, "finish_reason": finish}]}


def used(**counts: Any) -> dict[str, Any]:
    return {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, **counts}}


def heard(*chunks: Any) -> list[Piece]:
    speech = Speech(ASKED)
    pieces = [piece for chunk in chunks for piece in speech.hear(chunk)]
    return [*pieces, *speech.ended()]


def test_it_works() -> None:
    text, ended = heard(delta(content="Hi"), delta("stop"), used())
    assert text == Text("Hi")
    assert isinstance(ended, Ended)
    assert (ended.usage.text_in, ended.usage.text_out, ended.usage.is_estimate) == (9, 3, False)


@pytest.mark.parametrize(
    ("words", "piece"),
    [
        ({"refusal": "I cannot."}, Text("I cannot.")),
        ({"content": [{"type": "text", "text": "Hi"}]}, Text("Hi")),
        ({"content": [{"type": "thinking", "thinking": "Hm"}]}, Thought("Hm")),
        ({"reasoning_content": "Hm", "reasoning": "Hm"}, Thought("Hm")),
    ],
)
def test_where_words_hide(words: dict[str, Any], piece: Piece) -> None:
    assert heard(delta(**words), delta("stop"))[:-1] == [piece]


def test_the_old_way_to_call() -> None:
    call, ended = heard(
        delta(function_call={"name": "draw", "arguments": '{"n"'}),
        delta(function_call={"arguments": ": 1}"}),
        delta("function_call"),
    )
    assert isinstance(call, ToolCall)
    assert (call.name, call.arguments) == ("draw", '{"n": 1}')
    assert ended.reason == "tool_calls"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"delta": None}]},
        {"choices": [{"delta": {"content": None, "tool_calls": None}}]},
        {"choices": [{"delta": {"content": 3, "tool_calls": "x", "function_call": 1}}]},
        {"usage": "lots"},
        {},
    ],
)
def test_nonsense_does_no_harm(chunk: Any) -> None:
    assert heard(chunk, delta(content="Hi"), delta("stop"))[0] == Text("Hi")


def test_prose_that_looks_like_a_call_for_too_long() -> None:
    asked = Question("m", ASKED.messages, tools=({"function": {"name": "draw"}},))
    speech = Speech(asked)
    shown = [
        piece
        for _ in range(100)
        for piece in speech.hear(delta(content="<tool_call>" + 1000 * " "))
    ]
    assert len(shown) > 10


@pytest.mark.parametrize("chunk", [None, [], "hi", 3])
def test_no_chunk_at_all(chunk: Any) -> None:
    with pytest.raises(Doubtful):
        heard(chunk)


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([RATE], Limited),  # nothing was said yet
        ([delta(content="Hi"), RATE], Doubtful),
        ([FILTERED], Declined),
        ([delta(content="Hi"), FILTERED], Declined),
        ([delta(content="Hi"), delta("error")], Doubtful),
        ([delta(content="Hi"), {"object": "error", "message": "oom"}], Doubtful),
    ],
)
def test_errors_on_the_way(chunks: list[Any], kind: type[ProviderFailed]) -> None:
    with pytest.raises(ProviderFailed) as raised:
        heard(*chunks)
    assert type(raised.value) is kind


def test_what_was_said_before_a_fault_is_billed() -> None:
    for fault in RATE, FILTERED:
        with pytest.raises(ProviderFailed) as raised:
            heard(delta(content="Hello there"), fault)
        assert raised.value.usage is not None
        assert raised.value.usage.text_out > 0
        assert raised.value.usage.is_estimate


def test_what_it_names_itself() -> None:
    told = used(cost=0.0123454, prompt_tokens_details={"cached_tokens": 4})
    usage = heard(delta("stop", content="Hi"), told)[-1].usage  # type: ignore[union-attr]
    assert (usage.told_micro, usage.told_currency, usage.cached_in) == (12_346, "USD", 4)
    for cost in -1, float("nan"), "0.1", None, float("inf"):
        ended = heard(delta("stop", content="Hi"), used(cost=cost))[-1]
        assert ended.usage.told_micro is None  # type: ignore[union-attr]


@pytest.mark.parametrize("count", [0, -3, True, "12", 10**12, None, 1.5])
def test_counts_that_are_none(count: Any) -> None:
    usage = heard(delta("stop", content="Hi"), used(prompt_tokens=count))[-1].usage  # type: ignore[union-attr]
    assert usage.is_estimate
    assert 0 < usage.text_in < 100
