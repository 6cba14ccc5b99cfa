"""Chat and the Responses API of the simulator, against the real SDK."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest

from tests.upstream import bill, dialects, pictures
from tests.upstream.conftest import post

ASK = {"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hi"}]}
TOOL = {"type": "function", "function": {"name": "draw", "parameters": {"type": "object"}}}


def test_chat_answers_whole_and_streamed(sim: Any, client: Any) -> None:
    sim.chat.says("Hello there, friend.")
    whole = client.chat.completions.create(**ASK)
    assert whole.choices[0].message.content == "Hello there, friend."
    sim.chat.calls("draw", {"prompt": "a fox"})
    with client.chat.completions.create(
        **ASK, tools=[TOOL], stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    calls = [c for chunk in chunks[:-1] for c in chunk.choices[0].delta.tool_calls or []]
    assert "".join(call.function.arguments for call in calls) == '{"prompt": "a fox"}'
    assert chunks[-2].choices[0].finish_reason == "tool_calls"
    assert chunks[-1].usage.completion_tokens == sim.bill[-1].text_out > 0


def test_who_hangs_up_pays_for_what_was_said(sim: Any, client: Any) -> None:
    sim.chat.takes_s = 2
    sim.chat.says("word " * 400)
    with client.chat.completions.create(**ASK, stream=True) as stream:
        next(iter(stream))
    sim.finish()
    assert sim.bill[0].text_out < 500 == bill.text_tokens("word " * 400)
    assert len(sim.asked("/chat/completions")) == 1


def test_every_call_must_be_answered(sim: Any, client: Any) -> None:
    called = {"id": "call_1", "type": "function", "function": {"name": "draw", "arguments": "{}"}}
    history = [*ASK["messages"], {"role": "assistant", "tool_calls": [called]}]
    answered = [*history, {"role": "tool", "tool_call_id": "call_1", "content": "{}"}]
    assert client.chat.completions.create(model="gpt-5", messages=answered).choices
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="gpt-5", messages=history)


def test_a_parameter_it_does_not_take_is_named(sim: Any, client: Any) -> None:
    sim.chat.refuses = {"parallel_tool_calls"}
    for name, value in {"parallel_tool_calls": True, "max_tokens": 9}.items():
        with pytest.raises(openai.BadRequestError) as refused:
            client.chat.completions.create(**{**ASK, "model": "gpt-5", name: value})
        assert (refused.value.code, refused.value.param) == ("unsupported_parameter", name)


# A quirk that shows elsewhere: in what is answered to history, or as the way everybody speaks.
SAME = ("strict_history", "reasoning_content")


@pytest.mark.parametrize("quirk", sorted(dialects.QUIRKS))
def test_every_quirk_is_told_whole_and_streamed(sim: Any, quirk: str) -> None:
    for stream in (False, True):
        plain = told(sim, stream=stream)
        sim.chat.quirk = quirk
        strange = told(sim, stream=stream)
        sim.chat.quirk = ""
        if stream and quirk not in SAME:
            assert plain != strange
    assert len(sim.requests) == 4


def told(sim: Any, *, stream: bool) -> str:
    sim.chat.steps.clear()
    sim.chat.calls_all(
        ("draw", {"prompt": "a fox"}), ("draw", {"prompt": "a cat"}), says="Two of them."
    )
    sim.chat.steps[-1].thinks = "Let me see."
    body = {**ASK, "stream": stream, "tools": [TOOL], "stream_options": {"include_usage": True}}
    status, _, answer = post(sim, "/v1/chat/completions", body)
    assert status == 200
    return answer.decode().replace(sim.requests[-1].id, "")


def test_a_picture_through_responses(sim: Any, client: Any) -> None:
    tool = {"type": "image_generation", "model": "gpt-image-2", "quality": "low"}
    made = client.responses.create(model="gpt-5", input="a fox", tools=[tool])
    call = made.output[0]
    assert pictures.size_of(base64.b64decode(call.result)) == (1024, 1024)
    assert made.output_text == "Here it is."
    assert made.tool_usage.image_gen.output_tokens == 196
    assert [charge.model for charge in sim.bill] == ["gpt-image-2", "gpt-5"]


def test_a_response_comes_in_parts(sim: Any, client: Any) -> None:
    tool = {"type": "image_generation", "model": "gpt-image-2", "quality": "low"}
    with client.responses.stream(
        model="gpt-5", input="a fox", tools=[{**tool, "partial_images": 2}]
    ) as stream:
        kinds = [each.type for each in stream]
        made = stream.get_final_response()
    assert kinds.count("response.image_generation_call.partial_image") == 2
    assert made.output_text == "Here it is."
    assert made.output[0].result
    assert sim.bill[0].image_out == 196 + 200


def test_a_response_in_the_background_can_be_cancelled(sim: Any, client: Any) -> None:
    sim.takes_s = 30
    tool = {"type": "image_generation", "model": "gpt-image-2"}
    made = client.responses.create(model="gpt-5", input="a fox", tools=[tool], background=True)
    assert client.responses.retrieve(made.id).status == "in_progress"
    assert client.responses.cancel(made.id).status == "cancelled"
    assert client.responses.retrieve(made.id).status == "cancelled"
    assert sim.responses.working[made.id].cancelled()
    assert not sim.bill
