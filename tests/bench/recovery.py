"""How long somebody waits when the process that works for them is killed, and when the broker
forgets everything."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench.money import caps, clients, stage
from tests.bench.money.reaper import Reaper
from tests.bench.money.stage import Stage

WITHIN_S = 30
TAKES_S = 8.0
WAITING = 20  # turns in the broker when it forgets them
ASK_AGAIN_S = 3  # twenty times a minute is all that one may
PATIENCE_S = 120


def measure(*, database: str, rounds: int) -> int:
    home = Path(os.environ["TALE_HOME"])
    given: dict[str, Any] = {"kind": database, "presume_after_s": 24 * 3600, "people": WAITING}
    wrong: list[str] = []
    with stage.set_up(home, takes_s=TAKES_S, **given) as here:
        caps.set_up(here)
        with Reaper(here, webs=1, workers=1, dice=random.Random(1)) as reaper:
            reaper.await_all()
            for place in range(rounds):
                wrong += _killed(here, reaper, "worker", _turn, f"t1-{place:06d}")
                wrong += _killed(here, reaper, "web", _request, f"p1-{place:06d}")
            wrong += _flushed(here, reaper)
    for line in wrong:
        print(f"WRONG {line}")
    return int(bool(wrong))


def _killed(
    here: Stage, reaper: Reaper, role: str, ask: Callable[[Stage, Reaper, str], str], tag: str
) -> list[str]:
    """In the middle of the provider's call; started again at once, and timed from there."""
    ward = next(each for each in reaper.wards if each.role == role)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask, here, reaper, tag)
        _until(lambda: _calls(here, tag), "the provider was never called")
        time.sleep(1)
        reaper.end(ward)
        reaper.tend()
        reaper.await_all()
        began = time.monotonic()
        outcome = asked.result()
    took = time.monotonic() - began
    print(f"{role} killed in a call of {TAKES_S:g} s: {outcome} {took:.1f} s after its restart")
    return [] if took <= WITHIN_S else [f"{role}: {took:.1f} s, at most {WITHIN_S}"]


def _calls(here: Stage, tag: str) -> bool:
    from assistants.models import ImageJob  # noqa: PLC0415

    mine = ImageJob.objects.filter(organisation=here.organisation, state="running")
    return mine.filter(wish__prompt__startswith=tag).exists()


def _turn(here: Stage, reaper: Reaper, tag: str) -> str:
    chat = _posted(here, reaper, tag, place=0)
    _until(lambda: _ended(here, chat), "the turn never ended")
    return f"turn {_ended(here, chat)}, {_refused(here, chat) or 'with a picture'},"


def _posted(here: Stage, reaper: Reaper, tag: str, *, place: int) -> str:
    headers, body = clients.talk(here.people[place], tag)
    port = reaper.addresses()[0]
    _, sent, _ = clients.request(port, "POST", clients.CHATS, headers, body, timeout_s=30)
    return sent["location"].rpartition("/")[2]


def _ended(here: Stage, chat: str) -> str:
    from chats.models import Turn  # noqa: PLC0415

    turn = Turn.objects.filter(organisation=here.organisation, chat=chat).get()
    return "" if turn.state in Turn.OPEN else turn.state


def _refused(here: Stage, chat: str) -> str:
    from chats.models import Message  # noqa: PLC0415

    mine = Message.objects.filter(organisation=here.organisation, turn__chat=chat)
    codes = [row.data["refusal"]["code"] for row in mine if row.data.get("refusal")]
    return ", ".join(map(str, codes))


def _request(here: Stage, reaper: Reaper, tag: str) -> str:
    """Asks again with the same key, as a client does that lost its connection."""
    headers, body = clients.wish(here.people[1], tag)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        port = reaper.addresses()[0]
        try:
            status, _, said = clients.request(
                port, "POST", clients.FACE, headers, body, timeout_s=30
            )
        except clients.AWAY:
            time.sleep(ASK_AGAIN_S)
            continue
        code = json.loads(said)["error"]["code"] if status != 200 else "a picture"
        if code != "request_in_progress":
            return f"{status} {code}"
        time.sleep(ASK_AGAIN_S)
    return "nothing"


def _flushed(here: Stage, reaper: Reaper) -> list[str]:
    """With its workers stopped, so that every message is still in the broker."""
    workers = [ward for ward in reaper.wards if ward.role == "worker"]
    for ward in workers:
        os.killpg(ward.pid, signal.SIGSTOP)
    with ThreadPoolExecutor(8) as pool:
        posting = [
            pool.submit(_posted, here, reaper, f"t2-{place:06d}", place=place)
            for place in range(WAITING)
        ]
        chats = [one.result() for one in posting]
    here.flush_the_broker()
    began = time.monotonic()
    for ward in workers:
        os.killpg(ward.pid, signal.SIGCONT)
    ends: Counter[str] = Counter()
    for chat in chats:
        _until(lambda: _ended(here, chat), f"the turn of {chat} never ended")  # noqa: B023
        ends[_ended(here, chat)] += 1
    took = time.monotonic() - began
    print(f"broker flushed with {WAITING} turns in it: {dict(ends)} after {took:.1f} s")
    return [] if ends == {"done": WAITING} else [f"turns ended {dict(ends)}"]


def _until(there: Callable[[], Any], otherwise: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while not there():
        assert time.monotonic() < until, otherwise
        time.sleep(0.1)
