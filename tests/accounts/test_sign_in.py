"""Through the front door: allauth's pages, axes' lock, and what each leaves in the audit."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import people
from accounts.models import AuditLine, Organisation, User
from accounts.models.audit import PLATFORM
from tests.people import PASSWORD, actor_for, join, membership_of

LOGIN = "/accounts/login/"


def sign_in(email: str, password: str = PASSWORD, client: Client | None = None) -> Any:
    return (client or Client()).post(LOGIN, {"login": email, "password": password})


def confirm_password(client: Client) -> None:
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def mailed_link() -> str:
    (sent,) = mail.outbox
    found = re.search(r"https?://[^/]+(/\S+)", str(sent.body))
    assert found
    return found[1]


def is_in(client: Client) -> bool:
    return client.get("/profile").status_code == 200


def actions(chain: Organisation | str) -> list[str]:
    chain = chain if isinstance(chain, str) else chain.pk
    return list(
        AuditLine.objects.filter(chain=chain).order_by("seq").values_list("action", flat=True)
    )


def test_it_works(bob: User, acme: Organisation) -> None:
    client = Client()
    assert not is_in(client)
    answer = sign_in(bob.email, client=client)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert is_in(client)
    assert actions(acme)[-1] == "session.started"
    client.post("/accounts/logout/")
    assert not is_in(client)
    assert actions(acme)[-1] == "session.ended"


def test_the_session_is_a_new_one(bob: User) -> None:
    client = Client()
    client.session.save()
    client.cookies["session"] = planted = client.session.session_key
    sign_in(bob.email, client=client)
    assert is_in(client)
    assert client.session.session_key != planted


def test_a_wrong_password_opens_nothing(bob: User, acme: Organisation) -> None:
    client = Client()
    assert sign_in(bob.email, "not the one", client).status_code == 200
    assert not is_in(client)
    line = AuditLine.objects.of(acme).latest("seq")
    assert (line.action, line.outcome, line.who) == ("session.refused", "unauthenticated", "")
    assert line.target == membership_of(bob).pk


@pytest.mark.parametrize("spelt", ["BOB@acme.test", "Bob@Acme.Test"])
def test_case_does_not_matter(bob: User, spelt: str) -> None:
    assert sign_in(spelt).status_code == 302


def test_a_look_alike_address_is_nobodys(bob: User) -> None:
    client = Client()
    sign_in("bob@ácme.test", client=client)
    assert not is_in(client)
    assert list(bob.emailaddress_set.values_list("email", flat=True)) == [bob.email]
    assert not mail.outbox


def test_an_account_that_is_switched_off_opens_nothing(bob: User) -> None:
    bob.is_active = False
    bob.save(update_fields=["is_active"])
    client = Client()
    sign_in(bob.email, client=client)
    assert not is_in(client)


def test_an_unknown_account_is_noted_without_its_name(acme: Organisation) -> None:
    before = actions(acme)
    sign_in("hunter2@nowhere.test")
    assert actions(acme) == before
    line = AuditLine.objects.get(chain=PLATFORM)
    assert (line.action, line.outcome) == ("session.refused", "unauthenticated")
    assert "hunter2" not in str(line.detail.data)


def test_strangers_cannot_flood_the_audit(db: None) -> None:
    for number in range(15):
        sign_in(f"nobody{number}@nowhere.test")
    assert len(actions(PLATFORM)) == 10


def test_nobody_registers(db: None) -> None:
    page = Client().post(
        "/accounts/signup/",
        {"email": "new@acme.test", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert page.status_code in (200, 403)
    assert not User.objects.exists()


class TestLock:
    spellings = ("bob@acme.test", "BOB@ACME.TEST", "bob@ácme.test", "Bob@Acme.test")

    @pytest.fixture
    def locked(self, bob: User) -> Any:
        """Ten wrong passwords, spelt every way; answers the last page."""
        pages = [sign_in(self.spellings[n % 4], f"wrong {n}") for n in range(10)]
        assert {page.status_code for page in pages[:-1]} == {200}
        return pages[-1]

    def test_ten_failures_lock_the_account(self, locked: Any, bob: User) -> None:
        for page in (locked, sign_in(bob.email), sign_in("BOB@acme.test")):
            assert page.status_code == 429
            assert page.headers["X-Error-Code"] == "rate_limited"
            assert int(page.headers["Retry-After"]) == 900

    def test_it_locks_nobody_else(self, locked: Any, dana: User) -> None:
        assert sign_in(dana.email).status_code == 302

    def test_it_ends_by_itself(self, locked: Any, bob: User, time_machine: Any) -> None:
        time_machine.move_to(timezone.now() + timedelta(minutes=14))
        assert sign_in(bob.email).status_code == 429
        time_machine.shift(timedelta(minutes=2))
        assert sign_in(bob.email).status_code == 302

    def test_it_can_be_released(self, locked: Any, bob: User) -> None:
        AccessAttempt.objects.filter(username=bob.email_key).delete()
        assert sign_in(bob.email).status_code == 302

    def test_it_is_written_down_once(self, locked: Any, bob: User, acme: Organisation) -> None:
        for _again in range(3):
            sign_in(bob.email)
        assert actions(acme).count("session.refused") == 10
        assert actions(acme).count("session.locked") == 1

    def test_an_unknown_account_locks_alike(self, db: None) -> None:
        pages = [sign_in("nobody@nowhere.test", f"wrong {n}") for n in range(10)]
        assert [page.status_code for page in pages] == [200] * 9 + [429]

    def test_no_password_is_kept(self, locked: Any) -> None:
        kept = " ".join(str(row) for row in AccessAttempt.objects.values_list())
        assert "wrong" not in kept


class TestPassword:
    def change(self, client: Client, new: str, old: str = PASSWORD) -> Any:
        form = {"oldpassword": old, "password1": new, "password2": new}
        return client.post("/accounts/password/change/", form)

    def test_a_change_ends_every_other_session(
        self, bob: User, acme: Organisation, as_: Callable[..., Client]
    ) -> None:
        here, elsewhere = as_(bob), as_(bob)
        assert self.change(here, "nine purple otters").status_code == 302
        assert is_in(here)
        assert not is_in(elsewhere)
        assert actions(acme)[-1] == "password.changed"
        assert [mail.to for mail in mail.outbox] == [[bob.email]]

    @pytest.mark.parametrize("weak", ["short", "password123", "8274619350", "bob@acme.test"])
    def test_a_weak_one_is_refused(self, bob: User, as_: Callable[..., Client], weak: str) -> None:
        self.change(as_(bob), weak)
        bob.refresh_from_db()
        assert bob.check_password(PASSWORD)

    def test_a_forgotten_one_is_reset_by_mail(self, bob: User, as_: Callable[..., Client]) -> None:
        elsewhere, client = as_(bob), Client()
        client.post("/accounts/password/reset/", {"email": bob.email})
        form = client.get(mailed_link(), follow=True)
        new = {"password1": "nine purple otters", "password2": "nine purple otters"}
        client.post(form.redirect_chain[-1][0], new)
        assert not is_in(elsewhere)
        assert sign_in(bob.email, "nine purple otters").status_code == 302
        assert "password.reset" in actions(membership_of(bob).organisation)

    def test_a_reset_says_not_who_has_an_account(self, bob: User) -> None:
        answers = [
            Client().post("/accounts/password/reset/", {"email": email})
            for email in (bob.email, "nobody@nowhere.test")
        ]
        assert {answer.status_code for answer in answers} == {302}
        assert len({answer.headers["Location"] for answer in answers}) == 1


def test_an_address_is_changed_once_it_is_proven(
    bob: User, as_: Callable[..., Client], acme: Organisation
) -> None:
    client = as_(bob)
    confirm_password(client)
    client.post("/accounts/email/", {"action_add": "", "email": "robert@acme.test"})
    bob.refresh_from_db()
    assert bob.email == "bob@acme.test"
    client.post(mailed_link())
    bob.refresh_from_db()
    assert (bob.email, bob.email_key) == ("robert@acme.test", "robert@acme.test")
    assert actions(acme)[-1] == "email.changed"
    assert sign_in("robert@acme.test").status_code == 302
    assert sign_in("bob@acme.test").status_code == 200


def test_an_address_that_looks_like_anothers_is_not_taken(
    bob: User, dana: User, as_: Callable[..., Client]
) -> None:
    client = as_(bob)
    confirm_password(client)
    client.post("/accounts/email/", {"action_add": "", "email": "dana@ácme.test"})
    client.post(mailed_link())
    bob.refresh_from_db()
    assert bob.email == "bob@acme.test"


class TestEnd:
    """What was given ends at the next request."""

    def test_of_an_account(self, bob: User, as_: Callable[..., Client]) -> None:
        client = as_(bob)
        assert is_in(client)
        bob.is_active = False
        bob.save(update_fields=["is_active"])
        assert not is_in(client)

    def test_of_a_membership(self, alice: User, bob: User, as_: Callable[..., Client]) -> None:
        client = as_(bob)
        assert client.get("/keys").status_code == 200
        people.deactivate(actor=actor_for(alice), membership=membership_of(bob), now=timezone.now())
        assert client.get("/keys").status_code == 403
        assert client.get("/").headers["Location"] == "/organisations/none"

    def test_of_an_organisation(
        self, bob: User, acme: Organisation, as_: Callable[..., Client]
    ) -> None:
        client = as_(bob)
        acme.status = acme.Status.SUSPENDED
        acme.save(update_fields=["status"])
        answer = client.get("/keys")
        assert answer.headers["X-Error-Code"] == "organization_suspended"
        assert client.get("/").headers["Location"] == "/organisations/none"
        assert client.get("/organisations/none").status_code == 200


def test_the_chosen_language_comes_along(bob: User) -> None:
    bob.speak("de")
    client = Client()
    sign_in(bob.email, client=client)
    assert client.cookies["django_language"].value == "de"


def test_one_sign_in_is_told_to_each_organisation(
    bob: User, acme: Organisation, rival: Organisation, charlie: User
) -> None:
    people.add_member(actor=actor_for(charlie), user=bob, role="member")
    sign_in(bob.email)
    assert actions(acme)[-1] == actions(rival)[-1] == "session.started"
    assert not join(rival, "rita").memberships.filter(organisation=acme).exists()
