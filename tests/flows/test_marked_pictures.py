"""Every new picture is kept marked, whoever drew it and whoever finished it."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.files.storage import storages
from django.utils import timezone
from PIL import Image

from accounts.models import Organisation, User
from assistants import (
    arrivals,
    artifacts,
    beginning,
    booking,
    deletion,
    gate,
    images,
    keeping,
    provenance,
    pulse,
    reconcile,
    renditions,
)
from assistants.context import Context
from assistants.marking import manifest, signer
from assistants.marking.metadata import Facts
from assistants.models import Artifact, ImageJob, Rendition
from policies import budgets
from policies.models import Hold
from providers.shapes import Wish
from tale import demo
from tale.lib import child
from tale.lib.child import ChildFailed
from tests.flows.test_chores import came
from tests.people import actor_for
from tests.upstream.pictures import picture
from tests.upstream.scripted import Script

AI = "trainedAlgorithmicMedia"


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def studio(acme: Organisation) -> Organisation:
    demo.set_up_workspace(acme)
    return acme


def draw(user: User, wish: Wish, *sources: Artifact, key: str = "key-1") -> list[Artifact]:
    context = Context(actor=actor_for(user), reference="test")
    ids = tuple(source.pk for source in sources)
    return async_to_sync(images.generate)(
        wish=wish, context=context, sources=ids, idempotency_key=key
    )


def credentials_of(row: Artifact) -> provenance.Credentials:
    return async_to_sync(provenance.read)(row.get_bytes())


def files_of(row: Artifact) -> set[str]:
    """What there is on disk of its job, and of the file itself."""
    folder = Path(settings.TALE_HOME) / "files"
    raw = folder / "gen" / ImageJob.objects.get(pk=row.job_id, organisation=row.organisation).hold
    return {str(path.relative_to(folder)) for path in raw.glob("*")} | {row.path}


def test_it_works(office: Organisation, bob: User, script: Script) -> None:
    rows = draw(bob, Wish("two foxes", n=2))
    assert len(rows) == 2
    for row in rows:
        seen = credentials_of(row)
        assert (seen.ours, seen.source_type, seen.picture) == (True, AI, row.pk)
        content = row.get_bytes()
        assert row.sha256 == hashlib.sha256(content).hexdigest()
        assert row.size_bytes == len(content)
        assert row.marked_by == "ours"
        assert files_of(row) == {made.path for made in rows}
        assert b"foxes" not in content
        with Image.open(io.BytesIO(content)) as image:
            assert image.size == (row.width, row.height)


def test_what_studio_draws_is_marked_as_drawn_by_a_program(studio: Organisation, bob: User) -> None:
    [drawn] = draw(bob, Wish("a fox in the snow", size="256x256"))
    seen = credentials_of(drawn)
    assert (seen.ours, seen.source_type) == (True, "algorithmicMedia")
    assert b"AISystemUsed" not in drawn.get_bytes()
    [edited] = draw(bob, Wish("make it brighter"), drawn, key="key-2")
    seen = credentials_of(edited)
    assert (seen.ours, seen.source_type) == (True, "algorithmicallyEnhanced")
    assert drawn.pk.encode() in edited.get_bytes()  # what it was made from


def test_what_a_provider_signed_is_kept_byte_for_byte(
    office: Organisation, bob: User, script: Script, tmp_path: Path
) -> None:
    theirs = asdict(signer._load(tmp_path / "elsewhere" / "marks", "", ""))
    facts = Facts("theirs", "They", "They", "m", "2026-11-21T10:00:00Z", AI)
    sent = manifest.mark(picture(64, 64), facts=asdict(facts), signer=theirs)
    script.sends = [sent]
    [row] = draw(bob, Wish("a fox"))
    assert row.get_bytes() == sent
    assert row.marked_by == "provider"
    assert credentials_of(row).picture == "theirs"
    assert files_of(row) == {row.path}


def test_a_picture_that_cannot_be_marked_is_kept_and_that_is_said(
    office: Organisation, bob: User, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = child.call

    async def never_marks(target: str, **arguments: Any) -> bytes:
        if target == provenance.MARK:
            raise ChildFailed("timeout")
        return await call(target, **arguments)

    monkeypatch.setattr(child, "call", never_marks)
    script.sends = [picture(64, 64)]
    [row] = draw(bob, Wish("a fox"))
    assert row.get_bytes() == picture(64, 64)
    assert row.marked_by == "none"
    assert Hold.objects.of(office).get().state == "settled"


def test_it_is_marked_while_its_pixels_are_looked_at(
    office: Organisation, bob: User, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, both = child.call, asyncio.Barrier(2)

    async def together(target: str, **arguments: Any) -> bytes:
        if target in (provenance.MARK, gate.EXAMINE):
            await asyncio.wait_for(both.wait(), timeout=5)
        return await call(target, **arguments)

    monkeypatch.setattr(child, "call", together)
    [row] = draw(bob, Wish("a fox"))
    assert row.marked_by == "ours"


def test_what_a_dead_worker_left_is_marked_by_who_finishes_it(
    office: Organisation, bob: User, script: Script
) -> None:
    hold = begin(office, bob)
    arrivals.write(hold.pk, came(picture(64, 64)))
    Hold.objects.of(office).update(lease_until=timezone.now() - timedelta(seconds=1))
    async_to_sync(reconcile.sweep)()
    row = Artifact.objects.of(office).get()
    assert credentials_of(row).ours
    assert row.sha256 == hashlib.sha256(row.get_bytes()).hexdigest()
    assert files_of(row) == {row.path}


def test_the_loser_of_two_finishers_leaves_the_winners_file(
    office: Organisation, bob: User, script: Script
) -> None:
    hold = begin(office, bob)
    job = ImageJob.objects.of(office).get()
    finished = came(picture(64, 64))
    arrivals.write(hold.pk, finished)
    keep = async_to_sync(keeping.keep)
    now = timezone.now()
    winner, loser = (keep(job, finished.pictures, hold=hold, now=now).files for _ in range(2))
    for files in (winner, loser):
        booking.finish(job=job, hold=hold, finished=finished, files=files, now=now)
        keeping.tidy(hold)
    row = Artifact.objects.of(office).get()
    assert row.path == winner[0].path
    assert row.sha256 == hashlib.sha256(row.get_bytes()).hexdigest()
    assert not (Path(settings.TALE_HOME) / "files" / loser[0].path).exists()
    assert files_of(row) == {row.path}


@pytest.mark.parametrize(
    ("variant", "media_type"),
    [("thumb", "image/webp"), ("jpg", "image/jpeg"), ("webp", "image/webp")],
)
def test_a_rendition_is_marked_as_its_picture(
    office: Organisation, bob: User, script: Script, variant: str, media_type: str
) -> None:
    [row] = draw(bob, Wish("a fox"))
    made = async_to_sync(renditions.of)(row, variant)
    assert isinstance(made, Rendition)
    assert made.media_type == media_type
    with storages["default"].open(made.path) as file:
        content = file.read()
    assert made.sha256 == hashlib.sha256(content).hexdigest()
    seen = async_to_sync(provenance.read)(content)
    assert (seen.ours, seen.source_type, seen.picture) == (True, AI, row.pk)
    assert (b"parentOf" in content) == (variant != "thumb")


def test_what_a_dead_process_left_beside_it_goes_with_a_picture(
    office: Organisation, bob: User, script: Script
) -> None:
    rows = draw(bob, Wish("two foxes", n=2))
    beside = rows[0].path.rpartition("-")[0]
    for trace in (arrivals.path_of(rows[0].path.split("/")[1]), f"{beside}-another"):
        artifacts.put(trace, b"came")
    now = timezone.now()
    picture = deletion.begin(actor=actor_for(bob), picture=rows[0], now=now)
    assert deletion.finish(picture=picture, now=now)
    assert files_of(rows[1]) == {rows[1].path}


def begin(office: Organisation, user: User) -> Hold:
    context = Context(actor=actor_for(user), reference="test")
    begun = beginning.begin(
        Wish("a fox"), context, artifacts.Named(), idempotency_key="k", now=timezone.now()
    )
    assert isinstance(begun, beginning.Begun)
    hold = begun.attempts[0].hold
    assert budgets.claim(hold=hold, lease=pulse.LEASE, now=timezone.now())
    return hold
