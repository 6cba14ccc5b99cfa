"""OpenAI's own client says the same words that we do: seen at the same server, side by side."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI as Client
from PIL import Image

from providers.kinds.openai import OpenAI
from tests import upstream
from tests.providers.kinds.wired import answered, connected, happened, made, order, photo, question
from tests.upstream import pictures

TOOL: dict[str, Any] = {"type": "function", "function": {"name": "draw", "parameters": {}}}


@pytest.fixture
def sim() -> Iterator[Any]:
    with upstream.serve("openai") as simulator:
        yield simulator


@pytest.fixture
def client(sim: Any) -> Iterator[Client]:
    with Client(base_url=sim.base_url, api_key=sim.key, max_retries=0) as client:
        yield client


@pytest.fixture
def ours(sim: Any) -> OpenAI:
    adapter: OpenAI = connected(OpenAI, sim)
    return adapter


def assert_same(sim: Any) -> None:
    theirs, ours = sim.requests
    assert (ours.method, ours.target) == (theirs.method, theirs.target)
    assert ours.headers["authorization"] == theirs.headers["authorization"]
    if not theirs.is_multipart:
        assert ours.json == theirs.json
        return
    assert ours.form.fields == theirs.form.fields
    told = [[(file.field, file.content) for file in one.form.files] for one in (theirs, ours)]
    assert told[0] == told[1]


def test_generate(sim: Any, client: Client, ours: OpenAI) -> None:
    wanted: dict[str, Any] = {"quality": "low", "background": "opaque", "output_format": "webp"}
    said = client.images.generate(
        model="gpt-image-2", prompt="a fox", n=2, size="1536x1024", user="a1", **wanted
    )
    finished = made(
        ours,
        order("gpt-image-2", n=2, width=1536, background="opaque", format="webp", user="a1"),
    )
    assert_same(sim)
    assert said.usage is not None
    assert finished.usage.tokens_out == said.usage.output_tokens


def test_previews(sim: Any, client: Client, ours: OpenAI) -> None:
    told = list(
        client.images.generate(
            model="gpt-image-2",
            prompt="a fox",
            n=1,
            size="1024x1024",
            quality="low",
            stream=True,
            partial_images=2,
        )
    )
    assert len(happened(ours, order("gpt-image-2", partials=2))) == len(told)
    assert_same(sim)


@pytest.mark.parametrize("count", [1, 2])
def test_edit(sim: Any, client: Client, ours: OpenAI, count: int) -> None:
    content = pictures.picture(64, 64)
    file = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(file, "PNG")
    mask = io.BytesIO()
    Image.new("L", (64, 64), 255).save(mask, "PNG")
    parts = [("a.png", content, "image/png")] * count
    client.images.edit(
        image=parts if count > 1 else parts[0],
        mask=("mask.png", file.getvalue(), "image/png"),
        model="gpt-image-2",
        prompt="a fox",
        n=1,
        size="1024x1024",
        quality="low",
    )
    made(
        ours,
        order("gpt-image-2", references=(photo(content),) * count, mask=photo(mask.getvalue())),
    )
    assert_same(sim)


def test_chat(sim: Any, client: Client, ours: OpenAI) -> None:
    asked = question("gpt-5", tools=(TOOL,), tool_choice="required", most_tokens=99)
    stream = client.chat.completions.create(
        model="gpt-5",
        messages=list(asked.messages),  # type: ignore[arg-type]
        tools=[TOOL],  # type: ignore[list-item]
        tool_choice="required",
        max_completion_tokens=99,
        stream=True,
        stream_options={"include_usage": True},
    )
    assert list(stream)
    answered(ours, asked)
    assert_same(sim)
