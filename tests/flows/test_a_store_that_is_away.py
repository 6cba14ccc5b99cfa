"""The store of pictures is down, slow or lies: what was paid for waits here and is not lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from accounts.models import Organisation, User
from assistants import spool
from assistants.models import Artifact, ImageJob
from policies.models import Entry, Hold
from tale.lib.disk import Disk
from tale.lib.refusals import Refusal
from tests.flows.test_a_job_and_its_life import draw
from tests.upstream.scripted import Script


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    yield
    spool._Store.failures, spool._Store.rests_until = 0, 0.0
    shutil.rmtree(Path(settings.TALE_HOME) / "spool", ignore_errors=True)


def down(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **options: Any) -> Any:
        raise ConnectionError("no route to the store")

    for name in ("_save", "_open", "exists", "delete", "listdir"):
        monkeypatch.setattr(Disk, name, refuse)


def lies(monkeypatch: pytest.MonkeyPatch) -> None:
    save = Disk._save

    def half(self: Disk, name: str, content: Any) -> str:
        whole = content.read()
        return save(self, name, ContentFile(whole[: len(whole) // 2]))

    monkeypatch.setattr(Disk, "_save", half)


@pytest.mark.parametrize("fault", [down, lies])
def test_it_is_shown_from_here_and_carried_over_later(
    office: Organisation, bob: User, as_: Any, script: Script, monkeypatch: Any, fault: Any
) -> None:
    with monkeypatch.context() as broken:
        fault(broken)
        (row,) = async_to_sync(draw)(bob)
        shown = as_(bob).get(f"/pictures/{row.pk}")
        assert shown.status_code == 200
        assert spool.holds(row.path)
        assert spool.carry() == 0
    assert Entry.objects.of(office).get().amount_micro == 40_000
    assert Hold.objects.of(office).get().state == "settled"
    assert ImageJob.objects.of(office).get().state == "done"
    spool._Store.rests_until = 0.0
    assert spool.carry() >= 1
    assert not spool.holds(row.path)
    with storages["default"].open(row.path) as file:
        assert file.read() == shown.content
    assert as_(bob).get(f"/pictures/{row.pk}").content == shown.content


def test_without_room_anywhere_the_money_is_true_and_nobody_pays_again(
    office: Organisation, bob: User, script: Script, monkeypatch: Any, settings: Any, caplog: Any
) -> None:
    settings.TALE_SPOOL_MIB = 0
    down(monkeypatch)
    for _ in range(2):
        with pytest.raises(Refusal) as refused:
            async_to_sync(draw)(bob)
        assert refused.value.code == "storage_unavailable"
        assert "paid" in str(refused.value)
    assert ImageJob.objects.of(office).get().state == "paid_not_stored"
    assert Entry.objects.of(office).get().amount_micro == 40_000
    assert len(script.bill) == 1
    assert not Artifact.objects.of(office).exists()
    assert "paid_not_stored" in caplog.text
