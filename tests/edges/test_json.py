import json
import time
from contextlib import suppress

import pytest
from django.test import Client

from tale.api.parsers import read_json
from tale.lib.refusals import Refusal

JSON = "application/json"
DEEP = b'{"a":' + b"[" * 31 + b"]" * 31 + b"}"

WRONG = [
    (b"", JSON, "invalid_json"),
    (b"  ", JSON, "invalid_json"),
    (b"{", JSON, "invalid_json"),
    (b"{'a': 1}", JSON, "invalid_json"),
    (b'{"a": 1,}', JSON, "invalid_json"),
    (b'{"a": 1} x', JSON, "invalid_json"),
    (b'{"a": 01}', JSON, "invalid_json"),
    (b'{"a": 1_000}', JSON, "invalid_json"),
    ('{"a": ٣}'.encode(), JSON, "invalid_json"),
    (b'\xef\xbb\xbf{"a": 1}', JSON, "invalid_json"),
    (b"[]", JSON, "invalid_type"),
    (b'"a"', JSON, "invalid_type"),
    (b"null", JSON, "invalid_type"),
    (b'{"a": NaN}', JSON, "invalid_number"),
    (b'{"a": -Infinity}', JSON, "invalid_number"),
    (b'{"a": 1e999}', JSON, "invalid_number"),
    (b'{"a": -1e999}', JSON, "invalid_number"),
    (b'{"a": ' + b"9" * 5000 + b"}", JSON, "invalid_number"),
    (b'{"a": "\\u0000"}', JSON, "invalid_characters"),
    (b'{"a": ["x", "\\ud800"]}', JSON, "invalid_characters"),
    (b'{"\\udfff": 1}', JSON, "invalid_characters"),
    (b'{"a": 1, "a": 1}', JSON, "duplicate_field"),
    (b'{"b": {"a": 1, "a": 2}}', JSON, "duplicate_field"),
    (b'{"a": "\xff"}', JSON, "invalid_encoding"),
    ('{"a": 1}'.encode("utf-16"), JSON, "invalid_encoding"),
    (b'{"a": "\xe4"}', "application/json; charset=latin-1", "unsupported_charset"),
    (b"{}", "application/json; charset=bz2", "unsupported_charset"),
    (b"{}", "text/plain", "unsupported_media_type"),
    (b"{}", "text/json", "unsupported_media_type"),
    (b"{}", "", "unsupported_media_type"),
    (b"{}", "application/x-www-form-urlencoded", "unsupported_media_type"),
    (b'{"a":' + DEEP + b"}", JSON, "invalid_json"),
    (b'{"a":' * 100_000, JSON, "invalid_json"),
    (b"[" * 500_000 + b"]" * 500_000, JSON, "invalid_json"),
    (b'{"a": "' + b"x" * 2**20 + b'"}', JSON, "request_too_large"),
]


@pytest.mark.parametrize(("raw", "content_type", "code"), WRONG, ids=lambda part: str(part)[:24])
def test_it_is_refused(raw: bytes, content_type: str, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_json(raw, content_type)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "content_type", [JSON, "application/json; charset=UTF-8", 'Application/JSON; charset="utf8"']
)
def test_it_is_read(content_type: str) -> None:
    sent = {"a": [1, 1.5, True, None, "ä😀"], "b": {"a": "\n\t"}, "": 0}
    assert read_json(json.dumps(sent).encode(), content_type) == sent
    assert read_json(json.dumps(sent, ensure_ascii=False).encode(), content_type) == sent
    assert read_json(DEEP, content_type)


def test_the_place_is_named() -> None:
    for raw, field in (
        (b'{"messages": [{"content": "\\u0000"}]}', "messages[0].content"),
        (b'{"x": {"a": 1, "a": 2}}', "a"),
        (b'{"x": [{"a": 1}, {"a": NaN}]}', "x[1].a"),
    ):
        with pytest.raises(Refusal) as refused:
            read_json(raw, JSON)
        assert refused.value.field == field


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":[' + b"1," * 500_000 + b"1]}",
        b"{" + b",".join(b'"%d":1' % i for i in range(90_000)) + b',"89999":1}',
        b'{"a":[' + b'"",' * 340_000 + b'""]}',
    ],
    ids=["numbers", "duplicate at the end", "texts"],
)
def test_a_full_body_is_read_in_no_time(raw: bytes) -> None:
    began = time.perf_counter()
    with suppress(Refusal):
        read_json(raw, JSON)
    assert time.perf_counter() - began < 10


@pytest.mark.urls("tests.edges.routes")
@pytest.mark.django_db
class TestThroughHttp:
    @pytest.mark.parametrize(
        ("raw", "content_type", "code"),
        [wrong for wrong in WRONG if wrong[0] and wrong[2] != "request_too_large"],
        ids=lambda part: str(part)[:24],
    )
    def test_it_is_refused(self, client: Client, raw: bytes, content_type: str, code: str) -> None:
        response = client.generic("POST", "/api/v1/form", raw, content_type=content_type)
        assert response.json()["error"]["code"] == code
        assert response.status_code == Refusal(code).status

    @pytest.mark.parametrize("limit", [2**20, 2**22])
    def test_a_large_body(self, client: Client, settings, limit: int) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = limit
        raw = b'{"name": "' + b"x" * 2**20 + b'"}'
        response = client.generic("POST", "/api/v1/form", raw, content_type=JSON)
        assert (response.status_code, response.json()["error"]["code"]) == (
            413,
            "request_too_large",
        )
