"""What a turn looks like: its messages as blocks a template can show, and a refusal as a card.

The same entries come from the rows of a finished turn and from the live state of a working one,
so a reload shows what the stream showed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.actor import Actor
from assistants import jobs, renditions
from assistants.models import Artifact, ImageJob
from chats import prose
from chats.models import Message, Turn
from chats.turns import yes_text, yes_token
from policies import thresholds
from tale.lib import money
from tale.lib.refusals import Refusal

Entry = dict[str, Any]
LEADS_TO = {"storage_full": "chats:pictures"}  # where the reader can do something about it
KNOWN = ("cancelled",)  # they did it themselves
GIVEN_UP = (*KNOWN, "provider_timeout")
UNTOASTED = (*KNOWN, "confirmation_required")  # a question is answered on its card
TITLES = {"confirmation_required": gettext_lazy("Not generated yet")}


@dataclass(slots=True)
class Shown:
    """A turn, ready for `chats/_turn.html`."""

    id: str
    state: str
    question: str = ""
    assistant_name: str = ""
    reason: str = ""
    tail: str = ""
    blocks: list[Entry] = field(default_factory=list)


def entry_of(message: Message) -> Entry:
    html = prose.to_html(message.content) if message.role == Message.Role.ASSISTANT else ""
    return {"message": message.pk, "role": message.role, "html": html, **message.data}


def picture_entry(artifact: Artifact) -> Entry:
    names = ("id", "width", "height", "alt", "prompt")
    said = {name: getattr(artifact, name) for name in names}
    return said | {"label": renditions.label_of(artifact)}


def refusal_entry(refusal: Refusal) -> Entry:
    return {"code": refusal.code, "message": str(refusal), **refusal.details}


def show(turn: Turn, state: Entry) -> Shown:
    """`state`: what is put in tale.lib.live, or `state_of(turn)` made from the rows."""
    return Shown(
        id=turn.pk,
        state=state["state"],
        question=state.get("question", ""),
        assistant_name=state["assistant_name"],
        reason=state["reason"],
        tail=state["tail"],
        blocks=_blocks(state["entries"], state.get("making"), is_open=state["state"] in Turn.OPEN),
    )


def states_of(turns: Iterable[Turn]) -> list[tuple[Turn, Entry]]:
    """From the rows, in two queries however many turns there are, and a few for each wish that
    was given up."""
    turns = list(turns)
    messages = Message.objects.none()
    if turns:
        organisation = turns[0].organisation_id
        messages = Message.objects.filter(organisation=organisation, turn__in=turns)
    of_turn: dict[str, list[Message]] = {turn.pk: [] for turn in turns}
    for message in messages.order_by("position"):
        of_turn[message.turn_id].append(message)
    _look_what_came([message for rows in of_turn.values() for message in rows])
    tokens = {turn.client_token for turn in turns}
    states = [(turn, _state(turn, of_turn[turn.pk])) for turn in turns]
    for entry in (entry for _turn, state in states for entry in state["entries"]):
        entry["is_answered"] = yes_token(entry["message"]) in tokens
    return states


def _look_what_came(messages: Iterable[Message]) -> None:
    """What was stopped, or given up waiting for, may be billed, and come, after its card was
    written."""
    given_up = {
        refusal["job"]: message
        for message in messages
        if (refusal := message.data.get("refusal") or {}).get("code") in GIVEN_UP
        and refusal.get("job")
    }
    if not given_up:
        return
    home = next(iter(given_up.values())).organisation_id
    found = ImageJob.objects.filter(organisation=home, pk__in=given_up)
    for job in found.select_related("organisation"):
        data, pictures = given_up[job.pk].data, jobs.pictures_of(job)
        if job.state == ImageJob.State.CANCELLED:
            late = [picture.pk for picture in pictures if picture.state == Artifact.State.LATE]
            data["refusal"] = refusal_entry(jobs.stopped(job)) | {"late": late}
        elif job.state == ImageJob.State.DONE and pictures:
            data.update(refusal=None, pictures=[picture_entry(each) for each in pictures])


def _state(turn: Turn, messages: list[Message]) -> Entry:
    asked = next((row.content for row in messages if row.role == Message.Role.USER), "")
    return {
        "state": turn.state,
        "revision": turn.revision,
        "question": asked,
        "assistant_name": turn.assistant_name,
        "reason": turn.reason,
        "tail": "",
        "entries": [entry_of(row) for row in messages if row.role != Message.Role.USER],
        "toasts": refusals_of(messages) + turn.warnings,
    }


def refusals_of(messages: Iterable[Message]) -> list[Entry]:
    """For whom it is news."""
    told = (row.data["refusal"] for row in messages if row.data.get("refusal"))
    return [refusal for refusal in told if refusal["code"] not in UNTOASTED]


def _blocks(entries: list[Entry], making: Entry | None, *, is_open: bool) -> list[Entry]:
    """`making`: how far the first tool is that has not answered."""
    blocks: list[Entry] = []
    done = {entry["call_id"] for entry in entries if entry["role"] == "tool"}
    for entry in entries:
        if entry["role"] == "assistant":
            if entry["html"]:
                blocks.append(_text(entry))
            waiting = [call for call in entry.get("calls", ()) if call["id"] not in done]
            blocks += [
                _making(call, {} if place else making or {})
                for place, call in enumerate(waiting)
                if is_open
            ]
        elif entry.get("refusal"):
            blocks.append({"kind": "refused", "card": card(entry["refusal"]) | _yes(entry)})
        elif entry.get("pictures"):
            pictures = [_picture(picture) for picture in entry["pictures"]]
            again = {"is_again": entry.get("is_again"), "made_in": entry.get("made_in")}
            blocks.append({"kind": "pictures", "pictures": pictures, **again})
    return blocks


def texts_of(actor: Actor, turns: Iterable[str]) -> list[Entry]:
    """What the assistant says in these of the actor's own chats, as it is now."""
    answers = Message.objects.of(actor.organisation).filter(role=Message.Role.ASSISTANT)
    said = answers.filter(turn__in=turns, turn__chat__owner=actor.user).exclude(content="")
    return [_text(entry_of(message)) for message in said.order_by("turn", "position")]


