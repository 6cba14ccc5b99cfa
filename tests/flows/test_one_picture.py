"""A picture through the door of its chat: small, large, in part, taken away, deleted."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import storages
from django.core.serializers import serialize
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts.models import AuditLine, Organisation, User
from assistants import artifacts, deletion, provenance
from assistants.context import Context
from assistants.models import Artifact, DeletionProof, ImageJob, Rendition
from chats.models import Message, Turn
from policies.models import Entry
from tale.lib import child
from tale.lib.models import LiveState
from tale.lib.refusals import NotFound
from tests.assistants.hostile import GREEN, encoded
from tests.flows.test_a_picture_in_a_chat import ask, work
from tests.people import Program, actor_for
from tests.upstream.scripted import Script

SECRET = "a heron nobody may hear of"
SHOWS = "a heron at the water's edge"
CALL = json.dumps({"prompt": SECRET, "n": 2, "alt": SHOWS})


@pytest.fixture(scope="module", autouse=True)
def children() -> Iterator[None]:
    child.start()
    yield
    child.stop()


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def drawn(office: Organisation, bob: User, as_: Any, script: Script) -> list[Artifact]:
    """Two of them in a chat of bob's, 1600 x 800, green with a hole."""
    image = Image.new("RGBA", (1600, 800), (*GREEN, 255))
    image.paste((0, 0, 0, 0), (0, 0, 400, 800))
    script.sends = [encoded("PNG", image)] * 2
    script.calls(CALL)
    script.says("Here they are.")
    work(ask(as_(bob), "two herons please"))
    return list(Artifact.objects.of(office).order_by("ordinal"))


def opened(response: Any) -> Image.Image:
    assert response.status_code == 200, response.content
    return Image.open(io.BytesIO(response.content))


def delete(client: Client, picture: Artifact) -> Any:
    return client.delete(f"/pictures/{picture.pk}", headers={"HX-Request": "true"})


def files_of(picture: Artifact) -> list[str]:
    made = Rendition.objects.filter(artifact=picture).values_list("path", flat=True)
    return [picture.path, *made]


def test_it_works(bob: User, drawn: list[Artifact], as_: Any) -> None:
    client, address = as_(bob), f"/pictures/{drawn[0].pk}"
    assert opened(client.get(address)).size == (1600, 800)
    thumb, preview = (client.get(f"{address}?variant={name}") for name in ("thumb", "preview"))
    assert [opened(got).size for got in (thumb, preview)] == [(512, 256), (1536, 768)]
    assert (thumb["Content-Type"], opened(thumb).format) == ("image/webp", "WEBP")
    assert thumb["ETag"] != preview["ETag"]
    again = client.get(f"{address}?variant=thumb")
    assert again.content == thumb.content
    assert Rendition.objects.filter(artifact=drawn[0]).count() == 2


def test_a_small_picture_is_not_made_larger(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any
) -> None:
    tiny = encoded("PNG", Image.new("RGB", (60, 40), GREEN))
    artifacts.put(drawn[0].path, tiny)
    for variant in ("thumb", "preview"):
        shown = as_(bob).get(f"/pictures/{drawn[0].pk}?variant={variant}")
        assert opened(shown).size == (60, 40)


@pytest.mark.parametrize(
    ("download", "form", "mode"),
    [("png", "PNG", "RGBA"), ("jpg", "JPEG", "RGB"), ("webp", "WEBP", "RGBA")],
)
def test_it_is_taken_away_in_three_formats(
    bob: User, drawn: list[Artifact], as_: Any, download: str, form: str, mode: str
) -> None:
    Artifact.objects.filter(pk=drawn[0].pk, organisation=drawn[0].organisation).update(
        alt='Reiher ü"\r\nX: <b>'
    )
    got = as_(bob).get(f"/pictures/{drawn[0].pk}?download={download}")
    image = opened(got)
    assert (image.format, image.mode, image.size) == (form, mode, (1600, 800))
    seen, hole = image.convert("RGB").getpixel((900, 400)), image.getpixel((100, 100))
    by = 2 if form == "JPEG" else 0
    assert all(abs(one - other) <= by for one, other in zip(seen, GREEN, strict=True))
    assert hole == ((255, 255, 255) if form == "JPEG" else (0, 0, 0, 0))
    header = got["Content-Disposition"]
    assert header.startswith(f'attachment; filename="reiher-u-x-b.{download}"; filename*=UTF-8')
    assert unquote(header.partition("''")[2]) == f"reiher-ü-x-b.{download}"
    if form == "PNG":
        assert got.content == drawn[0].get_bytes()


@pytest.mark.parametrize("query", ["", "variant=thumb", "download=jpg", "download=webp"])
def test_in_every_shape_it_says_where_it_comes_from(
    bob: User, drawn: list[Artifact], as_: Any, query: str
) -> None:
    got = as_(bob).get(f"/pictures/{drawn[0].pk}?{query}")
    said = async_to_sync(provenance.read)(got.content)
    assert (said.valid, said.ours, said.picture) == (True, True, drawn[0].pk)
    assert len(got.content) < 300_000


