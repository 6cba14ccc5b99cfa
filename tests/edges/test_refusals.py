import json
import re
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.db import OperationalError
from django.http import HttpResponse
from django.test import AsyncClient, Client

from tale.lib.refusals import Refusal
from tests.edges.routes import SECRET

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]
ID = "12345678-abcd"
HTMX = {"HX-Request": "true"}
STATUS = {
    "refusal": (400, "too_long"),
    "cap": (429, "budget_exceeded"),
    "unknown": (404, "not_found"),
    "foreign": (404, "not_found"),
    "denied": (403, "forbidden"),
    "suspicious": (400, "invalid_payload"),
    "bad": (400, "invalid_payload"),
    "down": (503, "database_unavailable"),
    "gone": (503, "database_unavailable"),
}


@pytest.fixture
def client() -> Client:
    return Client(headers={"X-Request-Id": ID})


def code_of(response: HttpResponse) -> str:
    return response.headers["X-Error-Code"]


@pytest.mark.parametrize("what", STATUS)
@pytest.mark.parametrize("edge", ["", "api/v1/", "openai/v1/", "mistral/v1/"])
def test_each_edge_says_no_with_its_code(client: Client, edge: str, what: str) -> None:
    response = client.get(f"/{edge}raises/{what}")
    status, code = STATUS[what]
    if edge.startswith("mistral") and what == "refusal":
        status = 422
    assert (response.status_code, code_of(response)) == (status, code)
    assert SECRET not in response.content.decode()
    assert response.headers["X-Request-Id"] == ID


def test_the_native_envelope(client: Client) -> None:
    body = client.get("/api/v1/raises/refusal").json()
    assert body == {
        "error": {
            "code": "too_long",
            "message": "Too long.",
            "field": "members[0].name",
            "request_id": ID,
            "details": {"limit": 80},
        }
    }


@pytest.mark.parametrize("edge", ["", "api/v1/", "openai/v1/", "mistral/v1/"])
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["whole", "htmx"])
def test_foreign_and_unknown_are_the_same_to_the_byte(edge: str, headers: dict[str, str]) -> None:
    client = Client(headers={"X-Request-Id": ID, **headers})
    paths = [f"/{edge}{path}" for path in ("raises/foreign", "raises/unknown", "no/such")]
    answers = [client.get(path) for path in paths]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({same(answer, path) for answer, path in zip(answers, paths, strict=True)}) == 1


def same(response: HttpResponse, path: str) -> str:
    """Without the masked CSRF token and the caller's own path, which pages repeat."""
    body = response.content.decode().replace(path, "")
    return re.sub(r"[A-Za-z0-9]{64}", "", body)


def test_a_page_names_the_code_and_the_request(client: Client) -> None:
    response = client.get("/raises/denied")
    assert response.headers["Content-Type"].startswith("text/html")
    page = response.content.decode()
    assert 'data-error-code="forbidden"' in page
    assert ID in page
    assert "</html>" in page


def test_htmx_gets_one_toast_and_nothing_else(client: Client) -> None:
    response = client.get("/raises/cap", headers=HTMX)
    body = response.content.decode()
    assert (response.status_code, code_of(response)) == (429, "budget_exceeded")
    assert (
        body.count('class="toast toast--') == body.count('data-error-code="budget_exceeded"') == 1
    )
    assert "<html" not in body
    assert response.headers["Retry-After"] == "60"


def test_htmx_restoring_history_gets_a_page(client: Client) -> None:
    headers = HTMX | {"HX-History-Restore-Request": "true"}
    assert b"</html>" in client.get("/raises/denied", headers=headers).content


def test_who_is_not_signed_in_is_sent_there_and_back(client: Client) -> None:
    response = client.get("/raises/anonymous?a=1")
    assert response.status_code == 302
    assert response.headers["Location"] == "/accounts/login/?next=%2Fraises%2Fanonymous%3Fa%3D1"
    posted = client.post("/raises/anonymous")
    assert posted.headers["Location"] == "/accounts/login/"


def test_htmx_is_sent_to_sign_in_and_back_to_its_page(client: Client) -> None:
    headers = HTMX | {"HX-Current-URL": "http://testserver/page?x=1"}
    response = client.get("/raises/anonymous", headers=headers)
    assert response.status_code == 401
    assert response.headers["HX-Redirect"] == "/accounts/login/?next=%2Fpage%3Fx%3D1"
    elsewhere = client.get("/raises/anonymous", headers=HTMX | {"HX-Current-URL": "http://evil/x"})
    assert elsewhere.headers["HX-Redirect"] == "/accounts/login/"


@pytest.mark.parametrize("wanted", ["image", "empty"])
def test_what_is_no_page_gets_no_page(client: Client, wanted: str) -> None:
    response = client.get("/raises/anonymous", headers={"Sec-Fetch-Dest": wanted})
    assert response.status_code == 401
    assert response.headers["Content-Type"].startswith("text/plain")


def test_an_api_never_redirects(client: Client) -> None:
    response = client.get("/api/v1/raises/anonymous")
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("edge", ["", "api/v1/", "openai/v1/", "mistral/v1/"])
def test_a_wrong_method_says_which_are_right(client: Client, edge: str) -> None:
    response = client.get(f"/{edge}post")
    assert (response.status_code, code_of(response)) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


