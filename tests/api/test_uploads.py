"""What a person brings: through the gate, onto their account, into what they may store."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.template.defaultfilters import filesizeformat
from django.test.client import BOUNDARY, MULTIPART_CONTENT
from PIL import Image

from accounts.models import AuditLine, Organisation, User
from assistants import artifacts
from assistants.models import Artifact
from tale.lib import child
from tests.api.conftest import Caller, refused
from tests.assistants.hostile import GREEN, HOSTILE, SCRIPT, encoded
from tests.people import Key, Program, membership_of

MIB, AT_ONCE = 2**20, 6
Calls = Callable[..., Caller]


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


def send(caller: Caller, content: bytes, name: str = "a.png", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, content, "text/html")
    return caller.post("/pictures", {"file": file, **fields}, MULTIPART_CONTENT)


Kept = Callable[[], int]


@pytest.fixture
def kept() -> Kept:
    """How many files this test has left in the store."""

    def there() -> set[str]:
        store = storages["default"]
        return set(store.listdir("uploads")[1]) if store.exists("uploads") else set()

    before = there()
    return lambda: len(there() - before)


def photo(side: int = 64) -> bytes:
    """On its side, taken somewhere, and with something hidden behind it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Camera of Bob"
    return encoded("JPEG", Image.new("RGB", (side, side // 2), GREEN), exif=exif) + SCRIPT


def test_it_works(acme: Organisation, bob: User, calls: Calls, kept: Kept) -> None:
    caller = calls(bob, "images")
    answer = send(caller, photo(), "C:\\fotos\\Anna am See.jpg")
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["origin"], shown["alt"], shown["expires_at"]) == ("uploaded", "Anna am See", None)
    assert (shown["width"], shown["height"], shown["media_type"]) == (32, 64, "image/jpeg")
    assert answer["Location"] == f"/api/v1/pictures/{shown['id']}"
    content = caller.get(f"/pictures/{shown['id']}/content").content
    assert hashlib.sha256(content).hexdigest() == shown["sha256"]
    assert b"Camera" not in content
    assert SCRIPT not in content
    assert Image.open(io.BytesIO(content)).size == (32, 64)
    row = Artifact.objects.of(acme).get()
    assert (row.owner, row.prompt, row.marked_by) == (bob, "", "")
    assert "anna" not in row.path.lower()
    assert AuditLine.objects.of(acme).get(action="picture.uploaded").target == row.pk
    assert caller.get("/pictures").json()["data"][0]["id"] == row.pk
    thumb = caller.get(f"/pictures/{row.pk}/content?variant=thumb")
    assert thumb["Content-Type"] == "image/webp"
    assert caller.delete(f"/pictures/{row.pk}").status_code == 204
    assert kept() == 0


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused_and_nothing_of_it_kept(
    acme: Organisation, bob: User, calls: Calls, kept: Kept, name: str
) -> None:
    content, code = HOSTILE[name]
    answer = send(calls(bob, "images"), content)
    assert refused(answer)[1:] == (code, "file")
    assert not Artifact.objects.of(acme).exists()
    assert kept() == 0


def form(*parts: str, end: str = f"--{BOUNDARY}--\r\n") -> bytes:
    return "".join([f"--{BOUNDARY}\r\n{part}\r\n" for part in parts] + [end]).encode()


AS_IT_IS = MULTIPART_CONTENT.replace("; ", ";")  # else the test client writes the form
FILE = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\n\r\nx'
ALT = 'Content-Disposition: form-data; name="alt"\r\n\r\n'


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"\r\n", "invalid_multipart", None),
        (b"\0" * 300, "invalid_multipart", None),
        (form(FILE, end=""), "invalid_multipart", None),
        (form(FILE)[:-30], "invalid_multipart", None),
        (form(), "required", "file"),
        (form(ALT + "x"), "required", "file"),
        (form('Content-Disposition: form-data; name="file"\r\n\r\nx'), "invalid_type", "file"),
        (form(FILE, FILE), "duplicate_field", "file"),
        (form(FILE, ALT + "a", ALT + "b"), "duplicate_field", "alt"),
        (form(FILE, ALT + "\0"), "invalid_characters", "alt"),
        (form(FILE, ALT + "x" * 501), "too_long", "alt"),
        (form(FILE, ALT.replace("alt", "path") + "x"), "unknown_field", "path"),
        (form(*[FILE.replace('"file"', f'"f{n}"') for n in range(101)]), "too_many_files", None),
        (form(FILE + "x" * (20 * MIB)), "file_too_large", "file"),
    ],
)
def test_a_wrong_form_is_refused(
    acme: Organisation, bob: User, calls: Calls, body: bytes, code: str, field: str | None
) -> None:
    answer = calls(bob, "images").post("/pictures", body, AS_IT_IS)
    assert refused(answer)[1:] == (code, field)
    assert not Artifact.objects.of(acme).exists()