def test_its_headers_keep_it_a_picture(bob: User, drawn: list[Artifact], as_: Any) -> None:
    for query in ("", "?variant=thumb", "?download=jpg"):
        got = as_(bob).get(f"/pictures/{drawn[0].pk}{query}")
        assert got["X-Content-Type-Options"] == "nosniff"
        assert got["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert got["Cache-Control"] == "private, no-cache"
        fresh = as_(bob).get(
            f"/pictures/{drawn[0].pk}{query}", headers={"If-None-Match": f'"x", W/{got["ETag"]}'}
        )
        assert (fresh.status_code, fresh.content) == (304, b"")
        assert fresh["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("variant=large", "invalid_choice"),
        ("download=svg", "invalid_choice"),
        ("variant=thumb&download=png", "incompatible_parameters"),
        ("variant=thumb&variant=preview", "duplicate_field"),
        ("width=9000", "unknown_parameter"),
    ],
)
def test_a_wrong_question_is_refused(
    bob: User, drawn: list[Artifact], as_: Any, query: str, code: str
) -> None:
    answer = as_(bob).get(f"/pictures/{drawn[0].pk}?{query}")
    assert (answer.status_code, answer["X-Error-Code"]) == (400, code)


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("0-9", 0, 10), ("5-", 5, None), ("-7", -7, None), ("0-99999999999", 0, None)],
)
def test_a_part_of_it(
    bob: User, drawn: list[Artifact], as_: Any, wanted: str, first: int, last: int | None
) -> None:
    whole = drawn[0].get_bytes()
    got = as_(bob).get(f"/pictures/{drawn[0].pk}", headers={"Range": f"bytes={wanted}"})
    assert (got.status_code, got.content) == (206, whole[first:last])
    start = first % len(whole)
    end = start + len(got.content) - 1
    assert got["Content-Range"] == f"bytes {start}-{end}/{len(whole)}"


@pytest.mark.parametrize("wanted", ["99999999-", "9-2", "-0"])
def test_a_part_that_is_not_there(bob: User, drawn: list[Artifact], as_: Any, wanted: str) -> None:
    got = as_(bob).get(f"/pictures/{drawn[0].pk}", headers={"Range": f"bytes={wanted}"})
    assert (got.status_code, got["X-Error-Code"]) == (416, "invalid_range")
    size = len(drawn[0].get_bytes())
    assert f"{size} bytes" in got.content.decode()
    assert got["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1,4-5"},
        {"Range": "lines=0-1"},
        {"Range": "bytes=-"},
        {"Range": "bytes=0-1", "If-Range": '"of yesterday"'},
    ],
)
def test_a_range_that_does_not_hold_gives_the_whole(
    bob: User, drawn: list[Artifact], as_: Any, headers: dict[str, str]
) -> None:
    got = as_(bob).get(f"/pictures/{drawn[0].pk}", headers=headers)
    assert (got.status_code, got.content) == (200, drawn[0].get_bytes())


def test_a_proxy_that_sees_the_files_hands_it_out(
    bob: User, drawn: list[Artifact], as_: Any, settings: Any
) -> None:
    settings.TALE_DELIVERY = "accel"
    got = as_(bob).get(f"/pictures/{drawn[0].pk}")
    assert (got.status_code, got.content) == (200, b"")
    assert got["X-Accel-Redirect"] == f"/pictures-on-disk/{drawn[0].path}"
    assert got["Content-Type"] == "image/png"


def test_the_page_shows_small_ones_and_their_shape(
    bob: User, drawn: list[Artifact], as_: Any
) -> None:
    page = as_(bob).get(f"/chats/{drawn[0].home}").content.decode()
    address = f"/pictures/{drawn[0].pk}"
    assert f'src="{address}?variant=thumb"' in page
    assert f"{address}?variant=thumb 512w, {address}?variant=preview 1536w" in page
    assert 'width="1600" height="800"' in page


def test_what_it_shows_is_said_by_the_model_and_said_better_by_a_person(
    bob: User, drawn: list[Artifact], as_: Any, key_for: Any
) -> None:
    client, address = as_(bob), f"/chats/{drawn[0].home}"
    assert [row.alt for row in drawn] == [SHOWS, SHOWS]
    assert client.get(address).content.decode().count('alt="a heron at the water&#x27;s edge"') == 2
    program = Program(key_for(bob).secret)
    said = program.patch(
        f"/api/v1/pictures/{drawn[0].pk}", {"alt": "a grey heron"}, "application/json"
    )
    assert said.status_code == 200
    page = client.get(address).content.decode()
    assert page.count('alt="a grey heron"') == 1


