"""Was this picture made here? Asked in public, in the admin and by programs."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.utils import timezone
from PIL import Image

from accounts.models import Organisation, User
from assistants import deletion, images, likeness, origins, renditions
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from providers.shapes import Wish
from tale import demo
from tests.api import contract
from tests.assistants import hostile
from tests.people import actor_for

ADMIN = "/admin/assistants/origins/"
PROMPT = "a secret fox in the snow"


def saved_again(content: bytes, form: str, size: tuple[int, int], **how: Any) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        smaller = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    smaller.save(file, form, **how)
    return file.getvalue()


def draw(user: User, prompt: str = PROMPT, seed: str = "1") -> Artifact:
    context = Context(actor=actor_for(user), reference="test")
    wish = Wish(prompt, size="512x512")
    [row] = async_to_sync(images.generate)(
        wish=wish, context=context, idempotency_key=f"{prompt} {seed}"
    )
    return row


@pytest.fixture
def fox(acme: Organisation, bob: User) -> Artifact:
    demo.set_up_workspace(acme)
    return draw(bob)


def ask(client: Client, content: bytes | None = None, address: str = "/verify", **sent: str) -> Any:
    body: dict[str, Any] = dict(sent)
    if content is not None:
        body["file"] = SimpleUploadedFile("fox.png", content, "image/png")
    return client.post(address, body)


def verdict(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    shown: str = answer.content.decode().partition('data-verdict="')[2].partition('"')[0]
    return shown


def publish(organisation: Organisation) -> None:
    organisation.publishes_origins = True
    organisation.save(update_fields=["publishes_origins"])


RENDERED = ("thumb", "preview", "jpg", "webp")


def test_a_file_of_ours_is_known_however_it_left(fox: Artifact, client: Client) -> None:
    assert verdict(ask(client, fox.get_bytes())) == "same"
    assert verdict(ask(client, sha256=fox.sha256.upper())) == "same"
    for variant in RENDERED:
        made = async_to_sync(renditions.of)(fox, variant)
        assert verdict(ask(client, made.get_bytes())) == "same", variant
        made.delete()  # not kept, but signed
        assert verdict(ask(client, made.get_bytes())) == "same", variant


def test_what_was_saved_again_looks_like_ours(fox: Artifact, client: Client) -> None:
    for form, size, how in (
        ("JPEG", (512, 512), {"quality": 50}),
        ("JPEG", (180, 180), {"quality": 70}),
        ("WEBP", (300, 300), {"quality": 60}),
        ("PNG", (1024, 1024), {}),
    ):
        answer = ask(client, saved_again(fox.get_bytes(), form, size, **how))
        assert verdict(answer) == "alike", (form, size)
        assert b"says nothing of itself" in answer.content


def test_one_that_was_deleted_since_is_told_as_such(
    fox: Artifact, bob: User, client: Client, api: Any, key_for: Any
) -> None:
    deletion.begin(actor=actor_for(bob), picture=fox, now=timezone.now())
    page = ask(client, sha256=fox.sha256).content.decode()
    assert "It was made here, and has been deleted since" in page
    assert "Yes, this is" not in page
    assert not any(word in page for word in (fox.pk, "Acme", "Bob", "/p/"))
    answer = api(key_for(bob)).post(
        "/api/v1/picture-origins", {"sha256": fox.sha256}, MULTIPART_CONTENT
    )
    told = answer.json()
    assert (told["verdict"], told["deleted"]) == ("same", True)
    fox.refresh_from_db()
    assert told["deleted_on"] == str(origins.day_of(fox, fox.deleted_at))


def test_another_picture_is_none_of_ours(fox: Artifact, acme: Organisation, bob: User) -> None:
    others = [draw(bob, prompt) for prompt in ("a city at night", "a cup of coffee", "the sea")]
    deletion.begin(actor=actor_for(bob), picture=others[0], now=timezone.now())
    content = others[0].get_bytes()
    here = Artifact.objects.of(acme)
    bits = async_to_sync(likeness.of)(content)
    assert bits is not None
    assert likeness.nearest(here, bits) is None  # deleted, and no other looks like it
    bits = async_to_sync(likeness.of)(others[1].get_bytes())
    assert bits is not None
    assert likeness.nearest(here, bits) == others[1]


def test_up_to_six_bits_are_found_by_index(fox: Artifact) -> None:
    here, bits = Artifact.objects.of(fox.organisation), async_to_sync(likeness.of)(fox.get_bytes())
    assert bits is not None
    for flips in ((0,), (0, 17, 33, 49), (3, 4, 20, 21, 40, 60), (5, 6, 7, 8, 9, 1)):
        changed = bits
        for flip in flips:
            changed ^= 1 << flip
        assert likeness.nearest(here, changed) == fox
    assert likeness.nearest(here, bits ^ 0b1111111) is None


def test_nothing_private_is_told_in_public(fox: Artifact, acme: Organisation, bob: User) -> None:
    private = (PROMPT, "Bob", fox.model, fox.pk, fox.pk[4:])
    guest = Client()
    said = ask(guest, fox.get_bytes()).content.decode()
    assert not [word for word in (*private, "Acme") if word in said]
    assert "Drawn by a program, without AI" in said
    publish(acme)
    said = ask(guest, fox.get_bytes()).content.decode()
    assert "Acme" in said
    assert f"/p/{fox.pk[4:]}" in said
    assert not [word for word in private[:3] if word in said]
    Organisation.objects.filter(pk=acme.pk).update(status="suspended")
    assert "Acme" not in ask(guest, fox.get_bytes()).content.decode()


def test_an_upload_is_not_made_here_and_nothing_is_kept(fox: Artifact, client: Client) -> None:
    before = Artifact.objects.of(fox.organisation).count()
    Artifact.objects.of(fox.organisation).update(origin=Artifact.Origin.UPLOADED)
    bare = saved_again(fox.get_bytes(), "PNG", (512, 512))
    assert verdict(ask(client, bare)) == "unknown"
    assert Artifact.objects.of(fox.organisation).count() == before


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "required"),
        ({"sha256": "abc"}, "invalid_value"),
        ({"sha256": "x" * 65}, "too_long"),
        ({"content": b""}, "empty_file"),
        ({"content": hostile.SVG}, "unsupported_file_type"),
        ({"content": hostile.bomb()}, "image_too_large"),
        ({"content": hostile.encoded("PNG")[:-20]}, "corrupt_image"),
        ({"content": b"x", "sha256": "0" * 64}, "incompatible_parameters"),
        ({"sha256": "0" * 64, "organisation": "org_1"}, "field_not_allowed"),
    ],
)
def test_what_cannot_be_asked(client: Client, db: None, sent: dict[str, Any], code: str) -> None:
    answer = ask(client, **sent)
    assert answer.headers["X-Error-Code"] == code
    assert 400 <= answer.status_code < 500


def test_a_broken_picture_of_one_colour_is_nothing_known(client: Client, db: None) -> None:
    for content in (hostile.damaged(hostile.encoded("PNG")), hostile.encoded("PNG")):
        assert verdict(ask(client, content)) == "unknown"


def test_who_asks_too_often_waits(client: Client, db: None) -> None:
    answers = [ask(client, sha256="0" * 64).status_code for _ in range(21)]
    assert answers == [200] * 20 + [429]


def test_the_admin_knows_its_own_and_no_other(
    fox: Artifact, dana: User, erin: User, bob: User, charlie: User, as_: Callable[..., Client]
) -> None:
    for user in (dana, erin):
        answer = ask(as_(user), fox.get_bytes(), ADMIN)
        assert verdict(answer) == "same"
        assert fox.pk in answer.content.decode()
        assert PROMPT not in answer.content.decode()
    bare = saved_again(fox.get_bytes(), "JPEG", (256, 256))
    for content in (fox.get_bytes(), bare):
        answer = ask(as_(charlie), content, ADMIN)
        assert verdict(answer) == "unknown"
        assert fox.pk not in answer.content.decode()
    assert verdict(ask(as_(charlie), None, ADMIN, sha256=fox.sha256)) == "unknown"
    assert ask(as_(bob), fox.get_bytes(), ADMIN).status_code == 403


def test_a_program_asks_for_its_organisation(
    fox: Artifact, bob: User, lena: User, charlie: User, api: Any, key_for: Any
) -> None:
    def asked(user: User, **sent: Any) -> dict[str, Any]:
        answer = api(key_for(user)).post("/api/v1/picture-origins", sent, MULTIPART_CONTENT)
        assert answer.status_code == 200, answer.content
        contract.check(answer)
        told: dict[str, Any] = answer.json()
        return told

    def file() -> SimpleUploadedFile:
        return SimpleUploadedFile("fox.png", fox.get_bytes(), "image/png")

    said = asked(bob, file=file())
    assert (said["verdict"], said["picture"], said["statement"]) == ("same", fox.pk, "")
    assert (said["credentials"]["signed"], said["source_type"]) == ("ours", "algorithmicMedia")
    assert PROMPT not in str(said)
    said = asked(lena, sha256=fox.sha256)
    assert (said["verdict"], said["picture"], said["credentials"]) == ("same", "", None)
    for said in (asked(charlie, file=file()), asked(charlie, sha256=fox.sha256)):
        assert (said["verdict"], said["picture"], said["made_on"]) == ("unknown", "", None)
    refused = api(key_for(bob)).post("/api/v1/picture-origins", {}, MULTIPART_CONTENT)
    assert refused.json()["error"]["code"] == "required"


def test_a_statement_is_there_when_the_organisation_says_so(
    fox: Artifact, acme: Organisation, bob: User, client: Client
) -> None:
    address = f"/p/{fox.pk[4:]}"
    assert client.get(address).status_code == 404
    publish(acme)
    page = client.get(address)
    said = page.content.decode()
    assert page.status_code == 200
    for word in ("Acme", "algorithmicMedia", fox.sha256, "Signed by this installation"):
        assert word in said
    assert not [word for word in (PROMPT, "Bob", fox.model) if word in said]
    assert client.get("/p/0000000000000000000000zz").status_code == 404
    gone = deletion.begin(actor=actor_for(bob), picture=fox, now=timezone.now())
    for _ in range(2):
        page = client.get(address)
        assert page.status_code == 410
        assert "Deleted on" in page.content.decode()
        assert fox.sha256 not in page.content.decode()
        deletion.finish(picture=gone, now=timezone.now())
    acme.publishes_origins = False
    acme.save()
    assert client.get(address).status_code == 404


@pytest.mark.exiftool
def test_the_file_leads_to_its_statement(acme: Organisation, bob: User, tmp_path: Path) -> None:
    demo.set_up_workspace(acme)
    publish(acme)
    fox = draw(bob)
    small = async_to_sync(renditions.of)(fox, "jpg")
    for name, content in (("fox.png", fox.get_bytes()), ("fox.jpg", small.get_bytes())):
        (tmp_path / name).write_bytes(content)
        told = subprocess.run(
            ["exiftool", "-json", str(tmp_path / name)], capture_output=True, check=True
        )
        assert json.loads(told.stdout)[0]["WebStatement"].endswith(f"/p/{fox.pk[4:]}")


def test_what_was_made_of_what_is_told_truly(fox: Artifact, bob: User) -> None:
    Artifact.objects.of(fox.organisation).update(
        parameters={"source_type": "trainedAlgorithmicMedia"}
    )
    context = Context(actor=actor_for(bob), reference="test")
    wish = Wish("make it brighter", size="512x512")
    [edited] = async_to_sync(images.generate)(
        wish=wish, context=context, sources=(fox.pk,), idempotency_key="edit"
    )
    assert edited.parameters["source_type"] == "compositeWithTrainedAlgorithmicMedia"
    assert edited.sha256 == hashlib.sha256(edited.get_bytes()).hexdigest()
    assert ImageJob.objects.of(fox.organisation).count() == 2
