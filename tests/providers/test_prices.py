"""A price is written once, for a time of its own, in the organisation's currency."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from providers import catalogue, pricing
from providers.models import Model, Price, Provider
from tale.lib.refusals import NotFound, Refusal
from tests.people import actor_for

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def model(acme: Organisation) -> Model:
    provider = Provider.objects.create(organisation=acme, kind="studio", name="P")
    return Model.objects.create(
        organisation=acme, provider=provider, remote_id="m", name="M", tags=["chat"]
    )


@pytest.fixture
def put(model: Model, alice: User) -> Any:
    """`put(5)`: five micro-units for a million tokens in, from NOW."""

    def put(amount_micro: int = 1, **fields: Any) -> Price:
        fields = {"unit": "text_in", "now": NOW, **fields}
        return catalogue.set_price(
            actor=actor_for(alice), model=model, amount_micro=amount_micro, **fields
        )

    return put


def spans(model: Model) -> list[tuple[int, int, int | None]]:
    """Amount, first day and last, counted from NOW."""
    rows = Price.objects.filter(model=model).order_by("valid_from", "unit")
    return [
        (row.amount_micro, (row.valid_from - NOW).days, row.valid_to and (row.valid_to - NOW).days)
        for row in rows
    ]


def test_it_works(put: Any, model: Model, acme: Organisation) -> None:
    put(1)
    put(2, now=NOW + DAY)
    assert spans(model) == [(1, 0, 1), (2, 1, None)]
    line = AuditLine.objects.of(acme).order_by("-seq")[0]
    assert (line.action, line.target) == ("price.set", model.pk)


class TestLater:
    def test_it_takes_over_on_its_day(self, put: Any, model: Model) -> None:
        put(1)
        put(1, unit="text_out")
        put(2, valid_from=NOW + 3 * DAY)
        assert spans(model)[::2] == [(1, 0, 3), (2, 3, None)]
        for days, amount in ((0, 1), (2, 1), (3, 2), (30, 2)):
            tariff = pricing.for_chat(model, currency="EUR", now=NOW + days * DAY)
            assert tariff.text_in_micro == amount

    def test_todays_price_may_change_before_it(self, put: Any, model: Model) -> None:
        put(1)
        put(9, valid_from=NOW + 5 * DAY)
        put(2, now=NOW + DAY)
        assert spans(model) == [(1, 0, 1), (2, 1, 5), (9, 5, None)]

    def test_it_can_be_withdrawn_until_it_begins(self, put: Any, model: Model, alice: User) -> None:
        begun, later = put(1), put(2, valid_from=NOW + DAY)
        catalogue.withdraw_price(actor=actor_for(alice), price=later, now=NOW)
        assert spans(model) == [(1, 0, None)]
        with pytest.raises(Refusal) as refused:
            catalogue.withdraw_price(actor=actor_for(alice), price=begun, now=NOW)
        assert refused.value.code == "append_only"

    @pytest.mark.parametrize(
        "fields",
        [
            {"valid_from": NOW + 3 * DAY},
            {"valid_from": NOW + DAY, "valid_to": NOW + 4 * DAY},
            {"valid_from": NOW + 12 * DAY},
            {"valid_from": NOW + 12 * DAY, "valid_to": NOW + 13 * DAY},
        ],
    )
    def test_two_never_overlap(self, put: Any, model: Model, fields: dict[str, Any]) -> None:
        put(1)
        put(2, valid_from=NOW + 3 * DAY)
        put(3, valid_from=NOW + 10 * DAY, valid_to=NOW + 20 * DAY)
        before = spans(model)
        with pytest.raises(Refusal) as refused:
            put(4, **fields)
        assert refused.value.code == "invalid_range"
        assert spans(model) == before

    def test_not_in_what_was_a_gap_either(self, put: Any, model: Model) -> None:
        put(1, valid_to=NOW + 2 * DAY)
        put(2, valid_from=NOW + 9 * DAY)
        with pytest.raises(Refusal):
            put(3, valid_from=NOW + 4 * DAY, valid_to=NOW + 10 * DAY)
        put(3, valid_from=NOW + 4 * DAY, valid_to=NOW + 5 * DAY)
        put(4, valid_from=NOW + 6 * DAY)
        assert spans(model) == [(1, 0, 2), (3, 4, 5), (4, 6, 9), (2, 9, None)]

    def test_others_of_the_model_do_not_count(self, put: Any, model: Model) -> None:
        put(1)
        put(1, unit="text_out")
        put(1, unit="picture")
        put(1, unit="picture", size="1024x1024")
        put(1, unit="picture", size="2K")
        put(1, unit="picture", size="1024x1024", quality="low")
        assert len(spans(model)) == 6

    def test_an_end_without_a_successor_is_a_gap(
        self, put: Any, model: Model, acme: Organisation
    ) -> None:
        put(1, valid_to=NOW + 5 * DAY)
        put(1, unit="text_out")
        assert [row.unit for row in catalogue.gaps(acme, now=NOW)] == ["text_in"]
        assert catalogue.gaps(acme, now=NOW + 5 * DAY) == []
        put(2, valid_from=NOW + 5 * DAY)
        assert catalogue.gaps(acme, now=NOW) == []


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"unit": "hour"}, "invalid_choice", "unit"),
        ({"size": "2K"}, "incompatible_parameters", "size"),
        ({"unit": "picture", "size": "2k"}, "invalid_value", "size"),
        ({"unit": "picture", "quality": "best"}, "invalid_choice", "quality"),
        ({"amount_micro": -1}, "out_of_range", "amount"),
        ({"amount_micro": 10**15 + 1}, "out_of_range", "amount"),
        ({"valid_from": NOW - DAY}, "invalid_range", "valid_from"),
        ({"valid_to": NOW}, "invalid_range", "valid_to"),
        ({"valid_from": NOW + DAY, "valid_to": NOW + DAY}, "invalid_range", "valid_to"),
        ({"source": "x" * 201}, "too_long", "source"),
        ({"currency": "USD"}, "required", "rate"),
        ({"currency": "USD", "rate_micro": 0}, "out_of_range", "rate"),
        ({"currency": "USD", "rate_micro": 10**16}, "out_of_range", "rate"),
        (
            {"amount_micro": 10**15, "currency": "USD", "rate_micro": 2_000_000},
            "out_of_range",
            "amount",
        ),
    ],
)
def test_a_price_that_cannot_be(
    put: Any, model: Model, fields: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        put(**fields)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert spans(model) == []


def test_another_currency_is_kept_with_its_rate(put: Any, model: Model) -> None:
    row = put(1_250_001, currency="USD", rate_micro=860_000)
    assert (row.amount_micro, row.currency) == (1_075_001, "EUR")  # rounded up
    assert (row.original_micro, row.original_currency) == (1_250_001, "USD")
    assert (row.rate_micro, row.rate_on) == (860_000, NOW.date())


def test_only_who_governs_and_only_their_own(model: Model, bob: User, charlie: User) -> None:
    price = {"model": model, "unit": "text_in", "amount_micro": 1, "now": NOW}
    with pytest.raises(Refusal) as refused:
        catalogue.set_price(actor=actor_for(bob), **price)
    assert refused.value.code == "forbidden"
    with pytest.raises(NotFound):
        catalogue.set_price(actor=actor_for(charlie), **price)


def test_a_clash_names_the_day_as_it_was_entered(put: Any) -> None:
    """Midnight east of Greenwich is still the day before in UTC."""
    with timezone.override("Europe/Berlin"):
        day = datetime(2026, 12, 1, tzinfo=timezone.get_current_timezone())
        put(1, valid_from=day)
        with pytest.raises(Refusal, match=r"Dec\. 1, 2026"):
            put(2, valid_from=day)
