"""A person's own pages, as a browser without scripts sees them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys, people
from accounts.models import ApiKey, AuditLine, Organisation, Team, User
from tests.people import Key, actor_for

SignIn = Callable[..., Client]
KEY = {"name": "Laptop", "scopes": ["read", "images"], "days": "30"}


def last(organisation: Organisation) -> AuditLine:
    return AuditLine.objects.of(organisation).latest("seq")


@pytest.mark.parametrize("page", ["/profile", "/keys", "/organisations/none"])
def test_a_stranger_signs_in_first(db: None, page: str) -> None:
    answer = Client().get(page)
    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        f"/accounts/login/?next={page.replace('/', '%2F')}",
    )


@pytest.mark.parametrize("page", ["/organisations/switch", "/keys/key_1/revoke", "/language"])
def test_a_change_is_never_a_get(bob: User, as_: SignIn, page: str) -> None:
    answer = as_(bob).get(page)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("page", ["/profile", "/keys", "/organisations/switch", "/language"])
def test_another_site_cannot_post(bob: User, as_: SignIn, page: str) -> None:
    client = as_(bob)
    client.handler.enforce_csrf_checks = True
    answer = client.post(page, {})
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "csrf_failed")


class TestProfile:
    def test_shows_who_one_is(self, bob: User, as_: SignIn) -> None:
        page = as_(bob).get("/profile").content.decode()
        assert bob.email in page
        assert "Acme" in page

    def test_keeps_name_and_language(self, bob: User, acme: Organisation, as_: SignIn) -> None:
        client = as_(bob)
        answer = client.post("/profile", {"name": "Robert", "language": "de"})
        assert answer.status_code == 302
        bob.refresh_from_db()
        assert (bob.name, bob.language) == ("Robert", "de")
        assert client.cookies["django_language"].value == "de"
        assert last(acme).action == "profile.changed"
        assert 'lang="de"' in client.get("/profile").content.decode()

    @pytest.mark.parametrize(
        ("sent", "code"),
        [
            ({"name": ""}, "required"),
            ({"name": "\u3164"}, "blank"),
            ({"name": "b" * 121}, "too_long"),
            ({"language": "tlh"}, "invalid_choice"),
        ],
    )
    def test_says_what_is_wrong(
        self, bob: User, as_: SignIn, sent: dict[str, str], code: str
    ) -> None:
        answer = as_(bob).post("/profile", {"name": "Robert", "language": "de", **sent})
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (400, code)
        bob.refresh_from_db()
        assert (bob.name, bob.language) == ("Bob", "")

    @pytest.mark.parametrize("field", ["role", "email", "is_superuser", "is_active", "password"])
    def test_refuses_what_was_slipped_in(
        self, bob: User, acme: Organisation, as_: SignIn, field: str
    ) -> None:
        answer = as_(bob).post("/profile", {"name": "R", "language": "de", field: "owner"})
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "field_not_allowed")
        bob.refresh_from_db()
        assert bob.name == "Bob"
        assert (last(acme).outcome, last(acme).action) == (
            "field_not_allowed",
            "POST accounts:profile",
        )


class TestLanguage:
    def test_of_a_person_is_kept(self, bob: User, as_: SignIn) -> None:
        client = as_(bob)
        client.post("/language", {"language": "de", "next": "/profile"})
        bob.refresh_from_db()
        assert bob.language == "de"
        assert 'lang="de"' in client.get("/profile").content.decode()

    def test_of_a_stranger_is_the_browsers(self, db: None) -> None:
        client = Client()
        client.post("/language", {"language": "de", "next": "/accounts/login/"})
        assert 'lang="de"' in client.get("/accounts/login/").content.decode()

    @pytest.mark.parametrize("language", ["tlh", "", "../en", "d" * 9999])
    def test_that_we_do_not_speak_changes_nothing(
        self, bob: User, as_: SignIn, language: str
    ) -> None:
        as_(bob).post("/language", {"language": language})
        bob.refresh_from_db()
        assert bob.language == ""

    def test_leads_back(self, db: None) -> None:
        here = {"Referer": "http://testserver/licence"}
        answer = Client().post("/language", {"language": "de"}, headers=here)
        assert answer.headers["Location"] == here["Referer"]

    def test_leads_to_no_other_site(self, db: None) -> None:
        answer = Client().post("/language", {"language": "de", "next": "https://evil.test/"})
        assert answer.headers["Location"] == "/"


class TestKeys:
    def test_are_made_and_shown_once(self, bob: User, acme: Organisation, as_: SignIn) -> None:
        client = as_(bob)
        answer = client.post("/keys", KEY)
        key = ApiKey.objects.of(acme).get()
        assert answer.status_code == 200
        secret = answer.context["new_secret"]
        assert secret in answer.content.decode()
        assert secret not in client.get("/keys").content.decode()
        assert key.prefix in client.get("/keys").content.decode()
        assert (key.owner.user, key.scopes) == (bob, ["images", "read"])
        assert timedelta(29) < key.expires_at - timezone.now() <= timedelta(30)
        assert (last(acme).action, last(acme).target) == ("key.created", key.pk)
        assert answer.headers["Cache-Control"] == "no-store"

    def test_take_a_team_and_addresses(
        self, bob: User, acme: Organisation, design: Team, as_: SignIn
    ) -> None:
        wish = {**KEY, "team": design.pk, "allowed_addresses": "10.0.0.0/8\n192.168.7.7"}
        as_(bob).post("/keys", wish)
        key = ApiKey.objects.of(acme).get()
        assert key.team == design
        assert key.allowed_addresses == ["10.0.0.0/8", "192.168.7.7/32"]

    @pytest.mark.parametrize(
        ("sent", "status", "code"),
        [
            ({"name": ""}, 400, "required"),
            ({"name": " "}, 400, "required"),
            ({"scopes": []}, 400, "required"),
            ({"scopes": ["everything"]}, 400, "invalid_choice"),
            ({"scopes": ["read", "admin"]}, 403, "scope_escalation"),
            ({"days": "9999"}, 400, "invalid_choice"),
            ({"allowed_addresses": "somewhere"}, 400, "invalid_value"),
            ({"owner": "mem_1"}, 403, "field_not_allowed"),
            ({"organisation": "org_1"}, 403, "field_not_allowed"),
            ({"expires_at": "2999-01-01"}, 403, "field_not_allowed"),
            ({"team": "team_unknown"}, 403, "forbidden"),
        ],
    )
    def test_are_refused(
        self,
        bob: User,
        acme: Organisation,
        as_: SignIn,
        sent: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        before = last(acme).seq
        answer = as_(bob).post("/keys", {**KEY, **sent})
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (status, code)
        assert not ApiKey.objects.of(acme).exists()
        written = [line.outcome for line in AuditLine.objects.of(acme).filter(seq__gt=before)][::-1]
        assert written == ["done"] + [code] * (status == 403)  # the first is the sign-in

    def test_take_no_team_of_others(
        self, bob: User, dana: User, charlie: User, acme: Organisation, as_: SignIn
    ) -> None:
        others = people.save_team(actor=actor_for(dana), name="Others")
        theirs = people.save_team(actor=actor_for(charlie), name="Theirs")
        for team in (others, theirs):
            answer = as_(bob).post("/keys", {**KEY, "team": team.pk})
            assert (answer.status_code, answer.headers["X-Error-Code"]) == (403, "forbidden")
            assert team.name not in as_(bob).get("/keys").content.decode()
        assert not ApiKey.objects.of(acme).exists()

    def test_are_revoked(self, bob: User, as_: SignIn, key_for: Callable[..., Key]) -> None:
        key = key_for(bob).row
        assert as_(bob).post(f"/keys/{key.pk}/revoke").status_code == 302
        key.refresh_from_db()
        assert key.revoked_at is not None

    def test_of_others_are_not_there(
        self, bob: User, dana: User, as_: SignIn, key_for: Callable[..., Key]
    ) -> None:
        key = key_for(dana).row
        client = as_(bob)
        assert key.prefix not in client.get("/keys").content.decode()
        assert client.post(f"/keys/{key.pk}/revoke").status_code == 404

    def test_show_a_person_the_scopes_they_may_give(
        self, bob: User, dana: User, as_: SignIn
    ) -> None:
        for user, shown in ((bob, False), (dana, True)):
            page = as_(user).get("/keys").content.decode()
            assert ('value="admin"' in page) is shown

    def test_are_not_made_for_an_operator_who_looks_in(
        self, operator: User, acme: Organisation, alice: User, as_: SignIn
    ) -> None:
        service = {"name": "ci", "scopes": ["read"], "now": timezone.now()}
        key, _secret = keys.create(actor=actor_for(alice), **service)
        client = as_(operator, acme)
        assert key.prefix not in client.get("/keys").content.decode()
        assert client.post("/keys", KEY).status_code == 403
        assert client.post(f"/keys/{key.pk}/revoke").status_code == 404


class TestOrganisations:
    def test_are_switched(
        self, bob: User, charlie: User, acme: Organisation, rival: Organisation, as_: SignIn
    ) -> None:
        people.add_member(actor=actor_for(charlie), user=bob, role="auditor")
        client = as_(bob)
        client.post("/organisations/switch", {"organisation": rival.pk})
        assert client.get("/profile").context["organisation"].pk == rival.pk
        client.post("/organisations/switch", {"organisation": acme.pk})
        assert client.get("/profile").context["organisation"].pk == acme.pk

    def test_are_all_open_to_an_operator(
        self, operator: User, acme: Organisation, rival: Organisation, as_: SignIn
    ) -> None:
        client = as_(operator)
        for organisation in (acme, rival):
            client.post("/organisations/switch", {"organisation": organisation.pk})
            assert client.get("/profile").context["organisation"].pk == organisation.pk
        assert client.post("/organisations/switch", {"organisation": "org_1"}).status_code == 404

    @pytest.mark.parametrize(
        ("wish", "way"),
        [("/keys", "/keys"), ("//evil.test", "/"), ("https://evil.test", "/"), ("", "/")],
    )
    def test_are_left_for_no_other_site(
        self, bob: User, acme: Organisation, as_: SignIn, wish: str, way: str
    ) -> None:
        sent = {"organisation": acme.pk, "next": wish}
        assert as_(bob).post("/organisations/switch", sent).headers["Location"] == way

    def test_without_any_one_is_told(self, operator: User, as_: SignIn) -> None:
        page = as_(operator).get("/organisations/none")
        assert page.status_code == 200
        assert operator.email in page.content.decode()

    def test_with_one_there_is_nothing_to_tell(self, bob: User, as_: SignIn) -> None:
        assert as_(bob).get("/organisations/none").headers["Location"] == "/"

    def test_that_are_suspended_give_way(
        self, bob: User, charlie: User, acme: Organisation, rival: Organisation, as_: SignIn
    ) -> None:
        people.add_member(actor=actor_for(charlie), user=bob, role="member")
        acme.status = acme.Status.SUSPENDED
        acme.save(update_fields=["status"])
        client = as_(bob, acme)
        page = client.get("/organisations/none").content.decode()
        assert "organization_suspended" in page
        assert rival.pk in page
        assert as_(bob).get("/keys").status_code == 200


def test_the_licence_is_there_for_everybody(db: None) -> None:
    assert "MIT License" in Client().get("/licence").content.decode()
