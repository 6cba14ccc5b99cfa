import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.test import AsyncClient, Client

from tale.lib import logs

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]


@pytest.fixture
def lines() -> Iterator["Lines"]:
    """What the log says from here on, in production's form."""
    wanted = logs.configure(level="INFO", pretty=False)["formatters"]["line"]
    handler = logging.StreamHandler(Lines())
    kind = wanted.pop("()")
    handler.setFormatter(kind(**wanted))
    logging.getLogger().addHandler(handler)
    yield handler.stream
    logging.getLogger().removeHandler(handler)


class Lines(io.StringIO):
    def read_all(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]

    def of_requests(self) -> list[dict]:
        return [line for line in self.read_all() if line["event"] == "request"]


@pytest.mark.parametrize("sent", ["abcd1234", "A_b-" * 16])
def test_a_well_formed_id_is_kept(client: Client, sent: str) -> None:
    assert client.get("/page", headers={"X-Request-Id": sent}).headers["X-Request-Id"] == sent


@pytest.mark.parametrize("sent", ["", "short", "a" * 65, "abcd1234 x", "abcd1234<b>", "abcdéfgh"])
def test_any_other_is_replaced(client: Client, sent: str) -> None:
    made = client.get("/page", headers={"X-Request-Id": sent}).headers["X-Request-Id"]
    assert made.startswith("req_")
    assert made != client.get("/page").headers["X-Request-Id"]


def test_a_request_is_one_line(client: Client, lines: Lines) -> None:
    client.get("/page?token=abcdef&a=1", headers={"X-Request-Id": "abcd1234"})
    (line,) = lines.read_all()
    assert line.pop("ms") > 0
    assert line.pop("timestamp")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "tale.edges.requests",
        "method": "GET",
        "route": "page",
        "path": "/page",
        "status": 200,
        "request_id": "abcd1234",
    }


def test_nothing_of_an_earlier_request_is_in_it(client: Client, lines: Lines) -> None:
    structlog.contextvars.bind_contextvars(who="who_else")
    client.get("/page")
    assert "who" not in lines.read_all()[0]


def test_a_refusal_is_no_error(client: Client, lines: Lines) -> None:
    for path in ("/raises/denied", "/no/such", "/raises/suspicious", "/raises/down"):
        client.get(path)
    client.get("/page", headers={"Host": "evil"})
    assert {line["level"] for line in lines.of_requests()} == {"info"}
    (outage,) = [line for line in lines.read_all() if line["event"] != "request"]
    assert (outage["level"], outage["code"]) == ("warning", "database_unavailable")
    assert [line["refusal"] for line in lines.of_requests()] == [
        "forbidden",
        "not_found",
        "invalid_payload",
        "database_unavailable",
        "invalid_host",
    ]


def test_a_bug_is_an_error_with_its_stack_and_the_id(client: Client, lines: Lines) -> None:
    client.raise_request_exception = False
    client.get("/raises/bug", headers={"X-Request-Id": "abcd1234"})
    (error,) = [line for line in lines.read_all() if line["level"] == "error"]
    assert error["request_id"] == "abcd1234"
    assert "KeyError" in error["exception"]


def test_secrets_in_a_path_are_hidden(client: Client, lines: Lines) -> None:
    client.get("/reset/abc-def")
    assert lines.of_requests()[0]["path"] == "/reset/[hidden]"
    assert "abc-def" not in lines.getvalue()


@pytest.mark.parametrize("path", ["/healthz", "/static/icons.svg", "/metrics"])
def test_probes_and_static_files_are_silent(client: Client, lines: Lines, path: str) -> None:
    client.get(path)
    assert lines.read_all() == []


def test_the_line_asks_the_database_for_nothing(client: Client, django_assert_num_queries) -> None:
    alice = get_user_model().objects.create_user("alice@example.org", "a long password")
    client.force_login(alice)
    with django_assert_num_queries(0):
        client.get("/page")


@pytest.mark.django_db(transaction=True)  # a pseudonym is remembered once it is committed
def test_it_names_the_organisation_and_a_pseudonym(
    as_: Callable, api: Callable, key_for: Callable, bob: Any, acme: Any, lines: Lines
) -> None:
    key = key_for(bob)
    as_(bob).get("/raises/denied")
    api(key).get("/api/v1/limited")
    by_session, by_key = lines.of_requests()
    assert by_session["who"].startswith("who_")
    assert by_session["organisation"] == by_key["organisation"] == acme.pk
    assert by_key["key_id"] == key.row.pk
    assert "bob" not in lines.getvalue()


def test_on_the_loop_every_request_has_its_own_id(lines: Lines) -> None:
    async def ask() -> None:
        for sent in ("abcd1234", "efgh5678"):
            await AsyncClient().get("/loop/denied", headers={"X-Request-Id": sent})

    async_to_sync(ask)()
    assert [line["request_id"] for line in lines.of_requests()] == ["abcd1234", "efgh5678"]
