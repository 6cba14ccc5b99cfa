import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError, connection, connections
from django.test import AsyncClient, override_settings
from redis import ConnectionError as RedisDown
from structlog.testing import capture_logs

from tale.api import limits as api_limits
from tale.lib import limits
from tale.lib.models import RateWindow
from tale.lib.refusals import Refusal

pytestmark = pytest.mark.django_db
NOON = 1_800_000_000


def take(who: str = "alice", *, now: float = NOON, spends: bool = False, limit: int = 2) -> Any:
    return limits.take("test", who, limit=limit, window_s=60, spends=spends, now=now)


def test_it_counts_down_and_refuses() -> None:
    assert take() == limits.Room(limit=2, remaining=1, resets_in_s=60)
    assert take(now=NOON + 10) == limits.Room(limit=2, remaining=0, resets_in_s=50)
    with pytest.raises(Refusal) as refused:
        take(now=NOON + 20)
    assert refused.value.code == "rate_limited"
    assert refused.value.retry_after_s == 40
    assert refused.value.details == {"limit": 2, "remaining": 0, "resets_in_s": 40}


def test_the_next_window_is_empty_again() -> None:
    for _ in range(2):
        take()
    assert take(now=NOON + 60).remaining == 1


def test_each_has_their_own() -> None:
    for _ in range(2):
        take("alice")
    assert take("bob").remaining == 1
    assert (
        limits.take("other", "alice", limit=2, window_s=60, spends=False, now=NOON).remaining == 1
    )


def test_a_clock_that_is_behind_does_not_open_the_past_again(settings: Any) -> None:
    settings.REDIS_URL = ""
    for _ in range(2):
        take(now=NOON + 60)
    with pytest.raises(Refusal):
        take(now=NOON + 59)


def test_no_name_is_kept_and_old_rows_go(settings: Any) -> None:
    settings.REDIS_URL = ""
    take("192.0.2.7")
    assert "192.0.2.7" not in RateWindow.objects.get().key
    assert limits.forget(now=NOON + 59) == 0
    assert limits.forget(now=NOON + 61) == 1


class TestStoreIsDown:
    @pytest.fixture(autouse=True, params=["database", "redis"])
    def outage(self, request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        broken = {"database": OperationalError("down"), "redis": RedisDown("down")}[request.param]

        def fail(*_args: Any, **_kwargs: Any) -> int:
            raise broken

        monkeypatch.setattr(limits, "_count", fail)
        limits._warn_once.cache_clear()

    def test_reading_goes_on_and_one_line_says_so(self) -> None:
        with capture_logs() as lines:
            for _ in range(5):
                assert take().remaining == 2
        assert [line["log_level"] for line in lines] == ["warning"]

    def test_spending_does_not(self) -> None:
        with pytest.raises(Refusal) as refused:
            take(spends=True)
        assert refused.value.code == "database_unavailable"


@pytest.mark.redis
def test_redis_counts_when_there_is_one() -> None:
    take()
    assert take().remaining == 0
    with pytest.raises(Refusal):
        take()
    assert not RateWindow.objects.exists()


def test_a_redis_that_does_not_answer() -> None:
    began = time.monotonic()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        with pytest.raises(Refusal) as refused:
            take(spends=True)
        assert refused.value.code == "database_unavailable"
        assert take().remaining == 2
    assert time.monotonic() - began < 3


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_and_no_more_than_the_limit() -> None:
    let_in: list[int] = []

    def come() -> None:
        try:
            for _ in range(5):
                let_in.append(take(limit=20).remaining)
        except Refusal:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(let_in) == list(range(20))
    assert connection.in_atomic_block is False


@pytest.mark.urls("tests.edges.routes")
class TestApi:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api_limits, "READS", 3)
        monkeypatch.setattr(api_limits, "WRITES", 2)
        monkeypatch.setattr(api_limits, "SPENDING", 1)

    def test_reads_and_writes_have_their_own(
        self, api: Callable, key_for: Callable, bob: Any
    ) -> None:
        bobs = api(key_for(bob))
        answers = [bobs.get("/api/v1/limited") for _ in range(4)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert [answer.headers["RateLimit-Remaining"] for answer in answers[:3]] == ["2", "1", "0"]
        assert answers[0].headers["RateLimit-Limit"] == "3"
        assert answers[3].json()["error"]["code"] == "rate_limited"
        assert 0 < int(answers[3].headers["Retry-After"]) <= 60
        assert bobs.post("/api/v1/limited").status_code == 200

    def test_a_second_key_reads_more_and_spends_no_more(
        self, api: Callable, key_for: Callable, bob: Any
    ) -> None:
        one, two = api(key_for(bob)), api(key_for(bob))
        assert one.post("/api/v1/spending").status_code == 200
        assert two.post("/api/v1/limited").status_code == 200
        assert two.post("/api/v1/spending").status_code == 429

    def test_others_are_not_held_up(
        self, api: Callable, key_for: Callable, bob: Any, charlie: Any
    ) -> None:
        api(key_for(bob)).post("/api/v1/spending")
        assert api(key_for(charlie)).post("/api/v1/spending").status_code == 200

    def test_a_plain_wire(self, key_for: Callable, bob: Any) -> None:
        key = {"X-API-Key": key_for(bob).secret}

        def post(headers: dict[str, str]) -> Any:
            return async_to_sync(AsyncClient().post)("/openai/v1/wire", headers=headers)

        assert post({}).status_code == 401
        assert post(key).status_code == 200
        assert post(key).json()["error"]["code"] == "rate_limit_exceeded"

    @pytest.mark.parametrize(("path", "status"), [("limited", 200), ("spending", 503)])
    def test_when_nobody_can_count(
        self, api: Callable, key_for: Callable, bob: Any, path: str, status: int
    ) -> None:
        bobs = api(key_for(bob))
        with override_settings(REDIS_URL=""), connection.execute_wrapper(_unless_it_counts):
            assert bobs.post(f"/api/v1/{path}").status_code == status


def _unless_it_counts(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    if sql.lstrip().startswith("INSERT INTO lib_ratewindow"):
        raise OperationalError("the store is down")
    return execute(sql, params, many, context)
