"""The shipped prices are the published ones, and bringing models up to them is safe to repeat."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from accounts.models import AuditLine, Organisation, User
from providers import catalogue, fitting, overrides, pricing, published, tokens
from providers.models import Model, Price, Provider, Tag
from providers.overrides import QUALITIES
from providers.published import Published
from providers.refreshing import Step, refresh
from providers.shapes import Capabilities, Plan, Usage, Wish
from tale.lib.refusals import Refusal
from tests.people import actor_for

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SQUARE, FORMS = "1024x1024", ("1024x1536", "1536x1024")
SIZES = ("512", "1K", "2K", "4K")
LADDER = ("low", "medium", "high")
TWO = Capabilities(token_factors=(("low", 16), ("medium", 48), ("high", 96)))

# Table E of the wire contracts, November 2026, in dollars: square, then both other forms.
PER_PICTURE = {
    "gpt-image-2": (("0.006", "0.053", "0.211"), ("0.005", "0.041", "0.165")),
    "gpt-image-1.5": (("0.009", "0.034", "0.133"), ("0.013", "0.050", "0.200")),
    "gpt-image-1-mini": (("0.005", "0.011", "0.036"), ("0.006", "0.015", "0.052")),
    "gpt-image-1": (("0.011", "0.042", "0.167"), ("0.016", "0.063", "0.250")),
}
ROWS = [
    (model, size, quality, prices[place])
    for model, (square, forms) in PER_PICTURE.items()
    for size, prices in ((SQUARE, square), (FORMS[0], forms), (FORMS[1], forms))
    for place, quality in enumerate(LADDER)
]


@pytest.fixture
def provider(acme: Organisation) -> Provider:
    return Provider.objects.create(organisation=acme, kind="openai", name="OpenAI")


@pytest.fixture
def make(provider: Provider, acme: Organisation) -> Any:
    def make(remote_id: str, **fields: Any) -> Model:
        fields = {"provider": provider, "tags": ["image-generation"], **fields}
        return Model.objects.create(
            organisation=acme, remote_id=remote_id, name=remote_id, **fields
        )

    return make


@pytest.fixture
def bring(alice: User, acme: Organisation) -> Any:
    def bring(data: Published | None = None, **more: Any) -> list[Step]:
        more = {"now": NOW, "rates": {("USD", "EUR"): 860_000}, **more}
        acme.refresh_from_db()
        return refresh(actor=actor_for(alice), published=data or published.shipped(), **more)

    return bring


def in_dollars(acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(currency="USD")


def test_it_works(make: Any, bring: Any, acme: Organisation) -> None:
    model, retired = make("gpt-image-2"), make("dall-e-3")
    steps = bring()
    assert {step.done for step in steps} == {"changed"}
    rows = {row.unit: row for row in Price.objects.filter(model=model)}
    assert rows["image_out"].amount_micro == 25_800_000
    assert (rows["image_out"].original_micro, rows["image_out"].rate_micro) == (30_000_000, 860_000)
    assert "2026-11-21" in rows["image_out"].source
    retired.refresh_from_db()
    assert (retired.retires_on, retired.replacement) == (date(2026, 5, 12), "gpt-image-2")
    assert not Price.objects.filter(model=retired)
    assert AuditLine.objects.of(acme).filter(action="price.set").count() == 4
    assert bring() == []


@pytest.mark.parametrize(("name", "size", "quality", "dollars"), ROWS)
def test_every_published_price(name: str, size: str, quality: str, dollars: str) -> None:
    """By its row where there is one; by its tokens where a size may be anything."""
    proposal = published.proposed("openai", name)
    rows = {(row.unit, row.size, row.quality): row.amount_micro for row in proposal.prices}
    micro = rows.get(("picture", size, quality))
    if micro is None:
        width, height = map(int, size.split("x"))
        counted = tokens.of_picture(TWO, Plan("a cat", 1, width, height, quality))
        assert counted is not None
        tariff = pricing.Tariff("USD", image_out_micro=rows["image_out", "", ""])
        micro = tariff.bill(Usage(pictures=1, image_out=counted))
    assert f"{micro / 1_000_000:.3f}" == f"{float(dollars):.3f}"


@pytest.mark.parametrize(
    ("resolution", "micro"), [("512", 45_000), ("1K", 67_000), ("4K", 151_000)]
)
def test_gemini_is_priced_by_resolution(
    make: Any, bring: Any, acme: Organisation, provider: Provider, resolution: str, micro: int
) -> None:
    in_dollars(acme)
    provider.kind = "google"
    provider.save(update_fields=["kind"])
    model = make("models/gemini-3.1-flash-image")
    bring()
    able = Capabilities(
        aspects=("1:1", "16:9"), resolutions=("512", "1K", "2K", "4K"), qualities=()
    )
    side = {"512": 512, "1K": 1024, "4K": 4096}[resolution]
    plan = fitting.fit(Wish("a cat", size=f"{side}x{side}"), able)
    assert plan.resolution == resolution
    tariff = pricing.for_pictures(model, able, plan, currency="USD", now=NOW)
    assert pricing.quote(tariff, able, plan) == micro


class TestBringingUp:
    def test_a_dry_run_says_the_same_and_changes_nothing(
        self, make: Any, bring: Any, acme: Organisation
    ) -> None:
        model = make("gpt-image-1.5")
        dry = bring(dry_run=True)
        assert not Price.objects.filter(model=model)
        assert not AuditLine.objects.of(acme).filter(action="price.set")
        assert bring() == dry != []

    def test_only_those_just_added(self, make: Any, bring: Any) -> None:
        old, new = make("gpt-image-2"), make("gpt-image-1.5")
        assert {step.model for step in bring(only=[new])} == {str(new)}
        assert not Price.objects.filter(model=old)

    def test_only_who_governs(self, make: Any, bob: User, acme: Organisation) -> None:
        model = make("gpt-image-2")
        with pytest.raises(Refusal) as refused:
            refresh(actor=actor_for(bob), published=published.shipped(), now=NOW, rates={})
        assert refused.value.code == "forbidden"
        assert not Price.objects.filter(model=model)

    def test_without_a_rate_it_stays_unpriced(self, make: Any, bring: Any) -> None:
        model = make("gpt-image-2")
        steps = bring(rates={})
        assert {step.done for step in steps} == {"refused"}
        assert "USD/EUR" in steps[0].why
        assert not Price.objects.filter(model=model)

    def test_in_its_own_currency_it_needs_none(
        self, make: Any, bring: Any, acme: Organisation
    ) -> None:
        in_dollars(acme)
        model = make("gpt-image-2-2026-04-21")
        bring(rates={})
        row = Price.objects.get(model=model, unit="image_in")
        assert (row.amount_micro, row.currency, row.original_currency) == (8_000_000, "USD", "")

    def test_what_an_admin_entered_stays(self, make: Any, bring: Any, alice: User) -> None:
        model = make("gpt-image-1.5", capabilities={"partials": 1, "output_tokens": 9})
        mine = catalogue.set_price(
            actor=actor_for(alice), model=model, unit="image_out", amount_micro=1, now=NOW
        )
        steps = bring()
        assert [step.done for step in steps if "image_out" in step.what] == ["kept"]
        mine.refresh_from_db()
        assert mine.valid_to is None
        model.refresh_from_db()
        assert model.capabilities == {"partials": 1, "output_tokens": 9}

    def test_a_newer_list_or_rate_ends_the_older(self, make: Any, bring: Any) -> None:
        model = make("gpt-image-2")
        bring()
        later = NOW + timedelta(days=1)
        assert len(bring(rates={("USD", "EUR"): 870_000}, now=later)) == 4
        text = published.SHIPPED.read_text().replace('"amount": "30"', '"amount": "29"')
        steps = bring(
            published.read(text), rates={("USD", "EUR"): 870_000}, now=later + timedelta(days=1)
        )
        assert [step.what for step in steps] == ["image_out 29.00 USD"]
        amounts = Price.objects.filter(model=model, unit="image_out").order_by("valid_from")
        assert [row.amount_micro for row in amounts] == [25_800_000, 26_100_000, 25_230_000]

    def test_another_host_has_its_own_prices(
        self, make: Any, bring: Any, provider: Provider
    ) -> None:
        provider.base_url = "https://gateway.example/v1"
        provider.save(update_fields=["base_url"])
        model = make("gpt-image-2")
        assert [step.done for step in bring()] == ["kept"]
        assert not Price.objects.filter(model=model)

    def test_others_are_not_touched(self, make: Any, bring: Any, rival: Organisation) -> None:
        elsewhere = Provider.objects.create(organisation=rival, kind="openai", name="OpenAI")
        theirs = Model.objects.create(
            organisation=rival, provider=elsewhere, remote_id="gpt-image-2", name="Two"
        )
        make("gpt-9-unheard-of")
        assert bring() == []
        assert not Price.objects.filter(model=theirs)


class TestTheFile:
    def test_what_is_shipped_can_be_saved(self) -> None:
        data = published.shipped()
        assert set(data.hosts) == {kind for kind, _name in data.models}
        for proposal in data.models.values():
            assert set(proposal.tags) <= set(Tag.values)
            assert proposal.source
            assert proposal.read_on
            assert (proposal.retires_on is None) == (not proposal.replacement)
            for row in proposal.prices:
                assert row.unit in Price.Unit.values
                assert row.amount_micro > 0
                assert row.quality in ("", *QUALITIES)
                assert not row.size or overrides.SIZE.fullmatch(row.size) or row.size in SIZES

    def test_who_retires_is_followed_by_one_who_lives(self) -> None:
        data = published.shipped()
        for (kind, _name), proposal in data.models.items():
            if proposal.replacement:
                assert data.proposed(kind, proposal.replacement).retires_on is None
                assert data.proposed(kind, proposal.replacement).prices

    def test_of_an_unknown_model_nothing_is_invented(self) -> None:
        assert not published.proposed("openai", "gpt-9")
        assert not published.proposed("compatible", "gpt-image-2")
        assert published.proposed("clipdrop", "text-to-image").prices == ()

    @pytest.mark.parametrize(
        ("change", "code", "field"),
        [
            ({"models": {}}, "invalid_type", "models"),
            ({"shops": []}, "unknown_field", "file.shops"),
            ({"currency": ""}, "required", "currency"),
            ({"model": {"colour": "red"}}, "unknown_field", "models.0.colour"),
            ({"model": {"source": ""}}, "required", "models.0.source"),
            ({"model": {"read_on": "yesterday"}}, "invalid_date", "models.0.read_on"),
            ({"model": {"retires_on": 2026}}, "invalid_date", "models.0.retires_on"),
            ({"model": {"tags": "chat"}}, "invalid_type", "models.0.tags"),
            ({"model": {"also": ["m"]}}, "already_exists", "models.0.id"),
            ({"model": {"capabilities": {"x": 1}}}, "unknown_field", "models.0.capabilities.x"),
            ({"price": {"amount": 5}}, "required", "models.0.prices.0.amount"),
            ({"price": {"amount": "-5"}}, "invalid_number", "models.0.prices.0.amount"),
            ({"price": {"amount": "1e3"}}, "invalid_number", "models.0.prices.0.amount"),
            ({"price": {"per": "hour"}}, "unknown_field", "models.0.prices.0.per"),
        ],
    )
    def test_another_file_is_read_strictly(self, change: Any, code: str, field: str) -> None:
        price = {"unit": "picture", "amount": "1", **change.pop("price", {})}
        model = {"kind": "openai", "id": "m", "tags": [], "source": "s", "read_on": "2026-11-21"}
        model |= {"prices": [price], **change.pop("model", {})}
        with pytest.raises(Refusal) as refused:
            published.read(json.dumps({"currency": "USD", "models": [model], **change}))
        assert (refused.value.code, refused.value.field) == (code, field)

    @pytest.mark.parametrize("text", ["", "{", "[" * 100_000, '{"models": NaN}'])
    def test_nonsense_is_no_file(self, text: str) -> None:
        with pytest.raises(Refusal) as refused:
            published.read(text)
        assert refused.value.code == "invalid_json"

    def test_two_prices_of_the_same(self) -> None:
        row = {"unit": "picture", "amount": "1"}
        model = {"kind": "k", "id": "m", "tags": [], "source": "s", "read_on": "2026-11-21"}
        with pytest.raises(Refusal) as refused:
            published.read(
                json.dumps({"currency": "USD", "models": [{**model, "prices": [row, row]}]})
            )
        assert refused.value.code == "invalid_range"
