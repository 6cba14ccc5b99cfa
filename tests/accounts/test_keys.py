"""API keys: what opens, what does not, and what one costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import keys, people
from accounts.auth import actor_by_key
from accounts.models import ApiKey, AuditLine, Organisation, Team, User
from tale.lib.refusals import Refusal
from tests.people import Key, actor_for, join, membership_of

Keys = Callable[..., Key]
NOW = timezone.now


def use(secret: str = "", address: str = "127.0.0.1", **headers: str) -> Any:
    """As every API does it: the same function looks at every request."""
    sent = {"X-API-Key": secret} if secret else {}
    request = RequestFactory().get("/", headers=sent | headers, REMOTE_ADDR=address)
    return actor_by_key(request)


def code(secret: str = "", **options: Any) -> str:
    with pytest.raises(Refusal) as caught:
        use(secret, **options)
    return caught.value.code


def refused(**wish: Any) -> str:
    with pytest.raises(Refusal) as caught:
        keys.create(**{"name": "x", "scopes": ["read"], "now": NOW(), **wish})
    return caught.value.code


def last(organisation: Organisation) -> AuditLine:
    return AuditLine.objects.of(organisation).latest("seq")


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
def test_it_works(bob: User, acme: Organisation, key_for: Keys, header: str) -> None:
    key = key_for(bob, "images")
    sent = {"X-API-Key": key.secret, "Authorization": f"Bearer {key.secret}"}[header]
    actor = use(**{header: sent})
    assert (actor.user, actor.organisation, actor.key) == (bob, acme, key.row)
    assert actor.surface == "api"


def test_only_its_hash_is_kept(bob: User, key_for: Keys) -> None:
    key = key_for(bob)
    random = key.secret.split("_", 2)[2]
    assert len(random) >= 43
    for table in (ApiKey.unscoped, AuditLine.unscoped.select_related("detail")):
        assert random not in str(list(table.values_list()))
    assert random not in str([line.detail.data for line in AuditLine.unscoped.all()])


def test_it_lives_for_ninety_days(bob: User, key_for: Keys) -> None:
    assert key_for(bob).row.expires_at - NOW() == pytest.approx(timedelta(90), abs=timedelta(1))


class TestNotOpening:
    @pytest.mark.parametrize(
        "secret",
        [
            "",
            " ",
            "tale_",
            "tale__",
            "tale_0000000000_" + "x" * 43,
            "x",
            "tale",
            "\xe9" * 9,
            "tale_\0_x",
            "_" * 99,
        ],
    )
    def test_a_key_nobody_made(self, db: None, secret: str) -> None:
        assert code(**{"X-API-Key": secret}) == "invalid_api_key"

    def test_the_prefix_with_another_secret(self, bob: User, alice: User, key_for: Keys) -> None:
        one, other = key_for(bob), key_for(alice)
        mixed = f"tale_{one.row.prefix}_{other.secret.split('_', 2)[2]}"
        assert code(mixed) == "invalid_api_key"
        assert code(one.secret.replace("tale", "TALE", 1)) == "invalid_api_key"
        assert code(one.secret + "x") == "invalid_api_key"

    def test_two_at_once(self, bob: User, key_for: Keys) -> None:
        key = key_for(bob)
        both = {"Authorization": f"Bearer {key.secret}"}
        assert code(key.secret, **both) == "ambiguous_credentials"

    def test_none_is_nobody(self, db: None) -> None:
        assert use() is None

    def test_a_password(self, bob: User) -> None:
        assert code(Authorization="Basic Ym9iOnNldmVu") == "unauthenticated"

    def test_revoked(self, bob: User, acme: Organisation, key_for: Keys) -> None:
        key = key_for(bob)
        keys.revoke(actor=actor_for(bob), key=key.row, now=NOW())
        assert code(key.secret) == "api_key_revoked"
        assert (last(acme).action, last(acme).outcome) == ("key.used", "api_key_revoked")

    def test_expired(self, bob: User, acme: Organisation, key_for: Keys, time_machine: Any) -> None:
        key = key_for(bob, expires_at=NOW() + timedelta(days=1))
        assert use(key.secret)
        time_machine.move_to(NOW() + timedelta(days=1, seconds=1))
        assert code(key.secret) == "api_key_expired"
        assert last(acme).outcome == "api_key_expired"

    @pytest.mark.parametrize(
        ("address", "opens"),
        [
            ("10.1.2.3", True),
            ("192.168.7.7", True),
            ("192.168.7.8", False),
            ("127.0.0.1", False),
            ("2001:db8::7", True),
            ("2001:db9::7", False),
            ("::ffff:10.1.2.3", True),
            ("", False),
        ],
    )
    def test_from_elsewhere(
        self, bob: User, acme: Organisation, key_for: Keys, address: str, opens: bool
    ) -> None:
        allowed = ["10.0.0.0/8", "192.168.7.7", "2001:db8::/32"]
        key = key_for(bob, allowed_addresses=allowed)
        if opens:
            assert use(key.secret, address=address)
        else:
            assert code(key.secret, address=address) == "ip_not_allowed"
            assert last(acme).outcome == "ip_not_allowed"

    def test_of_one_who_left(self, alice: User, bob: User, key_for: Keys) -> None:
        key = key_for(bob)
        by, bobs = actor_for(alice), membership_of(bob)
        people.deactivate(actor=by, membership=bobs, now=NOW())
        assert code(key.secret) == "api_key_revoked"
        people.reactivate(actor=by, membership=bobs, now=NOW())
        assert code(key.secret) == "api_key_revoked"

    def test_of_an_account_switched_off(self, bob: User, key_for: Keys) -> None:
        key = key_for(bob)
        bob.is_active = False
        bob.save(update_fields=["is_active"])
        assert code(key.secret) == "account_disabled"

    def test_of_a_suspended_organisation(
        self, bob: User, acme: Organisation, key_for: Keys
    ) -> None:
        key = key_for(bob)
        acme.status = acme.Status.SUSPENDED
        acme.save(update_fields=["status"])
        assert code(key.secret) == "organization_suspended"

    def test_writes_few_lines(self, bob: User, acme: Organisation, key_for: Keys) -> None:
        key = key_for(bob)
        keys.revoke(actor=actor_for(bob), key=key.row, now=NOW())
        for _again in range(15):
            code(key.secret)
        assert AuditLine.objects.of(acme).filter(action="key.used").count() == 10


class TestScope:
    """The owner's rights, cut down; never more."""

    @pytest.mark.parametrize(
        ("person", "scopes", "right", "may"),
        [
            ("alice", ["read"], "view_audit", True),
            ("alice", ["read"], "manage_people", False),
            ("alice", ["images"], "view_audit", False),
            ("alice", ["images"], "use_workspace", True),
            ("alice", ["admin"], "manage_people", True),
            ("alice", ["admin"], "transfer_ownership", False),
            ("alice", ["assistants"], "manage_assistants", True),
            ("bob", ["read", "chat", "images", "assistants"], "manage_assistants", False),
            ("bob", ["read"], "view_audit", False),
        ],
    )
    def test_cuts_rights(
        self,
        request: pytest.FixtureRequest,
        key_for: Keys,
        person: str,
        scopes: list[str],
        right: str,
        may: bool,
    ) -> None:
        key = key_for(request.getfixturevalue(person), *scopes)
        assert use(key.secret).may(right) is may

    def test_is_asked_for_by_name(self, alice: User, key_for: Keys) -> None:
        actor = use(key_for(alice, "read").secret)
        with pytest.raises(Refusal) as caught:
            actor.require("use_workspace", scope="images")
        assert caught.value.code == "insufficient_scope"

    def test_follows_the_owners_role(self, alice: User, dana: User, key_for: Keys) -> None:
        key = key_for(dana, "admin")
        people.change_member(actor=actor_for(alice), membership=membership_of(dana), role="member")
        assert not use(key.secret).may("manage_people")


