"""Fifty at once with money for three: through each door over HTTP, and on the holds themselves."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.bench.money import caps, clients, stage
from tests.bench.money.reaper import Reaper
from tests.bench.money.stage import FLAT_MICRO, FLAT_MODEL, Stage, boss
from tests.upstream import bill

AT_ONCE, MONEY_FOR = 50, 3
RIVALS_PROCESSES, RIVALS_THREADS = 4, 2
TURNS_WITHIN_S, RIVALS_WITHIN_S = 120, 30
WIDE = 10**9
Rule = Any


def measure(*, asked: int, talks: int, holds: int, database: str) -> int:
    home = Path(os.environ["TALE_HOME"])
    wrong: list[str] = []
    given: dict[str, Any] = {"kind": database, "takes_s": 0.05, "presume_after_s": 30}
    with stage.set_up(home, **given, people=AT_ONCE) as here:
        rules = _rules(here)
        with Reaper(here, webs=2, workers=1, dice=random.Random(1)) as reaper:
            reaper.await_all()
            with caps.Watch(here.database) as watch:
                wrong += _through_doors(here, reaper, rules, asked, talks)
        wrong += _on_holds(here, rules, holds)
        with closing(caps.connect(here.database)) as connection:
            watch.look(connection)
    if watch.over:
        wrong.append(f"{watch.over} samples over a cap: {watch.worst}")
    print(f"{watch.samples} samples of windows, {watch.over} over a cap")
    print(f"load of the machine {os.getloadavg()[0]:.1f}")
    for line in wrong:
        print(f"WRONG {line}")
    return int(bool(wrong))


def _rules(here: Stage) -> dict[str, Rule]:
    """Two that are moved to leave room for three, and one each that stays far away."""
    from django.utils import timezone  # noqa: PLC0415

    from policies import rules  # noqa: PLC0415
    from policies.models import BudgetRule  # noqa: PLC0415
    from providers.models import Model, ModelDefault  # noqa: PLC0415

    flat = Model.objects.filter(organisation=here.organisation, remote_id=FLAT_MODEL).get()
    ModelDefault.objects.filter(organisation=here.organisation, tag="image-generation").update(
        model=flat
    )
    wanted = (
        ("money", "organisation", "money", WIDE),
        ("pictures", "organisation", "pictures", WIDE),
        ("team", "team", "money", WIDE - 1),
        ("user", "user", "pictures", 10**6),
    )
    return {
        name: rules.save(
            actor=boss(here),
            rule=BudgetRule(
                scope=scope, capability="image", measure=measure, period="total", limit=limit
            ),
            now=timezone.now(),
        )
        for name, scope, measure, limit in wanted
    }


def _leave_room(here: Stage, rules: dict[str, Rule], tight: str) -> None:
    """For three pictures in the one rule, and a micro-unit less than four; the other is wide."""
    from django.utils import timezone  # noqa: PLC0415

    from policies import rules as book  # noqa: PLC0415
    from policies.models import Window  # noqa: PLC0415

    for name, each, spare in (("money", FLAT_MICRO, FLAT_MICRO - 1), ("pictures", 1, 0)):
        rule = rules[name]
        used = sum(
            row.used for row in Window.objects.filter(organisation=here.organisation, rule=rule)
        )
        rule.limit = used + (MONEY_FOR * each + spare if name == tight else WIDE)
        book.save(actor=boss(here), rule=rule, now=timezone.now())


def _through_doors(
    here: Stage, reaper: Reaper, rules: dict[str, Rule], asked: int, talks: int
) -> list[str]:
    wrong = []
    answers: Counter[str] = Counter()
    began = time.monotonic()
    doors = [("face", place) for place in range(asked)] + [("chat", n) for n in range(talks)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for door, place in doors:
            _leave_room(here, rules, "money" if place % 2 else "pictures")
            _forget_rates(here)
            before = _billed(here)
            once = _ask if door == "face" else _talk
            gate = threading.Barrier(AT_ONCE)
            given = [(here, reaper, f"{door}-{place:05d}-{n:02d}", n, gate) for n in range(AT_ONCE)]
            answers.update(f"{door} {code}" for code in pool.map(once, *zip(*given, strict=True)))
            if door == "chat":
                wrong += _await_turns(here)
            if (drawn := _billed(here) - before) != MONEY_FOR:
                wrong.append(f"{door} burst {place}: {drawn} pictures on the bill")
    print(f"{asked} bursts on the OpenAI face, {talks} in the web chat, of {AT_ONCE} each: ")
    print(f"  {dict(answers)} in {time.monotonic() - began:.0f} s")
    return wrong


def _billed(here: Stage) -> int:
    return sum(charge.pictures for charge in bill.read(here.bill))


def _forget_rates(here: Stage) -> None:
    """How often one may come is another subject."""
    from tale.lib.models import RateWindow  # noqa: PLC0415

    RateWindow.objects.all().delete()
    if here.on_postgres:
        from redis import Redis  # noqa: PLC0415

        store = Redis.from_url(os.environ["REDIS_URL"])
        for key in store.scan_iter("*rate*"):
            store.delete(key)


def _ask(here: Stage, reaper: Reaper, tag: str, place: int, gate: threading.Barrier) -> str:
    headers, body = clients.wish(here.people[place], tag, model=FLAT_MODEL)
    port = reaper.addresses()[place % 2]
    gate.wait()
    try:
        status, _, said = clients.request(port, "POST", clients.FACE, headers, body, timeout_s=60)
    except clients.AWAY as away:
        return repr(away)
    return "made" if status == 200 else f"{status} {'quota' if b'quota' in said else said[:80]!r}"


def _talk(here: Stage, reaper: Reaper, tag: str, place: int, gate: threading.Barrier) -> str:
    headers, body = clients.talk(here.people[place], tag)
    port = reaper.addresses()[place % 2]
    gate.wait()
    try:
        status, _, _ = clients.request(port, "POST", clients.CHATS, headers, body, timeout_s=60)
    except clients.AWAY as away:
        return repr(away)
    return f"turn {status}"


def _await_turns(here: Stage) -> list[str]:
    from chats.models import Turn  # noqa: PLC0415

    until = time.monotonic() + TURNS_WITHIN_S
    turns = Turn.objects.filter(organisation=here.organisation)
    while number := turns.filter(state__in=Turn.OPEN).count():
        if time.monotonic() > until:
            return [f"{number} turns never ended"]
        time.sleep(0.2)
    return []


# --- On the holds themselves ----------------------------------------------------------------------


def _on_holds(here: Stage, rules: dict[str, Rule], number: int) -> list[str]:
    """Each burst is a person nobody has seen before: their window is made by the first of eight."""
    from django.utils import timezone  # noqa: PLC0415

    from policies import rules as book  # noqa: PLC0415
    from policies.models import Hold, Window  # noqa: PLC0415

    _leave_room(here, rules, "")
    rules["user"].limit = MONEY_FOR
    book.save(actor=boss(here), rule=rules["user"], now=timezone.now())
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(RIVALS_PROCESSES * RIVALS_THREADS)
    told: Any = context.Queue()
    began = time.monotonic()
    given = (here.organisation, number, gate, told)
    rivals = [context.Process(target=_rival, args=given) for _ in range(RIVALS_PROCESSES)]
    for rival in rivals:
        rival.start()
    outcomes: Counter[str] = sum((told.get() for _ in rivals), Counter())
    for rival in rivals:
        rival.join()
    mine = {"organisation": here.organisation}
    windows = Window.objects.filter(**mine, rule=rules["user"], subject__startswith="burst-")
    counts = Counter(windows.values_list("settled", "reserved"))
    held = Hold.objects.filter(**mine, reference="burst").count()
    at_once = RIVALS_PROCESSES * RIVALS_THREADS
    print(f"{number} bursts on budgets.hold of {at_once} each: {dict(outcomes)}")
    print(f"  windows (settled, reserved): {dict(counts)} in {time.monotonic() - began:.0f} s")
    wrong = []
    if held != number * MONEY_FOR or outcomes["held"] != held:
        wrong.append(f"{held} holds for {number} bursts, {outcomes['held']} told")
    if number and counts != {(0, MONEY_FOR): number}:
        wrong.append(f"windows of bursts: {dict(counts)}")
    return wrong


def _rival(organisation: str, number: int, gate: Any, told: Any) -> None:
    import django  # noqa: PLC0415

    django.setup()
    outcomes: Counter[str] = Counter()
    lock = threading.Lock()
    with ThreadPoolExecutor(RIVALS_THREADS) as pool:
        given = (organisation, number, gate, outcomes, lock)
        racing = [pool.submit(_race, *given) for _ in range(RIVALS_THREADS)]
    told.put(outcomes)
    for race in racing:
        race.result()


def _race(
    organisation: str, number: int, gate: Any, outcomes: Counter[str], lock: threading.Lock
) -> None:
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import Organisation, Team  # noqa: PLC0415
    from policies import budgets  # noqa: PLC0415
    from policies.spender import Quote, Spender  # noqa: PLC0415
    from tale.lib.fields import new_id  # noqa: PLC0415
    from tale.lib.refusals import Refusal  # noqa: PLC0415

    mine = Organisation.objects.filter(pk=organisation).get()
    team = Team.objects.filter(organisation=mine).order_by("pk")[0]
    quote = Quote(
        capability="image",
        operation="generate",
        provider="bench",
        model="bench",
        amount_micro=FLAT_MICRO,
        currency=mine.currency,
        pictures=1,
    )
    for place in range(number):
        who = Spender(mine, user=f"burst-{place:06d}", team=team.pk)
        gate.wait(RIVALS_WITHIN_S)
        outcome = "held"
        try:
            budgets.hold(
                spender=who,
                quote=quote,
                reference="burst",
                idempotency_key=new_id("b"),
                now=timezone.now(),
            )
        except Refusal as refusal:
            outcome = refusal.code
        except Exception as fault:  # a deadlock, a lock that took too long: counted, not hidden
            outcome = type(fault).__name__
        with lock:
            outcomes[outcome] += 1
