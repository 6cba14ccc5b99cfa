"""After the killing: sweep until nothing is open, then hold every account against every other."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from tests.bench.money import caps
from tests.bench.money.clients import Crowd
from tests.bench.money.stage import Stage
from tests.upstream import bill
from tests.upstream.bill import Charge

TAG = re.compile(r"[pt]\d+-\d{6}")
OPEN = {
    "holds": "select count(*) from policies_hold where state in ('reserved', 'sent', 'unknown')",
    "jobs": "select count(*) from assistants_imagejob "
    "where state in ('queued', 'running', 'unknown')",
    "turns": "select count(*) from chats_turn where state in ('queued', 'working')",
    "calls": "select count(*) from policies_call where ended_at is null",
}
HURRY = (
    "update policies_hold set lease_until = held_at where state in ('sent', 'unknown')",
    "update chats_turn set lease_until = created_at where state = 'working'",
)


@dataclass
class Reckoning:
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)

    def expect(self, what: str, found: Any, expected: Any = 0) -> None:
        self.figures[what] = found if isinstance(found, int) else len(found)
        if self.figures[what] != expected:
            some = f": {list(found)[:5]}" if not isinstance(found, int) else ""
            self.wrong.append(f"{what}: {self.figures[what]}, expected {expected}{some}")


def still_open(stage: Stage) -> dict[str, int]:
    with closing(caps.connect(stage.database)) as connection:
        counts = {name: connection.execute(sql).fetchone()[0] for name, sql in OPEN.items()}
    return {name: count for name, count in counts.items() if count}


def end_the_leases_of_the_dead() -> None:
    """Only while none of the product's processes runs: nobody is left to renew them."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        for statement in HURRY:
            cursor.execute(statement)


def quiesce(stage: Stage, tend: Any, within_s: float) -> tuple[float, dict[str, int]]:
    began = time.monotonic()
    while (left := still_open(stage)) and time.monotonic() - began < within_s:
        tend()
        time.sleep(0.2)
    return time.monotonic() - began, left


def reckon(stage: Stage, crowd: Crowd, left: dict[str, int]) -> Reckoning:
    found = Reckoning()
    for name in OPEN:
        found.expect(f"{name} still open", left.get(name, 0))
    charges = bill.read(stage.bill)
    books = _Books(stage.organisation)
    _bill_against_ledger(found, charges, books, stage)
    _pictures(found, books, crowd)
    _counters(found, stage)
    return found


class _Books:
    def __init__(self, organisation: str) -> None:
        from assistants.models import Artifact, ImageJob  # noqa: PLC0415
        from chats.models import Message  # noqa: PLC0415
        from policies.models import Entry, Hold  # noqa: PLC0415

        self.entries = list(Entry.objects.filter(chain=organisation).order_by("seq"))
        self.holds = {row.pk: row for row in Hold.objects.filter(organisation=organisation)}
        jobs = ImageJob.objects.filter(organisation=organisation)
        self.jobs = {row.pk: row for row in jobs}
        self.artifacts = list(Artifact.objects.filter(organisation=organisation))
        asked = Message.objects.filter(organisation=organisation, role="user")
        self.tag_of = {f"turn:{row.turn_id}": _tag(row.content) for row in asked}
        self.tag_of |= {f"imagejob:{row.pk}": _tag(row.wish["prompt"]) for row in jobs}


def _tag(text: str) -> str:
    found = TAG.search(text)
    return found[0] if found else ""


def _bill_against_ledger(
    found: Reckoning, charges: list[Charge], books: _Books, stage: Stage
) -> None:
    booked: dict[str, list[Any]] = defaultdict(list)
    presumed: dict[tuple[str, bool], list[Any]] = defaultdict(list)
    for entry in books.entries:
        if entry.kind == "presumed":
            key = (books.tag_of.get(entry.reference, ""), entry.capability == "image")
            presumed[key].append(entry)
        else:
            booked[entry.provider_request_id].append(entry)
    by_id = {charge.request_id: charge for charge in charges}
    found.figures |= {"lines on the bill": len(charges), "booked by request id": len(booked)}
    found.expect("request ids billed twice", len(charges) - len(by_id))
    found.expect("booked, not billed", sorted(booked.keys() - by_id.keys()))
    found.expect(
        "booked otherwise than billed",
        [
            f"{name}: {sum(row.amount_micro for row in rows)} of {by_id[name].amount_micro}"
            for name, rows in booked.items()
            if name in by_id and not _agree(by_id[name], rows)
        ],
    )
    _presumed(found, [c for c in charges if c.request_id not in booked], presumed, stage)
    _double_calls(found, charges, books)


