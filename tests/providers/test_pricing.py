"""What is set aside is enough, what is booked is what was told; without a price, nothing."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation, User
from providers import catalogue, pricing, tokens
from providers.models import Model, Provider
from providers.pricing import Tariff
from providers.shapes import Capabilities, Plan, Question, Usage
from tale.lib import money
from tale.lib.refusals import Refusal
from tests.people import actor_for

FACTORS = (("low", 16.0), ("medium", 48.0), ("high", 96.0))
GPT_IMAGE_2 = Capabilities(token_factors=FACTORS, reference_tokens=1536, most_references=16)
PER_TOKEN = {"text_in": "5", "image_in": "8", "image_out": "30"}
NOW = timezone.now

MakeModel = Callable[..., Model]


def plan(**fields: Any) -> Plan:
    known = {"prompt": "a cat", "n": 1, "width": 1024, "height": 1024, "quality": "medium"}
    return Plan(**{**known, **fields})


@pytest.fixture
def model(acme: Organisation, alice: User) -> MakeModel:
    """A model with these prices, each `unit` or `unit size quality`."""

    def make(prices: dict[str, str], **fields: Any) -> Model:
        provider = Provider.objects.create(organisation=acme, kind="studio", name="P")
        made = Model.objects.create(
            organisation=acme,
            provider=provider,
            remote_id="m",
            name="M",
            tags=["image-generation"],
            **fields,
        )
        for key, amount in prices.items():
            unit, size, quality, *_ = *key.split(), "", ""
            catalogue.set_price(
                actor=actor_for(alice),
                model=made,
                unit=unit,
                size="" if size == "-" else size,
                quality=quality,
                amount_micro=money.parse(amount),
                now=NOW(),
            )
        return made

    return make


def tariff_of(model: Model, able: Capabilities, wanted: Plan, **more: int) -> Tariff:
    return pricing.for_pictures(model, able, wanted, currency="EUR", now=NOW(), **more)


def test_it_works(model: MakeModel) -> None:
    made, wanted = model(PER_TOKEN), plan(n=2)
    tariff = tariff_of(made, GPT_IMAGE_2, wanted)
    usage = Usage(pictures=2, text_in=22, image_out=2 * 1756)
    assert tariff.bill(usage) == 22 * 5 + 2 * 1756 * 30
    assert tariff.bill(usage) <= pricing.quote(tariff, GPT_IMAGE_2, wanted) < 110_000
    assert Tariff(**asdict(tariff)) == tariff


@pytest.mark.parametrize(
    ("size", "quality", "counted", "published"),
    [
        ((1024, 1024), "low", 196, "0.006"),
        ((1024, 1024), "medium", 1756, "0.053"),
        ((1024, 1024), "high", 7024, "0.211"),
        ((1536, 1024), "low", 158, "0.005"),
        ((1024, 1536), "low", 158, "0.005"),
        ((1536, 1024), "medium", 1372, "0.041"),
        ((1024, 1536), "medium", 1372, "0.041"),
        ((1536, 1024), "high", 5488, "0.165"),
        ((1024, 1536), "high", 5488, "0.165"),
        ((3840, 2160), "low", 371, "0.011"),
        ((3840, 2160), "medium", 3336, "0.100"),
        ((3840, 2160), "high", 13342, "0.400"),
    ],
)
def test_the_formula_meets_what_openai_publishes(
    size: tuple[int, int], quality: str, counted: int, published: str
) -> None:
    wanted = plan(width=size[0], height=size[1], quality=quality)
    assert tokens.of_picture(GPT_IMAGE_2, wanted) == counted
    tariff = Tariff("USD", image_out_micro=30_000_000, text_in_micro=5_000_000)
    billed = tariff.bill(Usage(pictures=1, image_out=counted))
    assert f"{billed / 1_000_000:.3f}" == published


def test_auto_quality_is_the_dearest() -> None:
    assert tokens.of_picture(GPT_IMAGE_2, plan(quality="auto")) == 7024


def test_a_table_of_tokens() -> None:
    able = Capabilities(flat_tokens=(("low 1024x1536", 408), ("low", 272), ("2K", 1680), ("", 9)))
    of = tokens.of_picture
    assert of(able, plan(quality="low", height=1536)) == 408
    assert of(able, plan(quality="low")) == 272
    assert of(able, plan(resolution="2K")) == 1680
    assert of(able, plan()) == 9
    assert of(Capabilities(), plan()) is None


class TestWhatIsMissing:
    @pytest.mark.parametrize(
        ("prices", "able", "references", "missing"),
        [
            ({}, GPT_IMAGE_2, 0, ["picture"]),
            ({"text_in": "5"}, GPT_IMAGE_2, 0, ["picture"]),
            ({"image_out": "30"}, GPT_IMAGE_2, 0, ["text_in"]),
            ({"image_out": "30", "text_in": "5"}, GPT_IMAGE_2, 1, ["image_in"]),
            (PER_TOKEN, Capabilities(), 0, ["token_factors"]),
            ({"picture - high": "1"}, GPT_IMAGE_2, 0, ["picture 1024x1024 medium"]),
            ({"picture 512x512": "1"}, GPT_IMAGE_2, 0, ["picture 1024x1024 medium"]),
        ],
    )
    def test_it_is_named(
        self,
        model: MakeModel,
        prices: dict[str, str],
        able: Capabilities,
        references: int,
        missing: list[str],
    ) -> None:
        made = model(prices)
        with pytest.raises(Refusal) as refused:
            tariff_of(made, able, plan(), references=references)
        assert refused.value.code == "price_unknown"
        assert refused.value.details == {"model": "M", "missing": missing}

    def test_of_a_chat_model(self, model: MakeModel) -> None:
        made = model({"text_in": "1"})
        with pytest.raises(Refusal) as refused:
            pricing.for_chat(made, currency="EUR", now=NOW())
        assert refused.value.details["missing"] == ["text_out"]

    def test_another_currency_is_no_price(self, model: MakeModel) -> None:
        made = model({"picture": "1"})
        with pytest.raises(Refusal):
            pricing.for_pictures(made, Capabilities(), plan(), currency="USD", now=NOW())


class TestByThePiece:
    ROWS = {
        "picture": "0.04",
        "picture - high": "0.08",
        "picture 1536x1024": "0.06",
        "picture 1536x1024 high": "0.12",
        "picture 2K": "0.10",
    }

    @pytest.mark.parametrize(
        ("wanted", "each"),
        [
            (plan(), 40_000),
            (plan(quality="high"), 80_000),
            (plan(width=1536), 60_000),
            (plan(width=1536, quality="high"), 120_000),
            (plan(width=2048, height=2048, resolution="2K"), 100_000),
            (plan(quality="auto"), 80_000),
            (plan(width=1536, quality="auto"), 120_000),
        ],
    )
    def test_the_row_that_says_most_counts(self, model: MakeModel, wanted: Plan, each: int) -> None:
        tariff = tariff_of(model(self.ROWS), Capabilities(), wanted)
        assert tariff.bill(Usage(pictures=3)) == 3 * each

    def test_where_the_model_chooses_every_quality_needs_a_price(self, model: MakeModel) -> None:
        with pytest.raises(Refusal):
            tariff_of(model({"picture - high": "1"}), Capabilities(), plan(quality="auto"))

    def test_tokens_told_beat_the_piece(self, model: MakeModel) -> None:
        made = model({"picture": "0.10", **PER_TOKEN})
        tariff = tariff_of(made, GPT_IMAGE_2, plan())
        assert tariff.bill(Usage(pictures=1)) == 100_000
        assert tariff.bill(Usage(pictures=1, text_in=10, image_out=1756)) == 52_730
        assert pricing.quote(tariff, GPT_IMAGE_2, plan()) == 100_000

    def test_a_piece_of_an_unknown_number_of_tokens(self, model: MakeModel) -> None:
        made = model({"picture": "0.10", **PER_TOKEN})
        assert tariff_of(made, Capabilities(), plan()).image_out_micro is None

    def test_credits(self, model: MakeModel) -> None:
        tariff = tariff_of(model({"credit": "0.02"}), Capabilities(), plan(n=3))
        assert pricing.quote(tariff, Capabilities(), plan(n=3)) == 60_000
        assert tariff.bill(Usage(pictures=3, credits=2)) == 40_000
        assert tariff.bill(Usage(pictures=3)) == 60_000


class TestTheBill:
    TARIFF = Tariff(
        "EUR",
        text_in_micro=5_000_000,
        cached_in_micro=1_250_000,
        text_out_micro=10_000_000,
    )

    def test_cached_text_is_part_of_the_text(self) -> None:
        assert self.TARIFF.bill(Usage(text_in=100, cached_in=40)) == 60 * 5 + 50

    def test_without_a_price_of_its_own_it_costs_the_same(self) -> None:
        tariff = Tariff("EUR", text_in_micro=5_000_000, text_out_micro=1)
        assert tariff.bill(Usage(text_in=100, cached_in=40)) == 500
        assert tariff.bill(Usage(text_in=100, image_in=10)) == 550

    def test_it_is_rounded_up_once(self) -> None:
        tariff = Tariff("EUR", text_in_micro=400_000, text_out_micro=400_000)
        assert tariff.bill(Usage(text_in=1, text_out=1)) == 1
        assert tariff.bill(Usage(text_in=2, text_out=1)) == 2

    def test_what_the_provider_tells_beats_the_table(self) -> None:
        told = Usage(text_in=100, told_micro=7, told_currency="EUR")
        assert self.TARIFF.bill(told) == 7
        assert self.TARIFF.bill(Usage(text_in=100, told_micro=7, told_currency="USD")) == 500

    def test_silence_about_tokens_is_not_free(self, model: MakeModel) -> None:
        wanted = plan(n=3)
        tariff = tariff_of(model(PER_TOKEN), GPT_IMAGE_2, wanted)
        most = pricing.quote(tariff, GPT_IMAGE_2, wanted)
        silent = Usage(pictures=3)
        assert most - 3 < tariff.bill(silent) <= most
        assert tariff.is_estimate(silent)
        assert not tariff.is_estimate(Usage(pictures=3, image_out=1))
        assert not tariff.is_estimate(Usage())
        told = Usage(pictures=3, told_micro=5, told_currency="EUR")
        assert not tariff.is_estimate(told)
        assert tariff.is_estimate(replace(told, told_currency="USD"))

    def test_refusals_are_billed_where_the_model_says_so(self, model: MakeModel) -> None:
        made = model({"picture": "1"}, bills_refusals=True)
        assert tariff_of(made, Capabilities(), plan()).refusals_billed


MICRO = st.integers(0, 200_000_000)


@st.composite
def calls(draw: Any) -> tuple[Tariff, Capabilities, Plan, int, int, Usage]:
    """A tariff, a plan, and what any honest provider may say it did within that plan."""
    able = Capabilities(
        token_factors=FACTORS,
        reference_tokens=draw(st.integers(1, 7000)),
        output_tokens=draw(st.integers(0, 4096)),
    )
    wanted = plan(
        prompt=draw(st.text(min_size=1, max_size=40)),
        n=draw(st.integers(1, 10)),
        width=draw(st.integers(64, 3840)),
        height=draw(st.integers(64, 3840)),
        quality=draw(st.sampled_from(["low", "medium", "high", "auto"])),
    )
    references, partials = draw(st.integers(0, 16)), draw(st.integers(0, 3))
    rates = {
        "picture_micro": st.none() | MICRO,
        "credit_micro": MICRO,
        "text_in_micro": MICRO,
        "cached_in_micro": st.none() | MICRO,
        "image_in_micro": MICRO,
        "text_out_micro": st.none() | MICRO,
        "image_out_micro": st.none() | MICRO,
    }
    tariff = Tariff("EUR", **{name: draw(rate) for name, rate in rates.items()})
    made = draw(st.integers(0, wanted.n))
    text_in = draw(st.integers(0, wanted.n * (len(wanted.prompt.encode()) + 6)))
    each = tokens.of_picture(able, wanted) or 0
    usage = Usage(
        pictures=made,
        credits=draw(st.integers(0, wanted.n)),
        text_in=text_in,
        cached_in=draw(st.integers(0, text_in)),
        image_in=draw(st.integers(0, wanted.n * references * able.reference_tokens)),
        image_out=draw(st.integers(0, made * (each + partials * 100))),
        text_out=draw(st.integers(0, wanted.n * able.output_tokens)),
    )
    return tariff, able, wanted, references, partials, usage


@pytest.mark.parametrize(
    ("rates", "more", "most"),
    [
        ({"image_out_micro": 1_000_000}, {}, 2 * 1756),
        ({"image_out_micro": 1_000_000}, {"partials": 3}, 2 * (1756 + 300)),
        ({"image_in_micro": 1_000_000}, {"references": 4}, 2 * 4 * 1536),
        ({"text_out_micro": 1_000_000}, {}, 2 * 2048),
        ({"text_in_micro": 1_000_000}, {}, 2 * (len("a cat") + tokens.FRAME)),
        ({"cached_in_micro": 1_000_000}, {}, 2 * (len("a cat") + tokens.FRAME)),
    ],
)
def test_the_bound_counts_every_kind_of_token(
    rates: dict[str, int], more: dict[str, int], most: int
) -> None:
    tariff = Tariff("EUR", **{"image_out_micro": 0, **rates})
    assert pricing.quote(tariff, GPT_IMAGE_2, plan(n=2), **more) == most


def test_a_mask_is_a_picture_too() -> None:
    tariff = Tariff("EUR", image_out_micro=0, image_in_micro=1_000_000)
    wanted = plan(operation="inpaint")
    assert pricing.quote(tariff, GPT_IMAGE_2, wanted, references=1) == 2 * 1536


@given(calls())
def test_what_is_set_aside_is_always_enough(
    call: tuple[Tariff, Capabilities, Plan, int, int, Usage],
) -> None:
    tariff, able, wanted, references, partials, usage = call
    most = pricing.quote(tariff, able, wanted, references=references, partials=partials)
    assert 0 <= tariff.bill(usage) <= most


@given(st.integers(0, 10**15), st.integers(0, 10), st.integers(0, 10**7), st.integers(0, 10**7))
def test_lines_lose_nothing(amount: int, pictures: int, read: int, written: int) -> None:
    usage = Usage(pictures=pictures, text_in=read, image_out=written, request_id="r")
    lines = pricing.lines(usage, amount_micro=amount)
    assert len(lines) == max(pictures, 1)
    for name, whole in (
        ("amount_micro", amount),
        ("pictures", pictures),
        ("tokens_in", read),
        ("tokens_out", written),
    ):
        parts = [line[name] for line in lines]
        assert sum(parts) == whole
        assert max(parts) - min(parts) <= 1
        assert parts == sorted(parts, reverse=True)


class TestAQuestion:
    def ask(self, content: Any, most_tokens: int = 10) -> Usage:
        question = Question("m", ({"role": "user", "content": content},), (), most_tokens)
        return tokens.of_question(Capabilities(), question)

    def test_no_token_is_shorter_than_a_byte(self) -> None:
        usage = self.ask("süß 🐈" * 50)
        assert usage.text_in > len("süß 🐈".encode()) * 50
        assert usage.text_out == 10

    def test_a_picture_is_not_counted_in_bytes(self) -> None:
        data = "data:image/png;base64," + "A" * 100_000
        shown = [
            {"type": "text", "text": "what is this?"},
            {"type": "image_url", "image_url": {"url": data}},
        ]
        usage = self.ask(shown)
        assert usage.text_in < 200
        assert usage.image_in == tokens.LOOKED_AT
