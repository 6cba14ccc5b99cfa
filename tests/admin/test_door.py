"""Who comes into the admin, and that there is one way in."""

from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import reverse

from accounts import permissions
from accounts.models import AuditLine, Organisation, User
from tests.admin.conftest import SignIn, at, page_of, refused, told


def test_it_works(dana: User, as_: SignIn) -> None:
    answer = as_(dana).get("/admin/")
    assert answer.status_code == 200
    assert "Acme" in page_of(answer)


@pytest.mark.parametrize("who", ["alice", "dana", "erin", "operator"])
def test_those_who_govern_or_audit_come_in(
    request: pytest.FixtureRequest, as_: SignIn, who: str
) -> None:
    assert as_(request.getfixturevalue(who)).get("/admin/").status_code == 200


@pytest.mark.parametrize("address", ["/admin/", at("accounts.team"), "/admin/no/such/page/"])
def test_nobody_is_sent_to_the_one_sign_in(db: None, address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{reverse('account_login')}?next={_quoted(address)}"


@pytest.mark.parametrize("address", ["/admin/", at("accounts.team"), "/admin/autocomplete/"])
def test_a_member_is_refused_and_that_is_told(
    bob: User, acme: Organisation, as_: SignIn, address: str
) -> None:
    assert refused(as_(bob).get(address)) == (403, "forbidden")
    line = AuditLine.objects.of(acme).latest("seq")
    assert (line.outcome, line.action.startswith("GET admin:")) == ("forbidden", True)


def test_a_lead_is_no_governor(lena: User, as_: SignIn) -> None:
    assert refused(as_(lena).get("/admin/")) == (403, "forbidden")


def test_who_was_an_administrator_is_out_at_once(
    dana: User, acme: Organisation, as_: SignIn
) -> None:
    client = as_(dana)
    assert client.get("/admin/").status_code == 200
    dana.memberships.filter(organisation=acme).update(deactivated_at="2025-01-01T00:00Z")
    assert client.get("/admin/").status_code == 403


def test_a_suspended_organisation_is_shut_but_not_to_the_operator(
    dana: User, operator: User, acme: Organisation, as_: SignIn
) -> None:
    acme.status = Organisation.Status.SUSPENDED
    acme.save(update_fields=["status"])
    assert refused(as_(dana).get("/admin/")) == (403, "organization_suspended")
    assert as_(operator, acme).get("/admin/").status_code == 200


def test_staff_is_not_a_word_that_opens(bob: User, as_: SignIn) -> None:
    """Rights are held on the organisation; a global permission counts for nothing."""
    assert not permissions.may(bob, "view_governance", bob.memberships.get(user=bob).organisation)
    assert refused(as_(bob).get("/admin/")) == (403, "forbidden")


@pytest.mark.parametrize(
    "address",
    [
        "/admin/login/",
        "/admin/logout/",
        "/admin/password_change/",
        "/admin/search/?s=team",
        "/admin/accounts/",
        "/admin/auth/group/",
        "/admin/guardian/groupobjectpermission/",
        "/admin/account/emailaddress/",
        "/admin/axes/accesslog/",
        "/admin/admin/logentry/",
    ],
)
def test_what_django_and_others_would_offer_is_shut(
    operator: User, acme: Organisation, as_: SignIn, address: str
) -> None:
    assert refused(as_(operator, acme).get(address)) == (404, "not_found")


def test_no_redirect_tells_whether_an_id_exists(
    dana: User, as_: SignIn, theirs: dict[str, Any]
) -> None:
    kind = ContentType.objects.get_for_model(theirs["chats.chat"]).pk
    answer = as_(dana).get(f"/admin/r/{kind}/{theirs['chats.chat'].pk}/")
    assert refused(answer) == (404, "not_found")


def test_nul_reaches_no_database(dana: User, as_: SignIn) -> None:
    client = as_(dana)
    assert refused(client.get(at("accounts.team"), {"q": "a\0b"})) == (400, "invalid_characters")
    assert refused(client.get("/admin/accounts/team/a%00b/change/")) == (404, "not_found")


def test_another_site_cannot_post(dana: User, as_: SignIn) -> None:
    client = as_(dana)
    client.handler.enforce_csrf_checks = True
    answer = client.post(at("accounts.team", "add"), {"name": "Sales"})
    assert refused(answer) == (403, "csrf_failed")


def test_the_sections_come_in_their_order(dana: User, as_: SignIn) -> None:
    titles = [section["title"] for section in as_(dana).get("/admin/").context["sections"]]
    assert [str(title) for title in titles] == [
        "",
        "Providers & models",
        "Assistants",
        "Policies & limits",
        "Chats & retention",
        "Analytics",
        "People & keys",
        "Audit",
        "System",
    ]


def test_accounts_are_for_the_operator(dana: User, operator: User, as_: SignIn, acme: Any) -> None:
    assert refused(as_(dana).get(at("accounts.user"))) == (403, "forbidden")
    assert as_(operator).get(at("accounts.user")).status_code == 200
    assert told(acme, "GET admin:accounts_user_changelist") is not None


def _quoted(address: str) -> str:
    return address.replace("/", "%2F")
