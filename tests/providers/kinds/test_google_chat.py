"""Chat with Gemini over a real socket: pieces, calls with their signatures, and what it took."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from assistants.loop import spoken, told
from providers.errors import Doubtful, Limited, NoCredit, NotBilled, ProviderFailed
from providers.gemini_speech import UNSIGNED
from providers.kinds.google import Google
from providers.shapes import Ended, Piece, Question, Text, Thought, ToolCall
from tests import upstream
from tests.providers.kinds.asking import adapter, photo
from tests.upstream import pictures
from tests.upstream.dialects import SIGNATURE

TOOL = {
    "type": "function",
    "function": {
        "name": "image_generation",
        "description": "Makes pictures.",
        "parameters": {"type": "object", "properties": {"prompt": {"type": "string"}}},
    },
}
HELLO = Question(
    "gemini-3-flash",
    ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}),
)


class Hasty(Google):
    deadline_s = 2


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("google") as running:
        yield running


@pytest.fixture
def google(sim: Any) -> Any:
    return adapter(Hasty, sim)


def said(google: Google, question: Question) -> list[Piece]:
    async def all_of_it() -> list[Piece]:
        return [piece async for piece in google.answer(question)]

    return asyncio.run(all_of_it())


def failure(google: Google, question: Question = HELLO) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        said(google, question)
    return failed.value


def test_it_works(sim: Any, google: Google) -> None:
    sim.chat.says("Good morning, Alice.", thinks="She greets me.")
    *pieces, ended = said(google, replace(HELLO, temperature=0.5))
    assert [one.text for one in pieces if isinstance(one, Thought)] == ["She greets me."]
    texts = [one.text for one in pieces if isinstance(one, Text)]
    assert "".join(texts) == "Good morning, Alice."
    assert len(texts) > 1
    assert isinstance(ended, Ended)
    assert ended.reason == "stop"
    [request], [charge] = sim.requests, sim.bill
    assert (ended.usage.text_in, ended.usage.text_out) == (charge.text_in, charge.text_out)
    assert (ended.usage.is_estimate, ended.usage.request_id) == (False, charge.request_id)
    assert request.query == {"alt": "sse"}
    assert request.json == {
        "contents": [{"role": "user", "parts": [{"text": "Hello"}]}],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"maxOutputTokens": 2048, "temperature": 0.5},
    }


def test_a_call_comes_back_with_its_signature(sim: Any, google: Google) -> None:
    sim.chat.calls_all(
        ("image_generation", {"prompt": "a fox"}), ("image_generation", {"prompt": "ein Bär"})
    )
    question = replace(HELLO, tools=(TOOL,), tool_choice="required")
    *calls, ended = said(google, question)
    assert isinstance(ended, Ended)
    assert ended.reason == "tool_calls"
    made = [one for one in calls if isinstance(one, ToolCall)]
    assert [json.loads(call.arguments) for call in made] == [
        {"prompt": "a fox"},
        {"prompt": "ein Bär"},
    ]
    assert len({call.id for call in made}) == 2
    body = sim.requests[0].json
    [function] = body["tools"][0]["functionDeclarations"]
    assert function["parametersJsonSchema"] == TOOL["function"]["parameters"]  # type: ignore[index]
    assert body["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}

    results = [told(call.id, {"status": "done", "place": at}) for at, call in enumerate(made)]
    history = (*question.messages, spoken("", made), *results)
    sim.chat.says("There they are.")
    assert isinstance(said(google, replace(question, messages=history))[-1], Ended)
    _hello, asked, answered = sim.requests[1].json["contents"]
    assert [part["thoughtSignature"] for part in asked["parts"]] == [SIGNATURE] * 2
    assert answered == {
        "role": "user",
        "parts": [
            {"functionResponse": {"name": "image_generation", "response": result}}
            for result in ({"status": "done", "place": 0}, {"status": "done", "place": 1})
        ],
    }


def test_a_call_of_another_model_is_marked_as_unsigned(sim: Any, google: Google) -> None:
    call = ToolCall("call_1", "image_generation", "{broken")
    history = (*HELLO.messages, spoken("Wait.", [call]), told("call_1", {"status": "done"}))
    failure(google, replace(HELLO, messages=history))  # the simulator knows its own alone
    text, part = sim.requests[0].json["contents"][1]["parts"]
    assert text == {"text": "Wait."}
    assert part == {
        "functionCall": {"name": "image_generation", "args": {}},
        "thoughtSignature": UNSIGNED,
    }


def test_it_is_shown_pictures(sim: Any, google: Google) -> None:
    data = pictures.encoded(photo(8, 8).content)
    url = f"data:image/png;base64,{data}"
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    said(google, replace(HELLO, messages=({"role": "user", "content": content},)))
    assert sim.requests[0].json["contents"][0]["parts"] == [
        {"text": "What is this?"},
        {"inlineData": {"mimeType": "image/png", "data": data}},
    ]


def test_silence_is_asked_about_once(sim: Any, google: Google) -> None:
    sim.chat.says("")
    sim.chat.says("Here I am.")
    *texts, ended = said(google, HELLO)
    assert "".join(one.text for one in texts if isinstance(one, Text)) == "Here I am."
    assert len(sim.requests) == 2
    assert isinstance(ended, Ended)


def test_silence_is_paid_for_when_the_second_try_fails(sim: Any, google: Google) -> None:
    sim.chat.says("")
    sim.faults.next("wrong_content_type")  # of the silence
    sim.faults.next("unavailable")
    failed = failure(google)
    assert type(failed) is NotBilled
    assert failed.usage is not None
    assert failed.usage.text_in > 0
    assert not failed.lets_another_try


@pytest.mark.parametrize(
    ("fault", "how", "code"),
    [
        ("insufficient_quota", NoCredit, "provider_error"),
        ("unavailable", NotBilled, "provider_error"),
        ("redirect_metadata", NotBilled, "provider_bad_reply"),
        ("drop", Doubtful, "provider_error"),
        ("drop_after", Doubtful, "provider_error"),
        ("hang", Doubtful, "provider_timeout"),
        ("stall_after", Doubtful, "provider_timeout"),
        ("huge", Doubtful, "provider_reply_too_large"),
        ("not_json", Doubtful, "provider_bad_reply"),
        ("empty", Doubtful, "provider_bad_reply"),
    ],
)
def test_each_fault_says_what_it_means_for_the_money(
    sim: Any, google: Google, fault: str, how: type[ProviderFailed], code: str
) -> None:
    sim.faults.next(fault)
    failed = failure(google)
    assert (type(failed), failed.code) == (how, code)


def test_a_busy_provider_says_how_long(sim: Any, google: Google) -> None:
    sim.faults.next("rate_limited", retry_after_s=3)
    failed = failure(google)
    assert isinstance(failed, Limited)
    assert failed.after_s == 3


def test_what_it_says_without_numbers_is_an_estimate(sim: Any, google: Google) -> None:
    sim.faults.next("no_usage")
    ended = said(google, HELLO)[-1]
    assert isinstance(ended, Ended)
    assert ended.usage.is_estimate
    assert ended.usage.text_in > 0
    assert ended.usage.text_out > 0


def test_who_stops_listening_ends_the_call(sim: Any, google: Google) -> None:
    sim.chat.says("A very long story " * 50)

    async def first_word() -> Piece:
        answer = google.answer(HELLO)
        piece = await anext(aiter(answer))
        await answer.aclose()  # type: ignore[attr-defined]
        return piece

    assert isinstance(asyncio.run(first_word()), Text)
