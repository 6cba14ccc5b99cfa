"""Money set aside at once by many clients under four caps that overlap. Beside it, in turns,
the same rows touched by bare SQL: what the protocol costs, and what of that is ours."""

import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg

DATABASE = "tale_bench_holds"
PROCESSES, THREADS = 4, 4
LIMIT = 10**15
LEAST_PER_S, SLOWEST_S = 600, 0.150

BARE = """
with
a as (update bench_counter set n = n + 1 where id = 1 and n < {limit} returning id),
b as (update bench_counter set n = n + 1 where id = 2 and n < {limit} returning id),
c as (update bench_counter set n = n + 1 where id = 3 and n < {limit} returning id),
d as (update bench_counter set n = n + 1 where id = 4 and n < {limit} returning id)
insert into bench_hold (note) select 'hold' from a, b, c, d
"""


@dataclass(frozen=True)
class Round:
    times: list[float]
    lasted_s: float
    faults: int

    @property
    def per_s(self) -> float:
        return len(self.times) / self.lasted_s

    def slowest_s(self, share: float) -> float:
        return sorted(self.times)[int(len(self.times) * share) - 1]


def measure(*, holds: int, rounds: int) -> int:
    address = fresh_database()
    try:
        os.environ["DATABASE_URL"] = address
        spenders = furnish()
        ours: list[Round] = []
        for number in range(1, rounds + 1):
            bare = _run(_bare, address, holds, spenders)
            mine = _run(_held, address, holds, spenders)
            ours.append(mine)
            print(f"round {number}: bare {bare.per_s:.0f}/s, holds {_said(mine)}")
    finally:
        drop_database()
    per_s = statistics.median(each.per_s for each in ours)
    slowest = statistics.median(each.slowest_s(0.99) for each in ours)
    faults = sum(each.faults for each in ours)
    print(
        f"{PROCESSES * THREADS} clients, four caps: {per_s:.0f} holds/s (at least {LEAST_PER_S}), "
        f"p99 {slowest * 1000:.0f} ms (at most {SLOWEST_S * 1000:.0f}), {faults} faults, "
        f"load of the machine {os.getloadavg()[0]:.1f}"
    )
    return int(per_s < LEAST_PER_S or slowest > SLOWEST_S or faults > 0)


def _said(round_: Round) -> str:
    p50, p99 = (1000 * round_.slowest_s(share) for share in (0.5, 0.99))
    return f"{round_.per_s:.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms, {round_.faults} faults"


def _server() -> str:
    given = os.environ.get("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    return urlsplit(given)._replace(path="/postgres").geturl()


def fresh_database() -> str:
    drop_database()
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")  # type: ignore[arg-type]
    return urlsplit(_server())._replace(path=f"/{DATABASE}").geturl()


def drop_database() -> None:
    with psycopg.connect(_server(), autocommit=True) as connection:
        connection.execute(f"drop database if exists {DATABASE} with (force)")  # type: ignore[arg-type]


def django_here() -> None:
    import django  # noqa: PLC0415  the database is chosen before

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tale.settings")
    django.setup()


def furnish() -> list[dict[str, Any]]:
    """In a process of its own: a fork must not inherit open connections."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_furnished)


def _furnished() -> list[dict[str, Any]]:
    django_here()
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from accounts import people  # noqa: PLC0415
    from accounts.actor import Actor  # noqa: PLC0415
    from accounts.models import Membership  # noqa: PLC0415
    from policies import rules  # noqa: PLC0415
    from policies.models import BudgetRule  # noqa: PLC0415
    from policies.spender import Spender  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    owner = people.create_user(email="owner@bench.test", password="bench-bench-1", name="Owner")
    organisation = people.found_organisation(name="Bench", owner=owner)
    boss = Actor(organisation, owner, Membership.objects.of(organisation).get(user=owner))
    team = people.save_team(actor=boss, name="All")
    scopes = (("organisation", ""), ("team", ""), ("team", team.pk), ("user", ""))
    for tighter, (scope, subject) in enumerate(scopes):
        limit = LIMIT - tighter  # one that another always stops first is refused
        rule = BudgetRule(scope=scope, subject=subject, capability="image", limit=limit)
        rules.save(actor=boss, rule=rule, now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("create table bench_counter (id int primary key, n bigint)")
        cursor.execute("insert into bench_counter values (1, 0), (2, 0), (3, 0), (4, 0)")
        cursor.execute("create table bench_hold (id bigserial primary key, note text)")
    spender = Spender.of(boss, team=team)
    return [{"organisation": organisation.pk, "user": spender.user, "team": spender.team}]


Client = Callable[[int, list[float], list[str]], None]


def _run(client: Any, address: str, holds: int, spenders: list[dict[str, Any]]) -> Round:
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(PROCESSES + 1)
    told: Any = context.Queue()
    each = holds // (PROCESSES * THREADS)
    given = (client, address, each, spenders[0], gate, told)
    processes = [context.Process(target=_process, args=given) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    gate.wait()
    began = time.monotonic()
    reports = [told.get() for _ in processes]
    lasted = time.monotonic() - began
    for process in processes:
        process.join()
    times = [one for found, _faults in reports for one in found]
    return Round(times, lasted, sum(faults for _found, faults in reports))


def _process(
    client: Any, address: str, each: int, spender: dict[str, Any], gate: Any, told: Any
) -> None:
    os.environ["DATABASE_URL"] = address
    make = client(spender)
    times: list[float] = []
    faults: list[str] = []
    threads = [
        threading.Thread(target=_repeat, args=(make(), each, times, faults)) for _ in range(THREADS)
    ]
    gate.wait()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told.put((times, len(faults)))


def _repeat(once: Callable[[], None], each: int, times: list[float], faults: list[str]) -> None:
    for _ in range(each):
        began = time.perf_counter()
        try:
            once()
        except Exception as fault:  # a deadlock, a lock that took too long: counted, not hidden
            faults.append(repr(fault))
        times.append(time.perf_counter() - began)


def _bare(spender: dict[str, Any]) -> Callable[[], Callable[[], None]]:
    address = os.environ["DATABASE_URL"]
    statement = BARE.format(limit=LIMIT)

    def make() -> Callable[[], None]:
        connection = psycopg.connect(address, autocommit=True)
        return lambda: (connection.execute(statement), None)[1]  # type: ignore[arg-type]

    return make


def _held(spender: dict[str, Any]) -> Callable[[], Callable[[], None]]:
    django_here()
    from django.utils import timezone  # noqa: PLC0415

    from accounts.models import Organisation  # noqa: PLC0415
    from policies import budgets  # noqa: PLC0415
    from policies.spender import Quote, Spender  # noqa: PLC0415
    from tale.lib.fields import new_id  # noqa: PLC0415

    organisation = Organisation.objects.get(pk=spender["organisation"])
    who = Spender(organisation, user=spender["user"], team=spender["team"])
    quote = Quote(
        capability="image",
        operation="generate",
        provider="bench",
        model="bench",
        amount_micro=40_000,
        currency=organisation.currency,
        pictures=1,
    )

    def once() -> None:
        budgets.hold(
            spender=who,
            quote=quote,
            reference="bench",
            idempotency_key=new_id("b"),
            now=timezone.now(),
        )

    return lambda: once
