"""Random histories of money against the model. `TALE_EXAMPLES=5000` for a night."""

from __future__ import annotations

import os
from typing import Any

import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import User
from tests.policies.money.defects import OF_MONEY, ONCE, Defect
from tests.policies.money.machine import Machine

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(0)]
EXAMPLES = int(os.environ.get("TALE_EXAMPLES", "20"))


def run(user: User, **options: Any) -> None:
    """Without shrinking, which takes minutes: a history of two dozen steps can be read."""
    run_state_machine_as_test(
        lambda: Machine(user),
        settings=settings(
            **options,
            stateful_step_count=25,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_any_history_leaves_the_money_true(alice: User) -> None:
    run(alice, max_examples=EXAMPLES, print_blob=True)


@ONCE
@pytest.mark.parametrize("defect", OF_MONEY, ids=lambda defect: defect.__name__)
def test_a_planted_defect_is_found(alice: User, defect: Defect) -> None:
    with defect(), pytest.raises(BaseException) as caught:
        run(alice, max_examples=100, derandomize=True, print_blob=False)
    assert is_about_money(caught.value), repr(caught.value)


def is_about_money(fault: BaseException) -> bool:
    """What an invariant says, or a constraint of the database; a defect that only falls over
    shows nothing."""
    if isinstance(fault, BaseExceptionGroup):
        return all(map(is_about_money, fault.exceptions))
    return isinstance(fault, AssertionError | IntegrityError | pytest.fail.Exception)
