"""The store and the rows, held against each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.files.storage import storages
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import artifacts, orphans, renditions, tasks
from assistants.models import Artifact, Rendition
from policies.models import Hold
from tale.lib import child
from tests.assistants.test_gate import draw
from tests.flows.test_chores import begin
from tests.upstream.scripted import Script, png

LATER = timedelta(hours=2)


@pytest.fixture(autouse=True)
def store(db: None, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """Of its own: what other tests leave behind is theirs."""
    own = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
    yield storages["default"]
    cache.delete(orphans.SEEN)
    child.stop()


@pytest.fixture
def picture(acme: Organisation, bob: User, workspace: Any, script: Script) -> Artifact:
    workspace(acme)
    (drawn,) = draw(bob)
    return drawn


def look() -> tuple[int, int]:
    found = orphans.audit(now=timezone.now() + LATER)
    return found.files, found.rows


def test_it_works(picture: Artifact, store: Any) -> None:
    async_to_sync(renditions.of)(picture, "thumb")
    assert look() == (0, 0)
    artifacts.put("gen/hold_of_nobody/0", png(8, 8))
    assert look() == (1, 0)
    store.delete(Rendition.objects.filter(artifact=picture).get().path)
    assert look() == (1, 1)
    store.delete(picture.path)
    assert look() == (1, 2)
    assert store.exists("gen/hold_of_nobody/0")
    last = orphans.last()
    assert last is not None
    assert (last.files, last.rows) == (1, 2)


def test_what_is_on_its_way_is_no_orphan(
    acme: Organisation, bob: User, workspace: Callable[..., None], script: Script, store: Any
) -> None:
    workspace(acme)
    hold = begin(acme, bob).hold
    artifacts.put(f"gen/{hold.pk}/0", png(8, 8))
    assert look() == (0, 0)
    Hold.objects.of(acme).update(state="settled")
    assert look() == (1, 0)
    assert orphans.audit(now=timezone.now()).files == 0
    os.utime(store.path(f"gen/{hold.pk}/0"), (0, 0))
    assert orphans.audit(now=timezone.now()).files == 1


def test_the_night_tells_the_operator(
    picture: Artifact, operator: User, as_: Any, store: Any, caplog: Any
) -> None:
    store.delete(picture.path)
    tasks.audit_files()
    assert "'kind': 'row'" in caplog.text
    page = as_(operator, picture.organisation).get("/admin/system/").content.decode()
    assert "<dd>0, 1</dd>" in page
