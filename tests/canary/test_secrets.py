"""Secrets that nobody shares are used everywhere, and then looked for everywhere else.

Nobody may find one in a table, a log line, a page, an API's answer, an export, the audit, a task's
arguments, a session or a file, in clear or in a spelling that anybody reads back.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

import pytest
from celery import signature
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.test import TestCase

from accounts.auth import AccountAdapter
from accounts.models import Organisation, Role, User
from chats import turns
from providers.admin import ProviderAdmin
from tale.lib import keyring, logs
from tests.canary import errands
from tests.canary.trail import Place, Trail, collect, listening
from tests.people import join
from tests.upstream.scripted import Script

# Where a secret may stand, and why. What else the place holds is looked at like the rest.
RIGHTFUL = {
    ("answer POST /keys", "own key"): "shown once, to whoever makes it",
    ("answer POST /admin/accounts/apikey/add/", "service key"): "shown once",
    ("answer POST /api/v1/keys", "key by the API"): "shown once",
    ("mail", "invitation"): "the link goes to whom it is for",
    ("mail", "reset link"): "the link goes to whom it is for",
    ("mail", "proof of an address"): "the link goes to whom it is for",
    ("answer GET /accounts/confirm-email/", "proof of an address"): "its form sends to itself",
    ("table django_session", "session"): "the row is found by it",
    ("table django_session", "reset link"): "kept, signed, for whoever has followed it",
    ("session", "reset link"): "the same, unpacked",
}


def is_rightful(place: Place, name: str) -> bool:
    return any(
        str(place).startswith(where) and name.startswith(secret) for where, secret in RIGHTFUL
    )


@pytest.fixture
def walk(
    acme: Organisation,
    workspace: Callable[[Organisation], None],
    script: Script,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Trail]:
    """Goes on every errand, and comes back with all that was said."""
    workspace(acme)
    settings.TALE_METRICS_TOKEN = "canary-of-the-metrics-51"

    def go() -> Trail:
        trail = Trail()
        errands.configured(trail)
        with listening(trail, monkeypatch), TestCase.captureOnCommitCallbacks(execute=True):
            _go(trail, acme, script, monkeypatch)
        collect(trail)
        return trail

    return go


def _go(trail: Trail, acme: Organisation, script: Script, patch: pytest.MonkeyPatch) -> None:
    wren, robin = (_person(trail, acme, name, role) for name, role in PEOPLE.items())
    boss = errands.signing_in(trail, robin, trail.secrets["password of robin"])
    browser = errands.signing_in(trail, wren, trail.secrets["password of wren"])
    errands.changing_passwords(trail, browser, wren, trail.secrets["password of wren"])
    errands.changing_the_address(trail, browser)
    errands.inviting(trail, boss)
    errands.furnishing(trail, boss, acme)
    made = errands.making_keys(trail, browser, boss)
    errands.revoked(wren, trail)
    errands.calling(trail, made)
    errands.asking(browser, script, patch)
    errands.breaking(trail, browser, made["own key"], patch)
    errands.reading_the_admin(boss, acme)
    browser.post("/accounts/logout/")


PEOPLE = {"wren": Role.MEMBER, "robin": Role.ADMIN}


def _person(trail: Trail, acme: Organisation, name: str, role: str) -> User:
    user = join(acme, name, role)
    user.set_password(trail.keep(f"password of {name}", f"eight shy canaries and a {name}"))
    user.save(update_fields=["password"])
    return user


def test_no_secret_is_found_anywhere(walk: Callable[[], Trail]) -> None:
    trail = walk()
    said = Counter(place.kind for place, _text in trail.said)
    assert said["answer"] > 150
    assert said["log"] > 150
    assert all(said[kind] for kind in ("table", "task", "file", "mail", "session")), said
    assert len(trail.secrets) > 20
    found = trail.hits()
    wrong = sorted(f"{name} in {place}" for place, name in found if not is_rightful(place, name))
    assert not wrong, "\n".join(["", *wrong])
    used = {
        (where, name)
        for place, name in found
        for where, _name in RIGHTFUL
        if is_rightful(place, name)
    }
    assert used, "not even where it may be: nothing was looked for"


def test_every_leak_is_found(walk: Callable[[], Trail], monkeypatch: pytest.MonkeyPatch) -> None:
    """A hole in each wall, all at once."""
    monkeypatch.setattr(
        ProviderAdmin, "key", lambda _self, row: row.credentials.get().unseal("secret")
    )
    monkeypatch.setattr(keyring, "seal", lambda secret, owner: secret)
    monkeypatch.setattr(keyring, "unseal", lambda box, owner: box)
    monkeypatch.setattr(logs, "scrub", str)
    monkeypatch.setattr(turns, "announce", _announce_too_much)
    monkeypatch.setattr(AccountAdapter, "post_login", _remember_too_much)
    trail = walk()
    (settings.TALE_HOME / "notes.txt").unlink()
    leaks = {(place.kind, name) for place, name in trail.hits() if not is_rightful(place, name)}
    assert {
        ("answer", "second credential"),
        ("table", "second credential"),
        ("log", "second credential"),
        ("task", "SECRET_KEY"),
        ("file", "SECRET_KEY"),
        ("session", "password of robin"),
    } <= leaks


def _announce_too_much(turn_id: str) -> None:
    signature("chats.tasks.run").delay(turn_id=turn_id, secret=settings.SECRET_KEY)
    (settings.TALE_HOME / "notes.txt").write_text(settings.SECRET_KEY)


def _remember_too_much(_self: Any, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
    request.session["typed"] = request.POST["password"]
    return redirect("/")


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_hex(text: str) -> str:
    return text.encode().hex()


@pytest.mark.parametrize("spell", [str, quote_plus, in_base64, in_hex, json.dumps])
@pytest.mark.parametrize("before", ["", "x", "xy", "xyz"])
def test_a_spelling_is_read_back(spell: Callable[[str], str], before: str) -> None:
    trail = Trail()
    secret = trail.keep("secret", 'nine "quiet" canaries & sing')
    trail.note("table", "somewhere", spell(f"{before}{secret}z"))
    assert trail.hits() == {(Place("table", "somewhere"), "secret")}
