from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from PIL import Image

from accounts.models import AuditLine, Organisation, User
from assistants.models import Artifact, DeletionProof
from policies.models import Entry
from tale.lib import child
from tests.api.conftest import Caller
from tests.people import Key, Program
from tests.upstream.scripted import Script


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None], script: Script) -> Any:
    workspace(acme)
    return acme


Draw = Callable[..., str]


@pytest.fixture
def draw(office: Organisation) -> Draw:
    """Through OpenAI's door, with a key; the id of what came out."""

    def made(key: Key, prompt: str = "a fox") -> str:
        before = set(Artifact.objects.of(office).values_list("pk", flat=True))
        answer = Program(key.secret).post("/openai/v1/images/generations", {"prompt": prompt})
        assert answer.status_code == 200, answer.content
        (fresh,) = set(Artifact.objects.of(office).values_list("pk", flat=True)) - before
        return str(fresh)

    return made


def test_it_works(bob: User, key_for: Callable[..., Key], draw: Draw) -> None:
    key = key_for(bob)
    first, second = draw(key), draw(key, "a heron")
    caller = Caller(key.secret)
    listed = caller.get("/pictures").json()
    assert [row["id"] for row in listed["data"]] == [second, first]
    shown = caller.get(f"/pictures/{first}").json()
    assert (shown["prompt"], shown["width"], shown["origin"]) == ("a fox", 1024, "generated")
    got = Caller(key.secret)
    got.prefix = ""
    content = got.get(shown["content"])
    assert hashlib.sha256(content.content).hexdigest() == shown["sha256"]
    assert content["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("query", "form", "size"),
    [
        ("variant=thumb", "WEBP", (512, 512)),
        ("download=jpg", "JPEG", (1024, 1024)),
        ("download=png", "PNG", (1024, 1024)),
    ],
)
def test_its_bytes_in_another_shape(
    bob: User, key_for: Any, draw: Draw, query: str, form: str, size: tuple[int, int]
) -> None:
    key = key_for(bob)
    got = Caller(key.secret).get(f"/pictures/{draw(key)}/content?{query}")
    image = Image.open(io.BytesIO(got.content))
    assert (image.format, image.size) == (form, size)
    kind = "attachment" if "download" in query else "inline"
    assert got["Content-Disposition"].startswith(kind)


def test_the_one_they_have_is_not_sent_again_and_a_part_is_a_part(
    bob: User, key_for: Any, draw: Draw
) -> None:
    key = key_for(bob)
    caller, path = Caller(key.secret), f"/pictures/{draw(key)}/content"
    whole = caller.get(path)
    size = len(whole.content)
    known = caller.get(path, headers={"If-None-Match": f'"x", {whole["ETag"]}'})
    assert (known.status_code, known.content, known["ETag"]) == (304, b"", whole["ETag"])
    part = caller.get(path, headers={"Range": "bytes=2-9"})
    assert (part.status_code, part.content) == (206, whole.content[2:10])
    assert part["Content-Range"] == f"bytes 2-9/{size}"
    past = caller.get(path, headers={"Range": f"bytes={size}-"})
    assert (past.status_code, past.json()["error"]["code"]) == (416, "invalid_range")
    assert past["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("variant=huge", "invalid_choice"),
        ("variant=thumb&download=png", "incompatible_parameters"),
        ("size=1", "unknown_parameter"),
    ],
)
def test_a_wrong_question_is_refused(
    bob: User, key_for: Any, draw: Draw, query: str, code: str
) -> None:
    key = key_for(bob)
    refused = Caller(key.secret).get(f"/pictures/{draw(key)}/content?{query}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)


def test_one_is_deleted_for_good(office: Organisation, bob: User, key_for: Any, draw: Draw) -> None:
    key = key_for(bob)
    pk = draw(key)
    path, spent = Artifact.objects.of(office).get(pk=pk).path, Entry.objects.of(office).count()
    caller = Caller(key.secret)
    caller.get(f"/pictures/{pk}/content?variant=thumb")
    etag = caller.get(f"/pictures/{pk}")["ETag"]
    stale = caller.delete(f"/pictures/{pk}", headers={"If-Match": 'W/"of yesterday"'})
    assert stale.status_code == 412
    assert caller.delete(f"/pictures/{pk}", headers={"If-Match": etag}).status_code == 204
    assert not storages["default"].exists(path)
    for method in (caller.get, caller.delete):
        refused = method(f"/pictures/{pk}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (410, "gone")
    assert caller.get(f"/pictures/{pk}/content").status_code == 410
    assert caller.get("/pictures").json()["data"] == []
    assert DeletionProof.objects.of(office).get().artifact == pk
    assert AuditLine.objects.of(office).get(action="picture.deleted").key == key.row.pk
    assert Entry.objects.of(office).count() == spent


def test_a_key_sees_what_its_owner_sees(
    office: Organisation, bob: User, lena: User, dana: User, key_for: Any, draw: Draw
) -> None:
    pk = draw(key_for(bob))
    for other in (lena, dana):
        caller = Caller(key_for(other).secret)
        assert caller.get("/pictures").json()["data"] == []
        assert caller.get(f"/pictures/{pk}").status_code == 404
        assert caller.delete(f"/pictures/{pk}").status_code == 404
    admin = Caller(key_for(dana, "images", "admin").secret)
    assert admin.delete(f"/pictures/{pk}").status_code == 204


def test_a_key_of_the_organisation_sees_what_it_made(
    office: Organisation, alice: User, key_for: Any, draw: Draw
) -> None:
    one, other = (key_for(alice, "images", owner=None) for _ in range(2))
    pk = draw(one)
    assert [row["id"] for row in Caller(one.secret).get("/pictures").json()["data"]] == [pk]
    assert Caller(other.secret).get(f"/pictures/{pk}").status_code == 404
    assert Caller(one.secret).delete(f"/pictures/{pk}").status_code == 204


def test_the_scope_is_needed(bob: User, key_for: Any, draw: Draw) -> None:
    pk = draw(key_for(bob))
    caller = Caller(key_for(bob, "read", "chat").secret)
    for answer in (caller.get("/pictures"), caller.get(f"/pictures/{pk}/content")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "insufficient_scope")


def test_a_key_used_again_after_the_deletion_brings_nothing(
    office: Organisation, bob: User, key_for: Any
) -> None:
    """Not a new picture for the old key, and not the deleted one."""
    key = key_for(bob)
    again = {"headers": {"Idempotency-Key": "once"}}
    body = {"prompt": "a fox"}
    Program(key.secret).post("/openai/v1/images/generations", body, **again)
    pk = Artifact.objects.of(office).get().pk
    Caller(key.secret).delete(f"/pictures/{pk}")
    answer = Program(key.secret).post("/openai/v1/images/generations", body, **again)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "gone")
    assert Artifact.objects.of(office).count() == 1
