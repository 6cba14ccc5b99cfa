import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from providers.errors import Doubtful, NotBilled, ProviderFailed, Retired, Retry, Unfit
from providers.kinds.openai_compatible import OpenAICompatible
from providers.shapes import Text, Thought, ToolCall
from tests import upstream
from tests.providers.kinds.wired import (
    METADATA,
    answered,
    connected,
    failure,
    listened,
    made,
    order,
    question,
)
from tests.upstream import pictures

FOX = {"prompt": 'A fox, "red" } {', "n": 2}
DRAW: dict[str, Any] = {"type": "function", "function": {"name": "draw", "parameters": {}}}


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("compatible") as simulator:
        yield simulator


@pytest.fixture
def near(sim: Any) -> OpenAICompatible:
    adapter: OpenAICompatible = connected(OpenAICompatible, sim)
    return adapter


def flux(**more: Any) -> Any:
    return order("flux-dev", quality="", **more)


def test_it_works(sim: Any, near: OpenAICompatible) -> None:
    finished = made(near, flux(n=2))
    assert len(finished.pictures) == len(sim.bill[0:]) * 2
    # It counts nothing, so the pictures are all there is to count.
    assert (finished.usage.pictures, finished.usage.tokens_out) == (2, 0)
    assert finished.usage.is_estimate
    (request,) = sim.requests
    assert request.json["response_format"] == "b64_json"
    assert "quality" not in request.json


def test_no_key_is_needed(sim: Any) -> None:
    sim.needs_key = False
    keyless = connected(OpenAICompatible, sim, secret="")
    made(keyless, flux())
    assert "authorization" not in sim.requests[0].headers


def test_six_are_two_calls(sim: Any, near: OpenAICompatible) -> None:
    assert len(made(near, flux(n=6)).pictures) == 6
    assert sorted(request.json["n"] for request in sim.requests) == [2, 4]


def test_results_on_another_host(sim: Any, near: OpenAICompatible) -> None:
    sim.delivery = "url"
    finished = made(near, flux(n=2))
    assert [pictures.size_of(picture.content) for picture in finished.pictures] == [
        (1024, 1024),
        (1024, 1024),
    ]
    assert len(sim.results.requests) == 2
    assert sim.leaks == []
    assert all("authorization" not in request.headers for request in sim.results.requests)


@pytest.mark.parametrize("fault", ["redirect_metadata", "huge", "drop", "server_error", "not_json"])
def test_a_result_that_cannot_be_fetched(sim: Any, near: OpenAICompatible, fault: str) -> None:
    """It was drawn, so it was billed; the other one is delivered."""
    sim.delivery = "url"
    sim.results.faults.next(fault)
    finished = made(near, flux(n=2))
    assert len(finished.pictures) == 1
    assert finished.missing in ("provider_image_gone", "provider_bad_image")
    assert finished.usage.pictures == 2
    sim.results.faults.always(fault)
    failed = failure(lambda: made(near, flux()))
    assert failed.retry is Retry.UNKNOWN_CHARGE
    assert METADATA not in str([request.target for request in sim.results.requests])


@pytest.mark.parametrize(
    "path", ["http://169.254.169.254/a.png", "file:///etc/passwd", "http://[x"]
)
def test_a_result_nowhere_we_go(sim: Any, near: OpenAICompatible, path: str) -> None:
    sim.delivery = "url"
    sim._delivered = lambda request, ordinal, content: {"url": path}
    failed = failure(lambda: made(near, flux()))
    assert (type(failed), failed.code) == (Doubtful, "provider_image_gone")


def test_a_result_elsewhere_on_our_own_network() -> None:
    """The operator lists that host too, but for other connections than this one."""
    with upstream.serve("compatible", result_host="localhost", delivery="url") as sim:
        failed = failure(lambda: made(connected(OpenAICompatible, sim), flux()))
    assert failed.code == "provider_image_gone"
    assert failed.usage is not None
    assert failed.usage.pictures == 1
    assert sim.results.requests == []


def test_pipes_are_no_switch(sim: Any, near: OpenAICompatible) -> None:
    sim.splits_pipes = True
    made(near, flux(prompt="a fox | blurry"))
    assert sim.split == [("a fox , blurry", "")]


def test_sides_instead_of_a_size(sim: Any) -> None:
    sim.sizes = "pair"
    together = connected(OpenAICompatible, sim, options={"image_api": "width_height"})
    assert together.capabilities("flux-dev").seed
    finished = made(together, flux(width=768, height=512, seed=7, negative="fog"))
    assert pictures.size_of(finished.pictures[0].content) == (768, 512)
    body = sim.requests[0].json
    assert (body["seed"], body["negative_prompt"]) == (7, "fog")
    assert body["response_format"] == "base64"