def test_it_is_no_json(bob: User, calls: Calls) -> None:
    caller = calls(bob, "images")
    assert refused(caller.post("/pictures", {"file": "x"}))[1] == "unsupported_media_type"
    assert refused(calls(bob).post("/pictures"))[1] == "insufficient_scope"


def test_others_do_not_see_it_and_a_key_of_the_organisation_sees_its_own(
    alice: User, bob: User, lena: User, calls: Calls
) -> None:
    robot, other = (calls(alice, "images", owner=None) for _ in range(2))
    for caller, stranger in ((calls(bob, "images"), calls(lena, "images")), (robot, other)):
        pk = send(caller, encoded("PNG")).json()["id"]
        assert caller.get(f"/pictures/{pk}").status_code == 200
        assert stranger.get(f"/pictures/{pk}").status_code == 404
        assert stranger.patch(f"/pictures/{pk}", {"alt": "mine"}).status_code == 404
        assert stranger.get("/storage").json()["used_bytes"] == 0


def test_what_it_shows_is_said_by_who_may_delete_it(
    acme: Organisation, bob: User, lena: User, dana: User, calls: Calls
) -> None:
    caller = calls(bob, "images")
    pk = send(caller, encoded("PNG"), alt="a green wall").json()["id"]
    stale = caller.patch(
        f"/pictures/{pk}", {"alt": "a lawn"}, headers={"If-Match": 'W/"of yesterday"'}
    )
    assert stale.status_code == 412
    assert caller.patch(f"/pictures/{pk}", {"alt": "a lawn"}).json()["alt"] == "a lawn"
    assert caller.patch(f"/pictures/{pk}", {"prompt": "x"}).status_code == 403
    governor = calls(dana, "images", "admin")
    assert governor.patch(f"/pictures/{pk}", {"alt": ""}).json()["alt"] == ""
    lines = AuditLine.objects.of(acme).filter(action="picture.described")
    assert [line.target for line in lines] == [pk, pk]
    caller.delete(f"/pictures/{pk}")
    assert refused(caller.patch(f"/pictures/{pk}", {"alt": "x"}))[:2] == (410, "gone")


def test_a_full_storage_takes_no_more(
    acme: Organisation, alice: User, bob: User, calls: Calls, kept: Kept, caplog: Any
) -> None:
    noise = encoded("PNG", Image.effect_noise((800, 800), 90))  # more than half a MiB
    governor = calls(alice, "admin")
    assert governor.patch("/organisation", {"storage_mib": 1}).json()["storage_mib"] == 1
    caller = calls(bob, "images")
    first = send(caller, noise)
    assert first.status_code == 201
    used = first.json()["size_bytes"]
    answer = send(caller, noise)
    assert refused(answer)[:2] == (507, "storage_full")
    assert not [line for line in caplog.records if line.levelname == "ERROR"]
    details = answer.json()["error"]["details"]
    assert (details["used"], details["limit"]) == (used, MIB)
    assert kept() == 1
    told = caller.get("/storage").json()
    assert (told["used_bytes"], told["limit_bytes"], told["pictures"]) == (used, MIB, 1)
    caller.delete(f"/pictures/{first.json()['id']}")
    assert caller.get("/storage").json()["used_bytes"] == 0
    assert send(caller, noise).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_those_that_fit_are_kept(
    acme: Organisation, bob: User, key_for: Callable[..., Key], kept: Kept, monkeypatch: Any
) -> None:
    """All of them found room and have written their bytes before the first is counted."""
    noise = encoded("PNG", Image.effect_noise((600, 600), 90))  # three in a MiB
    Organisation.objects.filter(pk=acme.pk).update(storage_mib=1)
    key, statuses = key_for(bob), []
    written, put = threading.Barrier(AT_ONCE), artifacts.put

    def put_and_wait(path: str, content: bytes) -> None:
        put(path, content)
        written.wait(timeout=20)

    monkeypatch.setattr(artifacts, "put", put_and_wait)

    def upload() -> None:
        try:
            body = {"file": SimpleUploadedFile("a.png", noise)}
            answer = Program(key.secret).post("/api/v1/pictures", body, MULTIPART_CONTENT)
            statuses.append(answer.status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=upload) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Artifact.objects.of(acme)
    fit = MIB // rows[0].size_bytes
    assert fit in (2, 3)
    assert sorted(statuses) == [201] * fit + [507] * (AT_ONCE - fit)
    assert sum(row.size_bytes for row in rows) <= MIB
    assert kept() == rows.count() == fit


def test_who_governs_sees_what_is_stored(
    acme: Organisation, bob: User, dana: User, calls: Calls, as_: Any
) -> None:
    send(calls(bob, "images"), encoded("PNG", Image.effect_noise((600, 600), 90)))
    admin = as_(dana)
    pages = (f"organisation/{acme.pk}", f"membership/{membership_of(bob).pk}")
    told = [admin.get(f"/admin/accounts/{page}/change/").content.decode() for page in pages]
    size = filesizeformat(Artifact.objects.of(acme).get().size_bytes)
    assert f"{size} uploaded" in told[0]
    assert f"{size} of 2.0" in told[1]
