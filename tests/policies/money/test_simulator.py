"""Seeds of the simulator. `TALE_SEEDS=5000` for a night, `TALE_SEED=17` to see one again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import IntegrityError, transaction

from accounts.models import Organisation, User
from policies.models import Entry
from providers.models import Fallback, Model, Price, Tag
from tests.policies.money.defects import OF_PICTURES, ONCE, Defect
from tests.policies.money.simulator import World, in_

pytestmark = pytest.mark.timeout(0)
SEEDS = int(os.environ.get("TALE_SEEDS", "24"))
STEPS = 16


@pytest.fixture
def office(
    acme: Organisation, workspace: Callable[[Organisation], None], settings: Any, tmp_path: Any
) -> Organisation:
    """Two models that draw: the second, at twice the price, steps in for the first."""
    workspace(acme)
    own = {**settings.STORAGES["default"], "OPTIONS": {"location": tmp_path, "base_url": None}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
    first = Model.objects.of(acme).get(remote_id="studio-image")
    second = Model.objects.create(
        organisation=acme,
        provider=first.provider,
        remote_id="second-image",
        name="Second",
        tags=[Tag.IMAGE_GENERATION],
    )
    Price.objects.filter(model=first).update(valid_from="2026-01-01T00:00:00Z")
    for price in Price.objects.filter(model=first):
        price.pk, price.model, price.amount_micro = None, second, 2 * price.amount_micro
        price._state.adding = True
        price.save()
    Fallback.objects.create(organisation=acme, tag=Tag.IMAGE_GENERATION, model=second)
    return acme


@pytest.fixture
def simulate(office: Organisation, alice: User, bob: User) -> Callable[[int], int]:
    def run(seed: int) -> int:
        """How many lines came of it."""
        world = World(office, [alice, bob], seed)
        with transaction.atomic():
            try:
                with in_(world):
                    async_to_sync(world.run)(STEPS)
                    world.look_at_the_end()
                return Entry.objects.of(office).count()
            except BaseException:
                print(f"TALE_SEED={seed}", *world.told, sep="\n")
                raise
            finally:
                transaction.set_rollback(True)

    return run


def test_every_seed_ends_with_the_bill_of_the_provider(simulate: Callable[[int], int]) -> None:
    only = os.environ.get("TALE_SEED")
    lines = [simulate(seed) for seed in ([int(only)] if only else range(SEEDS))]
    assert sum(lines) > len(lines)


@ONCE
@pytest.mark.parametrize("defect", OF_PICTURES, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(simulate: Callable[[int], int], defect: Defect) -> None:
    with defect(), pytest.raises((AssertionError, IntegrityError)):
        list(map(simulate, range(SEEDS)))
