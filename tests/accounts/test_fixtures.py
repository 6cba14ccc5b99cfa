"""The ground the other tests stand on."""

import socket
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import AuditLine, Organisation, User
from tests.people import membership_of


@pytest.fixture
def everybody(
    alice: User, bob: User, charlie: User, dana: User, erin: User, lena: User
) -> dict[str, str]:
    return {str(user): membership_of(user).role for user in (alice, bob, charlie, dana, erin, lena)}


def test_everybody_is_who_they_are(everybody: dict[str, str]) -> None:
    assert everybody == {
        "Alice": "owner",
        "Bob": "member",
        "Charlie": "owner",
        "Dana": "admin",
        "Erin": "auditor",
        "Lena": "member",
    }


@pytest.mark.parametrize("again", [1, 2])
@pytest.mark.django_db(transaction=True)
def test_a_test_with_commits_leaves_nothing(alice: User, again: int) -> None:
    """Runs twice: the second meets the empty tables of the first, and guards in their place."""
    assert Organisation.objects.count() == 1
    assert cache.get("left") is None
    cache.set("left", again)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditLine.objects.filter(chain=membership_of(alice).organisation_id).delete()


def test_work_inside_a_transaction_stays_on_its_connection(db: None, settings: Any) -> None:
    assert settings.TALE_DB_THREADS == 0
    assert connection.in_atomic_block


@pytest.mark.parametrize("host", ["192.0.2.1", "example.org", "::ffff:192.0.2.1"])
def test_nobody_phones_out(host: str) -> None:
    with pytest.raises(pytest.fail.Exception):
        socket.create_connection((host, 443), timeout=0.1)


def test_loopback_is_home() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_a_session_is_a_session(bob: User, as_: Callable[..., Client]) -> None:
    assert as_(bob).session["_auth_user_id"] == str(bob.pk)
