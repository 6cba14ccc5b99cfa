"""From the mail to the membership, and every link that does not lead there."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import invitations, people
from accounts.models import AuditLine, Invitation, Membership, Organisation, Role, Team, User
from accounts.models.audit import PLATFORM
from tale.lib.refusals import Refusal
from tests.people import PASSWORD, actor_for, membership_of, new_user

NEWCOMER = {"name": "Nora", "password": "nine purple otters"}


@pytest.fixture
def invite(alice: User, django_capture_on_commit_callbacks: Any) -> Callable[..., str]:
    """The path in the mail that goes out."""

    def send(
        email: str = "nora@acme.test", role: str = Role.MEMBER, by: User = alice, **wish: Any
    ) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            invitations.invite(
                actor=actor_for(by), email=email, role=role, **{"now": timezone.now(), **wish}
            )
        found = re.search(r"https?://[^/]+(/invitations/\S+)", str(mail.outbox[-1].body))
        assert found
        return found[1]

    return send


def refused(deed: Callable[..., object], **arguments: Any) -> str:
    with pytest.raises(Refusal) as caught:
        deed(**arguments)
    return caught.value.code


def members(organisation: Organisation) -> set[str]:
    rows = Membership.objects.of(organisation).filter(deactivated_at=None)
    return set(rows.values_list("user__email", flat=True))


def last(chain: Organisation | str) -> AuditLine:
    chain = chain if isinstance(chain, str) else chain.pk
    return AuditLine.objects.filter(chain=chain).latest("seq")


def test_it_works(invite: Callable[..., str], acme: Organisation, design: Team) -> None:
    path, client = invite(team=design), Client()
    assert b"nora@acme.test" in client.get(path).content
    answer = client.post(path, NEWCOMER)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get("/keys").status_code == 200
    nora = User.objects.get(email="nora@acme.test")
    joined = membership_of(nora)
    assert (nora.name, joined.role, joined.primary_team) == ("Nora", "member", design)
    assert [row.team for row in joined.teams.all()] == [design]
    assert list(nora.emailaddress_set.values_list("email", "verified")) == [(nora.email, True)]
    assert AuditLine.objects.of(acme).filter(action="invitation.accepted").exists()


def test_the_newcomer_can_sign_in_again(invite: Callable[..., str]) -> None:
    Client().post(invite(), NEWCOMER)
    sent = {"login": "nora@acme.test", "password": NEWCOMER["password"]}
    assert Client().post("/accounts/login/", sent).status_code == 302


def test_the_secret_is_nowhere_but_in_the_mail(invite: Callable[..., str]) -> None:
    secret = invite().rpartition("/")[2]
    kept = str([list(table.values_list()) for table in (Invitation.unscoped, AuditLine.unscoped)])
    assert len(secret) >= 43
    assert secret not in kept


def test_the_mail_speaks_the_organisations_language(
    invite: Callable[..., str], acme: Organisation
) -> None:
    """And means the time of day there."""
    acme.language, acme.time_zone = "de", "Pacific/Auckland"
    acme.save(update_fields=["language", "time_zone"])
    invite(now=datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert acme.name in mail.outbox[0].subject
    assert "9. Januar 2026 01:00 (Pacific/Auckland)" in mail.outbox[0].body


def test_a_mail_that_fails_is_noted_and_the_invitation_stands(
    alice: User, django_capture_on_commit_callbacks: Any, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with django_capture_on_commit_callbacks(execute=True):
        invitation = invitations.invite(
            actor=actor_for(alice), email="nora@acme.test", role="member", now=timezone.now()
        )
    invitation.refresh_from_db()
    assert invitation.mailed_at is None
    assert invitation.is_open(now=timezone.now())


class TestSomebodyWithAnAccount:
    def test_signs_in_and_joins_as_that_person(
        self, invite: Callable[..., str], charlie: User, acme: Organisation
    ) -> None:
        path, client = invite(charlie.email, Role.AUDITOR), Client()
        page = client.get(path)
        assert b"password" not in page.content.replace(b"/password", b"")
        client.post("/accounts/login/", {"login": charlie.email, "password": PASSWORD})
        assert client.post(path, {}).status_code == 302
        assert charlie.email in members(acme)
        assert membership_of(charlie, acme).role == "auditor"
        assert client.get("/profile").context["organisation"].pk == acme.pk

    @pytest.mark.parametrize("spelt", ["CHARLIE@rival.test", "charlie@rívál.test"])
    def test_is_met_however_the_address_is_spelt(
        self, invite: Callable[..., str], charlie: User, spelt: str
    ) -> None:
        path = invite(spelt)
        assert Client().post(path, NEWCOMER).status_code in (302, 403)
        assert User.objects.filter(email_key="charlie@rival.test").count() == 1
        assert User.objects.count() == 2

    def test_cannot_join_without_signing_in(
        self, invite: Callable[..., str], charlie: User, acme: Organisation
    ) -> None:
        answer = Client().post(invite(charlie.email), {})
        assert answer.headers["Location"].startswith("/accounts/login/")
        assert charlie.email not in members(acme)

    def test_is_not_told_of_to_others(
        self, invite: Callable[..., str], charlie: User, rival: Organisation
    ) -> None:
        path = invite(charlie.email)
        said = Client().get(path).content.decode() + str(mail.outbox[0].body)
        assert rival.name not in said.replace("rival.test", "")
        assert charlie.name not in said.replace("charlie@", "")

    def test_returns_after_having_left(
        self, invite: Callable[..., str], alice: User, bob: User, as_: Callable[..., Client]
    ) -> None:
        people.deactivate(actor=actor_for(alice), membership=membership_of(bob), now=timezone.now())
        as_(bob).post(invite(bob.email), {})
        back = membership_of(bob)
        assert (back.is_active, back.primary_team, back.teams.count()) == (True, None, 0)


def test_an_invitation_for_another_address_is_refused(
    invite: Callable[..., str], charlie: User, acme: Organisation, as_: Callable[..., Client]
) -> None:
    path, client = invite(), as_(charlie)
    assert client.get(path).status_code == 200
    answer = client.post(path, {})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "forbidden")
    assert charlie.email not in members(acme)
    assert (last(acme).action, last(acme).outcome) == ("invitation.refused", "forbidden")


class TestDeadLink:
    def follow(self, path: str, code: str) -> None:
        for answer in (Client().get(path), Client().post(path, NEWCOMER)):
            assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, code)
        assert not User.objects.filter(email="nora@acme.test", name="Nora").exists()

    def test_reused(self, invite: Callable[..., str], acme: Organisation) -> None:
        path = invite()
        Client().post(path, {**NEWCOMER, "name": "First"})
        self.follow(path, "invalid_link")
        assert (last(acme).action, last(acme).outcome) == ("invitation.refused", "invalid_link")

    def test_expired(self, invite: Callable[..., str], acme: Organisation) -> None:
        self.follow(invite(now=timezone.now() - timedelta(days=7)), "link_expired")
        assert last(acme).outcome == "link_expired"

    def test_revoked(self, invite: Callable[..., str], alice: User, acme: Organisation) -> None:
        path = invite()
        invitations.revoke(
            actor=actor_for(alice),
            invitation=Invitation.objects.of(acme).get(),
            now=timezone.now(),
        )
        self.follow(path, "invalid_link")

    def test_unknown(self, db: None) -> None:
        self.follow("/invitations/" + "x" * 43, "invalid_link")
        assert last(PLATFORM).outcome == "invalid_link"

    def test_of_a_suspended_organisation(
        self, invite: Callable[..., str], acme: Organisation
    ) -> None:
        path = invite()
        acme.status = acme.Status.SUSPENDED
        acme.save(update_fields=["status"])
        self.follow(path, "invalid_link")

    def test_of_one_who_may_invite_no_more(
        self, invite: Callable[..., str], alice: User, dana: User
    ) -> None:
        path = invite(by=dana)
        people.change_member(actor=actor_for(alice), membership=membership_of(dana), role="member")
        self.follow(path, "invalid_link")

    def test_that_is_hammered_writes_few_lines(
        self, invite: Callable[..., str], acme: Organisation
    ) -> None:
        path = invite(now=timezone.now() - timedelta(days=8))
        for _again in range(15):
            Client().get(path)
        assert AuditLine.objects.of(acme).filter(action="invitation.refused").count() == 10


class TestPromise:
    """Nobody promises more than they may give."""

    @pytest.mark.parametrize(
        ("inviter", "role", "code"),
        [
            ("dana", "admin", ""),
            ("dana", "owner", "forbidden"),
            ("alice", "owner", "forbidden"),
            ("alice", "emperor", "invalid_choice"),
            ("bob", "member", "forbidden"),
            ("lena", "member", "forbidden"),
            ("erin", "member", "forbidden"),
        ],
    )
    def test_of_a_role(
        self, request: pytest.FixtureRequest, inviter: str, role: str, code: str
    ) -> None:
        by = actor_for(request.getfixturevalue(inviter))
        wish = {"actor": by, "email": "nora@acme.test", "role": role, "now": timezone.now()}
        if code:
            assert refused(invitations.invite, **wish) == code
            assert not Invitation.objects.of(by.organisation).exists()
        else:
            assert invitations.invite(**wish).role == role

    def test_of_a_team_of_others(self, alice: User, charlie: User) -> None:
        theirs = people.save_team(actor=actor_for(charlie), name="Theirs")
        wish = {"email": "nora@acme.test", "role": "member", "team": theirs}
        assert (
            refused(invitations.invite, actor=actor_for(alice), now=timezone.now(), **wish)
            == "not_found"
        )

    @pytest.mark.parametrize("slipped_in", ["role", "email", "organisation", "is_superuser"])
    def test_is_not_bettered_by_a_field_slipped_in(
        self, invite: Callable[..., str], acme: Organisation, slipped_in: str
    ) -> None:
        answer = Client().post(invite(), {**NEWCOMER, slipped_in: "owner"})
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "field_not_allowed")
        assert not User.objects.filter(email="nora@acme.test").exists()
        assert last(acme).outcome == "field_not_allowed"


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("bob@acme.test", "already_exists"),
        ("BOB@ACME.TEST", "already_exists"),
        ("bob@ácme.test", "already_exists"),
        ("open@acme.test", "already_exists"),
        ("OPEN@acme.test", "already_exists"),
        ("nobody", "invalid_value"),
        ("a b@acme.test", "invalid_value"),
        ("", "invalid_value"),
    ],
)
def test_an_address_is_invited_once(alice: User, bob: User, email: str, code: str) -> None:
    wish = {"actor": actor_for(alice), "role": "member", "now": timezone.now()}
    invitations.invite(email="open@acme.test", **wish)
    assert refused(invitations.invite, email=email, **wish) == code


def test_after_seven_days_it_is_sent_again(alice: User, acme: Organisation) -> None:
    def send(now: datetime) -> Invitation:
        return invitations.invite(
            actor=actor_for(alice), email="nora@acme.test", role="member", now=now
        )

    first = send(timezone.now() - timedelta(days=8))
    second = send(timezone.now())
    first.refresh_from_db()
    assert first.revoked_at is not None
    assert second.is_open(now=timezone.now())


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({"password": "short"}, "invalid_value"),
        ({"password": "password123"}, "invalid_value"),
        ({"password": "nora@acme.test"}, "invalid_value"),
        ({"password": "Nora Norasdottir", "name": "Nora Norasdottir"}, "invalid_value"),
        ({"password": ""}, "required"),
        ({"name": ""}, "required"),
        ({"name": "\u200b\u200b"}, "blank"),
        ({"name": "n" * 121}, "too_long"),
        ({"name": "a\x00b"}, "invalid_characters"),
    ],
)
def test_what_is_wrong_is_shown_and_nothing_happens(
    invite: Callable[..., str], sent: dict[str, str], code: str
) -> None:
    path = invite()
    answer = Client().post(path, {**NEWCOMER, **sent})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, code)
    assert not User.objects.filter(email="nora@acme.test").exists()
    assert Client().post(path, NEWCOMER).status_code == 302


def test_only_ones_own_are_revoked(
    invite: Callable[..., str], acme: Organisation, charlie: User, bob: User
) -> None:
    invite()
    invitation = Invitation.objects.of(acme).get()
    for user, code in ((charlie, "not_found"), (bob, "forbidden")):
        assert (
            refused(
                invitations.revoke,
                actor=actor_for(user),
                invitation=invitation,
                now=timezone.now(),
            )
            == code
        )


@pytest.mark.django_db(transaction=True)
def test_two_at_once_join_once(alice: User, acme: Organisation) -> None:
    """The second claim of a row that is closed meanwhile."""
    nora = new_user("nora")
    invitation = invitations.invite(
        actor=actor_for(alice), email=nora.email, role="member", now=timezone.now()
    )
    wish = {"user": nora, "origin": invitations.audit.NOWHERE, "now": timezone.now()}
    stale = Invitation.objects.of(acme).get()
    invitations.accept(invitation=invitation, **wish)
    assert refused(invitations.accept, invitation=stale, **wish) == "invalid_link"
    assert mail.outbox[0].to == [nora.email]
