"""The routes people and programs really use, on a good day and on a bad one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

pytestmark = pytest.mark.django_db
SECURE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@contextmanager
def outage() -> Iterator[None]:
    def refuse(*_statement: Any) -> None:
        raise OperationalError("connection to 10.0.0.7 refused, password swordfish")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/accounts/login/",
        "/no/such",
        "/chats/chat_none",
        "/static/tale.css",
        "/static/no.css",
        "/healthz",
        "/metrics",
        "/api/v1/no/such",
        "/openai/v1/images/generations",
        "/mistral/v1/no/such",
    ],
)
@pytest.mark.parametrize("working", [True, False], ids=["working", "outage"])
def test_headers_everywhere(as_: Callable, bob: Any, path: str, working: bool) -> None:
    for client in (Client(), as_(bob)):
        client.raise_request_exception = False
        if working:
            response = client.get(path)
        else:
            with outage():
                response = client.get(path)
        assert {name: response.headers[name] for name in SECURE} == SECURE
        assert "'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["X-Request-Id"]
        assert response.status_code < 500 or response.headers["X-Error-Code"]


def test_a_page_that_is_not_there_keeps_the_navigation(as_: Callable, bob: Any) -> None:
    page = as_(bob).get("/no/such").content.decode()
    assert 'data-error-code="not_found"' in page
    assert "bob@acme.test" in page


def test_a_foreign_chat_and_none_answer_alike(as_: Callable, bob: Any) -> None:
    response = as_(bob).get("/chats/chat_none")
    assert (response.status_code, response.headers["X-Error-Code"]) == (404, "not_found")


def test_an_outage_on_a_page(as_: Callable, bob: Any) -> None:
    bobs = as_(bob)
    with outage():
        page, toast = bobs.get("/"), bobs.get("/", headers={"HX-Request": "true"})
    for response in (page, toast):
        assert response.status_code == 503
        assert response.headers["X-Error-Code"] == "database_unavailable"
        assert int(response.headers["Retry-After"]) > 0
        assert b"swordfish" not in response.content
    assert b"</html>" in page.content
    assert b"</html>" not in toast.content


def test_an_outage_on_a_wire(api: Callable, key_for: Callable, bob: Any) -> None:
    bobs = api(key_for(bob))
    with outage():
        response = bobs.post("/openai/v1/images/generations", {"prompt": "a fox"})
    assert response.status_code == 503
    assert response.json()["error"]["type"] == "server_error"
    assert response.headers["x-should-retry"] == "false"


def test_a_wire_without_a_key(client: Client) -> None:
    response = client.post("/openai/v1/images/generations", {}, "application/json")
    assert (response.status_code, response.json()["error"]["code"]) == (401, "unauthenticated")
