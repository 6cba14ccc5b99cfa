"""Switches, model access, image policies and guardrails, as an administrator sets them."""

from typing import Any

import pytest
from django.test import Client

from accounts import audit
from accounts.models import Organisation, User
from policies import access
from policies.models import FeatureSwitch, Guardrail, Hold, ImagePolicy, ModelAccess
from policies.spender import Spender
from providers.models import Model, Price
from tale import demo
from tests.admin.conftest import CONTROLS, SignIn, at, page_of, refused, told
from tests.people import actor_for, membership_of

Rows = dict[str, Any]


def add(client: Client, name: str, /, **fields: Any) -> Any:
    return client.post(at(f"policies.{name}", "add"), fields | CONTROLS)


def test_switching_off_for_a_person(dana: User, bob: User, acme: Organisation, as_: SignIn) -> None:
    client = as_(dana)
    fields = {"scope": "user", "person": membership_of(bob).pk, "feature": "image_generation"}
    assert add(client, "featureswitch", reason="On leave.", **fields).status_code == 302
    row = FeatureSwitch.objects.of(acme).get()
    assert not access.may(Spender.of(actor_for(bob)), "image_generation").allowed
    assert row.set_by == audit.who(acme.pk, dana)
    page = page_of(client.get(at("policies.featureswitch")))
    assert "Bob" in page
    assert "Dana" in page
    assert refused(add(client, "featureswitch", **fields)) == (409, "already_exists")
    client.post(at("policies.featureswitch", "delete", row), {"post": "yes"})
    assert access.may(Spender.of(actor_for(bob)), "image_generation").allowed
    assert told(acme, "featureswitch.deleted") is not None


def test_allowing_a_model(dana: User, acme: Organisation, as_: SignIn, ours: Rows) -> None:
    image = Model.objects.of(acme).get(remote_id="studio-image")
    fields = {"scope": "organisation", "capability": "image", "effect": "allow"}
    assert add(as_(dana), "modelaccess", model=image.pk, **fields).status_code == 302
    assert ModelAccess.objects.of(acme).filter(model=image.pk, effect="allow").exists()


def test_a_foreign_model_and_subject(
    dana: User, acme: Organisation, as_: SignIn, ours: Rows, theirs: Rows
) -> None:
    client, foreign = as_(dana), theirs["providers.model"].pk
    fields = {"scope": "organisation", "capability": "any", "effect": "deny"}
    assert refused(add(client, "modelaccess", model=foreign, **fields))[0] == 400
    fields = {"scope": "team", "team": theirs["accounts.team"].pk, "feature": "image_edit"}
    assert refused(add(client, "featureswitch", **fields))[0] == 400
    fields = {"scope": "team", "team": ours["accounts.team"].pk, "allowed_models": [foreign]}
    assert refused(add(client, "imagepolicy", **fields))[0] == 400


def test_an_image_policy(dana: User, acme: Organisation, as_: SignIn) -> None:
    demo.set_up_workspace(acme)
    image = Model.objects.of(acme).get(remote_id="studio-image")
    fields = {
        "scope": "organisation",
        "allowed_models": [image.pk],
        "most_side": "1024",
        "most_quality": "medium",
        "most_pictures": "4",
        "most_per_answer": "6",
        "confirm_above_micro": "0,50",
        "surfaces": ["web"],
    }
    assert add(as_(dana), "imagepolicy", **fields).status_code == 302
    row = ImagePolicy.objects.of(acme).get()
    assert (row.allowed_models, row.surfaces) == ([image.pk], ["web"])
    assert (row.most_side, row.most_pictures, row.most_per_answer) == (1024, 4, 6)
    assert row.confirm_above_micro == 500_000


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("featureswitch", {"scope": "team", "feature": "image_edit"}),
        ("featureswitch", {"scope": "organisation", "feature": "gravity"}),
        ("imagepolicy", {"scope": "organisation", "most_pictures": "11"}),
        ("imagepolicy", {"scope": "organisation", "most_per_answer": "11"}),
        ("imagepolicy", {"scope": "user"}),
        ("guardrail", {"name": "Nothing", "capability": "any"}),
        ("guardrail", {"name": "Runs away", "capability": "any", "patterns": "(a+)+b"}),
    ],
)
def test_what_makes_no_sense(
    dana: User, acme: Organisation, as_: SignIn, name: str, fields: dict[str, str]
) -> None:
    assert refused(add(as_(dana), name, **fields))[0] == 400
    for row in (FeatureSwitch, ImagePolicy, Guardrail):
        assert not row.objects.of(acme).exists()


