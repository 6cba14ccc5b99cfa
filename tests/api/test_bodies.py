"""What is sent, before anybody asks what it means. One door, for all of them read alike."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Team, User
from tests.api.conftest import Caller, refused

Calls = Callable[..., Caller]
JSON = "application/json"


@pytest.fixture
def danas(dana: User, calls: Calls) -> Caller:
    return calls(dana, "admin")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"", 400, "required", "name"),
        (b"{}", 400, "required", "name"),
        (b"{", 400, "invalid_json", None),
        (b"{'name': 'x'}", 400, "invalid_json", None),
        (b'{"name": "x",}', 400, "invalid_json", None),
        (b'{"name": "x"} {}', 400, "invalid_json", None),
        (b"null", 400, "invalid_type", None),
        (b"[]", 400, "invalid_type", None),
        (b'"x"', 400, "invalid_type", None),
        (b'[{"name": "x"}]', 400, "invalid_type", None),
        (b'{"name": null}', 400, "null_not_allowed", "name"),
        (b'{"name": 3}', 400, "invalid_type", "name"),
        (b'{"name": true}', 400, "invalid_type", "name"),
        (b'{"name": ["x"]}', 400, "invalid_type", "name"),
        (b'{"name": {"x": 1}}', 400, "invalid_type", "name"),
        (b'{"name": NaN}', 400, "invalid_number", "name"),
        (b'{"name": -Infinity}', 400, "invalid_number", "name"),
        (b'{"name": 1e999}', 400, "invalid_number", "name"),
        (b'{"name": ' + b"9" * 5000 + b"}", 400, "invalid_number", "name"),
        (b'{"name": ""}', 400, "blank", "name"),
        (b'{"name": " \\t\\n"}', 400, "blank", "name"),
        (b'{"name": "\\u200b\\u2060"}', 400, "blank", "name"),
        (b'{"name": "a\\u0000b"}', 400, "invalid_characters", "name"),
        (b'{"name": "\\ud800"}', 400, "invalid_characters", "name"),
        (b'{"na\\u0000me": "x"}', 400, "invalid_characters", None),
        (b'{"name": "x", "name": "y"}', 400, "duplicate_field", "name"),
        (b'{"name": "x", "\\u006eame": "y"}', 400, "duplicate_field", "name"),
        (b'{"name": "x", "colour": "red"}', 400, "unknown_field", "colour"),
        (b'{"name": "x", "Name": "y"}', 400, "unknown_field", "Name"),
        (b'{"name": "x", "id": "team_1"}', 403, "field_not_allowed", "id"),
        (b'{"name": "x", "members": []}', 403, "field_not_allowed", "members"),
        (b'{"name": "' + b"x" * 81 + b'"}', 400, "too_long", "name"),
        (b'{"name": "\xff"}', 400, "invalid_encoding", None),
        ('{"name": "x"}'.encode("utf-16"), 400, "invalid_encoding", None),
        (b"\xef\xbb\xbf" + b'{"name": "x"}', 400, "invalid_json", None),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 400, "invalid_json", None),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400, "invalid_json", None),
        (b'{"name": "' + b"x" * 2**20 + b'"}', 413, "request_too_large", None),
    ],
    ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else None,
)
def test_a_body_that_is_none(
    danas: Caller, design: Team, body: bytes, status: int, code: str, field: str | None
) -> None:
    assert refused(danas.post("/teams", body, content_type=JSON)) == (status, code, field)
    assert Team.objects.of(design.organisation).count() == 1


@pytest.mark.parametrize(
    ("content_type", "status", "code"),
    [
        ("application/json", 201, ""),
        ("application/json; charset=UTF-8", 201, ""),
        ("application/json; charset=utf-16", 415, "unsupported_charset"),
        ("application/json; charset=latin-1", 415, "unsupported_charset"),
        ("text/plain", 415, "unsupported_media_type"),
        ("application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("multipart/form-data; boundary=x", 415, "unsupported_media_type"),
        ("application/xml", 415, "unsupported_media_type"),
        ("application/merge-patch+json", 415, "unsupported_media_type"),
        ("json", 415, "unsupported_media_type"),
    ],
)
def test_what_it_says_it_is(danas: Caller, content_type: str, status: int, code: str) -> None:
    answer = danas.post("/teams", b'{"name": "Brand"}', content_type=content_type)
    assert (answer.status_code, answer.headers.get("X-Error-Code", "")) == (status, code)


def test_the_largest_body_there_is(danas: Caller) -> None:
    """One byte more is too large, wherever that byte stands; this many are read and understood."""
    room = settings.TALE_BODY_BYTES - len('{"name": ""}')
    body = json.dumps({"name": "x" * room}).encode()
    assert len(body) == settings.TALE_BODY_BYTES
    assert refused(danas.post("/teams", body, content_type=JSON))[1] == "too_long"
    answer = danas.post("/teams", body + b" ", content_type=JSON)
    assert refused(answer) == (413, "request_too_large", None)


def test_text_of_every_alphabet(danas: Caller) -> None:
    for name in ("Équipe", "チーム", "فريق", "👩🏽‍🎨", "O'Neill; DROP TABLE--", "<b>{{ 7*7 }}</b>"):
        made = danas.post("/teams", {"name": name}).json()
        assert danas.get(f"/teams/{made['id']}").json()["name"] == name


@pytest.mark.parametrize("verb", ["patch", "put", "delete"])
def test_every_method_reads_as_strictly(danas: Caller, design: Team, verb: str) -> None:
    path = f"/teams/{design.pk}/members" if verb == "put" else f"/teams/{design.pk}"
    sent: Any = {"data": b'{"a": NaN}'}
    if verb == "delete":
        sent["content_type"] = JSON
    answer = getattr(danas, verb)(path, **sent)
    assert refused(answer) == (400, "invalid_number", "a")
    assert Team.objects.of(design.organisation).filter(name="Design").count() == 1


def test_in_their_language(danas: Caller) -> None:
    """The code is for programs and stays; the message is for people."""
    answer = danas.post("/teams", {}, headers={"Accept-Language": "de"})
    assert answer.headers["Content-Language"] == "de"
    assert refused(answer) == (400, "required", "name")