def test_what_it_refuses_is_left_out_from_then_on(sim: Any) -> None:
    sim.refuses = {"response_format", "user"}
    learned: list[str] = []
    near = connected(OpenAICompatible, sim, on_refused=learned.append)
    made(near, flux(user="a1b2"))
    assert set(learned) == {"response_format", "user"}
    assert len(sim.requests) == 3
    assert len(sim.bill) == 1
    wiser = connected(OpenAICompatible, sim, refused=frozenset(learned))
    made(wiser, flux(user="a1b2"))
    assert len(sim.requests) == 4


def test_what_it_needs_is_not_left_out(sim: Any, near: OpenAICompatible) -> None:
    sim.refuses = {"size"}
    failed = failure(lambda: made(near, flux()))
    assert isinstance(failed, Unfit)
    assert failed.field == "size"
    assert len(sim.requests) == 1


def test_parameters_of_a_chat(sim: Any) -> None:
    sim.chat.refuses = {"max_tokens", "stream_options", "temperature"}
    learned: list[str] = []
    near = connected(OpenAICompatible, sim, on_refused=learned.append)
    assert answered(near, question("llama-3.3-8b", temperature=0.5))[0] == "You said: hi"
    assert set(learned) == {"max_tokens", "stream_options", "temperature"}
    assert "max_completion_tokens" in sim.requests[-1].json


def test_a_bound_is_always_told(sim: Any) -> None:
    """The money set aside rests on it."""
    sim.chat.refuses = {"max_tokens", "max_completion_tokens"}
    near = connected(OpenAICompatible, sim)
    assert isinstance(failure(lambda: answered(near, question("llama-3.3-8b"))), Unfit)
    learned = frozenset(sim.chat.refuses)
    sim.chat.refuses = set()
    assert answered(connected(OpenAICompatible, sim, refused=learned), question("llama-3.3-8b"))
    assert "max_completion_tokens" in sim.requests[-1].json


def test_no_such_model(near: OpenAICompatible) -> None:
    assert isinstance(failure(lambda: made(near, order("gone"))), Retired)


def test_no_such_address(sim: Any) -> None:
    lost = connected(OpenAICompatible, sim, base_url=sim.url + "/v2")
    failed = failure(lambda: made(lost, flux()))
    assert type(failed) is NotBilled
    assert "/v1" in str(failed.message)


CALLS = """index_missing index_zero index_changed id_late id_repeated id_empty id_absent
    interleaved arguments_object double_encoded special_tokens text_hermes text_mistral text_fenced
    finish_stop prompt_filter comments reasoning usage_every_chunk no_done""".split()


@pytest.mark.parametrize("streams", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("quirk", CALLS)
def test_calls_in_every_dialect(sim: Any, quirk: str, streams: bool) -> None:
    options = {} if streams else {"no_streaming_with_tools": True}
    near = connected(OpenAICompatible, sim, options=options)
    sim.chat.quirk = quirk
    sim.chat.calls_all(("draw", FOX), ("draw", {"prompt": "An owl"}))
    text, others, ended = answered(near, question("llama-3.3-8b", tools=(DRAW,)))
    calls = [one for one in others if isinstance(one, ToolCall)]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        ("draw", FOX),
        ("draw", {"prompt": "An owl"}),
    ]
    assert (text, ended.reason) == ("", "tool_calls")
    assert len({call.id for call in calls}) == 2
    assert bool(sim.requests[0].json.get("stream")) is streams
    # What was called can be told back to the strictest of them.
    sim.chat.quirks = {"strict_history"}
    spoken = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]
    told = [{"role": "tool", "tool_call_id": call.id, "content": "{}"} for call in calls]
    asked = question("llama-3.3-8b", tools=(DRAW,))
    messages = (*asked.messages, {"role": "assistant", "tool_calls": spoken}, *told)
    listened(lambda: near.answer(question_of(messages)))


def question_of(messages: tuple[dict[str, Any], ...]) -> Any:
    asked = question("llama-3.3-8b", tools=(DRAW,))
    return type(asked)(asked.model, messages, asked.tools)


@pytest.mark.parametrize("quirk", ["arguments_empty", "arguments_null", "arguments_absent"])
def test_calls_without_arguments(sim: Any, near: OpenAICompatible, quirk: str) -> None:
    sim.chat.quirk = quirk
    sim.chat.calls("draw", {})
    (call,) = answered(near, question("llama-3.3-8b", tools=(DRAW,)))[1]
    assert (call.name, call.arguments) == ("draw", "{}")


