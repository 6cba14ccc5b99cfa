"""A picture that looks like a blocked one is paid for, set aside and shown to nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, User
from assistants import arrivals, images, reconcile
from assistants.context import Context
from assistants.models import Artifact, BlockedPicture, ImageJob
from policies.models import Entry, Hold
from providers.shapes import Finished, Picture, Usage, Wish
from providers.studio import drawing
from tests.admin.conftest import at, refused, told
from tests.flows.test_marked_pictures import begin
from tests.flows.test_was_it_made_here import saved_again
from tests.people import actor_for
from tests.upstream.pictures import picture
from tests.upstream.scripted import Script

State = Artifact.State
SENT = {"prompt": "a logo", "n": 2}


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


@pytest.fixture
def logo() -> bytes:
    return drawing.draw("a logo with a fox", 320, 320, seed=7)


def block(user: User, content: bytes, as_: Callable[..., Client]) -> Any:
    file = SimpleUploadedFile("logo.png", content, "image/png")
    form = {"name": "A rival's logo", "file": file, "_save": "Save"}
    return as_(user).post(at("assistants.blockedpicture", "add"), form)


def test_what_looks_like_it_is_paid_and_not_shown(
    office: Organisation,
    bob: User,
    dana: User,
    logo: bytes,
    script: Script,
    api: Any,
    key_for: Any,
    as_: Callable[..., Client],
) -> None:
    assert block(dana, saved_again(logo, "JPEG", (200, 200), quality=70), as_).status_code == 302
    assert told(office, "blockedpicture.created")
    script.sends = [logo, saved_again(logo, "WEBP", (256, 256))]
    answer = api(key_for(bob)).post("/openai/v1/images/generations", SENT)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "moderation_blocked")
    rows = Artifact.objects.of(office)
    assert {row.state for row in rows} == {State.ASIDE}
    assert all(row.get_bytes() for row in rows)  # nothing that was paid is lost
    assert Hold.objects.of(office).get().state == Hold.State.SETTLED
    assert sum(entry.pictures for entry in Entry.objects.of(office)) == 2
    job = ImageJob.objects.of(office).get()
    assert (job.state, job.refusal) == (ImageJob.State.REFUSED, {"code": "content_policy"})
    assert not api(key_for(bob)).get("/api/v1/pictures").json()["data"]


def test_the_others_of_the_same_wish_are_shown(
    office: Organisation, bob: User, dana: User, logo: bytes, script: Script, as_: Any
) -> None:
    block(dana, logo, as_)
    script.sends = [logo, picture(320, 320), b"not a picture"]
    context = Context(actor=actor_for(bob), reference="test")
    made = async_to_sync(images.generate)(
        wish=Wish("a logo", n=3), context=context, idempotency_key="k"
    )
    states = Artifact.objects.of(office).order_by("ordinal").values_list("state", flat=True)
    assert len(made) == 1
    assert sorted(states) == [State.ASIDE, State.ASIDE, State.READY]
    row = BlockedPicture.objects.of(office).get()
    as_(dana).post(at("assistants.blockedpicture", "delete", row), {"post": "yes"})
    script.sends = [logo]
    assert async_to_sync(images.generate)(
        wish=Wish("a logo"), context=context, idempotency_key="k2"
    )


def test_a_crash_is_no_way_around(
    office: Organisation, bob: User, dana: User, logo: bytes, script: Script, as_: Any
) -> None:
    block(dana, logo, as_)
    hold = begin(office, bob)
    arrivals.write(hold.pk, Finished((Picture(logo),), Usage(pictures=1)))
    Hold.objects.of(office).update(lease_until=timezone.now() - timedelta(seconds=1))
    async_to_sync(reconcile.sweep)()
    assert Artifact.objects.of(office).get().state == State.ASIDE
    assert ImageJob.objects.of(office).get().refusal == {"code": "content_policy"}


def test_another_organisation_blocks_for_itself(
    office: Organisation, bob: User, charlie: User, logo: bytes, script: Script, as_: Any
) -> None:
    assert block(charlie, logo, as_).status_code == 302
    script.sends = [logo]
    context = Context(actor=actor_for(bob), reference="test")
    assert async_to_sync(images.generate)(wish=Wish("a logo"), context=context, idempotency_key="k")


def test_what_cannot_be_blocked(office: Organisation, dana: User, as_: Any) -> None:
    for content, code in (
        (b"<svg/>", "unsupported_file_type"),
        (b"", "invalid_value"),
        (saved_again(picture(64, 64), "PNG", (1, 1)), "invalid_value"),
    ):
        assert refused(block(dana, content, as_))[1] == code, content[:20]
