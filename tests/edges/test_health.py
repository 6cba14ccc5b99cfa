import threading
import time
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.core.files.storage import default_storage
from django.test import Client

from tale import health

pytestmark = [
    pytest.mark.urls("tests.edges.routes"),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture(autouse=True)
def own_folder(settings: Any, tmp_path: Any) -> None:
    stores = dict(settings.STORAGES)
    kind = "django.core.files.storage.FileSystemStorage"
    stores["default"] = {"BACKEND": kind, "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = stores


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    checks = dict(health.CHECKS)
    monkeypatch.setattr(health, "CHECKS", checks)

    def fail(secret: str = "password=swordfish") -> None:
        raise OSError(secret)

    def break_(*names: str) -> None:
        checks.update(dict.fromkeys(names, fail))

    return break_


def test_a_living_process_says_so_without_the_database(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready(client: Client) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert default_storage.listdir("ready") == ([], [])


def test_what_fails_is_named_and_nothing_else_told(client: Client, broken: Any) -> None:
    broken("storage", "database")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "failing", "failing": ["database", "storage"]}


def test_a_folder_that_cannot_be_written(client: Client, settings: Any, tmp_path: Any) -> None:
    (tmp_path / "ready").write_text("in the way")
    assert client.get("/readyz").json()["failing"] == ["storage"]


def test_a_broker_that_does_not_answer(client: Client, settings: Any) -> None:
    settings.CELERY_BROKER_URL = "amqp://127.0.0.1:1//"
    assert client.get("/readyz").json()["failing"] == ["broker"]


def test_a_worker_that_fell_silent(client: Client) -> None:
    cache.set(health.WORKER_SEEN, time.time())
    assert client.get("/readyz").status_code == 200
    cache.set(health.WORKER_SEEN, time.time() - health.WORKER_SILENT_S - 1)
    assert client.get("/readyz").json()["failing"] == ["worker"]


def test_a_check_that_hangs_is_given_up_and_asked_once(client: Client, monkeypatch: Any) -> None:
    asked, let_go = [], threading.Event()

    def hang() -> None:
        asked.append(1)
        let_go.wait(10)

    monkeypatch.setattr(health, "PATIENCE_S", 0.2)
    monkeypatch.setattr(health, "CHECKS", {"database": hang})
    monkeypatch.setattr(health, "_asked", {})
    began = time.monotonic()
    for _ in range(3):
        assert client.get("/readyz").json()["failing"] == ["database"]
    assert time.monotonic() - began < 5
    assert len(asked) == 1
    let_go.set()
    while not health._asked["database"].done():
        time.sleep(0.01)
    with mock.patch.dict(health.CHECKS, database=lambda: None):
        assert client.get("/readyz").status_code == 200


def test_only_reading(client: Client) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.post(path).status_code == 405