def test_broken_arguments_are_for_the_loop(sim: Any, near: OpenAICompatible) -> None:
    sim.chat.quirk = "broken_json"
    sim.chat.calls("draw", {"prompt": "a fox"})
    (call,) = answered(near, question("llama-3.3-8b", tools=(DRAW,)))[1]
    assert call.arguments == '{"prompt": "a fox", oh'


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "rm", "arguments": {}}</tool_call>',
        'Here: <tool_call>{"name": "draw", "arguments": {}}</tool_call>',
        '<tool_call>{"name": "draw", "arguments": {}}</tool_call> or not',
        "<tool_call>{oh</tool_call>",
        '```json\n{"name": "Ada"}\n```',
        "<tool",
        " \n",
        "[TOOL_CALLS]",
    ],
)
def test_what_only_looks_like_a_call(sim: Any, near: OpenAICompatible, text: str) -> None:
    sim.chat.says(text)
    said, calls, _ = answered(near, question("llama-3.3-8b", tools=(DRAW,)))
    assert (said, calls) == (text, [])


def test_a_signature_is_kept(sim: Any, near: OpenAICompatible) -> None:
    sim.chat.quirk = "thought_signature"
    sim.chat.calls("draw", FOX)
    (call,) = answered(near, question("llama-3.3-8b", tools=(DRAW,)))[1]
    assert call.extra["extra_content"]["google"]["thought_signature"]


@pytest.mark.parametrize(
    "quirk",
    ["content_chunks", "reasoning", "reasoning_content", "comments", "no_done", "prompt_filter"],
)
def test_prose_in_every_dialect(sim: Any, near: OpenAICompatible, quirk: str) -> None:
    sim.chat.quirk = quirk
    sim.chat.says("A fox, then.", thinks="Which animal?")
    text, others, ended = answered(near, question("llama-3.3-8b"))
    assert (text, ended.reason) == ("A fox, then.", "stop")
    assert others
    assert all(isinstance(other, Thought) for other in others)


def test_prose_streams_while_tools_are_offered(sim: Any, near: OpenAICompatible) -> None:
    sim.chat.says("Here is some code: ```json {} ```")
    pieces = listened(lambda: near.answer(question("llama-3.3-8b", tools=(DRAW,))))
    assert len([piece for piece in pieces if isinstance(piece, Text)]) > 3


ENDS: list[tuple[str, type[ProviderFailed]]] = [
    ("ends_early", Doubtful),
    ("finish_null", Doubtful),
    ("error_200", Doubtful),
    ("error_chunk", Doubtful),
    ("error_object", Doubtful),
]


@pytest.mark.parametrize(("quirk", "kind"), ENDS)
def test_no_end_is_no_success(
    sim: Any, near: OpenAICompatible, quirk: str, kind: type[ProviderFailed]
) -> None:
    sim.chat.quirk = quirk
    sim.chat.calls("draw", FOX, says="I will draw")
    heard: list[Any] = []

    async def hear() -> None:
        async for piece in near.answer(question("llama-3.3-8b", tools=(DRAW,))):
            heard.append(piece)

    failed = failure(lambda: asyncio.run(hear()))
    assert type(failed) is kind
    assert not [piece for piece in heard if isinstance(piece, ToolCall)]  # half a call is none
    assert len(sim.requests) == 1


def test_an_empty_answer_is_asked_once_more(sim: Any, near: OpenAICompatible) -> None:
    sim.chat.quirk = "empty_candidate"
    sim.chat.says("")
    sim.chat.says("")
    text, _, ended = answered(near, question("llama-3.3-8b"))
    assert text == ""
    assert len(sim.requests) == 2
    assert ended.usage.text_in == sum(charge.text_in for charge in sim.bill)


@pytest.mark.parametrize("fault", ["no_usage", "zero_usage", "negative_usage", "huge_usage"])
def test_what_it_does_not_count_is_counted_here(
    sim: Any, near: OpenAICompatible, fault: str
) -> None:
    sim.faults.next(fault)
    sim.chat.says("Fox. " * 40)
    asked = question("llama-3.3-8b", text="Which animal? " * 30)
    usage = answered(near, asked)[2].usage
    assert usage.is_estimate
    assert sim.bill[0].text_in <= usage.text_in < 3 * sim.bill[0].text_in
    assert sim.bill[0].text_out <= usage.text_out < 3 * sim.bill[0].text_out


def test_a_short_memory_is_told(near: OpenAICompatible) -> None:
    assert near.warnings([{"id": "llama3.2:3b", "owned_by": "library"}])
    assert not near.warnings([{"id": "flux-dev", "owned_by": "system"}])


def test_models_and_check(sim: Any, near: OpenAICompatible) -> None:
    tags = {model.remote_id: model.tags for model in asyncio.run(near.models())}
    assert tags["flux-dev"] == ("image-generation",)
    assert tags["llama-3.3-8b"] == ("chat",)
    assert tags["qwen-vl"] == ("chat", "vision")
    assert asyncio.run(near.check()).steps
    assert not sim.bill
