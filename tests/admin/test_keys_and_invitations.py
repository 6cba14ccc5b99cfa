"""What is shown once, what is mailed, and who is let in again."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import invitations, keys
from accounts.models import ApiKey, Invitation, Organisation, Team, User
from tests.admin.conftest import CONTROLS, SignIn, at, page_of, refused, told
from tests.people import PASSWORD, actor_for, membership_of

KEY = {"name": "CI", "scopes": ["read", "images"], "days": "30", **CONTROLS}


class TestServiceKey:
    def make(self, client: Any, **fields: Any) -> Any:
        return client.post(at("accounts.apikey", "add"), {**KEY, **fields})

    def test_its_secret_is_shown_once(
        self, dana: User, acme: Organisation, as_: SignIn, api: Any
    ) -> None:
        client = as_(dana)
        answer = self.make(client)
        assert answer.status_code == 200
        secret = answer.context["secret"]
        assert page_of(answer).count(secret) == 1
        assert "no-store" in answer.headers["Cache-Control"]
        key = ApiKey.objects.of(acme).get()
        assert (key.owner, key.scopes) == (None, ["images", "read"])
        assert api(secret).get("/api/v1/me").status_code == 200
        for page in (at("accounts.apikey"), at("accounts.apikey", "change", key), "/admin/"):
            assert secret not in page_of(client.get(page))
            assert key.secret_hash not in page_of(client.get(page))
        assert secret not in str(dict(client.session))

    def test_its_team_pays_and_its_addresses_are_kept(
        self, dana: User, acme: Organisation, design: Team, as_: SignIn
    ) -> None:
        self.make(as_(dana), team=design.pk, allowed_addresses="10.0.0.0/8\n 192.0.2.1 \n")
        key = ApiKey.objects.of(acme).get()
        assert key.team == design
        assert key.allowed_addresses == ["10.0.0.0/8", "192.0.2.1/32"]

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("scopes", ["everything"], "invalid_choice"),
            ("scopes", [], "required"),
            ("days", "100000", "invalid_choice"),
            ("allowed_addresses", "not an address", "invalid_value"),
            ("name", "", "required"),
        ],
    )
    def test_what_cannot_be_is_an_error_of_its_field(
        self, dana: User, acme: Organisation, as_: SignIn, field: str, value: Any, code: str
    ) -> None:
        answer = self.make(as_(dana), **{field: value})
        assert answer.context["adminform"].form.errors.as_data()[field][0].code == code
        assert not ApiKey.objects.of(acme).exists()

    @pytest.mark.parametrize("field", ["owner", "secret_hash", "prefix", "expires_at"])
    def test_nothing_else_is_set(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn, field: str
    ) -> None:
        answer = self.make(as_(dana), **{field: membership_of(bob).pk})
        assert refused(answer) == (403, "field_not_allowed")
        assert not ApiKey.objects.of(acme).exists()

    def test_a_key_is_revoked_at_once(
        self, dana: User, bob: User, as_: SignIn, key_for: Any
    ) -> None:
        row = key_for(bob).row
        client, address = as_(dana), at("accounts.apikey", "revoke", row)
        assert client.get(address).status_code == 200
        row.refresh_from_db()
        assert row.revoked_at is None
        assert client.post(address).status_code == 302
        row.refresh_from_db()
        assert row.revoked_at is not None
        assert told(row.organisation, "key.revoked") is not None

    def test_many_at_once(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        made = [
            keys.create(actor=actor_for(dana), name=name, scopes=["read"], now=timezone.now())[0]
            for name in ("a", "b")
        ]
        chosen = {"_selected_action": [key.pk for key in made], "index": "0"}
        as_(dana).post(at("accounts.apikey"), {"action": "revoke_chosen", **chosen})
        assert not ApiKey.objects.of(acme).filter(revoked_at=None).exists()


class TestInvitation:
    FORM = {"email": "Nora@Acme.test", "role": "member", **CONTROLS}

    def test_it_mails_a_link(
        self, dana: User, acme: Organisation, as_: SignIn, django_capture_on_commit_callbacks: Any
    ) -> None:
        client = as_(dana)
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(at("accounts.invitation", "add"), self.FORM)
        assert answer.status_code == 302
        sent = Invitation.objects.of(acme).get()
        assert (sent.email, sent.invited_by) == ("nora@acme.test", dana)
        assert [message.to for message in mail.outbox] == [["nora@acme.test"]]
        secret = mail.outbox[0].body.split("/invitations/")[1].split()[0]
        for page in (at("accounts.invitation"), at("accounts.invitation", "change", sent)):
            text = page_of(client.get(page))
            assert secret not in text
            assert sent.secret_hash not in text

    def test_a_role_above_ones_own_is_refused(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        answer = as_(dana).post(at("accounts.invitation", "add"), self.FORM | {"role": "owner"})
        assert refused(answer) == (403, "forbidden")
        assert not Invitation.objects.of(acme).exists()

    def test_a_second_open_one_and_a_member(self, dana: User, bob: User, as_: SignIn) -> None:
        client, address = as_(dana), at("accounts.invitation", "add")
        client.post(address, self.FORM)
        assert refused(client.post(address, self.FORM)) == (409, "already_exists")
        again = client.post(address, self.FORM | {"email": "BOB@acme.test"})
        assert refused(again) == (409, "already_exists")

    @pytest.mark.parametrize("field", ["secret_hash", "invited_by", "expires_at", "organisation"])
    def test_nothing_else_is_set(self, dana: User, as_: SignIn, field: str) -> None:
        answer = as_(dana).post(at("accounts.invitation", "add"), self.FORM | {field: "x"})
        assert refused(answer) == (403, "field_not_allowed")

    def test_it_is_revoked_and_not_changed(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        sent = invitations.invite(
            actor=actor_for(dana), email="nora@acme.test", role="member", now=timezone.now()
        )
        client = as_(dana)
        change = client.post(at("accounts.invitation", "change", sent), {"role": "admin"})
        assert refused(change) == (403, "forbidden")
        client.post(at("accounts.invitation", "revoke", sent))
        sent.refresh_from_db()
        assert sent.revoked_at is not None
        states = client.get(at("accounts.invitation"), {"state": "revoked"}).context["cl"]
        assert [row.pk for row in states.result_list] == [sent.pk]


class TestLockout:
    def lock(self, client: Any, user: User) -> Any:
        for _attempt in range(10):
            answer = client.post(
                "/accounts/login/", {"login": user.email, "password": "wrong wrong"}
            )
        return answer

    def test_it_is_seen_and_released(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn, client: Any, settings: Any
    ) -> None:
        locked = self.lock(client, bob)
        assert locked.status_code == 429
        admin = as_(dana)
        shown = admin.get(at("axes.accessattempt")).context["cl"].result_list
        assert [row.username for row in shown] == [bob.email_key]
        chosen = {"_selected_action": [shown[0].pk], "index": "0"}
        answer = admin.post(at("axes.accessattempt"), {"action": "release", **chosen})
        assert answer.status_code == 302
        line = told(acme, "lockout.released")
        assert line is not None
        assert line.target == membership_of(bob).pk
        entered = client.post("/accounts/login/", {"login": bob.email, "password": PASSWORD})
        assert entered.status_code == 302

    def test_a_stranger_account_is_not_even_seen(
        self, dana: User, charlie: User, as_: SignIn, client: Any
    ) -> None:
        self.lock(client, charlie)
        assert not as_(dana).get(at("axes.accessattempt")).context["cl"].result_list

    def test_what_was_typed_is_shown_to_nobody(
        self, operator: User, acme: Organisation, ours: dict[str, Any], as_: SignIn
    ) -> None:
        client = as_(operator, acme)
        for page in (
            at("axes.accessattempt"),
            at("axes.accessattempt", "change", ours["axes.accessattempt"]),
        ):
            assert "SECRETPOST" not in page_of(client.get(page))


def test_an_expired_key_says_so(dana: User, acme: Organisation, as_: SignIn) -> None:
    made, _secret = keys.create(
        actor=actor_for(dana), name="old", scopes=["read"], now=timezone.now()
    )
    ApiKey.objects.of(acme).filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(days=1))
    shown = as_(dana).get(at("accounts.apikey"), {"state": "expired"}).context["cl"]
    assert [row.pk for row in shown.result_list] == [made.pk]
