"""The examples of other products name models; in the demo Studio answers to those names."""

from pathlib import Path

import pytest

from accounts.models import Organisation
from providers.models import Alias, Provider, Tag
from providers.resolve import resolve
from tale import demo


@pytest.fixture
def demo_office(db: None, tmp_path: Path) -> Organisation:
    demo.load(tmp_path / "demo.txt")
    return Organisation.objects.get(name="Demo")


@pytest.mark.parametrize("name", demo.DRAWS_AS)
def test_it_draws(demo_office: Organisation, name: str) -> None:
    for tag in (Tag.IMAGE_GENERATION, Tag.IMAGE_EDIT):
        model = resolve(demo_office, tag, asked=name).model
        assert model.remote_id == "studio-image"


@pytest.mark.parametrize("name", demo.CHATS_AS)
def test_it_chats(demo_office: Organisation, name: str) -> None:
    assert resolve(demo_office, Tag.CHAT, asked=name).model.remote_id == "studio-chat"


def test_the_stand_ins_are_known_as_such(demo_office: Organisation) -> None:
    names = Alias.objects.of(demo_office).values_list("name", flat=True)
    assert set(names) == {*demo.CHATS_AS, *demo.DRAWS_AS}
    assert {row.kind for row in Provider.objects.of(demo_office)} == {"studio"}
    elsewhere = Organisation.objects.get(name="Elsewhere")
    assert not Alias.objects.of(elsewhere)