class TestMaking:
    def test_is_for_oneself(self, alice: User, bob: User) -> None:
        assert refused(actor=actor_for(alice), owner=membership_of(bob)) == "forbidden"

    def test_a_service_key_needs_the_right(self, alice: User, bob: User) -> None:
        assert refused(actor=actor_for(bob)) == "forbidden"
        key, _secret = keys.create(actor=actor_for(alice), name="ci", scopes=["read"], now=NOW())
        assert key.owner is None

    @pytest.mark.parametrize(
        ("wish", "why"),
        [
            ({"scopes": []}, "required"),
            ({"scopes": ["everything"]}, "invalid_choice"),
            ({"scopes": ["admin"]}, "scope_escalation"),
            ({"allowed_addresses": ["nowhere"]}, "invalid_value"),
            ({"expires_at": NOW() + timedelta(days=400)}, "out_of_range"),
            ({"expires_at": NOW() - timedelta(days=1)}, "out_of_range"),
        ],
    )
    def test_asks_for_sense(self, bob: User, wish: dict[str, Any], why: str) -> None:
        assert refused(actor=actor_for(bob), owner=membership_of(bob), **wish) == why
        assert not ApiKey.unscoped.exists()

    def test_a_team_pays_for_its_own(
        self, acme: Organisation, design: Team, bob: User, dana: User, charlie: User
    ) -> None:
        theirs = people.save_team(actor=actor_for(charlie), name="Theirs")
        for user, team, why in ((dana, design, "forbidden"), (bob, theirs, "not_found")):
            assert refused(actor=actor_for(user), owner=membership_of(user), team=team) == why
        service = {"name": "ci", "scopes": ["images"], "now": NOW()}
        assert keys.create(actor=actor_for(dana), team=design, **service)[0].team == design

    def test_a_team_pays_no_more_for_those_who_left_it(
        self, alice: User, bob: User, design: Team, key_for: Keys
    ) -> None:
        key = key_for(bob, team=design)
        people.set_team_members(actor=actor_for(alice), team=design, members={})
        assert use(key.secret).key.team is None

    @pytest.mark.parametrize(
        ("maker", "wish", "why"),
        [
            (["read"], {"scopes": ["read"]}, "insufficient_scope"),
            (["admin"], {"scopes": ["read"]}, "scope_escalation"),
            (["admin", "read"], {"expires_at": NOW() + timedelta(days=300)}, "scope_escalation"),
            (["admin", "read"], {"allowed_addresses": []}, "scope_escalation"),
            (["admin", "read"], {"allowed_addresses": ["0.0.0.0/0"]}, "scope_escalation"),
            (["admin", "read"], {"allowed_addresses": ["::1"]}, "scope_escalation"),
            (["admin", "read"], {}, ""),
        ],
    )
    def test_a_key_hands_on_no_more_than_it_has(
        self, alice: User, key_for: Keys, maker: list[str], wish: dict[str, Any], why: str
    ) -> None:
        key = key_for(alice, *maker, allowed_addresses=["127.0.0.0/8"])
        by = use(key.secret)
        wish = {"allowed_addresses": ["127.0.0.1"], "expires_at": NOW() + timedelta(1), **wish}
        if why:
            assert refused(actor=by, owner=membership_of(alice), **wish) == why
        else:
            fields = {"name": "child", "scopes": ["read"], "now": NOW(), **wish}
            assert keys.create(actor=by, owner=membership_of(alice), **fields)

    def test_others_are_revoked_by_those_who_may(
        self, bob: User, lena: User, dana: User, charlie: User, key_for: Keys
    ) -> None:
        key = key_for(bob).row
        for user, why in ((lena, "forbidden"), (charlie, "not_found")):
            with pytest.raises(Refusal) as caught:
                keys.revoke(actor=actor_for(user), key=key, now=NOW())
            assert caught.value.code == why
        keys.revoke(actor=actor_for(dana), key=key, now=NOW())
        assert key.revoked_at is not None


