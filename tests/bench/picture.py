"""What it costs in time that a picture is governed: rights, quote, hold, gate, files, booking.

One after the other, in turns: the kind alone over a socket, and images.generate over the same
socket under four caps on PostgreSQL. Once with pictures that their provider signed, once with bare
ones that we sign."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.bench import holds

MOST_ADDED_S = 0.025
MODEL = "gpt-image-2"


def measure(*, pictures: int) -> int:
    os.environ["DATABASE_URL"] = holds.fresh_database()
    try:
        return _measured(pictures)
    finally:
        holds.drop_database()


def _measured(pictures: int) -> int:
    holds.furnish()
    holds.django_here()
    from django.db import connections  # noqa: PLC0415  the database is chosen before

    from tale.lib import child  # noqa: PLC0415

    child.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            signed = Path(folder, "signed.png")
            bare = Path(folder, "bare.png")
            asyncio.run(_paint(bare, signed))
            added = {
                name: _compared(name, path, pictures)
                for name, path in (("signed by its provider", signed), ("signed by us", bare))
            }
    finally:
        child.stop()
        connections.close_all()
    print(f"load of the machine {os.getloadavg()[0]:.1f}")
    return int(added["signed by its provider"] > MOST_ADDED_S)


def _compared(name: str, picture: Path, number: int) -> float:
    with _upstream(picture) as (base_url, key):
        context = _office(base_url, key)
        alone, governed = asyncio.run(_in_turns(base_url, key, context, number))
    added = statistics.median(governed) - statistics.median(alone)
    print(
        f"{number} pictures {name}: alone {_said(alone)}, governed {_said(governed)}, "
        f"added {added * 1000:.1f} ms (target at most {MOST_ADDED_S * 1000:.0f} without signing)"
    )
    return added


async def _in_turns(
    base_url: str, key: str, context: Any, number: int
) -> tuple[list[float], list[float]]:
    from assistants import images  # noqa: PLC0415
    from providers.base import Connection  # noqa: PLC0415
    from providers.kinds.openai import OpenAI  # noqa: PLC0415
    from providers.shapes import Order, Plan, Wish  # noqa: PLC0415
    from tale.lib.fields import new_id  # noqa: PLC0415

    connection = Connection(base_url=base_url, secret=key, reaches_private=True)
    plan = Plan(prompt="a fox", n=1, width=1024, height=1024, quality="low")
    alone, governed = list[float](), list[float]()
    for turn in range(number + 5):
        began = time.perf_counter()
        async for _happening in OpenAI(connection).make_pictures(Order(model=MODEL, plan=plan)):
            pass
        between = time.perf_counter()
        wish = Wish("a fox", size="1024x1024", quality="low")
        await images.generate(wish=wish, context=context, idempotency_key=new_id("bench"))
        if turn >= 5:  # imports and first uses
            alone.append(between - began)
            governed.append(time.perf_counter() - between)
    return alone, governed


async def _paint(bare: Path, signed: Path) -> None:
    from assistants import provenance  # noqa: PLC0415
    from assistants.marking.metadata import Facts  # noqa: PLC0415
    from tests.upstream import pictures  # noqa: PLC0415

    content = pictures.picture(1024, 1024, weight=40_000)
    bare.write_bytes(content)
    facts = Facts("art_x", "Elsewhere", "p", "m", "2026-11-01T00:00:00Z", "trainedAlgorithmicMedia")
    signed.write_bytes((await provenance.mark(content, facts=facts)).content)


def _office(base_url: str, key: str) -> Any:
    """The organisation of the holds, with its four caps, and a model to draw with."""
    from django.utils import timezone  # noqa: PLC0415

    from accounts.actor import Actor  # noqa: PLC0415
    from accounts.models import Membership, Organisation, Team  # noqa: PLC0415
    from assistants.context import Context  # noqa: PLC0415
    from providers import credentials  # noqa: PLC0415
    from providers.models import Model, Price, Provider  # noqa: PLC0415

    organisation = Organisation.objects.get(name="Bench")
    owner = Membership.objects.of(organisation).select_related("user").get()
    actor = Actor(organisation, owner.user, owner, surface="api")
    provider = Provider.objects.create(
        organisation=organisation,
        kind="openai",
        name=f"OpenAI at {base_url}",
        base_url=base_url,
        reaches_private=True,
    )
    credentials.set_key(actor=actor, provider=provider, secret=key)
    model = Model.objects.create(
        organisation=organisation,
        provider=provider,
        remote_id=MODEL,
        name=MODEL,
        tags=["image-generation"],
    )
    for unit in (Price.Unit.TEXT_IN, Price.Unit.IMAGE_IN, Price.Unit.IMAGE_OUT):
        Price.objects.create(
            organisation=organisation,
            model=model,
            unit=unit,
            amount_micro=1_000_000,
            currency=organisation.currency,
            valid_from=timezone.now(),
        )
    team = Team.objects.of(organisation).get()
    return Context(actor=actor, reference="bench", team=team, image_model=model.pk)


@contextmanager
def _upstream(picture: Path) -> Iterator[tuple[str, str]]:
    command = [sys.executable, "-m", "tests.upstream", "openai", "--port", "0"]
    command += ["--picture", str(picture)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            yield words[2], words[-1]
        finally:
            process.terminate()


def _said(times: list[float]) -> str:
    median, late = statistics.median(times), sorted(times)[int(len(times) * 0.95) - 1]
    return f"{median * 1000:.1f} ms (p95 {late * 1000:.1f})"
