"""A turn as server-sent events: each one is the whole state of its part, so a lost one loses
nothing and a reload shows the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

from django.http import HttpRequest, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from accounts.auth import actor_of
from chats import cards, turns
from chats.access import turn_for
from chats.models import Turn
from tale.lib import live
from tale.lib.aio import in_db


@require_GET
async def events(request: HttpRequest, chat_id: str, turn_id: str) -> StreamingHttpResponse:
    turn = await in_db(_turn, request, chat_id, turn_id)
    stream = _events(turn, translation.get_language() or "en")
    answer = StreamingHttpResponse(stream, content_type="text/event-stream")
    answer["Cache-Control"] = "no-cache, no-transform"
    answer["X-Accel-Buffering"] = "no"
    return answer


async def _events(turn: Turn, language: str) -> AsyncIterator[bytes]:
    async for state in live.follow(f"turn:{turn.pk}"):
        if state is None:  # nothing live, or silence: what the row says is true
            state = await in_db(_row_state, turn)
        with translation.override(language), timezone.override(turn.organisation.time_zone):
            shown = cards.show(turn, state)
            yield _event("answer", render_to_string("chats/_answer.html", {"turn": shown}))
            toasts = state["toasts"][turn.told :]
            if toasts and await in_db(turns.tell, turn=turn, refusals=len(state["toasts"])):
                yield _event("toasts", _toasts(toasts))
        if state["state"] not in Turn.OPEN:
            yield _event("done", "done")
            return


def _turn(request: HttpRequest, chat_id: str, turn_id: str) -> Turn:
    return turn_for(actor_of(request), chat_id, turn_id)


def _row_state(turn: Turn) -> cards.Entry:
    row = Turn.objects.filter(organisation=turn.organisation_id, pk=turn.pk)
    return cards.states_of(row)[0][1]


def _toasts(refusals: list[cards.Entry]) -> str:
    said = [
        {
            "level": cards.level_of(refusal),
            "text": cards.toast(refusal),
            "code": refusal["code"],
        }
        for refusal in refusals
    ]
    return render_to_string("partials/_toasts_told.html", {"toasts": said})


def _event(name: str, body: str) -> bytes:
    lines = "".join(f"data: {line}\n" for line in body.splitlines())
    return f"event: {name}\n{lines}\n".encode()
