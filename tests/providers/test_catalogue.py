"""Defaults, fallbacks, other names, and what goes with a provider."""

from datetime import date
from typing import Any

import pytest

from accounts.models import AuditLine, Organisation, User
from providers import catalogue
from providers.models import Alias, Fallback, Model, ModelDefault, Price, Provider
from tale.lib.refusals import NotFound, Refusal
from tests.people import actor_for

IMAGE = "image-generation"


@pytest.fixture
def provider(acme: Organisation, alice: User) -> Provider:
    return catalogue.save_provider(actor=actor_for(alice), kind="studio", name="One")


@pytest.fixture
def make(provider: Provider, alice: User) -> Any:
    def make(name: str, **fields: Any) -> Model:
        fields = {"provider": provider, "remote_id": name, "tags": [IMAGE], **fields}
        return catalogue.save_model(actor=actor_for(alice), name=name, **fields)

    return make


def last(organisation: Organisation) -> AuditLine:
    return AuditLine.objects.of(organisation).order_by("-seq")[0]


def test_it_works(make: Any, alice: User, acme: Organisation, provider: Provider) -> None:
    actor = actor_for(alice)
    one, two = make("one"), make("two")
    catalogue.set_default(actor=actor, tag=IMAGE, model=one)
    catalogue.set_default(actor=actor, tag=IMAGE, model=two, provider=provider)
    assert last(acme).action == "modeldefault.created"
    catalogue.set_default(actor=actor, tag=IMAGE, model=two)
    assert last(acme).action == "modeldefault.changed"
    rows = ModelDefault.objects.of(acme).values_list("provider", "model")
    assert set(rows) == {(None, two.pk), (provider.pk, two.pk)}
    catalogue.set_fallbacks(actor=actor, tag=IMAGE, models=[two, one])
    assert last(acme).action == "fallbacks.changed"
    placed = catalogue.set_fallbacks(actor=actor, tag=IMAGE, models=[one, two])
    assert [(row.position, row.model) for row in placed] == [(0, one), (1, two)]
    alias = catalogue.set_alias(actor=actor, name="openai/gpt-image-2", model=one)
    assert last(acme).action == "alias.created"
    catalogue.set_alias(actor=actor, name="gpt-image-2", model=two, alias=alias)
    catalogue.forget_alias(actor=actor, alias=alias)
    assert last(acme).action == "alias.deleted"
    assert not Alias.objects.of(acme)


def test_the_same_again_is_no_change(make: Any, alice: User, acme: Organisation) -> None:
    actor, one = actor_for(alice), make("one")
    for _time in range(2):
        catalogue.set_default(actor=actor, tag=IMAGE, model=one)
        catalogue.set_fallbacks(actor=actor, tag=IMAGE, models=[one])
    lines = AuditLine.objects.of(acme).values_list("action", flat=True)
    assert list(lines).count("fallbacks.changed") == 1
    assert not [action for action in lines if action == "modeldefault.changed"]


class TestWhoCannotServe:
    @pytest.mark.parametrize(
        ("fields", "tag", "code"),
        [
            ({"tags": ["chat"]}, IMAGE, "incompatible_parameters"),
            ({"retires_on": date(2026, 10, 23)}, IMAGE, "unsupported_for_model"),
            ({}, "painting", "invalid_choice"),
        ],
    )
    def test_is_refused(
        self, make: Any, alice: User, acme: Organisation, fields: Any, tag: str, code: str
    ) -> None:
        actor, model = actor_for(alice), make("one", **fields)
        for serve in (
            lambda: catalogue.set_default(actor=actor, tag=tag, model=model),
            lambda: catalogue.set_fallbacks(actor=actor, tag=tag, models=[model]),
        ):
            with pytest.raises(Refusal) as refused:
                serve()
            assert refused.value.code == code
        assert not ModelDefault.objects.of(acme)
        assert not Fallback.objects.of(acme)

    def test_a_retired_one_names_its_replacement(self, make: Any, alice: User) -> None:
        old = make("old", retires_on=date(2026, 10, 23), replacement="gpt-image-2")
        with pytest.raises(Refusal) as refused:
            catalogue.set_default(actor=actor_for(alice), tag=IMAGE, model=old)
        assert "gpt-image-2" in str(refused.value)

    def test_a_providers_default_is_its_own(
        self, make: Any, alice: User, provider: Provider
    ) -> None:
        actor = actor_for(alice)
        other = catalogue.save_provider(actor=actor, kind="studio", name="Two")
        with pytest.raises(Refusal) as refused:
            catalogue.set_default(actor=actor, tag=IMAGE, model=make("one"), provider=other)
        assert refused.value.code == "incompatible_parameters"

    def test_nobody_steps_in_twice(self, make: Any, alice: User) -> None:
        one = make("one")
        with pytest.raises(Refusal) as refused:
            catalogue.set_fallbacks(actor=actor_for(alice), tag=IMAGE, models=[one, one])
        assert (refused.value.code, refused.value.field) == ("invalid_value", "models.1")
        with pytest.raises(Refusal) as refused:
            catalogue.set_fallbacks(actor=actor_for(alice), tag=IMAGE, models=[one] * 11)
        assert refused.value.code == "too_many_items"