class TestCost:
    def test_one_question_and_a_note_a_minute(
        self, bob: User, key_for: Keys, django_assert_num_queries: Any, time_machine: Any
    ) -> None:
        key = key_for(bob)
        with django_assert_num_queries(2):
            use(key.secret)
        for _again in range(3):
            with django_assert_num_queries(1):
                use(key.secret)
        time_machine.move_to(NOW() + timedelta(seconds=61))
        with django_assert_num_queries(2):
            use(key.secret)
        key.row.refresh_from_db()
        assert NOW() - key.row.last_used_at < timedelta(seconds=5)

    def test_the_question_is_answered_by_an_index(self) -> None:
        assert ApiKey._meta.get_field("prefix").unique


def test_no_session_opens_the_api(bob: User, as_: Callable[..., Client]) -> None:
    answer = as_(bob).get("/api/v1/me")
    assert answer.json()["error"]["code"] == "unauthenticated"


def test_the_api_opens_to_a_key(bob: User, key_for: Keys, api: Callable[..., Client]) -> None:
    assert api(key_for(bob)).get("/api/v1/me").status_code == 200


def test_a_key_of_one_is_not_a_key_of_another(
    acme: Organisation, rival: Organisation, charlie: User, key_for: Keys
) -> None:
    both = join(acme, "zoe")
    people.add_member(actor=actor_for(charlie), user=both, role="admin")
    key = key_for(both, "read", organisation=acme)
    assert use(key.secret).organisation == acme
    assert not use(key.secret).may("view_audit")


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda secret: {"X-API-Key": secret + "x"}, "invalid_api_key"),
        (
            lambda secret: {"X-API-Key": secret, "Authorization": f"Bearer {secret}"},
            "ambiguous_credentials",
        ),
    ],
)
def test_a_misused_key_leaves_a_line(
    acme: Organisation, bob: User, key_for: Any, spoil: Any, code: str
) -> None:
    key = key_for(bob)
    answer = Client().get("/api/v1/me", headers=spoil(key.secret))
    assert answer.json()["error"]["code"] == code
    line = AuditLine.objects.of(acme).filter(action="key.used").first()
    assert line is not None
    assert (line.outcome, line.key, line.who) == (code, key.row.pk, "")
