from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import (
    require_GET,
    require_http_methods,
    require_POST,
    require_safe,
)
from django_htmx.http import HttpResponseClientRedirect

from accounts.actor import Actor
from accounts.auth import actor_of
from assistants import jobs, storage
from assistants.access import assistants_for
from chats import cards, delivery, links, pictures, turns
from chats.access import chat_for, chats_of, own_pictures_of, picture_for, refused_for
from chats.forms import SayForm, new_token
from chats.models import Chat, Turn
from tale.lib.aio import in_db
from tale.lib.htmx import is_htmx
from tale.lib.paging import PAGE, page


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("account_login")
    organisation = request.organisation  # type: ignore[attr-defined]
    if not organisation or not (organisation.is_active or request.user.is_superuser):
        return redirect("accounts:no_organisation")
    actor = actor_of(request)
    return render(request, "chats/home.html", _page(actor) | {"text": ""})


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    said = SayForm(request.POST).checked()
    turn = turns.start_chat(
        actor=actor,
        text=said["text"],
        client_token=said["client_token"],
        assistant_id=said["assistant"],
    )
    address = turn.chat.get_absolute_url()
    return HttpResponseClientRedirect(address) if is_htmx(request) else redirect(address)


@require_GET
def chat(request: HttpRequest, chat_id: str) -> HttpResponse:
    actor = actor_of(request)
    chat = chat_for(actor, chat_id)
    rows = Turn.objects.filter(chat=chat).order_by("number")
    states = cards.states_of(rows)
    _tell_ended(request, states)
    shown = [cards.show(turn, state) for turn, state in states]
    return render(request, "chats/chat.html", _page(actor, chat) | {"turns": shown})


@require_POST
def say(request: HttpRequest, chat_id: str) -> HttpResponse:
    actor = actor_of(request)
    chat = chat_for(actor, chat_id)
    said = SayForm(request.POST).checked()
    turn = turns.start(actor=actor, chat=chat, text=said["text"], client_token=said["client_token"])
    token = {"client_token": new_token(), "oob": True}
    return _asked(request, turn, render_to_string("chats/_token.html", token, request))


@require_POST
def confirm(request: HttpRequest, message_id: str) -> HttpResponse:
    actor = actor_of(request)
    card = refused_for(actor, message_id)
    turn = turns.confirm(actor=actor, message=card, now=timezone.now())
    return _asked(request, turn, render_to_string("chats/_yes_gone.html", {"card": card.pk}))


def _asked(request: HttpRequest, turn: Turn, beside: str) -> HttpResponse:
    """`beside` changes what else is on the page."""
    if not is_htmx(request):
        return redirect(turn.chat.get_absolute_url())
    ((turn, state),) = cards.states_of([turn])
    seen = {"chat": turn.chat, "turn": cards.show(turn, state)}
    return HttpResponse(render_to_string("chats/_turn.html", seen, request) + beside)


@require_POST
def stop(request: HttpRequest, job_id: str) -> HttpResponse:
    """What there is to see of it comes with the events of its answer."""
    actor = actor_of(request)
    jobs.cancel(job=jobs.job_for(actor, job_id), actor=actor, now=timezone.now())
    return HttpResponse(status=204)


@require_safe
def my_pictures(request: HttpRequest) -> HttpResponse:
    """What there is to clear away where the storage is full."""
    actor = actor_of(request)
    asked = {"limit": PAGE, "cursor": request.GET.get("cursor", "")}
    found, next_cursor = page(own_pictures_of(actor), asked, newest_first=True)
    usage = storage.usage_of(actor)
    seen = {"pictures": found, "next_cursor": next_cursor, "storage": usage, "chat_days": None}
    return render(request, "chats/pictures.html", seen)


@require_http_methods(["GET", "HEAD", "DELETE"])
async def picture(request: HttpRequest, artifact_id: str) -> HttpResponse:
    """Through the session, every time: who may no longer see the chat sees no picture of it."""
    asked = delivery.asked_in(request.GET)
    if request.method == "DELETE":
        return await _delete_picture(request, artifact_id)
    artifact = await in_db(lambda: picture_for(actor_of(request), artifact_id))
    return await delivery.deliver(request, artifact, asked)


@require_safe
async def linked(request: HttpRequest, token: str) -> HttpResponse:
    """Without a session: who holds the link may see, as long as it lives."""
    artifact, asked = await in_db(links.followed, token, now=timezone.now())
    return await delivery.deliver(request, artifact, asked)


async def _delete_picture(request: HttpRequest, artifact_id: str) -> HttpResponse:
    actor = await in_db(actor_of, request)
    deleted = await pictures.delete(actor=actor, artifact_id=artifact_id, now=timezone.now())
    texts = await in_db(cards.texts_of, actor, deleted.turns)
    seen = {"picture": deleted.picture, "texts": texts}
    return HttpResponse(await in_db(render_to_string, "chats/_deleted.html", seen, request))


def _tell_ended(request: HttpRequest, states: list[tuple[Turn, cards.Entry]]) -> None:
    """The toasts of answers that were over before a page could follow them."""
    for turn, state in states:
        untold = state["toasts"][turn.told :]
        over = turn.state not in Turn.OPEN
        if over and untold and turns.tell(turn=turn, refusals=len(state["toasts"])):
            for refusal in untold:
                said = messages.warning if cards.level_of(refusal) == "warning" else messages.error
                said(request, cards.toast(refusal), extra_tags=refusal["code"])


def _page(actor: Actor, chat: Chat | None = None) -> dict[str, Any]:
    assistants = assistants_for(actor).order_by("-is_auto", "name")
    chosen = chat.assistant_id if chat else next((a.pk for a in assistants if a.is_auto), "")
    return {
        "chat": chat,
        "chat_days": _by_day(chats_of(actor)),
        "client_token": new_token(),
        "assistants": [
            {
                "id": assistant.pk,
                "name": assistant.name,
                "description": assistant.description,
                "selected": assistant.pk == chosen,
            }
            for assistant in assistants
        ],
    }


def _by_day(chats: list[Chat]) -> list[dict[str, Any]]:
    today = timezone.localdate()

    def day(chat: Chat) -> date:
        return timezone.localdate(chat.updated_at)

    names = {today: _("Today"), today - timedelta(days=1): _("Yesterday")}
    return [
        {
            "label": names.get(when) or date_format(when, "DATE_FORMAT"),
            "chats": [
                {"id": chat.pk, "title": chat.title, "url": reverse("chats:chat", args=[chat.pk])}
                for chat in of_day
            ],
        }
        for when, of_day in groupby(chats, key=day)
    ]