class TestAlias:
    @pytest.mark.parametrize(
        ("name", "code"),
        [
            (" ", "blank"),
            ("x" * 121, "too_long"),
            ("DALL-E 3", "invalid_characters"),
            ("gpt\u200b4", "invalid_characters"),
            ("one", "already_exists"),
            ("taken", "already_exists"),
        ],
    )
    def test_a_name_that_cannot_be(self, make: Any, alice: User, name: str, code: str) -> None:
        actor, one = actor_for(alice), make("one")
        catalogue.set_alias(actor=actor, name="taken", model=one)
        with pytest.raises(Refusal) as refused:
            catalogue.set_alias(actor=actor, name=name, model=one)
        assert (refused.value.code, refused.value.field) == (code, "name")

    def test_the_model_of_that_name_takes_it_back(
        self, make: Any, alice: User, acme: Organisation
    ) -> None:
        catalogue.set_alias(actor=actor_for(alice), name="gpt-image-2", model=make("one"))
        make("gpt-image-2")
        assert not Alias.objects.of(acme)
        assert last(acme).action == "alias.deleted"

    def test_each_organisation_has_its_own(self, make: Any, alice: User, charlie: User) -> None:
        with pytest.raises(NotFound):
            catalogue.set_alias(actor=actor_for(charlie), name="a", model=make("one"))


class TestDeletingAProvider:
    def test_what_goes_with_it_is_shown_first(
        self, make: Any, alice: User, acme: Organisation, provider: Provider
    ) -> None:
        actor, one, chat = actor_for(alice), make("one"), make("talk", tags=["chat"])
        other = catalogue.save_provider(actor=actor, kind="studio", name="Two")
        make("talk", tags=["chat"], provider=other)
        catalogue.set_default(actor=actor, tag=IMAGE, model=one)
        catalogue.set_fallbacks(actor=actor, tag="chat", models=[chat])
        catalogue.set_alias(actor=actor, name="gpt-image-2", model=one)
        with pytest.raises(Refusal) as refused:
            catalogue.delete_provider(actor=actor, provider=provider)
        assert (refused.value.code, refused.value.field) == ("required", "confirmed")
        assert refused.value.details == {
            "models": ("one", "talk"),
            "defaults": ("Image generation: one",),
            "fallbacks": ("Chat 0: talk",),
            "aliases": ("gpt-image-2",),
            "unserved": ("Image generation",),
        }
        assert Provider.objects.of(acme).count() == 2
        catalogue.delete_provider(actor=actor, provider=provider, confirmed=True)
        assert last(acme).action == "provider.deleted"
        assert [row.name for row in Model.objects.of(acme)] == ["talk"]
        left = (Price, Alias, ModelDefault, Fallback)
        assert not any(kind.objects.of(acme).exists() for kind in left)

    def test_an_unused_one_just_goes(
        self, alice: User, acme: Organisation, provider: Provider
    ) -> None:
        catalogue.delete_provider(actor=actor_for(alice), provider=provider)
        assert not Provider.objects.of(acme)

    def test_only_who_governs_it(self, bob: User, charlie: User, provider: Provider) -> None:
        with pytest.raises(Refusal) as refused:
            catalogue.delete_provider(actor=actor_for(bob), provider=provider, confirmed=True)
        assert refused.value.code == "forbidden"
        with pytest.raises(NotFound):
            catalogue.delete_provider(actor=actor_for(charlie), provider=provider, confirmed=True)


def test_wrong_capabilities_are_not_saved(make: Any, acme: Organisation) -> None:
    with pytest.raises(Refusal) as refused:
        make("one", capabilities={"sizes": ["big"]})
    assert (refused.value.code, refused.value.field) == ("invalid_value", "capabilities.sizes.0")
    assert not Model.objects.of(acme)
