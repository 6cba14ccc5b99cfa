"""A picture is changed in its chat: by Studio itself, paid and kept like any other."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from PIL import Image, ImageStat

from accounts.actor import Actor
from accounts.models import Organisation, User
from assistants import images
from assistants.context import Context
from assistants.models import Artifact
from policies.models import Entry
from providers.models import Model
from providers.shapes import Wish
from tale import demo
from tale.lib.refusals import Refusal
from tests.people import actor_for


@pytest.fixture
def office(acme: Organisation) -> Organisation:
    demo.set_up_workspace(acme)
    return acme


def draw(
    who: User | Actor, prompt: str, key: str, *sources: str, home: str = "chat_1"
) -> list[Artifact]:
    actor = who if isinstance(who, Actor) else actor_for(who)
    context = Context(actor=actor, reference="test", home=home)
    wish = Wish(prompt, size="256x192" if not sources else "auto", quality="low")
    made: Callable[..., Any] = async_to_sync(images.generate)
    found: list[Artifact] = made(wish=wish, context=context, idempotency_key=key, sources=sources)
    return found


def light(row: Artifact) -> float:
    return float(ImageStat.Stat(Image.open(io.BytesIO(row.get_bytes())).convert("L")).mean[0])


def test_it_works(office: Organisation, bob: User) -> None:
    (lake,) = draw(bob, "a mountain lake", "key-1")
    (night,) = draw(bob, "at night", "key-2", lake.pk)
    assert (night.width, night.height) == (256, 192)
    assert light(night) < light(lake) * 0.8
    assert night.job is not None
    assert night.job.wish["sources"] == [lake.pk]
    operations = Entry.objects.of(office).order_by("seq").values_list("operation", flat=True)
    assert list(operations) == ["generate", "edit"]


def test_the_same_key_with_another_picture_is_refused(office: Organisation, bob: User) -> None:
    (lake,) = draw(bob, "a mountain lake", "key-1")
    draw(bob, "at night", "key-2", lake.pk)
    with pytest.raises(Refusal) as refused:
        draw(bob, "at night", "key-2")
    assert refused.value.code == "idempotency_key_reused"


def test_a_picture_of_somebody_else_is_not_there(
    office: Organisation, bob: User, lena: User, charlie: User
) -> None:
    (lake,) = draw(bob, "a mountain lake", "key-1")
    demo.set_up_workspace(actor_for(charlie).organisation)
    before = Entry.objects.of(office).count()
    for who in (lena, charlie):
        with pytest.raises(Refusal) as refused:
            draw(who, "at night", "key-3", lake.pk, home="chat_2")
        assert (refused.value.code, refused.value.field) == ("not_found", "images")
    assert Entry.objects.of(office).count() == before


def test_a_key_of_the_organisation_changes_what_it_made(
    office: Organisation, alice: User, key_for: Any
) -> None:
    def program() -> Actor:
        return Actor(office, key=key_for(alice, "images", owner=None).row, surface="api")

    robot, other = program(), program()
    (lake,) = draw(robot, "a mountain lake", "key-1", home="")
    with pytest.raises(Refusal) as refused:
        draw(other, "at night", "key-2", lake.pk, home="")
    assert (refused.value.code, refused.value.field) == ("not_found", "images")
    (night,) = draw(robot, "at night", "key-3", lake.pk, home="")
    assert light(night) < light(lake) * 0.8


def test_a_model_that_cannot_edit_says_so_before_money_moves(
    office: Organisation, bob: User
) -> None:
    (lake,) = draw(bob, "a mountain lake", "key-1")
    image = Model.objects.of(office).get(remote_id="studio-image")
    image.capabilities = {"operations": ["generate"]}
    image.save()
    with pytest.raises(Refusal) as refused:
        draw(bob, "at night", "key-2", lake.pk)
    assert refused.value.code == "unsupported_for_model"
    assert Entry.objects.of(office).count() == 1
