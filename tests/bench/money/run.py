"""One run: set up, spend and kill, stop killing, sweep, reckon."""

from __future__ import annotations

import os
import random
import time
from contextlib import closing
from pathlib import Path

from tests.bench.money import caps, reckoning, stage
from tests.bench.money.clients import Crowd
from tests.bench.money.reaper import Reaper
from tests.bench.money.stage import Stage

QUIET_WITHIN_S = 180


def measure(
    *,
    kills: int,
    seconds: int,
    seed: int,
    database: str,
    people: int,
    hurry: bool,
    every_s: float,
) -> int:
    home = Path(os.environ["TALE_HOME"])
    given = {"kind": database, "people": people, "presume_after_s": 3 if hurry else 30}
    with stage.set_up(home, takes_s=0.8, **given) as here:
        caps.set_up(here)
        return _run(here, kills, seconds, seed, every_s, hurry=hurry)


def _run(here: Stage, kills: int, seconds: int, seed: int, every_s: float, *, hurry: bool) -> int:
    dice = random.Random(seed)
    with Reaper(here, webs=3, workers=5, dice=dice) as reaper:
        reaper.await_all()
        watch = caps.Watch(here.database)
        crowd = Crowd(here, reaper.addresses(), seed, programs=6, talkers=4)
        began = time.monotonic()
        with watch:
            with crowd:
                _kill(here, reaper, dice, kills, began + seconds, every_s)
            lasted = time.monotonic() - began
            reaper.thaw()
            if hurry:
                reaper.end_all()
                reckoning.end_the_leases_of_the_dead()
            quiet_s, left = reckoning.quiesce(here, reaper.tend, QUIET_WITHIN_S)
        reaper.await_all()
        if left:
            print(reaper.tail())
    found = reckoning.reckon(here, crowd, left)
    with closing(caps.connect(here.database)) as connection:
        watch.look(connection)
    found.expect("samples over a cap", watch.over)
    _tell(here, reaper, crowd, watch, found, seed, lasted, quiet_s)
    for line in found.wrong:
        print(f"WRONG {line}")
    if watch.worst:
        print(f"WRONG over a cap: {watch.worst}")
    return int(bool(found.wrong))


def _kill(
    here: Stage, reaper: Reaper, dice: random.Random, kills: int, until: float, every_s: float
) -> None:
    next_kill = time.monotonic() + dice.expovariate(1 / every_s)
    next_room = time.monotonic() + 2
    next_freeze = time.monotonic() + dice.uniform(5, 20)
    next_flush = time.monotonic() + dice.uniform(5, 20)
    while time.monotonic() < until and sum(reaper.kills.values()) < kills:
        reaper.tend()
        now = time.monotonic()
        if now > next_kill:
            reaper.strike()
            next_kill = now + dice.expovariate(1 / every_s)
        if now > next_room:
            caps.make_room(here)
            next_room = now + 2
        if now > next_freeze:
            reaper.freeze()
            next_freeze = now + dice.uniform(20, 60)
        if now > next_flush:
            reaper.flushes += here.flush_the_broker()
            next_flush = now + dice.uniform(20, 60)
        time.sleep(0.01)


def _tell(
    here: Stage,
    reaper: Reaper,
    crowd: Crowd,
    watch: caps.Watch,
    found: reckoning.Reckoning,
    seed: int,
    lasted: float,
    quiet_s: float,
) -> None:
    kind = "PostgreSQL and Redis" if here.on_postgres else "SQLite and files"
    killed = ", ".join(f"{role} {number}" for role, number in sorted(reaper.kills.items()))
    print(f"seed {seed} on {kind}: {lasted:.0f} s, load of the machine {os.getloadavg()[0]:.1f}")
    print(
        f"killed {sum(reaper.kills.values())} ({killed}), {reaper.early} more before they were "
        f"ready, {reaper.frozen} frozen past their lease, broker "
        f"flushed {reaper.flushes} times, {len(reaper.fell)} fell by themselves"
    )
    for line in reaper.fell[:5]:
        print(f"fell: {line}")
    print(f"asked: {dict(crowd.outcomes)}, hung up {crowd.hung_up}")
    print(f"quiet {quiet_s:.1f} s after the last kill; longest wait {crowd.slowest_s:.1f} s")
    print(f"{watch.samples} samples of windows, {watch.edge} of them at the edge of their cap")
    for line, times in reaper.errors().most_common(12):
        print(f"logged {times} times: {line}")
    for name, number in found.figures.items():
        print(f"  {name}: {number}")
