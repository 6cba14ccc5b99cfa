"""The simulators against the real SDK: what a client of the real provider sees, it sees here."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests import upstream
from tests.upstream import pictures


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as running:
        yield running


@pytest.fixture
def client(sim: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=sim.base_url, api_key=sim.key, max_retries=0) as made:
        yield made


def test_it_works(sim: Any, client: openai.OpenAI) -> None:
    made = client.images.generate(
        model="gpt-image-2", prompt="a fox", size="1536x1024", quality="low", n=2
    )
    assert made.data
    assert made.usage
    contents = [base64.b64decode(one.b64_json or "") for one in made.data]
    assert [pictures.size_of(content) for content in contents] == [(1536, 1024)] * 2
    assert made.usage.output_tokens == 2 * 158
    assert sim.bill.pictures == 2
    assert sim.bill.amount_micro == 2 * 5 + 2 * 158 * 30
    assert made._request_id == sim.bill[0].request_id  # type: ignore[attr-defined]


def test_chat_answers_whole_and_streamed(sim: Any, client: openai.OpenAI) -> None:
    sim.chat.says("Hello there, friend.")
    whole = client.chat.completions.create(
        model="gpt-4.1-mini", messages=[{"role": "user", "content": "Hi"}]
    )
    assert whole.choices[0].message.content == "Hello there, friend."
    sim.chat.calls("image_generation", {"prompt": "a fox"})
    arguments, usage = "", None
    stream = client.chat.completions.create(
        model="gpt-4.1-mini",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                assert call.function
                arguments += call.function.arguments or ""
    assert arguments == '{"prompt": "a fox"}'
    assert usage
    assert usage.completion_tokens == sim.bill[-1].text_out > 0
