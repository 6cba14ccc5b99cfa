"""A rule that another one always stops first is refused when it is saved."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts import audit
from accounts.models import Organisation, User
from policies import rules
from tests.people import actor_for
from tests.policies.test_rules import limit


@pytest.mark.parametrize(
    "about",
    [
        {"scope": "user", "money": 100},
        {"scope": "team", "money": 101, "capability": "image"},
        {"scope": "organisation", "money": 100, "is_per_member": True},
        {"scope": "user", "money": 100, "is_default": True},
        {"scope": "user", "money": 100, "period": "day"},
    ],
)
def test_behind_the_organisations(acme: Organisation, alice: User, about: dict[str, Any]) -> None:
    limit(alice, scope="organisation", money=100, capability="any")
    with pytest.raises(ValidationError, match="Without effect"):
        limit(alice, **about)
    assert limit(alice, **(about | {"money": 99})).limit == 99


def test_of_a_key_behind_its_owners(
    acme: Organisation, alice: User, bob: User, key_for: Any
) -> None:
    """All that a key spends, its owner does; a service key has none."""
    limit(alice, scope="user", subject=audit.who(acme.pk, bob), money=100)
    service = key_for(alice, owner=None).row.pk
    assert limit(alice, scope="key", subject=service, money=101).limit == 101
    own = {"scope": "key", "subject": key_for(bob).row.pk}
    with pytest.raises(ValidationError, match="Without effect"):
        limit(alice, **own, money=101)
    assert limit(alice, **own, money=99).limit == 99


@pytest.mark.parametrize(
    "about",
    [
        {"period": "total"},
        {"measure": "pictures"},
        {"capability": "any"},
        {"action": "warn"},
        {"is_enabled": False},
        {"scope": "key"},
    ],
)
def test_what_is_counted_otherwise_has_one(
    acme: Organisation, alice: User, about: dict[str, Any]
) -> None:
    limit(alice, money=100)
    assert limit(alice, **({"money": 5000, "scope": "user", "subject": "who_b"} | about)).pk


def test_a_default_does_not_come_before_ones_own(acme: Organisation, alice: User) -> None:
    limit(alice, money=100, is_default=True)
    assert limit(alice, money=500, subject="who_b").pk


def test_raising_the_other_one_gives_it_back(acme: Organisation, alice: User) -> None:
    whole = limit(alice, scope="organisation", money=100)
    whole.limit = 1000
    rules.save(actor=actor_for(alice), rule=whole, now=timezone.now())
    assert limit(alice, money=500).pk
