"""What AI made says so where people see it, where a policy wants that. Originals stay."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from PIL import Image

from accounts.models import Organisation, Team, User
from assistants import images, provenance, renditions
from assistants.context import Context
from assistants.models import Artifact
from chats import answering
from chats.models import Turn
from policies import access
from policies.models import ImagePolicy
from providers.shapes import Capabilities, Wish
from tests.people import actor_for
from tests.upstream.pictures import picture
from tests.upstream.scripted import Script, Scripted

DERIVED = ("thumb", "preview", "png", "jpg", "webp")


@pytest.fixture
def office(acme: Organisation, workspace: Callable[[Organisation], None]) -> Organisation:
    workspace(acme)
    return acme


def wanted(dana: User, label: str, **where: str) -> None:
    access.save(actor=actor_for(dana), row=ImagePolicy(label=label, **where))


def drawn(user: User, script: Script) -> Artifact:
    script.sends = [picture(400, 300)]
    context = Context(actor=actor_for(user), reference="test")
    [row] = async_to_sync(images.generate)(
        wish=Wish("a fox"), context=context, idempotency_key=f"key of {user.pk}"
    )
    return row


def corner(content: bytes) -> int:
    """How much the lower right differs from what the provider sent."""
    with Image.open(io.BytesIO(content)) as image, Image.open(io.BytesIO(picture(400, 300))) as was:
        box = (300, 250, 400, 300)
        pairs = zip(
            image.convert("L").crop(box).tobytes(),
            was.convert("L").crop(box).tobytes(),
            strict=True,
        )
        return sum(abs(one - other) > 60 for one, other in pairs)


def of(row: Artifact, variant: str) -> bytes:
    return async_to_sync(renditions.of)(row, variant).get_bytes()


def test_it_is_burned_into_what_is_derived_and_into_nothing_else(
    office: Organisation, bob: User, dana: User, script: Script
) -> None:
    wanted(dana, "burned")
    row = drawn(bob, script)
    assert corner(row.get_bytes()) == 0
    assert of(row, "") == row.get_bytes()
    for variant in DERIVED:
        content = of(row, variant)
        assert corner(content) > 100, variant
        seen = async_to_sync(provenance.read)(content)
        assert (seen.ours, seen.source_type) == (True, "trainedAlgorithmicMedia")
        assert b"Visible label: AI" in content
    ImagePolicy.objects.of(office).delete()  # what was made under it keeps it
    assert corner(of(row, "jpg")) > 100


def test_without_a_policy_and_with_a_badge_pixels_stay(
    office: Organisation, bob: User, dana: User, lena: User, design: Team, script: Script
) -> None:
    row = drawn(bob, script)
    assert [corner(of(row, variant)) for variant in DERIVED] == [0] * 5
    wanted(dana, "badge")
    row = drawn(lena, script)
    assert renditions.label_of(row) == "badge"
    assert [corner(of(row, variant)) for variant in DERIVED] == [0] * 5


def test_the_strictest_counts_and_a_program_is_no_ai(
    office: Organisation, bob: User, dana: User, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted(dana, "badge")
    team = actor_for(bob).membership.primary_team  # type: ignore[union-attr]
    assert team
    wanted(dana, "burned", scope="team", subject=team.pk)
    by_program = Capabilities(longest_side=2048, source_type="algorithmicMedia")
    monkeypatch.setattr(Scripted, "capabilities", lambda self, model: by_program)
    context = Context(actor=actor_for(bob), reference="test", team=team)
    [row] = async_to_sync(images.generate)(
        wish=Wish("a fox"), context=context, idempotency_key="program"
    )
    assert row.parameters["label"] == "burned"
    assert renditions.label_of(row) == ""


def test_a_chat_shows_the_badge(
    office: Organisation, bob: User, dana: User, script: Script, as_: Callable[..., Client]
) -> None:
    wanted(dana, "badge")
    script.calls('{"prompt": "a fox"}')
    script.says("Here it is.")
    page: Any = as_(bob)
    chat = page.post("/chats", {"text": "a fox", "client_token": "token-0001"})["Location"]
    async_to_sync(answering.answer)(Turn.unscoped.get(chat_id=chat.rpartition("/")[2]).pk)
    assert '<span class="picture__label">AI</span>' in page.get(chat).content.decode()
