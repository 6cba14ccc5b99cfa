from typing import Any

import pytest
from django.test import Client

from tale.lib.strict import is_blank

pytestmark = [pytest.mark.urls("tests.edges.routes"), pytest.mark.django_db]


def sent(client: Client, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    response = client.post("/api/v1/form", body, content_type="application/json")
    return response.status_code, response.json()


RIGHT = {
    "name": "",
    "title": "a long title",
    "mail": "bob@acme.test",
    "n": 3,
    "on": True,
    "off": None,
    "role": "1",
    "cap": "12.50",
    "tags": ["a", "b"],
    "members": [{"name": "Bob"}],
}


def test_it_works(client: Client) -> None:
    status, body = sent(client, RIGHT)
    assert status == 200
    assert body == RIGHT | {"cap": 12_500_000, "members": [{"name": "Bob", "role": "member"}]}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nmae", "Bob", "unknown_field"),
        ("id", "org_1", "field_not_allowed"),
        ("title", None, "null_not_allowed"),
        ("title", 5, "invalid_type"),
        ("title", True, "invalid_type"),
        ("title", ["a"], "invalid_type"),
        ("title", {"a": 1}, "invalid_type"),
        ("title", "", "blank"),
        ("title", " \t\n", "blank"),
        ("title", "\u200b\u200d\ufeff\u2060", "blank"),
        ("title", "\u00a0\u3164\u2800", "blank"),
        ("mail", "no mail", "invalid_value"),
        ("mail", 5, "invalid_type"),
        ("n", "3", "invalid_type"),
        ("n", True, "invalid_type"),
        ("n", 3.0, "invalid_type"),
        ("n", "٣", "invalid_type"),
        ("n", "1_0", "invalid_type"),
        ("n", None, "null_not_allowed"),
        ("n", 0, "out_of_range"),
        ("n", 11, "out_of_range"),
        ("n", 2**63, "out_of_range"),
        ("on", "true", "invalid_type"),
        ("on", 1, "invalid_type"),
        ("on", None, "null_not_allowed"),
        ("off", "", "invalid_type"),
        ("off", "null", "invalid_type"),
        ("role", "3", "invalid_choice"),
        ("role", 1, "invalid_type"),
        ("cap", 12.5, "invalid_type"),
        ("cap", 12, "invalid_type"),
        ("cap", "1_000", "invalid_number"),
        ("cap", "-0", "invalid_number"),
        ("cap", "1e3", "invalid_number"),
        ("cap", "١", "invalid_number"),
        ("cap", " 1", "invalid_number"),
        ("cap", "NaN", "invalid_number"),
        ("cap", "1.1234567", "too_many_decimals"),
        ("tags", "ab", "invalid_type"),
        ("tags", {"a": 1}, "invalid_type"),
        ("tags", ["a", "b", "c"], "too_many_items"),
        ("members", {"name": "Bob"}, "invalid_type"),
    ],
)
def test_it_is_refused(client: Client, name: str, value: Any, code: str) -> None:
    status, body = sent(client, {name: value})
    assert (body["error"]["code"], body["error"]["field"]) == (code, name)
    assert status == (403 if code == "field_not_allowed" else 400)


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"members": [{"name": "Bob"}, {"name": "Robert"}]}, "members[1].name", "too_long"),
        ({"members": [{"role": "admin"}]}, "members[0].name", "required"),
        ({"members": [{"name": "Bob", "role": "owner"}]}, "members[0].role", "invalid_choice"),
        ({"members": [{"name": "Bob", "x": 1}]}, "members[0].x", "unknown_field"),
        ({"members": ["Bob"]}, "members[0]", "invalid_type"),
        ({"tags": ["a", ""]}, "tags[1]", "blank"),
    ],
)
def test_the_path_leads_to_the_fault(client: Client, body: dict, field: str, code: str) -> None:
    _status, answer = sent(client, body)
    assert (answer["error"]["field"], answer["error"]["code"]) == (field, code)


def test_every_fault_is_listed(client: Client) -> None:
    _status, body = sent(client, {"x": 1, "title": 5, "members": [{"name": "Bob", "role": "x"}]})
    listed = [(fault["field"], fault["code"]) for fault in body["error"]["details"]["fields"]]
    assert listed == [
        ("x", "unknown_field"),
        ("title", "invalid_type"),
        ("members[0].role", "invalid_choice"),
    ]


def test_a_bound_says_which(client: Client) -> None:
    assert sent(client, {"n": 0})[1]["error"]["details"]["bound"] == "minimum"
    assert sent(client, {"n": 11})[1]["error"]["details"]["bound"] == "maximum"


def test_an_id_in_a_body_that_is_not_there_is_not_repeated(client: Client) -> None:
    (one, first), (two, second) = (sent(client, {"house": name}) for name in ("org_1", "org_22"))
    assert one == two == 404
    for body in (first, second):
        assert body["error"]["code"] == "not_found"
        assert "org_" not in str(body)


def test_a_thousand_unknown_fields_do_not_come_back(client: Client) -> None:
    _status, body = sent(client, {f"x{n}": n for n in range(1000)})
    assert len(body["error"]["details"]["fields"]) == 20


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u202e\u2066", "\u115f"])
def test_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["a", " . ", "😀", "👩‍👩‍👧", "\u200bx"])
def test_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("key", 401, "api_key_revoked"),
        ("nobody", 401, "unauthenticated"),
        ("refusal", 400, "too_long"),
        ("foreign", 404, "not_found"),
        ("denied", 403, "forbidden"),
        ("down", 503, "database_unavailable"),
    ],
)
def test_exceptions_of_drf_and_django(client: Client, what: str, status: int, code: str) -> None:
    response = client.get(f"/api/v1/drf/{what}")
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert "hunter2" not in response.content.decode()
    assert response.json()["error"]["request_id"] == response.headers["X-Request-Id"]


def test_a_bug_in_a_drf_view(client: Client) -> None:
    client.raise_request_exception = False
    response = client.get("/api/v1/drf/bug")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal_error")


def test_method_and_accept(client: Client) -> None:
    wrong = client.put("/api/v1/form", {}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in wrong.headers["Allow"]
    html = client.post("/api/v1/form", {}, "application/json", headers={"Accept": "text/html"})
    assert (html.status_code, html.json()["error"]["code"]) == (406, "not_acceptable")
