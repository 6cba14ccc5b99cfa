"""Providers whose keys nobody sees, prices that are written once, assistants in versions."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation, Team, User
from assistants import versions
from assistants.access import assistants_for
from assistants.models import Assistant, AssistantVersion
from providers import catalogue, pricing
from providers.models import Model, ModelDefault, Price, Provider
from tests.admin.conftest import (
    CONTROLS,
    SignIn,
    at,
    auto_of,
    page_of,
    refused,
    told,
)
from tests.people import actor_for

Rows = dict[str, Any]
SECRET = "sk-canary-0123456789abcdef"


class TestProvider:
    FORM = {"kind": "studio", "name": "Elsewhere", "note": "", "is_enabled": "on", **CONTROLS}

    def test_its_key_is_kept_and_never_shown(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        sent = self.FORM | {"base_url": "https://one.example/v1", "api_key": SECRET}
        assert client.post(at("providers.provider", "add"), sent).status_code == 302
        made = Provider.objects.of(acme).get(name="Elsewhere")
        key = made.credentials.get()
        assert key.unseal("secret") == SECRET
        address = at("providers.provider", "change", made)
        for page in (address, at("providers.provider"), at("providers.provider", "history", made)):
            text = page_of(client.get(page))
            assert SECRET not in text
            assert key.secret not in text
        assert key.fingerprint in page_of(client.get(address))
        line = told(acme, "provider.created")
        assert line is not None
        assert SECRET not in str(line.detail.data)

    def test_blank_keeps_and_forgetting_is_asked_for(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        sent = self.FORM | {"base_url": "https://one.example/v1", "api_key": SECRET}
        client.post(at("providers.provider", "add"), sent)
        made = Provider.objects.of(acme).get(name="Elsewhere")
        address = at("providers.provider", "change", made)
        client.post(address, sent | {"api_key": "", "name": "Renamed"})
        made.refresh_from_db()
        assert (made.name, made.credentials.get().unseal("secret")) == ("Renamed", SECRET)
        client.post(address, sent | {"api_key": "", "forget_api_key": "on"})
        made.refresh_from_db()
        assert not made.credentials.exists()

    def test_a_key_does_not_follow_to_another_host(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        sent = self.FORM | {"base_url": "https://one.example/v1", "api_key": SECRET}
        client.post(at("providers.provider", "add"), sent)
        made = Provider.objects.of(acme).get(name="Elsewhere")
        moved = sent | {"base_url": "https://evil.example/v1", "api_key": ""}
        answer = client.post(at("providers.provider", "change", made), moved)
        assert refused(answer) == (400, "required")
        assert answer.context["adminform"].form.errors.as_data()["api_key"][0].code == "required"
        made.refresh_from_db()
        assert made.base_url == "https://one.example/v1"

    @pytest.mark.parametrize("field", ["last_error", "health"])
    def test_the_column_itself_is_not_posted(
        self, dana: User, ours: Rows, as_: SignIn, field: str
    ) -> None:
        address = at("providers.provider", "change", ours["providers.provider"])
        assert refused(as_(dana).post(address, self.FORM | {field: "x"})) == (
            403,
            "field_not_allowed",
        )

    def test_a_name_that_is_taken_is_said_at_the_name(
        self, dana: User, ours: Rows, as_: SignIn
    ) -> None:
        sent = self.FORM | {"name": ours["providers.provider"].name, "base_url": ""}
        answer = as_(dana).post(at("providers.provider", "add"), sent)
        assert refused(answer) == (409, "already_exists")
        assert list(answer.context["adminform"].form.errors) == ["name"]

    def test_a_model_keeps_the_name_it_is_listed_by(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        client.post(at("providers.provider", "add"), self.FORM)
        made = Provider.objects.of(acme).get(name="Elsewhere")
        text = page_of(client.get(at("providers.provider", "models_found", made)))
        assert 'name="name:studio-image" value="Studio image"' in text

    def test_a_service_without_a_list_says_so(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        sent = {"kind": "azure_openai", "base_url": "https://acme.openai.azure.com/openai/v1"}
        client.post(at("providers.provider", "add"), self.FORM | sent)
        made = Provider.objects.of(acme).get(name="Elsewhere")
        text = page_of(client.get(at("providers.provider", "models_found", made)))
        assert "does not tell which models" in text
        assert "unsupported" not in text


class TestModelAndPrice:
    def form(self, model: Model, *prices: dict[str, str], **fields: Any) -> dict[str, Any]:
        known = Price.objects.filter(model=model).count()
        sent: dict[str, Any] = {
            "provider": model.provider_id,
            "remote_id": model.remote_id,
            "name": model.name,
            "tags": model.tags,
            "is_enabled": "on",
            "retires_on": "",
            "capabilities": "{}",
            "prices-TOTAL_FORMS": str(known + len(prices)),
            "prices-INITIAL_FORMS": str(known),
            "prices-MIN_NUM_FORMS": "0",
            "prices-MAX_NUM_FORMS": "1000",
            **CONTROLS,
        }
        for number, price in enumerate(prices, start=known):
            sent |= {f"prices-{number}-{name}": value for name, value in price.items()}
        return sent | fields

    def test_tags_and_a_new_price(self, dana: User, ours: Rows, as_: SignIn) -> None:
        model = ours["providers.model"]
        old = Price.objects.filter(model=model, quality="", valid_to=None).get()
        price = {"unit": "picture", "size": "", "quality": "", "amount": "0.05", "source": "list"}
        sent = self.form(model, price, tags=["image-generation", "image-edit"])
        assert as_(dana).post(at("providers.model", "change", model), sent).status_code == 302
        model.refresh_from_db()
        assert model.tags == ["image-generation", "image-edit"]
        old.refresh_from_db()
        new = Price.objects.filter(model=model, quality="", valid_to=None).get()
        assert (old.amount_micro, new.amount_micro) == (40_000, 50_000)
        assert old.valid_to == new.valid_from
        line = told(ours["accounts.organisation"], "price.set")
        assert line is not None

    def test_a_price_is_written_once(self, dana: User, ours: Rows, as_: SignIn) -> None:
        model = ours["providers.model"]
        before = list(Price.objects.filter(model=model).order_by("pk").values())
        sent = self.form(model)
        for number, row in enumerate(before):
            sent |= {
                f"prices-{number}-id": row["id"],
                f"prices-{number}-amount": "0.0001",
                f"prices-{number}-DELETE": "on",
            }
        as_(dana).post(at("providers.model", "change", model), sent)
        assert list(Price.objects.filter(model=model).order_by("pk").values()) == before

    @pytest.mark.parametrize(
        ("price", "code"),
        [
            ({"unit": "picture", "size": "huge", "amount": "1"}, "invalid_value"),
            ({"unit": "picture", "quality": "best", "amount": "1"}, "invalid_choice"),
            ({"unit": "text_in", "size": "1024x1024", "amount": "1"}, "incompatible_parameters"),
        ],
    )
    def test_a_price_that_cannot_be(
        self, dana: User, ours: Rows, as_: SignIn, price: dict[str, str], code: str
    ) -> None:
        model = ours["providers.model"]
        count = Price.objects.filter(model=model).count()
        answer = as_(dana).post(
            at("providers.model", "change", model), self.form(model, price, name="Half")
        )
        assert answer.headers["X-Error-Code"] == code
        assert Price.objects.filter(model=model).count() == count
        model.refresh_from_db()
        assert model.name == "Studio image"

    def test_retired_is_said_as_past(self, dana: User, ours: Rows, as_: SignIn) -> None:
        model = ours["providers.model"]
        for day, said in (("2020-01-01", "was retired on"), ("2999-01-01", "retires on")):
            Model.objects.of(model.organisation).filter(pk=model.pk).update(retires_on=day)
            assert f"{model.name} {said}" in page_of(as_(dana).get("/admin/"))

    def test_its_fields_are_named_alike(self, dana: User, ours: Rows, as_: SignIn) -> None:
        page = as_(dana).get(at("providers.model", "change", ours["providers.model"]))
        fields = page.context["adminform"].form.fields
        assert [str(each.label) for each in fields.values() if str(each.label)[:1].islower()] == []

    def test_it_is_for_something(self, dana: User, ours: Rows, as_: SignIn) -> None:
        model = ours["providers.model"]
        sent = self.form(model)
        sent.pop("tags")
        answer = as_(dana).post(at("providers.model", "change", model), sent)
        assert refused(answer) == (400, "required")
        assert list(answer.context["adminform"].form.errors) == ["tags"]
        model.refresh_from_db()
        assert model.tags

    @pytest.mark.parametrize("sent", ['{"wings": 2}', "[]", '"text"'])
    def test_capabilities_are_known_ones(
        self, dana: User, ours: Rows, as_: SignIn, sent: str
    ) -> None:
        model = ours["providers.model"]
        answer = as_(dana).post(
            at("providers.model", "change", model), self.form(model, capabilities=sent)
        )
        assert answer.context["adminform"].form.errors["capabilities"]

    def test_unpriced_is_said(self, dana: User, ours: Rows, as_: SignIn) -> None:
        client, provider = as_(dana), ours["providers.provider"]
        actor = actor_for(dana)
        bare = catalogue.save_model(
            actor=actor, provider=provider, remote_id="bare", name="Bare", tags=["chat"]
        )
        unpriced = client.get(at("providers.model"), {"priced": "no"}).context["cl"].result_list
        assert [row.pk for row in unpriced] == [bare.pk]
        assert "Bare has no price" in page_of(client.get("/admin/"))
        for unit in ("text_in", "text_out"):
            catalogue.set_price(
                actor=actor, model=bare, unit=unit, amount_micro=1, now=timezone.now()
            )
        assert pricing.for_chat(bare, currency="EUR", now=timezone.now())
        assert "Bare has no price" not in page_of(client.get("/admin/"))

    def test_a_default_carries_its_tag(self, dana: User, ours: Rows, as_: SignIn) -> None:
        organisation = ours["accounts.organisation"]
        default = ModelDefault.objects.of(organisation).get(tag="chat")
        address = at("providers.modeldefault", "change", default)
        image = ours["providers.model"]
        answer = as_(dana).post(address, {"model": image.pk, **CONTROLS})
        assert refused(answer) == (400, "incompatible_parameters")
        default.refresh_from_db()
        assert default.model != image


class TestAssistant:
    FORM = {
        "name": "Poet",
        "description": "Rhymes",
        "instructions": "Rhyme.",
        "note": "first",
        **CONTROLS,
    }

    def test_each_change_is_a_version(
        self, dana: User, acme: Organisation, ours: Rows, as_: SignIn
    ) -> None:
        client = as_(dana)
        assert client.post(at("assistants.assistant", "add"), self.FORM).status_code == 302
        made = Assistant.objects.of(acme).get(name="Poet")
        address = at("assistants.assistant", "change", made)
        client.post(address, self.FORM | {"instructions": "Rhyme well.", "note": "second"})
        client.post(address, self.FORM | {"instructions": "Rhyme well.", "description": "x"})
        numbers = AssistantVersion.objects.filter(assistant=made).values_list("number", "author")
        assert sorted(numbers) == [(1, dana.pk), (2, dana.pk)]
        made.refresh_from_db()
        assert made.published is not None
        assert (made.published.instructions, made.description) == ("Rhyme well.", "x")

    def test_a_team_may_use_it_and_others_not(
        self, dana: User, bob: User, design: Team, ours: Rows, as_: SignIn
    ) -> None:
        client = as_(dana)
        client.post(at("assistants.assistant", "add"), self.FORM)
        made = Assistant.objects.of(design.organisation).get(name="Poet")
        assert made not in assistants_for(actor_for(bob))
        address = at("assistants.assistant", "change", made)
        client.post(address, self.FORM | {"teams": [design.pk]})
        assert made in assistants_for(actor_for(bob))
        assert list(versions.teams_of(made)) == [design]
        client.post(address, self.FORM)
        assert made not in assistants_for(actor_for(bob))

    def test_auto_stays_everybodys(self, dana: User, bob: User, ours: Rows, as_: SignIn) -> None:
        auto = auto_of(ours["accounts.organisation"])
        sent = self.FORM | {"name": "Auto"}
        answer = as_(dana).post(at("assistants.assistant", "change", auto), sent)
        assert answer.status_code == 302
        auto.refresh_from_db()
        assert auto.is_auto
        assert auto in assistants_for(actor_for(bob))