def test_one_is_deleted_and_the_other_stays(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any
) -> None:
    client, (gone, kept) = as_(bob), drawn
    for query in ("?variant=thumb", "?variant=preview", "?download=jpg"):
        client.get(f"/pictures/{gone.pk}{query}")
    files, spent = files_of(gone), Entry.objects.of(office).count()
    assert len(files) == 4
    answer = delete(client, gone)
    assert answer.status_code == 200
    assert 'class="gap"' in answer.content.decode()
    assert not any(map(storages["default"].exists, files))
    for query in ("", "?variant=thumb"):
        refused = client.get(f"/pictures/{gone.pk}{query}")
        assert (refused.status_code, refused["X-Error-Code"]) == (410, "gone")
    assert client.get(f"/pictures/{kept.pk}").status_code == 200
    page = client.get(f"/chats/{gone.home}").content.decode()
    assert (page.count('class="gap"'), page.count('class="picture"')) == (1, 1)
    assert gone.pk not in page
    assert Entry.objects.of(office).count() == spent


def test_its_end_is_proved(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any
) -> None:
    as_(bob).get(f"/pictures/{drawn[0].pk}?variant=thumb")
    size = sum(storages["default"].size(path) for path in files_of(drawn[0]))
    delete(as_(bob), drawn[0])
    proof = DeletionProof.objects.of(office).get()
    assert (proof.artifact, proof.files, proof.size_bytes) == (drawn[0].pk, 2, size)
    assert proof.sha256[0] == drawn[0].sha256
    assert (proof.who[:4], proof.reason) == ("who_", "person")
    line = AuditLine.objects.of(office).get(action="picture.deleted")
    assert (line.target, line.who) == (drawn[0].pk, proof.who)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        DeletionProof.objects.of(office).update(files=0)


def test_no_word_of_what_was_drawn_stays(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any
) -> None:
    def told() -> str:
        kinds = (Artifact, ImageJob, Message, DeletionProof)
        rows = [row for kind in kinds for row in kind.objects.of(office)]
        rows += list(LiveState.objects.all())
        return str(serialize("json", rows))

    assert told().count(SECRET) > 3
    delete(as_(bob), drawn[0])
    assert SECRET in told()  # of the other one
    delete(as_(bob), drawn[1])
    assert SECRET not in told()
    assert SHOWS not in told()
    assert "two herons please" in told()
    again = work(Turn.unscoped.get())
    assert again.state == "done"


def test_whoever_manages_chats_may_and_others_may_not(
    office: Organisation, dana: User, lena: User, charlie: User, drawn: list[Artifact], as_: Any
) -> None:
    for stranger in (lena, charlie):
        assert delete(as_(stranger), drawn[0]).status_code == 404
    assert storages["default"].exists(drawn[0].path)
    assert as_(dana).get(f"/pictures/{drawn[0].pk}").status_code == 404
    assert delete(as_(dana), drawn[0]).status_code == 200
    assert DeletionProof.objects.of(office).get().reason == "admin"
    assert delete(as_(dana), drawn[0]).status_code == 410


def test_a_store_that_is_away_gets_its_turn_later(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any, monkeypatch: Any
) -> None:
    def away(path: str) -> None:
        raise ConnectionError("the store is away")

    monkeypatch.setattr(artifacts, "remove", away)
    delete(as_(bob), drawn[0])
    assert as_(bob).get(f"/pictures/{drawn[0].pk}").status_code == 410
    assert deletion.sweep(now=timezone.now()) == 0
    assert not DeletionProof.objects.of(office).exists()
    monkeypatch.undo()
    assert deletion.sweep(now=timezone.now()) == 1
    assert not storages["default"].exists(drawn[0].path)
    assert DeletionProof.objects.of(office).get().reason == "person"


def test_what_is_made_of_it_meanwhile_goes_with_it(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any, monkeypatch: Any
) -> None:
    """Somebody asks for a thumbnail, and it is deleted before that is there."""
    call, before = child.call, made()

    async def slow(target: str, **arguments: Any) -> bytes:
        made = await call(target, **arguments)
        rows = Artifact.objects.of(office).filter(pk=drawn[0].pk)
        await rows.aupdate(state="deleting")
        return made

    monkeypatch.setattr(child, "call", slow)
    answer = as_(bob).get(f"/pictures/{drawn[0].pk}?variant=thumb")
    assert answer.status_code == 410
    assert not Rendition.objects.of(office).exists()
    assert made() == before


def made() -> set[str]:
    store = storages["default"]
    return set(store.listdir("renditions")[1]) if store.exists("renditions") else set()


def test_a_deleted_picture_is_no_picture_to_begin_from(
    office: Organisation, bob: User, drawn: list[Artifact], as_: Any
) -> None:
    delete(as_(bob), drawn[0])
    context = Context(actor=actor_for(bob), reference="test", home=drawn[0].home)
    with pytest.raises(NotFound):
        artifacts.sources_for(context, [drawn[0].pk])
