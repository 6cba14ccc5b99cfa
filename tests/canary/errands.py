"""The ways on which secrets are used: by people in a browser, in the admin, by programs."""

from __future__ import annotations

import re
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import mail
from django.db import OperationalError
from django.test import TestCase
from django.utils import timezone

from accounts import keys
from accounts.models import Organisation, User
from chats import answering
from chats.models import Turn
from providers.models import Provider
from tale.admin import site
from tests.canary.trail import Trail, Watched
from tests.matrix.forms import changed, filled
from tests.people import actor_for

LINK = re.compile(r"https?://[^/\s]+(/\S+)")
WRONG, NEW, NEWER = "wrong canary 83c1f0", "nine quiet canaries sing", "ten loud canaries rest"
NEWCOMER = "a canary of its own 5e1"
FIRST, SECOND = "sk-canary-7d1f0b7e2c9a4455b8d3", "c4n4ryWithoutAnyLooks0fItsOwn77"
THIRD = "sk-canary-of-a-form-that-was-refused"


def configured(trail: Trail) -> None:
    trail.keep("SECRET_KEY", settings.SECRET_KEY)
    for number, key in enumerate(settings.TALE_KEYS):
        trail.keep(f"key {number} of the ring", key)
    trail.keep("token of the metrics", settings.TALE_METRICS_TOKEN)
    if len(password := settings.DATABASES["default"].get("PASSWORD") or "") >= 12:
        trail.keep("password of the database", password)


def signing_in(trail: Trail, user: User, password: str) -> Watched:
    browser = Watched(trail)
    browser.post("/accounts/login/", {"login": user.email, "password": trail.keep("wrong", WRONG)})
    browser.post("/accounts/login/", {"login": "nobody@acme.test", "password": WRONG})
    browser.post("/accounts/login/", {"login": user.email, "password": password})
    assert browser.get("/").status_code == 200, "the errands begin signed in"
    browser.post("/accounts/reauthenticate/", {"password": WRONG})
    browser.post("/accounts/reauthenticate/", {"password": password})
    return browser


def changing_passwords(trail: Trail, browser: Watched, user: User, password: str) -> None:
    trail.keep("new", NEW)
    page = "/accounts/password/change/"
    browser.post(page, {"oldpassword": WRONG, "password1": NEW, "password2": NEW})
    browser.post(page, {"oldpassword": password, "password1": NEW, "password2": WRONG})
    browser.post(page, {"oldpassword": password, "password1": NEW, "password2": NEW})
    user.refresh_from_db()
    assert user.check_password(NEW)
    path = _mailed(lambda: browser.post("/accounts/password/reset/", {"email": user.email}))
    trail.keep("reset link", path.strip("/").rpartition("/")[2].partition("-")[2])
    stranger = Watched(trail)
    form = stranger.get(path).headers["Location"]
    stranger.get(form)
    stranger.post(form, {"password1": trail.keep("newer", NEWER), "password2": NEWER})
    user.refresh_from_db()
    assert user.check_password(NEWER)
    browser.post("/accounts/login/", {"login": user.email, "password": NEWER})
    browser.post("/accounts/reauthenticate/", {"password": NEWER})


def changing_the_address(trail: Trail, browser: Watched) -> None:
    def ask() -> None:
        browser.post("/accounts/email/", {"action_add": "", "email": "moved@acme.test"})

    path = _mailed(ask)
    trail.keep("proof of an address", path.strip("/").rpartition("/")[2])
    browser.get(path)
    assert browser.post(path).status_code == 302


def inviting(trail: Trail, boss: Watched) -> None:
    form = {"email": "new@fresh.test", "role": "member", "team": ""}
    path = _mailed(lambda: boss.post("/admin/accounts/invitation/add/", form))
    trail.keep("invitation", path.rpartition("/")[2])
    newcomer = Watched(trail)
    newcomer.get(path)
    weak = {"name": "New", "password": "canary"}
    newcomer.post(path, weak)
    newcomer.post(path, {"name": "New", "password": trail.keep("newcomer", NEWCOMER), "x": "y"})
    assert newcomer.post(path, {"name": "New", "password": NEWCOMER}).status_code == 302
    newcomer.get(path)


def furnishing(trail: Trail, boss: Watched, organisation: Organisation) -> Provider:
    """A provider's credential: entered, mistyped, replaced, kept."""
    provider = Provider.objects.of(organisation).get()
    page = f"/admin/providers/provider/{provider.pk}/change/"
    form = filled(boss.get(page).content.decode())
    for name, secret in (("first credential", FIRST), ("second credential", SECOND)):
        sent = changed(form, api_key=trail.keep(name, secret))
        assert boss.post(page, sent).status_code == 302
        provider.refresh_from_db()
        assert provider.credentials.get().unseal("secret") == secret
    trail.keep("refused credential", THIRD)
    for wrong in (
        {"name": ""},
        {"kind": "none"},
        {"base_url": "no address"},
        {"organisation": "x"},
    ):
        boss.post(page, changed(form, api_key=THIRD, **wrong))
    boss.post(page, changed(form, api_key=THIRD * 200))
    boss.post("/admin/providers/provider/add/", {"api_key": THIRD})
    return provider