def test_a_guardrail(dana: User, acme: Organisation, as_: SignIn) -> None:
    client = as_(dana)
    fields = {"name": "Dragons", "capability": "any", "terms": "dragon\n\nwyvern ", "patterns": ""}
    assert add(client, "guardrail", is_enabled="on", **fields).status_code == 302
    row = Guardrail.objects.of(acme).get()
    assert row.terms == ["dragon", "wyvern"]
    assert "Dragons" in page_of(client.get(at("policies.guardrail", "change", row)))


@pytest.mark.parametrize("name", ["featureswitch", "modelaccess", "imagepolicy", "guardrail"])
def test_an_auditor_reads(erin: User, as_: SignIn, ours: Rows, name: str) -> None:
    name = f"policies.{name}"
    client = as_(erin)
    assert client.get(at(name)).status_code == 200
    assert client.get(at(name, "change", ours[name])).status_code == 200
    assert client.post(at(name, "change", ours[name]), CONTROLS).status_code == 403


class TestCould:
    address = "/admin/policies/could/"

    def ask(self, client: Client, user: User, **more: Any) -> Any:
        asked = {"member": membership_of(user).pk, "length": 200, "n": 2, "size": "auto"}
        return client.get(self.address, asked | {"quality": "medium"} | more)

    def test_it_works(self, dana: User, bob: User, acme: Organisation, as_: SignIn) -> None:
        demo.set_up_workspace(acme)
        answer = self.ask(as_(dana), bob)
        assert answer.context["told"].allowed
        assert "Yes, for at most" in page_of(answer)
        assert not Hold.objects.of(acme).exists()

    def test_a_no_names_who_set_it(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        demo.set_up_workspace(acme)
        access.save(actor=actor_for(dana), row=FeatureSwitch(feature="image_generation"))
        access.save(actor=actor_for(dana), row=ImagePolicy(most_pictures=1))
        page = page_of(self.ask(as_(dana), bob))
        assert 'data-error-code="image_generation_off"' in page
        assert page.count("Set by Dana") == 2
        switch = FeatureSwitch.objects.of(acme).get()
        assert f'href="{at("policies.featureswitch", "change", switch)}"' in page
        assert page.count('t-badge--bad">No<') == 2

    def test_what_one_answer_may_bring(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        demo.set_up_workspace(acme)
        boss = actor_for(dana)
        policy: Any = access.save(actor=boss, row=ImagePolicy(most_per_answer=2))
        assert self.ask(as_(dana), bob).context["told"].allowed
        policy.most_per_answer = 1
        access.save(actor=boss, row=policy)
        page = page_of(self.ask(as_(dana), bob))
        assert 'data-error-code="out_of_range"' in page
        assert "One answer brings at most one picture in your organisation." in page
        assert page.count("Set by Dana") == 1
        assert f'href="{at("policies.imagepolicy", "change", policy)}"' in page

    def test_each_step_has_its_place(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        demo.set_up_workspace(acme)
        Price.objects.of(acme).all().delete()
        page = page_of(self.ask(as_(dana), bob, quality="high"))
        assert f'<a href="{at("providers.model")}">Models</a>' in page
        assert "it stops before its price" in page

    def test_a_stranger(self, dana: User, charlie: User, as_: SignIn) -> None:
        assert refused(self.ask(as_(dana), charlie)) == (400, "invalid_value")

    def test_it_is_asked_first(self, dana: User, as_: SignIn) -> None:
        assert as_(dana).get(self.address).status_code == 200
