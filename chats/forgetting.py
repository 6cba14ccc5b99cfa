"""What chats say of pictures: a gap where one was deleted, and none of the words it was made of.

A call of a tool is found by the pictures its answer shows, and by the job it began, whose key names
turn, step and call: so it is found where its answer shows nothing, or is not written yet. What a
person said stays.

Who changes what was said holds the pictures' jobs first (`jobs.locked_of`), then the turns, and
writes the audit after both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q

from accounts.models import Organisation
from assistants.models import Artifact, ImageJob
from chats.models import Message, Turn
from chats.turns import yes_token

Role = Message.Role
WORDS = ("prompt", "alt", "style")


class Call(NamedTuple):
    """Of a tool. `step` is the message that asked for it."""

    step: Message
    id: str


class Said:
    """All that was said in some turns, as it is now and until the transaction ends. What is changed
    of it, `save` writes."""

    def __init__(self, organisation: Organisation, turns: Collection[str]) -> None:
        locked = Turn.objects.of(organisation).filter(pk__in=turns)
        list(locked.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        rows = Message.objects.of(organisation).filter(turn__in=turns).select_related("turn")
        self.messages = list(rows.order_by("turn", "position"))
        self.organisation = organisation
        self.before = [_whole(message) for message in self.messages]

    def of(self, turn: str, role: str) -> list[Message]:
        return [row for row in self.messages if (row.turn_id, row.role) == (turn, role)]

    def save(self) -> set[str]:
        """Names the turns that changed."""
        changed = [
            message
            for message, before in zip(self.messages, self.before, strict=True)
            if _whole(message) != before
        ]
        Message.objects.of(self.organisation).bulk_update(changed, ["content", "data"])
        return {message.turn_id for message in changed}

    def call_answered(self, answer: Message) -> Call | None:
        steps = self.of(answer.turn_id, Role.ASSISTANT)
        asked = [step for step in steps if step.position < answer.position]
        return Call(asked[-1], answer.data["call_id"]) if asked else None

    def call_behind(self, job: ImageJob) -> Call | None:
        turn, number, call = _named_by(job)
        steps = self.of(turn, Role.ASSISTANT)
        return Call(steps[number - 1], call) if 0 < number <= len(steps) else None

    def call_copied(self, call: Call) -> Call | None:
        """The one that was refused for want of a yes, where this one came of the yes."""
        questions = self.of(call.step.turn_id, Role.USER)
        yes = questions[0].data.get("yes") if questions else None
        if not yes or (yes["call"], 1) != (call.id, call.step.position):
            return None
        token = call.step.turn.client_token
        card = next((row for row in self.messages if yes_token(row.pk) == token), None)
        return self.call_answered(card) if card else None


def forget(pictures: Sequence[Artifact], jobs: Sequence[ImageJob], *, turns: set[str]) -> None:
    """The answer keeps a gap where a picture was. When all pictures of a call are gone, or it began
    one of the `jobs`, so are the words the model drew them with. `turns` gets those that changed.
    """
    organisation = pictures[0].organisation
    gaps = {
        picture.pk: {"id": picture.pk, "width": picture.width, "height": picture.height}
        for picture in pictures
    }
    concerned = _showing(organisation, pictures) | {_named_by(job)[0] for job in jobs}
    said = Said(organisation, _with_copied(organisation, concerned))
    calls = [said.call_behind(job) for job in jobs]
    for message, entries in _shown(said.messages, gaps.keys()):
        entries[:] = [
            gaps[entry["id"]] | {"gone": True} if entry["id"] in gaps else entry
            for entry in entries
        ]
        if all(entry.get("gone") for entry in entries):
            calls.append(said.call_answered(message))
    for call in calls:
        while call is not None:
            _forget_call(call, said)
            call = said.call_copied(call)
    turns |= said.save()


def describe(picture: Artifact, alt: str) -> None:
    said = Said(picture.organisation, _showing(picture.organisation, [picture]))
    for _message, entries in _shown(said.messages, {picture.pk}):
        for entry in entries:
            if entry["id"] == picture.pk:
                entry["alt"] = alt
    said.save()


@transaction.atomic
def unsay(turn: Turn, entries: Iterable[dict[str, Any]]) -> list[Message]:
    """The answer at its end, as it is now: `entries` are what was shown of it. Where a call forgot
    its words meanwhile, the model did not, and may have repeated them since."""
    said = Said(turn.organisation, {turn.pk})
    answer = [message for message in said.messages if message.role != Role.USER]
    left = {_key(message.pk, call) for message in answer for call in message.data.get("calls", ())}
    forgotten = [
        word
        for entry in entries
        for call in entry.get("calls", ())
        if _key(entry["message"], call) not in left
        for word in _words_of(call["arguments"])
    ]
    for message in answer:
        message.content = _without(message.content, forgotten)
    said.save()
    return answer


def _key(message: str, call: dict[str, Any]) -> tuple[str, str, str]:
    return message, call["id"], call["arguments"]


def _showing(organisation: Organisation, pictures: Sequence[Artifact]) -> set[str]:
    """Turns: of the chat that keeps one, and of those of its owner where it was shown again."""
    answers = Message.objects.of(organisation).filter(role=Role.TOOL)
    owners = {picture.owner_id for picture in pictures}
    again = Q(data__is_again=True, turn__chat__owner__in=owners)
    rows = answers.filter(Q(turn__chat__in={picture.home for picture in pictures}) | again)
    return {row.turn_id for row, _entries in _shown(rows, {picture.pk for picture in pictures})}


def _shown(
    messages: Iterable[Message], ids: Collection[str]
) -> Iterator[tuple[Message, list[dict[str, object]]]]:
    """Those that show one of these, and all the pictures they show."""
    for message in messages:
        entries = message.data.get("pictures", ())
        if any(entry["id"] in ids for entry in entries):
            yield message, entries


def _with_copied(organisation: Organisation, turns: set[str]) -> set[str]:
    """And the turns with the cards that were answered with a yes."""
    asked = Message.objects.of(organisation).filter(turn__in=turns, data__yes__isnull=False)
    tokens = asked.values_list("turn__client_token", flat=True)
    cards = [token.removeprefix(yes_token("")) for token in tokens]
    refused = Message.objects.of(organisation).filter(pk__in=cards)
    new = set(refused.values_list("turn", flat=True)) - turns
    return _with_copied(organisation, turns | new) if new else turns


def _named_by(job: ImageJob) -> tuple[str, int, str]:
    """Turn, step and call. A key that a program chose names nothing, whatever it says."""
    kind, _colon, turn = job.reference.partition(":")
    number, _colon, call = job.idempotency_key.removeprefix(f"{job.reference}:").partition(":")
    if kind != "turn" or not number.isdecimal():
        return "", 0, ""
    return turn, int(number), call


def _forget_call(call: Call, said: Said) -> None:
    drawn_with: list[str] = []
    for asked in call.step.data.get("calls", ()):
        if asked["id"] == call.id:
            drawn_with += _words_of(asked["arguments"])
            asked["arguments"] = "{}"
    turn = call.step.turn_id
    for answer in said.of(turn, Role.TOOL):
        if answer.data["call_id"] == call.id and answer.data["result"].get("adjusted"):
            answer.data["result"]["adjusted"] = []
    for message in said.of(turn, Role.ASSISTANT):
        message.content = _without(message.content, drawn_with)


def _words_of(arguments: str) -> list[str]:
    try:
        asked = json.loads(arguments)
    except ValueError:
        return []
    return [str(asked[name]) for name in WORDS if asked.get(name)] if type(asked) is dict else []


def _without(text: str, words: Sequence[str]) -> str:
    """What the assistant repeated of them in its reply goes with them."""
    for each in sorted(filter(None, (word.strip(" .!?") for word in words)), key=len, reverse=True):
        word = re.escape(each)
        last = rf":\s*{word}(?=[.!?]|\s*$)"  # "Here it is: a fox." ends where the colon was
        text = re.sub(last, "", text, flags=re.IGNORECASE | re.MULTILINE)
        text = re.sub(word, "…", text, flags=re.IGNORECASE)
    return text


def _whole(message: Message) -> str:
    return json.dumps([message.content, message.data])
