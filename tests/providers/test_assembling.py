import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.assembling import MOST_CALLS, MOST_CHARS, Assembler, new_call_id

FOX = {"prompt": 'A fox, "red" } {', "n": 2}
OWL = {"prompt": "An owl"}


def assembled(*fragments: Any) -> list[tuple[str, Any]]:
    assembler = Assembler()
    for fragment in fragments:
        assembler.add(fragment)
    return [(call.name, json.loads(call.arguments)) for call in assembler.calls()]


def opened(name: str, arguments: Any = "", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def goes_on(arguments: str, **more: Any) -> dict[str, Any]:
    return {"function": {"arguments": arguments}, **more}


def halves(value: Any) -> tuple[str, str]:
    text = json.dumps(value)
    return text[: len(text) // 2], text[len(text) // 2 :]


BOTH = [("draw", FOX), ("draw", OWL)]
FOX_1, FOX_2 = halves(FOX)
OWL_1, OWL_2 = halves(OWL)
FORMS: dict[str, list[Any]] = {
    "normal": [
        opened("draw", index=0, id="a"),
        goes_on(FOX_1, index=0),
        goes_on(FOX_2, index=0),
        opened("draw", index=1, id="b"),
        goes_on(OWL_1, index=1),
        goes_on(OWL_2, index=1),
    ],
    "index missing": [
        opened("draw", id="a"),
        goes_on(FOX_1),
        goes_on(FOX_2),
        opened("draw", id="b"),
        goes_on(OWL_1),
        goes_on(OWL_2),
    ],
    "index missing, no ids": [opened("draw", json.dumps(FOX)), opened("draw", json.dumps(OWL))],
    "index always 0": [
        opened("draw", json.dumps(FOX), index=0, id="a"),
        opened("draw", json.dumps(OWL), index=0, id="b"),
    ],
    "index always 0, no ids": [
        opened("draw", json.dumps(FOX), index=0),
        opened("draw", json.dumps(OWL), index=0),
    ],
    "continued under a changed index": [
        opened("draw", index=0, id="a"),
        goes_on(FOX_1, index=1),
        goes_on(FOX_2, index=1),
        opened("draw", index=1, id="b"),
        goes_on(OWL_1, index=2),
        goes_on(OWL_2, index=2),
    ],
    "continued under the index of a whole call": [
        opened("draw", json.dumps(FOX), index=0, id="a"),
        opened("draw", index=1, id="b"),
        goes_on(OWL_1, index=0),
        goes_on(OWL_2, index=0),
    ],
    "id late": [
        opened("draw", index=0),
        goes_on(FOX_1, index=0),
        goes_on(FOX_2, index=0, id="a"),
        opened("draw", index=1),
        goes_on(OWL_1, index=1),
        goes_on(OWL_2, index=1),
        goes_on("", index=1, id="b"),
    ],
    "id repeated": [
        opened("draw", index=0, id="a"),
        goes_on(FOX_1, index=0, id="a"),
        goes_on(FOX_2, index=0, id="a"),
        opened("draw", OWL_1, index=1, id="b"),
        opened("draw", OWL_2, index=1, id="b"),
    ],
    "told whole twice": [
        opened("draw", json.dumps(FOX), id="a"),
        opened("draw", json.dumps(OWL), id="b"),
        opened("draw", json.dumps(OWL), id="b"),
    ],
    "the same id for two": [
        opened("draw", json.dumps(FOX), id="draw"),
        opened("draw", json.dumps(OWL), id="draw"),
    ],
    "id empty": [
        opened("draw", index=0, id=""),
        goes_on(json.dumps(FOX), index=0, id=""),
        opened("draw", index=1, id=""),
        goes_on(json.dumps(OWL), index=1, id=""),
    ],
    "interleaved": [
        opened("draw", index=0, id="a"),
        opened("draw", index=1, id="b"),
        goes_on(FOX_1, index=0),
        goes_on(OWL_1, index=1),
        goes_on(OWL_2, index=1),
        goes_on(FOX_2, index=0),
    ],
    "arguments as objects": [opened("draw", FOX, index=0), opened("draw", OWL, index=0)],
    "encoded twice": [
        opened("draw", json.dumps(json.dumps(FOX)), index=0, id="a"),
        opened("draw", json.dumps(json.dumps(OWL)), index=1, id="b"),
    ],
    "tokens of the model behind": [
        opened("draw", json.dumps(FOX) + "<|im_end|>", index=0, id="a"),
        opened("draw", OWL_1, index=1, id="b"),
        goes_on("</tool_call>", index=0),
        goes_on(OWL_2, index=1),
        goes_on("\n", index=1),
    ],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_calls(form: str) -> None:
    assert assembled(*FORMS[form]) == BOTH


def test_ids_are_kept_or_made() -> None:
    assembler = Assembler()
    for fragment in FORMS["id late"]:
        assembler.add(fragment)
    assert [call.id for call in assembler.calls()] == ["a", "b"]
    assembler = Assembler()
    for fragment in FORMS["the same id for two"]:
        assembler.add(fragment)
    first, second = (call.id for call in assembler.calls())
    assert first == "draw"
    assert len(second) == 9
    assert second.isalnum()
    assert second.islower() or second.isdigit()
    assert new_call_id() != new_call_id()


@pytest.mark.parametrize("nothing", ["", None, "null", " ", {}, '""'])
def test_no_arguments(nothing: Any) -> None:
    assert assembled(opened("now", nothing, index=0, id="a")) == [("now", {})]
    assert assembled({"index": 0, "function": {"name": "now"}}) == [("now", {})]


@pytest.mark.parametrize("broken", ['{"prompt": "a', '{"n": NaN}', "[" * 100_000, "a fox"])
def test_broken_arguments_are_passed_on(broken: str) -> None:
    assembler = Assembler()
    assembler.add(opened("draw", broken, index=0))
    assert [call.arguments for call in assembler.calls()] == [broken]


def test_what_must_be_given_back() -> None:
    assembler = Assembler()
    kept = {"google": {"thought_signature": "c2ln"}}
    assembler.add(opened("draw", FOX, index=0, id="a", extra_content=kept))
    assert assembler.calls()[0].extra == {"extra_content": kept}


@pytest.mark.parametrize("nonsense", [None, 3, [], "x", {"function": 3}, {"index": "0"}])
def test_nonsense_does_no_harm(nonsense: Any) -> None:
    assembler = Assembler()
    assembler.add(nonsense)
    assembler.calls()


def test_what_never_ends_is_bounded() -> None:
    assembler = Assembler()
    for at in range(2 * MOST_CALLS):
        assembler.add(opened("draw", index=at, id=f"call_{at}"))
    for _ in range(40_000):
        assembler.add(goes_on('{"prompt": "}', index=0))
    calls = assembler.calls()
    assert len(calls) == MOST_CALLS
    assert len(calls[0].arguments) < MOST_CHARS + 100


ARGUMENTS = st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text())


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[tuple[str, Any]], list[Any]]:
    """Calls, and fragments of them: split anywhere, interleaved in any way."""
    calls = draw(st.lists(st.tuples(st.sampled_from(["draw", "find"]), ARGUMENTS), max_size=4))
    is_encoded, repeats_ids = draw(st.booleans()), draw(st.booleans())
    queues = []
    for index, (name, arguments) in enumerate(calls):
        text = json.dumps(arguments)
        text = json.dumps(text) if is_encoded else text
        cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=5)) | {0, len(text)})
        parts = [text[start:end] for start, end in itertools.pairwise(cuts)]
        id = {"id": f"call_{index}"}
        again = id if repeats_ids else {}
        rest = [goes_on(part, index=index, **again) for part in parts]
        queues.append([opened(name, index=index, **id), *rest])
    fragments = []
    while queue := draw(st.sampled_from([q for q in queues if q])) if any(queues) else None:
        fragments.append(queue.pop(0))
    return calls, fragments


@given(streams())
def test_any_split_gives_the_same_calls(stream: tuple[list[tuple[str, Any]], list[Any]]) -> None:
    calls, fragments = stream
    order: list[int] = []
    for fragment in fragments:
        if fragment["index"] not in order:
            order.append(fragment["index"])
    assert assembled(*fragments) == [calls[index] for index in order]


@given(st.lists(st.tuples(st.sampled_from(["draw", "find"]), ARGUMENTS), max_size=4), st.data())
def test_any_split_without_index_or_id(calls: list[tuple[str, Any]], data: st.DataObject) -> None:
    fragments = []
    for name, arguments in calls:
        text = json.dumps(arguments)
        cut = data.draw(st.integers(0, len(text)))
        fragments += [opened(name, text[:cut]), goes_on(text[cut:])]
    assert assembled(*fragments) == calls