def making_keys(trail: Trail, browser: Watched, boss: Watched) -> dict[str, str]:
    """Each is shown once, by the answer that makes it."""
    form = {"name": "mine", "scopes": ["read", "chat", "images"], "days": 30}
    made = {"own key": browser.post("/keys", form)}
    page = boss.get("/admin/accounts/apikey/add/").content.decode()
    sent = changed(filled(page), name="robot", scopes=["read", "admin"])
    made["service key"] = boss.post("/admin/accounts/apikey/add/", sent)
    found = {name: _key_in(answer.content.decode()) for name, answer in made.items()}
    program = Watched(trail, headers={"X-API-Key": found["service key"]})
    body = {"name": "more", "scopes": ["read"], "owner": None}
    answer = program.post("/api/v1/keys", body, "application/json")
    found["key by the API"] = _key_in(answer.content.decode())
    for name, key in found.items():
        trail.keep(name, key.split("_", 2)[2])
    return found


def reading_the_admin(boss: Watched, organisation: Organisation) -> None:
    for model, rows in site._registry.items():
        listed = rows.url()
        boss.get(listed)
        row = model._default_manager.none()
        if hasattr(model._default_manager.none(), "of"):
            row = model._default_manager.of(organisation)
        for each in row[:3]:
            boss.get(f"{listed}{each.pk}/change/")
            boss.get(f"{listed}{each.pk}/history/")
    for path in ("", "system/", "analytics/top-models/", "accounts/auditline/verify/"):
        boss.get(f"/admin/{path}")
    for form in ("csv", "json"):
        assert boss.get(f"/admin/accounts/auditline/export/?form={form}").status_code == 200


def calling(trail: Trail, made: dict[str, str]) -> None:
    for key in made.values():
        for headers in (
            {"X-API-Key": key},
            {"Authorization": f"Bearer {key}"},
            {"X-API-Key": key, "Authorization": f"Bearer {key}"},
            {"X-API-Key": f"{key}x"},
            {"Authorization": f"Basic {key}"},
            {"Authorization": key},
        ):
            _as_a_program(Watched(trail, headers=headers), key)


def _as_a_program(program: Watched, key: str) -> None:
    for path in ("me", "keys", "members", "audit", "invitations", f"teams?key={key}"):
        program.get(f"/api/v1/{path}")
    for form in ("csv", "json"):
        program.get(f"/api/v1/audit/export?format={form}")
    for body in ({"name": "", "secret": key}, {"scopes": key}, f'{{"name": "{key}', "[]"):
        program.post("/api/v1/keys", body, "application/json")
    drawing = {"prompt": "a fox"}
    program.post("/openai/v1/images/generations", drawing, "application/json")
    program.post("/openai/v1/images/generations", {**drawing, "api_key": key}, "application/json")
    program.get(f"/no/such/page?token={key}")


def asking(browser: Watched, script: Any, patch: Any) -> None:
    """A provider that breaks while it is asked, with the credential in what it says."""

    def broken(*_asked: Any, **_more: Any) -> Any:
        raise RuntimeError(f"401 for https://x.test/?key={SECOND}, Authorization: Bearer {FIRST}")

    script.calls('{"prompt": "a fox", "n": 1}')
    said = {"text": "a fox please", "client_token": "a-token-of-the-canary"}
    address = browser.post("/chats", said).headers["Location"]
    turn = Turn.unscoped.get(chat_id=address.rpartition("/")[2])
    with patch.context() as for_now:
        for_now.setattr("tests.upstream.scripted.Scripted.make_pictures", broken)
        async_to_sync(answering.answer)(turn.pk)
    browser.get(address)


def breaking(trail: Trail, browser: Watched, key: str, patch: Any) -> None:
    """Bugs and outages, with a secret in what they say of themselves."""
    raised = (
        RuntimeError(f"no answer to Authorization: Bearer {FIRST}, X-API-Key: {key}"),
        OperationalError(f"postgres://tale:{SECOND}@db/tale: password={NEW.split()[0]}{NEW[-12:]}"),
    )
    program = Watched(trail, headers={"X-API-Key": key})
    for bug in raised:

        def broken(*_asked: Any, bug: Exception = bug, **_more: Any) -> Any:
            raise bug

        with patch.context() as for_now:
            for_now.setattr("chats.views.chats_of", broken)
            for_now.setattr("accounts.access.keys", broken)
            for_now.setattr("assistants.images.generate", broken)
            for_now.setattr("tale.overview.overview", broken)
            assert browser.get("/").status_code in (500, 503)
            browser.get("/", headers={"HX-Request": "true"})
            assert program.get("/api/v1/keys").status_code in (500, 503)
            body = {"prompt": "a fox"}
            program.post("/openai/v1/images/generations", body, "application/json")
    browser.post("/accounts/login/", {"login": "x" * 2_000_000, "password": NEWER})
    browser.get("/metrics", headers={"Authorization": f"Bearer {settings.TALE_METRICS_TOKEN}"})


def revoked(owner: User, trail: Trail) -> None:
    """A key's whole life in the audit."""
    actor, now = actor_for(owner), timezone.now()
    key, secret = keys.create(
        actor=actor, owner=actor.membership, name="short", scopes=["read"], now=now
    )
    trail.keep("revoked key", secret.split("_", 2)[2])
    keys.revoke(actor=actor, key=key, now=now)
    Watched(trail, headers={"X-API-Key": secret}).get("/api/v1/me")


def _mailed(deed: Any) -> str:
    """The path of the link in the mail that it sends."""
    before = len(mail.outbox)
    with TestCase.captureOnCommitCallbacks(execute=True):
        deed()
    (message,) = mail.outbox[before:][:1]
    found = LINK.search(str(message.body))
    assert found, message.body
    return found[1]


def _key_in(page: str) -> str:
    found = re.search(r"tale_[0-9a-f]{10}_[\w-]{40,}", page)
    assert found, page[:2000]
    return found[0]