def _agree(charge: Charge, rows: list[Any]) -> bool:
    """A provider rounds its line, we round up: the same count of tokens at the same rates."""
    booked = sum(row.amount_micro for row in rows), sum(row.pictures for row in rows)
    return booked == (bill.rounded_up(charge), charge.pictures)


def _presumed(
    found: Reckoning, rest: list[Charge], presumed: dict[tuple[str, bool], list[Any]], stage: Stage
) -> None:
    """What died with its process: each such charge needs a line that presumes at least as much."""
    arrived = bill.arrivals(stage.bill)
    out = set(arrived.read_text().split()) if arrived.exists() else set()
    unmatched = []
    for charge in rest:
        lines = presumed[_tag(charge.about), charge.pictures > 0]
        fitting = [line for line in lines if line.amount_micro >= charge.amount_micro]
        if fitting:
            lines.remove(min(fitting, key=lambda line: line.amount_micro))
        else:
            unmatched.append(charge.request_id)
    drawn = [charge for charge in rest if charge.pictures]
    found.expect("billed, neither booked nor presumed", unmatched)
    found.figures |= {
        "answers presumed": len(rest) - len(drawn),
        "pictures presumed": sum(charge.pictures for charge in drawn),
        "of them sent whole to a process that died": sum(
            charge.pictures for charge in drawn if charge.request_id in out
        ),
        "presumed, never billed": sum(map(len, presumed.values())),
    }


def _double_calls(found: Reckoning, charges: list[Charge], books: _Books) -> None:
    """A hold makes one call an attempt, so no wish has more charges than attempts."""
    attempts: Counter[tuple[str, bool]] = Counter()
    for hold in books.holds.values():
        attempts[books.tag_of.get(hold.reference, ""), hold.capability == "image"] += hold.attempt
    calls = Counter((_tag(charge.about), charge.pictures > 0) for charge in charges)
    found.expect("wishes called twice", [key for key, n in calls.items() if n > attempts[key]])
    drawn = Counter(_tag(charge.about) for charge in charges if charge.pictures)
    found.expect("pictures paid twice", [tag for tag, number in drawn.items() if number > 1])


def _pictures(found: Reckoning, books: _Books, crowd: Crowd) -> None:
    """Each picture that was booked as used lies in the store, whole; nothing else does."""
    from django.core.files.storage import storages  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    store = storages["default"]
    kept: Counter[str] = Counter()
    hashes: dict[str, set[str]] = defaultdict(set)
    broken, paths = [], set()
    for row in books.artifacts:
        paths.add(row.path)
        tag = _tag(books.jobs[row.job_id].wish["prompt"])
        kept[row.job_id] += 1
        hashes[tag].add(row.sha256)
        try:
            with store.open(row.path) as file:
                is_whole = hashlib.sha256(file.read()).hexdigest() == row.sha256
            with store.open(row.path) as file, Image.open(file) as image:
                image.load()
        except OSError:
            is_whole = False
        if not is_whole:
            broken.append(row.pk)
    paid: Counter[str] = Counter()
    for entry in books.entries:
        if entry.pictures and entry.kind != "presumed":
            paid[entry.reference.partition(":")[2]] += entry.pictures
    found.expect("pictures broken", broken)
    found.expect("pictures booked and lost", sorted((paid - kept).elements()))
    found.expect("pictures kept and not booked", sorted((kept - paid).elements()))
    handed = [tag for tag, came in crowd.made.items() if not set(came) <= hashes[tag]]
    found.expect("handed out and not kept", handed)
    found.expect("files of nobody", sorted(_files(store) - paths))
    found.figures["pictures kept"] = sum(kept.values())


def _files(store: Any, folder: str = "") -> set[str]:
    inner, names = store.listdir(folder)
    before = f"{folder}/" if folder else ""
    files = {before + name for name in names}
    return files.union(*(_files(store, before + name) for name in inner if name != "half"))


def _counters(found: Reckoning, stage: Stage) -> None:
    from accounts.models import Organisation  # noqa: PLC0415
    from policies import drift  # noqa: PLC0415
    from policies.models import Window  # noqa: PLC0415
    from tale.lib import clock  # noqa: PLC0415

    mine = Organisation.objects.filter(pk=stage.organisation).get()
    found.expect("drift", list(map(str, drift.found(organisation=mine, now=clock.ask()))))
    found.figures["windows"] = Window.objects.filter(organisation=mine).count()
