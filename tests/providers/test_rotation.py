"""A new key for what is sealed: everything moves, nothing is lost, and no key is guessed."""

from __future__ import annotations

import base64
import io
import os
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Organisation
from accounts.sealed import Sealed
from providers.models import Credential, Provider
from tale.lib import keyring

SECRETS = {"secret": "sk-one", "client_secret": "cs-two", "refresh_token": "rt-three"}


def new_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


@pytest.fixture
def rows(acme: Organisation, rival: Organisation) -> list[Credential]:
    made = []
    for organisation in (acme, rival):
        provider = Provider.objects.create(organisation=organisation, kind="studio", name="One")
        for _number in range(3):
            row = Credential(organisation=organisation, provider=provider)
            for column, secret in SECRETS.items():
                row.seal(column, secret)
            row.save()
            made.append(row)
        Credential.objects.create(organisation=organisation, provider=provider)  # without secrets
    return made


def rotate(**options: Any) -> str:
    out = io.StringIO()
    call_command("rotate_keys", stdout=out, **options)
    return out.getvalue()


def opened(row: Credential) -> dict[str, str]:
    row.refresh_from_db()
    return {column: row.unseal(column) for column in SECRETS}


def test_it_works(rows: list[Credential], settings: Any) -> None:
    old, new = settings.TALE_KEYS[0], new_key()
    old_mark = keyring.mark().rstrip(".")
    settings.TALE_KEYS = [new, old]
    said = rotate(batch=2)
    assert "providers.credential.secret: 6 moved, 0 left" in said
    assert "others can leave" in said
    settings.TALE_KEYS = [new]
    assert [opened(row) for row in rows] == [SECRETS] * 6
    assert old_mark not in str([row.secret for row in rows])


def test_once_more_does_nothing(rows: list[Credential], settings: Any) -> None:
    settings.TALE_KEYS = [new_key(), *settings.TALE_KEYS]
    rotate()
    boxes = Credential.unscoped.order_by("pk").values_list(*SECRETS)
    before = list(boxes)
    assert "secret: 0 moved, 0 left" in rotate()
    assert list(boxes) == before


def test_what_is_stored_meanwhile_wins(
    rows: list[Credential], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TALE_KEYS = [new_key(), *settings.TALE_KEYS]
    unseal = keyring.unseal

    def and_somebody_enters_another(box: str, *, owner: str) -> str:
        for row in rows:
            if row.secret == box:
                row.seal("secret", "sk-entered")
                row.save()
        return unseal(box, owner=owner)

    monkeypatch.setattr(keyring, "unseal", and_somebody_enters_another)
    rotate()
    monkeypatch.undo()
    assert [opened(row)["secret"] for row in rows] == ["sk-entered"] * 6


def test_a_dry_run_counts_by_key_and_moves_nothing(rows: list[Credential], settings: Any) -> None:
    old_mark = keyring.mark().rstrip(".")
    settings.TALE_KEYS = [new_key(), *settings.TALE_KEYS]
    said = rotate(dry_run=True)
    assert "secret: 0 moved, 6 left" in said
    assert f"6 under key {old_mark}" in said
    assert "others can leave" not in said
    rows[0].refresh_from_db()
    assert keyring.key_of(rows[0].secret) == old_mark


def test_what_no_key_opens_is_named_and_the_rest_moves(
    rows: list[Credential], settings: Any
) -> None:
    old, lost = settings.TALE_KEYS[0], new_key()
    settings.TALE_KEYS = [lost]
    rows[0].seal("secret", "sk-lost")
    rows[0].save()
    settings.TALE_KEYS = [new_key(), old]
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("rotate_keys", stdout=out)
    said = out.getvalue()
    assert f"no key of TALE_KEYS opens {rows[0].pk}" in said
    assert "secret: 5 moved, 1 left" in said
    assert "sk-" not in said
    settings.TALE_KEYS = [lost]
    rows[0].refresh_from_db()
    assert rows[0].unseal("secret") == "sk-lost", "what did not open is left as it was"


def test_a_row_of_another_organisation_does_not_open(rows: list[Credential], settings: Any) -> None:
    thief = next(row for row in rows if row.organisation_id != rows[0].organisation_id)
    Credential.unscoped.filter(pk=thief.pk).update(secret=rows[0].secret)
    thief.refresh_from_db()
    with pytest.raises(keyring.SealBroken):
        thief.unseal("secret")
    settings.TALE_KEYS = [new_key(), *settings.TALE_KEYS]
    with pytest.raises(CommandError):
        rotate()
    thief.refresh_from_db()
    with pytest.raises(keyring.SealBroken):
        thief.unseal("secret")


@pytest.mark.parametrize("box", ["", "none", "12345678.%%%", "12345678."])
def test_a_box_that_is_none_does_not_open(box: str, acme: Organisation) -> None:
    mark = keyring.mark()
    with pytest.raises(keyring.SealBroken):
        keyring.unseal(box.replace("12345678.", mark), owner=acme.pk)


def test_a_column_that_is_not_named_cannot_be_sealed() -> None:
    assert issubclass(Credential, Sealed)
    with pytest.raises(AssertionError):
        Credential(organisation_id="org_x").seal("name", "secret")
