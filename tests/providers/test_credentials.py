"""Keys and profiles: who may enter them, which one is used first, and what is seen of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from providers import catalogue, credentials, registry
from providers.errors import BadKey, Doubtful, Limited, NoCredit
from providers.models import Credential, Model, Provider
from tale.lib.refusals import NotFound, Refusal
from tests.people import actor_for
from tests.providers.test_profiles import CODEX

SECRET, OTHER = "sk-canary-0123456789abcdef", "sk-canary-fedcba9876543210"
Add = Callable[..., Credential]


@pytest.fixture
def provider(acme: Organisation) -> Provider:
    return Provider.objects.create(
        organisation=acme, kind="openai", name="OpenAI", base_url="https://api.example.com/v1"
    )


@pytest.fixture
def add(dana: User, provider: Provider) -> Add:
    def add(kind: str = "key", **said: Any) -> Credential:
        if kind == "key":
            said.setdefault("secret", SECRET)
        elif not said:
            said["profile"] = json.dumps(CODEX)
        return credentials.add(actor=actor_for(dana), provider=provider, kind=kind, **said)

    return add


def told(acme: Organisation, action: str) -> list[AuditLine]:
    lines = AuditLine.objects.of(acme).filter(action=action).select_related("detail")
    return list(lines.order_by("seq"))


def code_of(call: Callable[..., Any], *args: Any, **said: Any) -> str:
    with pytest.raises(Refusal) as refused:
        call(*args, **said)
    field = refused.value.field
    return f"{refused.value.code} {field}".strip()


def order(provider: Provider, **said: Any) -> list[str]:
    return [row.name for row in credentials.in_order(provider, **said)]


def token(credential: Credential, now: datetime | None = None) -> str:
    return async_to_sync(credentials.token)(credential.pk, now=now or timezone.now())


def test_it_works(provider: Provider, add: Add, acme: Organisation) -> None:
    key = add(name="Work")
    assert (key.host, key.position) == ("api.example.com", 0)
    assert SECRET not in key.secret
    assert token(key) == SECRET
    chosen = credentials.choose(provider)
    assert chosen.id == key.pk
    assert async_to_sync(chosen.token)() == SECRET
    [line] = told(acme, "credential.created")
    assert line.target == key.pk
    assert key.fingerprint in str(line.detail.data)
    assert key.secret not in str(line.detail.data)
    for shown in (line.detail.data, key, chosen, vars(key)):
        assert SECRET not in repr(shown)


class TestChanging:
    def test_an_empty_secret_keeps_the_one_that_is_there(self, add: Add, dana: User) -> None:
        key = add()
        credentials.change(actor=actor_for(dana), credential=key, name="New", secret="")
        key.refresh_from_db()
        assert (key.name, key.unseal("secret")) == ("New", SECRET)

    def test_a_new_one_begins_anew(self, add: Add, dana: User, acme: Organisation) -> None:
        key = add()
        credentials.report(key.pk, BadKey())
        credentials.change(actor=actor_for(dana), credential=key, secret=OTHER)
        key.refresh_from_db()
        assert (key.unseal("secret"), key.health, key.last_error) == (OTHER, "unknown", "")
        [line] = told(acme, "credential.changed")
        assert key.fingerprint in str(line.detail.data)
        assert OTHER not in str(line.detail.data)
        assert key.secret not in str(line.detail.data)

    def test_nothing_new_is_not_told(self, add: Add, dana: User, acme: Organisation) -> None:
        credentials.change(actor=actor_for(dana), credential=add(name="One"), name="One")
        assert told(acme, "credential.changed") == []

    def test_it_is_removed(self, provider: Provider, add: Add, dana: User) -> None:
        credentials.remove(actor=actor_for(dana), credential=add())
        assert credentials.choose(provider) == credentials.Chosen()
        assert async_to_sync(credentials.choose(provider).token)() == ""

    def test_the_token_address_takes_its_secrets_along_nowhere(self, add: Add, dana: User) -> None:
        profile, actor = add("oauth"), actor_for(dana)
        moved = {"token_url": "https://evil.example.com/token"}
        wrong = code_of(credentials.change, actor=actor, credential=profile, **moved)
        assert wrong == "required refresh_token"
        entered = {**moved, "refresh_token": "rt-of-there"}
        profile = credentials.change(actor=actor, credential=profile, **entered)
        assert profile.secret == "", "a token of the former one is not used either"


class TestRights:
    def test_a_member_may_not(self, add: Add, bob: User, provider: Provider) -> None:
        key, actor = add(), actor_for(bob)
        said = {"provider": provider, "kind": "key", "secret": SECRET}
        assert code_of(credentials.add, actor=actor, **said) == "forbidden"
        assert code_of(credentials.change, actor=actor, credential=key) == "forbidden"
        assert code_of(credentials.remove, actor=actor, credential=key) == "forbidden"
        ordered = {"provider": provider, "order": [key.pk]}
        assert code_of(credentials.reorder, actor=actor, **ordered) == "forbidden"
        assert code_of(credentials.credential_for, actor, key.pk) == "forbidden"

    def test_a_stranger_finds_nothing(self, add: Add, charlie: User, provider: Provider) -> None:
        key, actor = add(), actor_for(charlie)
        calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
            (credentials.add, {"provider": provider, "kind": "key", "secret": SECRET}),
            (credentials.change, {"credential": key, "name": "Mine"}),
            (credentials.remove, {"credential": key}),
            (credentials.reorder, {"provider": provider, "order": [key.pk]}),
        ]
        for call, said in calls:
            with pytest.raises(NotFound):
                call(actor=actor, **said)
        with pytest.raises(NotFound):
            credentials.credential_for(actor, key.pk)


class TestWhatIsEntered:
    @pytest.mark.parametrize(
        ("secret", "code"),
        [
            ("", "required"),
            ("sk-1\nsk-2", "invalid_characters"),
            ("sk-1\n", "invalid_characters"),
            ("sk 1", "invalid_characters"),
            ("sk-1\x00", "invalid_characters"),
            ("sk-\u00fc", "invalid_characters"),
            ("sk-\u200b1", "invalid_characters"),
            ("x" * 4001, "too_long"),
            (7, "invalid_type"),
        ],
    )
    def test_a_key(self, add: Add, secret: Any, code: str) -> None:
        assert code_of(add, secret=secret) == f"{code} secret"
        assert not Credential.unscoped.exists()

    @pytest.mark.parametrize(
        ("said", "wrong"),
        [
            ({"grant": "password"}, "invalid_choice grant"),
            ({"token_url": ""}, "required token_url"),
            ({"grant": "authorization_code"}, "required authorize_url"),
            ({"grant": "refresh_token"}, "required refresh_token"),
            ({"client_secret": ""}, "required client_secret"),
            ({"token_url": "http://auth.example.com/token"}, "url_not_allowed token_url"),
            ({"token_url": "https://10.0.0.1/token"}, "url_not_allowed token_url"),
            ({"token_url": "https://me:pw@auth.example.com/"}, "url_not_allowed token_url"),
            ({"client_id": "a\nb"}, "invalid_characters client_id"),
            ({"client_id": "x" * 201}, "too_long client_id"),
            ({"scopes": 7}, "invalid_type scopes"),
            ({"is_enabled": "yes"}, "invalid_type is_enabled"),
            ({"secret": "at-1"}, "field_not_allowed secret"),
            ({"host": "evil.example.com"}, "field_not_allowed host"),
        ],
    )
    def test_a_profile(self, add: Add, said: dict[str, Any], wrong: str) -> None:
        whole = {
            "grant": "client_credentials",
            "token_url": "https://auth.example.com/token",
            "client_id": "tale",
            "client_secret": "cs-1",
        }
        assert code_of(add, "oauth", **whole | said) == wrong

    def test_of_an_unknown_kind(self, add: Add) -> None:
        assert code_of(add, "password") == "invalid_choice kind"

    def test_too_many(self, add: Add) -> None:
        for _number in range(credentials.MOST):
            add()
        assert code_of(add) == "too_many_items provider"


def test_a_profile_of_the_codex_cli(add: Add) -> None:
    made = add("oauth", name="Codex of Dana", profile=json.dumps(CODEX))
    assert made.unseal("secret") == CODEX["tokens"]["access_token"]
    assert made.unseal("refresh_token") == "rt-canary-1"
    assert (made.grant, made.can_renew) == ("refresh_token", True)


class TestTheOrder:
    def test_a_healthy_profile_first_then_as_put(self, add: Add, provider: Provider) -> None:
        add(name="first")
        add(name="second")
        codex = add("oauth", name="codex", profile=json.dumps(CODEX))
        assert order(provider) == ["codex", "first", "second"]
        assert credentials.choose(provider).id == codex.pk

    def test_what_is_sick_is_the_last_resort(self, add: Add, provider: Provider) -> None:
        first = add(name="first")
        add(name="second")
        codex = add("oauth", name="codex", profile=json.dumps(CODEX))
        Credential.objects.filter(provider=provider, pk=codex.pk).update(health="failing")
        assert order(provider) == ["first", "second", "codex"]
        credentials.report(first.pk, BadKey())
        assert order(provider) == ["second", "codex", "first"]
        credentials.report(first.pk, None)
        assert order(provider) == ["first", "second", "codex"]

    def test_switched_off_is_never(self, add: Add, provider: Provider) -> None:
        off = add(name="off", is_enabled=False)
        assert order(provider) == []
        with pytest.raises(BadKey):
            token(off)

    def test_nobody_signed_in_yet(self, add: Add, provider: Provider) -> None:
        urls = {name: "https://auth.example.com/x" for name in ("authorize_url", "token_url")}
        codex = add("oauth", name="new", grant="authorization_code", client_id="tale", **urls)
        add(name="key")
        assert order(provider) == ["key", "new"]
        with pytest.raises(BadKey) as unusable:
            token(codex)
        credentials.report(codex.pk, unusable.value)
        assert credentials.incidents(provider.organisation) == [], "not sick: not yet in use"

    def test_it_is_changed(self, add: Add, provider: Provider, dana: User) -> None:
        actor = actor_for(dana)
        one, two, three = (add(name=name).pk for name in ("one", "two", "three"))
        credentials.reorder(actor=actor, provider=provider, order=[three, one, two])
        assert order(provider) == ["three", "one", "two"]
        [line] = told(provider.organisation, "credential.reordered")
        assert line.detail.data["after"] == {"order": [three, one, two]}

    def test_it_is_whole(self, add: Add, provider: Provider, dana: User, rival: Any) -> None:
        one, two = add().pk, add().pk
        said = {"actor": actor_for(dana), "provider": provider}
        for wrong in ([one], [one, one], [one, two, two], []):
            assert code_of(credentials.reorder, order=wrong, **said) == "invalid_value order"
        assert code_of(credentials.reorder, order=[one, "cred_x"], **said) == "not_found order"


class TestTheHost:
    @pytest.fixture(autouse=True)
    def of_a_known_kind(self, provider: Provider) -> None:
        provider.kind = "studio"
        provider.save()

    def test_a_key_is_not_sent_to_another(
        self, add: Add, provider: Provider, dana: User, acme: Organisation
    ) -> None:
        first, second = add(name="first"), add(name="second")
        actor = actor_for(dana)
        move = {"actor": actor, "provider": provider, "base_url": "https://other.example.com/v1"}
        assert code_of(catalogue.save_provider, **move) == "required api_key"
        provider.refresh_from_db()
        catalogue.save_provider(**{**move, "provider": provider}, credential=OTHER)
        provider.refresh_from_db()
        assert order(provider) == ["first"]
        assert token(first) == OTHER
        with pytest.raises(BadKey):
            token(second)
        [incident] = credentials.incidents(acme)
        assert (incident.credential, incident.code) == (second, "other_host")
        credentials.change(actor=actor, credential=second, secret=SECRET)
        assert order(provider) == ["first", "second"]

    def test_nor_when_the_address_is_changed_past_us(self, add: Add, provider: Provider) -> None:
        key = add()
        provider.base_url = "https://other.example.com/v1"
        provider.save()
        assert order(provider) == []
        assert credentials.choose(provider).id == key.pk, "it says why, the provider could not"
        with pytest.raises(BadKey):
            token(key)

    def test_without_an_address_it_is_that_of_the_kind(
        self, provider: Provider, dana: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(registry.KINDS, "another", registry.KINDS["studio"])
        actor = actor_for(dana)
        catalogue.save_provider(actor=actor, provider=provider, base_url="", credential=SECRET)
        wrong = code_of(catalogue.save_provider, actor=actor, provider=provider, kind="another")
        assert wrong == "required api_key"

    def test_a_wrong_key_in_the_form_names_its_field(self, provider: Provider, dana: User) -> None:
        said = {"actor": actor_for(dana), "provider": provider, "credential": "two\nlines"}
        assert code_of(catalogue.save_provider, **said) == "invalid_characters api_key"


class TestHealth:
    def test_one_incident_names_all_it_affects(
        self, add: Add, provider: Provider, acme: Organisation, rival: Organisation
    ) -> None:
        for name, tags in (("chat", ["vision", "chat"]), ("draw", ["image-generation", "chat"])):
            Model.objects.create(
                organisation=acme, provider=provider, name=name, remote_id=name, tags=tags
            )
        key, now = add(), timezone.now()
        assert credentials.incidents(acme) == []
        credentials.report(key.pk, BadKey(), now=now)
        [incident] = credentials.incidents(acme)
        assert incident.credential == key
        assert incident.affected_tags == ("chat", "vision", "image-generation")
        assert (incident.since, incident.code) == (now, "provider_auth")
        assert not incident.is_covered
        assert credentials.incidents(rival) == []
        add(secret=OTHER)
        assert [incident.is_covered for incident in credentials.incidents(acme)] == [True]
        credentials.report(key.pk, None)
        assert credentials.incidents(acme) == []

    def test_no_credit_is_told_apart(self, add: Add, acme: Organisation) -> None:
        credentials.report(add().pk, NoCredit())
        assert [incident.code for incident in credentials.incidents(acme)] == ["no_credit"]

    @pytest.mark.parametrize("failed", [Doubtful(), Limited()])
    def test_an_outage_says_nothing_of_it(self, add: Add, acme: Organisation, failed: Any) -> None:
        credentials.report(add().pk, failed)
        assert credentials.incidents(acme) == []

    def test_of_nobody(self, db: None) -> None:
        credentials.report("", BadKey())
        credentials.report("cred_x", None)

    def test_success_is_not_written_at_every_call(self, add: Add) -> None:
        key, now = add(), timezone.now()
        credentials.report(key.pk, None, now=now)
        credentials.report(key.pk, None, now=now + timedelta(seconds=59))
        key.refresh_from_db()
        assert (key.health, key.used_at) == ("ok", now)

    def test_a_refused_token_is_renewed_before_its_profile_is_sick(
        self, add: Add, acme: Organisation
    ) -> None:
        profile, now = add("oauth"), timezone.now()
        credentials.report(profile.pk, BadKey(), now=now)
        credentials.report(profile.pk, BadKey(), now=now)  # went out with the same token
        profile.refresh_from_db()
        assert (profile.health, profile.expires_at) == ("unknown", now)
        later = now + timedelta(hours=1)
        Credential.objects.of(acme).update(expires_at=later, revision=9)  # as a renewal does
        credentials.report(profile.pk, BadKey(), now=now)
        assert [incident.code for incident in credentials.incidents(acme)] == ["provider_auth"]

    def test_a_box_that_does_not_open_is_an_incident(
        self, add: Add, acme: Organisation, settings: Any
    ) -> None:
        key = add()
        settings.TALE_KEYS = ["A" * 43 + "="]
        with pytest.raises(BadKey):
            token(key)
        assert [incident.code for incident in credentials.incidents(acme)] == ["seal_broken"]