def test_a_bare_status_is_given_words_and_words_are_left(client: Client) -> None:
    assert code_of(client.get("/bare/403")) == "forbidden"
    assert client.get("/said").content == b"<p>in its own words"
    assert client.get("/api/v1/said").json()["error"]["code"] == "forbidden"


def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post("/guarded", {"a": "1"})
    assert (response.status_code, code_of(response)) == (403, "csrf_failed")
    toast = strict.post("/guarded", {"a": "1"}, headers=HTMX)
    assert (toast.status_code, code_of(toast)) == (403, "csrf_failed")
    assert 'data-error-code="csrf_failed"' in toast.content.decode()


def test_a_body_that_is_too_large_is_a_413(client: Client, settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
    response = client.post(
        "/guarded", {"a": "1" * 50}, content_type="application/x-www-form-urlencoded"
    )
    assert (response.status_code, code_of(response)) == (413, "request_too_large")


def test_too_many_fields(client: Client, settings) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    fields = "a=1&b=2&c=3"
    form = "application/x-www-form-urlencoded"
    response = client.generic("POST", "/guarded", fields, content_type=form)
    assert (response.status_code, code_of(response)) == (400, "too_many_items")


@pytest.mark.parametrize("path", ["/page", "/api/v1/form", "/openai/v1/x", "/mistral/v1/x"])
def test_a_forged_host(client: Client, path: str) -> None:
    response = client.get(path, headers={"Host": "evil.example"})
    assert (response.status_code, code_of(response)) == (400, "invalid_host")


@pytest.mark.parametrize("edge", ["", "api/v1/", "openai/v1/", "mistral/v1/"])
@pytest.mark.parametrize("colour", ["raises", "loop"])
def test_a_bug_shows_its_stack_in_the_log_alone(caplog, edge: str, colour: str) -> None:
    client = Client(raise_request_exception=False)
    response = client.post(f"/{edge}{colour}/bug")
    assert (response.status_code, code_of(response)) == (500, "internal_error")
    assert "hunter2" not in response.content.decode()
    assert [bool(line.exc_info) for line in caplog.records if line.name == "django.request"] == [
        True
    ]
    if edge:
        assert response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("debug", [False, True])
def test_debugging_does_not_change_what_is_said(settings, debug: bool) -> None:
    settings.DEBUG = debug
    client = Client(raise_request_exception=False)
    assert client.get("/api/v1/raises/bug").json()["error"]["code"] == "internal_error"
    assert client.get("/api/v1/no/such").json()["error"]["code"] == "not_found"
    assert 'data-error-code="not_found"' in client.get("/no/such").content.decode()


def test_a_refusal_raised_around_the_view_is_still_one(client: Client) -> None:
    client.raise_request_exception = False
    with mock.patch("django.contrib.sessions.middleware.SessionMiddleware.process_request") as step:
        step.side_effect = Refusal("organization_suspended")
        response = client.get("/api/v1/raises/cap")
        assert (response.status_code, code_of(response)) == (403, "organization_suspended")
        step.side_effect = OperationalError(SECRET)
        response = client.get("/page")
        assert (response.status_code, code_of(response)) == (503, "database_unavailable")
        assert response.headers["Retry-After"]


def test_no_page_of_an_outage_asks_the_database(client: Client, django_assert_num_queries) -> None:
    client.cookies["session"] = "a" * 32
    with django_assert_num_queries(0):
        response = client.get("/raises/down")
    assert b"</html>" in response.content


def test_an_answer_comes_even_when_its_template_breaks(client: Client) -> None:
    with mock.patch("tale.edges.answers.render_to_string", side_effect=OperationalError(SECRET)):
        page = client.get("/raises/denied")
        toast = client.get("/raises/denied", headers=HTMX)
    for response in (page, toast):
        assert response.status_code == 403
        assert 'data-error-code="forbidden"' in response.content.decode()
        assert ID in response.content.decode()


@pytest.mark.parametrize("path", ["/raises/cap", "/openai/v1/raises/cap", "/api/v1/raises/cap"])
def test_money_refusals_say_when(client: Client, path: str) -> None:
    response = client.post(path)
    assert response.headers["Retry-After"] == "60"
    if path.startswith("/openai"):
        assert response.headers["x-should-retry"] == "false"
        assert response.json()["error"]["code"] == "insufficient_quota"


@pytest.mark.parametrize("path", ["/loop/denied", "/raises/denied", "/no/such", "/bare/403"])
@pytest.mark.parametrize("edge", ["", "/api/v1"])
def test_the_loop_answers_alike(client: Client, edge: str, path: str) -> None:
    asked = {"path": edge + path, "headers": {"X-Request-Id": ID}}
    here, there = async_to_sync(AsyncClient().get)(**asked), client.get(**asked)
    assert here.status_code == there.status_code
    assert same(here, edge + path) == same(there, edge + path)
    assert code_of(here) == code_of(there)


def test_a_bug_on_the_loop() -> None:
    client = AsyncClient(raise_request_exception=False)
    response = async_to_sync(client.get)("/mistral/v1/loop/bug")
    assert (response.status_code, code_of(response)) == (500, "internal_error")
    assert json.loads(response.content)["object"] == "error"
