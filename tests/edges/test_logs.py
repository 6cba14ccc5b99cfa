import io
import json
import logging
from typing import Any

import pytest
import structlog

from tale.lib import logs

SECRETS = [
    "tale_ab12cd34ef_Xy7-secretsecretsecretsecretsecretsecret",
    "sk-proj-abcdefgh12345678",
    "Bearer abcdef123456",
    "Basic YWxpY2U6c2VjcmV0",
    "xoxb-123456789-abcdef",
    "ghp_abcdefghijklmnop1234",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
    "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4MTIz",
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
]


def redacted(**event: Any) -> dict[str, Any]:
    return dict(logs.redact(None, "info", event))


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "around", ["{}", "before {} after", "x='{}'", '{{"a": "{}"}}', "/a?b={}&c"]
)
def test_a_secret_is_known_by_its_looks(secret: str, around: str) -> None:
    said = json.dumps(redacted(event=around.format(secret), deep=[{"a": (around.format(secret),)}]))
    assert secret.split(" ")[-1] not in said


NAMES = """
    password PASSWORD new_password1 passphrase client_secret accessToken refresh_token api_key
    apiKey X-API-Key key keys Authorization Cookie set-cookie session_key csrf_token
    signature credential
"""


@pytest.mark.parametrize("name", NAMES.split())
def test_or_by_the_name_it_stands_under(name: str) -> None:
    said = redacted(**{name: "plain"}, headers={name: ["plain"], "inner": [{name: "plain"}]})
    assert "plain" not in json.dumps(said)


@pytest.mark.parametrize(
    "name", ["monkey", "keyboard", "author", "route", "key_id", "prompt_tokens", "path"]
)
def test_harmless_names_stay(name: str) -> None:
    assert redacted(**{name: "plain"}) == {name: "plain"}


def test_counts_stay() -> None:
    assert redacted(tokens=812, n_keys=3, ok=True) == {"tokens": 812, "n_keys": 3, "ok": True}


@pytest.mark.parametrize(
    "text",
    [
        "password=swordfish",
        "password: 'swordfish'",
        '{"api_key": "swordfish"}',
        "https://x.test/?token=swordfish&a=1",
        "postgres://tale:swordfish@db/tale",
        "Cookie: a=b; session=swordfish",
        "X-Amz-Signature=swordfish",
        "Authorization: Negotiate swordfish",
    ],
)
def test_a_secret_inside_a_text(text: str) -> None:
    assert "swordfish" not in redacted(event=text)["event"]


@pytest.mark.parametrize(
    "text",
    [
        "GET /chats/chat_01j9zq5w8x3k/turns 200",
        'File "lib/python3.11/site-packages/django/core/handlers/exception.py", line 55, in inner',
        "org_m7xz7m30aqre9m3vx8bnk5ps req_m7xz7ma1ec0x2pn6xc85h4j7",
        "9c858901-8a57-4791-81fe-4c455b099bc9",
    ],
)
def test_what_one_needs_to_read_stays(text: str) -> None:
    assert redacted(event=text)["event"] == text


def test_an_address_becomes_a_pseudonym() -> None:
    once, again, other = (
        redacted(event=f"to {address}!")["event"]
        for address in ("alice@acme.test", "ALICE@acme.test", "bob@acme.test")
    )
    assert "alice" not in once
    assert once == again != other


def test_bytes_and_depth_and_objects() -> None:
    class Holder:
        def __repr__(self) -> str:
            return "password=swordfish"

    deep: Any = "swordfish"
    for _ in range(50):
        deep = [deep]
    said = redacted(body=b"swordfish", deep=deep, holder=Holder(), names={"tale_abcdef123": 1})
    assert "swordfish" not in str(said)
    assert "tale_abcdef123" not in str(said)


@pytest.fixture
def written() -> Any:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    line = logs.configure(level="INFO", pretty=False)["formatters"]["line"]
    kind = line.pop("()")
    handler.setFormatter(kind(**line))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(text) for text in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def fail() -> None:
    raise ValueError("no answer from https://x.test/?token=swordfish for alice@acme.test")


@pytest.mark.parametrize("name", ["structlog", "stdlib"])
def test_exceptions_are_scrubbed_and_one_line(written: Any, name: str) -> None:
    log = structlog.get_logger("x") if name == "structlog" else logging.getLogger("x")
    try:
        fail()
    except ValueError:
        log.exception("it broke")
    (line,) = written()
    assert line["event"] == "it broke"
    assert "ValueError" in line["exception"]
    assert "swordfish" not in str(line)
    assert "alice" not in str(line)


def test_other_loggers_pass_here_too(written: Any) -> None:
    arguments = {"extra": {"request": "swordfish", "status_code": 418}}
    logging.getLogger("celery.task").warning("sent %s", "sk-abcdefgh1234", **arguments)
    (line,) = written()
    assert line["event"] == "sent [hidden]"
    assert line["status_code"] == 418
    assert "request" not in line


def test_a_forged_line_stays_in_its_line(written: Any) -> None:
    logging.getLogger("x").warning('a\n{"level": "error"}')
    assert len(written()) == 1


def test_pretty_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    line = logs.configure(level="INFO", pretty=True)["formatters"]["line"]
    kind = line.pop("()")
    record = logging.makeLogRecord({"msg": "password=swordfish", "levelname": "INFO", "name": "x"})
    try:
        fail()
    except ValueError as broken:
        record.exc_info = (type(broken), broken, broken.__traceback__)
    text = kind(**line).format(record)
    assert "swordfish" not in text
    assert "ValueError" in text
    with pytest.raises(ValueError):
        json.loads(text)
