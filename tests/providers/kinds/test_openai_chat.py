import asyncio
import time
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from providers.errors import Declined, Retry
from providers.kinds.openai import OpenAI
from providers.shapes import Text, Thought, ToolCall
from tests import upstream
from tests.providers.kinds.wired import answered, connected, failure, question
from tests.upstream import pictures

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "draw", "parameters": {}}}


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as simulator:
        yield simulator


@pytest.fixture
def openai(sim: Any) -> OpenAI:
    adapter: OpenAI = connected(OpenAI, sim)
    return adapter


def test_it_works(sim: Any, openai: OpenAI) -> None:
    sim.chat.says("A fox, then.", thinks="Which animal?")
    text, others, ended = answered(openai, question("gpt-5", temperature=0.2))
    assert text == "A fox, then."
    assert "".join(one.text for one in others if isinstance(one, Thought)) == "Which animal?"
    assert ended.reason == "stop"
    (charge,) = sim.bill
    assert (ended.usage.text_in, ended.usage.text_out) == (charge.text_in, charge.text_out)
    assert ended.usage.request_id == charge.request_id
    body = sim.requests[0].json
    assert body["stream_options"] == {"include_usage": True}
    assert "max_completion_tokens" in body
    assert "temperature" not in body


def test_it_calls(sim: Any, openai: OpenAI) -> None:
    sim.chat.calls_all(("draw", {"prompt": "a fox"}), ("draw", {"prompt": "an owl"}))
    _, calls, ended = answered(openai, question("gpt-4.1-mini", tools=(TOOL,), tool_choice="draw"))
    assert [(call.name, call.arguments) for call in calls] == [
        ("draw", '{"prompt": "a fox"}'),
        ("draw", '{"prompt": "an owl"}'),
    ]
    assert ended.reason == "tool_calls"
    choice = sim.requests[0].json["tool_choice"]
    assert choice == {"type": "function", "function": {"name": "draw"}}


def test_it_sees(sim: Any, openai: OpenAI) -> None:
    url = "data:image/png;base64," + pictures.encoded(pictures.picture(32, 32))
    shown = {"type": "image_url", "image_url": {"url": url}}
    asked = question("gpt-4.1-mini", text=[{"type": "text", "text": "What is this?"}, shown])
    assert answered(openai, asked)[0] == "You said: What is this?"
    assert sim.requests[0].json["messages"][0]["content"][1] == shown


def test_a_filter_is_a_refusal(sim: Any, openai: OpenAI) -> None:
    sim.chat.says("It begins with", finish="content_filter")
    failed = failure(lambda: answered(openai, question("gpt-4.1-mini")))
    assert isinstance(failed, Declined)
    assert failed.usage is not None
    assert failed.usage.text_out == sim.bill[0].text_out
    sim.faults.next("content_filter")
    assert isinstance(failure(lambda: answered(openai, question("gpt-4.1-mini"))), Declined)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("drop", "provider_error"),
        ("drop_after", "provider_error"),
        ("reset_after", "provider_error"),
        ("garbage", "provider_bad_reply"),
        ("not_json", "provider_bad_reply"),
        ("huge", "provider_reply_too_large"),
        ("empty", "provider_bad_reply"),
        ("server_error", "provider_error"),
    ],
)
def test_chat_in_doubt(sim: Any, openai: OpenAI, fault: str, code: str) -> None:
    sim.faults.next(fault)
    failed = failure(lambda: answered(openai, question("gpt-4.1-mini")))
    assert (failed.code, failed.retry) == (code, Retry.UNKNOWN_CHARGE)
    assert len(sim.requests) == 1


def test_who_stops_listening_hangs_up(sim: Any, openai: OpenAI) -> None:
    sim.chat.says("word " * 2000)
    sim.chat.takes_s = 20

    async def leave() -> float:
        async with aclosing(openai.answer(question("gpt-4.1-mini"))) as told:  # type: ignore[type-var]
            assert isinstance(await anext(told), Text)
            began = time.monotonic()
        return time.monotonic() - began

    assert asyncio.run(leave()) < 1
    until = time.monotonic() + 5
    while not sim.bill and time.monotonic() < until:
        time.sleep(0.01)
    assert sim.bill[0].text_out < 100  # it stopped talking


def test_a_connection_is_kept_for_the_next_answer() -> None:
    sim = upstream.serve("openai")
    accept, peers = sim._accept, []

    async def accepted(reader: Any, writer: Any) -> None:
        peers.append(writer.get_extra_info("peername"))
        await accept(reader, writer)

    sim._accept = accepted

    async def talk(openai: OpenAI) -> None:
        for _ in range(3):
            async for _piece in openai.answer(question("gpt-4.1-mini")):
                pass

    with sim:
        asyncio.run(talk(connected(OpenAI, sim)))
    assert len(peers) == 1


def test_ids_are_theirs(sim: Any, openai: OpenAI) -> None:
    sim.chat.calls("draw", {}, id="call_abc")
    (call,) = answered(openai, question("gpt-4.1-mini", tools=(TOOL,)))[1]
    assert call == ToolCall("call_abc", "draw", "{}")