def _text(entry: Entry) -> Entry:
    return {"kind": "text", "message": entry["message"], "html": mark_safe(entry["html"])}


def _making(call: Entry, made: Entry) -> Entry:
    frame = call.get("frame") or {"n": 1, "width": 1024, "height": 1024}
    stage = ngettext("Making a picture", "Making %(n)s pictures", frame["n"]) % {"n": frame["n"]}
    if made.get("stage") == "waiting":
        stage = _("Waiting for its turn")
    started = call.get("started_at")
    return {
        "kind": "making",
        **frame,
        "stage": stage,
        "job": made.get("job", ""),
        "percent": round(100 * made.get("fraction", 0)),
        "started_at": parse_datetime(started) if started else None,
    }


def _picture(entry: Entry) -> Entry:
    if entry.get("gone"):
        return entry
    address = reverse("chats:picture", args=[entry["id"]])
    small = {
        renditions.sides_of(entry["width"], entry["height"], variant)[
            0
        ]: f"{address}?variant={variant}"
        for variant in renditions.SIDES
    }
    srcset = ", ".join(f"{source} {width}w" for width, source in small.items())
    thumb = f"{address}?variant=thumb"
    return {**entry, "url": address, "preview_url": thumb, "srcset": srcset}


def card(refusal: Entry) -> Entry:
    """For the reader's eyes and in their language, whoever wrote it down."""
    for_answer = refusal.get("for_answer", False)
    looks = {"code": refusal["code"], "icon": "error" if for_answer else "no-picture"}
    if refusal["code"] != "budget_exceeded":
        usual = _("Not answered") if for_answer else _("Not generated")
        return {
            **looks,
            "title": TITLES.get(refusal["code"]) or usual,
            "reason": refusal["message"],
            "next_step": "",
            "late": refusal.get("late", ()),
            "page": LEADS_TO.get(refusal["code"], ""),
        }
    return {
        **looks,
        "title": _("Not answered: a budget is used up")
        if for_answer
        else _("Not generated: a budget is used up"),
        "reason": budget_text(refusal),
        "scope": scope_text(refusal),
        "used": _amount(refusal, "used"),
        "limit": _amount(refusal, "limit"),
        "percent": min(100, 100 * refusal["used"] // max(refusal["limit"], 1)),
        "resets_at": _when(refusal),
        "next_step": _next_step(refusal),
    }


def _next_step(refusal: Entry) -> str:
    if refusal["smaller_fits"] and not refusal.get("for_answer"):
        return _("Ask for fewer or smaller pictures, or ask an administrator for more.")
    if refusal["resets_at"] is None:
        return _("Ask an administrator for more.")
    return _("Wait until it starts again, or ask an administrator for more.")


def _yes(entry: Entry) -> Entry:
    """The button of a card that asks for a yes, until it has one."""
    refusal = entry["refusal"]
    if refusal["code"] != "confirmation_required" or entry.get("is_answered"):
        return {}
    return {
        "message": entry["message"],
        "yes": yes_text(refusal["amount_micro"], refusal["currency"]),
    }


def level_of(told: Entry) -> str:
    return "warning" if told["code"] == thresholds.CODE else "error"


def toast(refusal: Entry) -> str:
    """One breath: what, how much of how much, when again, what to do."""
    if refusal["code"] == thresholds.CODE:
        return _warning(refusal)
    seen = card(refusal)
    if refusal["code"] != "budget_exceeded":
        return f"{seen['reason']} {seen['next_step']}".strip()
    text = _("%(scope)s: %(used)s of %(limit)s used. %(reason)s") % seen
    return " ".join(filter(None, (text, _starts_again(seen["resets_at"]), seen["next_step"])))


def _warning(near: Entry) -> str:
    words = {
        "scope": scope_text(near),
        "used": _amount(near, "used"),
        "limit": _amount(near, "limit"),
        "percent": near["percent"],
    }
    text = _("%(scope)s: %(used)s of %(limit)s used, %(percent)s %%.") % words
    return " ".join(filter(None, (text, _starts_again(_when(near)))))


def _starts_again(when: datetime | None) -> str:
    return _("It starts again on %(day)s.") % {"day": date_format(when)} if when else ""


def budget_text(refusal: Entry) -> str:
    left = {**refusal, "left": max(refusal["limit"] - refusal["used"], 0)}
    return _("This needs %(asked)s and %(left)s is left.") % {
        "asked": _amount(left, "asked"),
        "left": _amount(left, "left"),
    }


def scope_text(told: Entry) -> str:
    """Of a refusal or a warning. What was written down before shares were told apart names none."""
    shares = {
        "team": _("Your share of your team's budget"),
        "organisation": _("Your share of your organisation's budget"),
    }
    whole = {
        "user": _("Your budget"),
        "key": _("This API key's budget"),
        "assistant": _("This assistant's budget"),
        "team": _("Your team's budget"),
        "organisation": _("Your organisation's budget"),
    }
    times = {
        "day": _(" for today"),
        "week": _(" for this week"),
        "month": _(" for this month"),
        "total": "",
    }
    whose = shares if told.get("is_per_member") else whole
    return whose[told["scope"]] + times[told["period"]]


def _amount(refusal: Entry, name: str) -> str:
    value: int = refusal[name]
    if refusal["measure"] == "pictures":
        return money.pictures(value)
    beside = [refusal.get(each, 0) for each in ("asked", "used", "limit")]
    return money.show(value, refusal["currency"], beside=beside)


def _when(refusal: Entry) -> datetime | None:
    when = parse_datetime(refusal.get("resets_at") or "")
    return timezone.localtime(when) if when else None
