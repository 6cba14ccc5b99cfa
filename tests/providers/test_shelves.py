"""What was read of the models before stands until one of the rows changes, by whatever hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organisation
from providers import shelves
from providers.models import Model, Price, Provider
from tests.providers.test_resolve import model, provider

NOW = timezone.now()


@pytest.fixture
def fox(acme: Organisation) -> Model:
    return model(provider(acme, "Painters"), "fox")


def read(of: Model) -> Model:
    (row,) = shelves.models_of(of.organisation, now=NOW, only=of.pk)
    return row


@pytest.mark.postgres  # SQLite is asked each time
def test_what_did_not_change_is_not_read_again(fox: Model) -> None:
    read(fox)
    with CaptureQueriesContext(connection) as queries:
        assert read(fox).provider.name == "Painters"
    assert len(queries) == 1


CHANGES: dict[str, tuple[Callable[[Model], object], Callable[[Model], bool]]] = {
    "the model": (
        lambda row: Model.objects.filter(provider=row.provider).update(is_enabled=False),
        lambda row: not row.is_enabled,
    ),
    "its provider": (
        lambda row: Provider.objects.filter(organisation=row.organisation).update(is_enabled=False),
        lambda row: not row.provider.is_enabled,
    ),
    "a price": (
        lambda row: Price.objects.filter(model=row).update(amount_micro=7),
        lambda row: {price.amount_micro for price in row.prices_now} == {7},  # type: ignore[attr-defined]
    ),
    "one price less": (
        lambda row: Price.objects.filter(model=row, unit="picture").delete(),
        lambda row: not row.has_picture,  # type: ignore[attr-defined]
    ),
    "one price more": (
        lambda row: Price.objects.create(
            organisation=row.organisation,
            model=row,
            unit="credit",
            amount_micro=1,
            currency=row.organisation.currency,
            valid_from=NOW,
        ),
        lambda row: row.has_credit,  # type: ignore[attr-defined]
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_seen_at_once_and_so_is_its_withdrawal(fox: Model, what: str) -> None:
    change, is_seen = CHANGES[what]
    assert not is_seen(read(fox))
    with transaction.atomic():
        change(fox)
        assert is_seen(read(fox))
        transaction.set_rollback(True)
    assert not is_seen(read(fox))
    change(fox)
    assert is_seen(read(fox))


def test_a_price_ends_and_another_begins_without_a_change(fox: Model) -> None:
    Price.objects.filter(model=fox).update(valid_to=NOW + timedelta(hours=1))
    assert read(fox).has_picture  # type: ignore[attr-defined]
    (later,) = shelves.models_of(fox.organisation, now=NOW + timedelta(hours=1), only=fox.pk)
    assert not later.has_picture  # type: ignore[attr-defined]


def test_who_asks_may_write_on_what_they_get(fox: Model) -> None:
    mine = read(fox)
    mine.name, mine.provider.name = "scribbled", "on"
    assert (read(fox).name, read(fox).provider.name) == ("fox", "Painters")


def test_another_organisation_is_never_met(fox: Model, rival: Organisation) -> None:
    assert shelves.models_of(rival, now=NOW, only=fox.pk) == []
