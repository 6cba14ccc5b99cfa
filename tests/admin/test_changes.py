"""A change goes through a domain function, is told, and a "no" is an error of the form."""

from typing import Any

import pytest
from django.test import Client

from accounts import people
from accounts.models import AuditLine, Membership, Organisation, Role, Team, User
from tale.admin import site
from tests.admin.conftest import (
    CONTROLS,
    SignIn,
    at,
    page_of,
    refused,
    team_form,
    told,
)
from tests.people import actor_for, membership_of

Rows = dict[str, Any]


def errors(answer: Any) -> Any:
    return answer.context["adminform"].form.errors.as_data()


def code(answer: Any, field: str = "__all__") -> str:
    found: str = errors(answer)[field][0].code
    return found


class TestTeam:
    def test_it_works(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        client = as_(dana)
        answer = client.post(at("accounts.team", "add"), team_form(Team(name="Sales")))
        assert (answer.status_code, answer.headers["Location"]) == (302, at("accounts.team"))
        team = Team.objects.of(acme).get(name="Sales")
        line = told(acme, "team.created")
        assert line is not None
        assert (line.target, line.surface) == (team.pk, "admin")

    def test_members_and_leads(
        self, dana: User, bob: User, lena: User, design: Team, as_: SignIn
    ) -> None:
        rows = {row.membership_id: row.pk for row in design.members.filter(team=design)}
        new, b, ll = (membership_of(who).pk for who in (dana, bob, lena))
        sent = team_form(
            design,
            {"id": rows[b], "membership": b, "is_lead": "on"},
            {"id": rows[ll], "membership": ll, "DELETE": "on"},
            {"membership": new},
            was=2,
            name="Design studio",
        )
        assert as_(dana).post(at("accounts.team", "change", design), sent).status_code == 302
        after = dict(design.members.filter(team=design).values_list("membership_id", "is_lead"))
        assert after == {b: True, new: False}
        design.refresh_from_db()
        assert design.name == "Design studio"

    def test_a_name_that_is_taken(self, dana: User, design: Team, as_: SignIn) -> None:
        answer = as_(dana).post(at("accounts.team", "add"), team_form(Team(name="DESIGN")))
        assert refused(answer) == (409, "already_exists")
        assert Team.objects.of(design.organisation).count() == 1

    @pytest.mark.parametrize("name", ["", "   ", "\u200b\u2060"])
    def test_a_name_nobody_sees(
        self, dana: User, acme: Organisation, as_: SignIn, name: str
    ) -> None:
        answer = as_(dana).post(at("accounts.team", "add"), team_form(Team(name=name)))
        assert refused(answer) == (400, code(answer, "name"))
        assert code(answer, "name") in ("required", "blank")
        assert not Team.objects.of(acme).exists()

    def test_delete_asks_and_then_is_told(self, dana: User, design: Team, as_: SignIn) -> None:
        client, address = as_(dana), at("accounts.team", "delete", design)
        assert client.get(address).status_code == 200
        assert Team.objects.of(design.organisation).exists()
        assert client.post(address, {"post": "yes"}).status_code == 302
        assert not Team.objects.of(design.organisation).exists()
        assert told(design.organisation, "team.deleted") is not None

    def test_half_is_never_done(
        self, dana: User, design: Team, bob: User, charlie: User, as_: SignIn
    ) -> None:
        """The name is fine and the person is not: neither is written."""
        row = design.members.filter(team=design).get()
        sent = team_form(
            design,
            {"id": row.pk, "membership": membership_of(charlie).pk},
            was=1,
            name="New name",
        )
        answer = as_(dana).post(at("accounts.team", "change", design), sent)
        assert refused(answer) == (400, "invalid_choice")
        design.refresh_from_db()
        assert design.name == "Design"
        assert design.members.filter(team=design).get().membership == membership_of(bob)


class TestMember:
    def change(self, client: Client, member: Membership, **fields: str) -> Any:
        return client.post(
            at("accounts.membership", "change", member), {"role": member.role, **CONTROLS, **fields}
        )

    def test_it_works(self, dana: User, bob: User, design: Team, as_: SignIn) -> None:
        member = membership_of(bob)
        answer = self.change(
            as_(dana), member, role="auditor", is_author="on", primary_team=design.pk
        )
        assert answer.status_code == 302
        member.refresh_from_db()
        assert (member.role, member.is_author, member.primary_team) == ("auditor", True, design)
        line = told(member.organisation, "member.changed")
        assert line is not None
        assert line.detail.data["before"]["role"] == "member"
        assert line.detail.data["after"]["role"] == "auditor"

    def test_nobody_gives_more_than_they_have(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        """The select does not offer it; whoever sends it all the same is refused and told of."""
        member = membership_of(bob)
        client = as_(dana)
        page = client.get(at("accounts.membership", "change", member))
        offered = dict(page.context["adminform"].form.fields["role"].widget.choices)
        assert set(offered) == {"admin", "auditor", "member"}
        answer = self.change(client, member, role="owner")
        assert refused(answer) == (403, "forbidden")
        assert code(answer, "role") == "forbidden"
        member.refresh_from_db()
        assert member.role == Role.MEMBER
        line = AuditLine.objects.of(acme).latest("seq")
        assert (line.outcome, line.action) == ("forbidden", "POST admin:accounts_membership_change")

    def test_nobody_touches_the_owner(self, dana: User, alice: User, as_: SignIn) -> None:
        owner = membership_of(alice)
        client = as_(dana)
        assert "_save" not in page_of(client.get(at("accounts.membership", "change", owner)))
        assert refused(self.change(client, owner, role="member")) == (403, "forbidden")
        off = client.post(at("accounts.membership", "deactivate", owner))
        assert off.status_code == 302
        owner.refresh_from_db()
        assert (owner.role, owner.is_active) == (Role.OWNER, True)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("user", "1"),
            ("organisation", "org_x"),
            ("organisation_id", "org_x"),
            ("deactivated_at", "2020-01-01"),
            ("id", "mem_x"),
        ],
    )
    def test_a_field_that_is_not_on_the_form(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn, field: str, value: str
    ) -> None:
        member = membership_of(bob)
        answer = self.change(as_(dana), member, role="auditor", **{field: value})
        assert refused(answer) == (403, "field_not_allowed")
        member.refresh_from_db()
        assert member.role == Role.MEMBER
        assert AuditLine.objects.of(acme).latest("seq").outcome == "field_not_allowed"

    def test_nor_one_of_a_row_within_the_form(
        self, dana: User, bob: User, design: Team, as_: SignIn
    ) -> None:
        row = {"membership": membership_of(bob).pk, "organisation": "org_x"}
        answer = as_(dana).post(at("accounts.team", "change", design), team_form(design, row))
        assert refused(answer) == (403, "field_not_allowed")

    def test_off_and_on_again(self, dana: User, bob: User, as_: SignIn) -> None:
        member, client, his = membership_of(bob), as_(dana), as_(bob)
        assert his.get("/").status_code == 200
        asked = client.get(at("accounts.membership", "deactivate", member))
        assert asked.status_code == 200
        member.refresh_from_db()
        assert member.is_active
        client.post(at("accounts.membership", "deactivate", member))
        member.refresh_from_db()
        assert not member.is_active
        client.post(at("accounts.membership", "reactivate", member))
        member.refresh_from_db()
        assert member.is_active
        assert told(member.organisation, "member.deactivated") is not None
        assert told(member.organisation, "member.reactivated") is not None

    def test_many_at_once_or_none(
        self, dana: User, bob: User, alice: User, acme: Organisation, as_: SignIn
    ) -> None:
        """The owner among them stops it, and bob stays."""
        chosen = [membership_of(bob).pk, membership_of(alice).pk]
        client = as_(dana)
        client.post(
            at("accounts.membership"),
            {"action": "switch_off", "_selected_action": chosen, "index": "0"},
        )
        assert membership_of(bob).is_active
        client.post(
            at("accounts.membership"),
            {"action": "switch_off", "_selected_action": chosen[:1], "index": "0"},
        )
        assert not membership_of(bob).is_active

    def test_only_the_owner_hands_over(
        self, alice: User, dana: User, bob: User, as_: SignIn
    ) -> None:
        member = membership_of(bob)
        address = at("accounts.membership", "make_owner", member)
        assert refused(as_(dana).post(address)) == (403, "forbidden")
        assert membership_of(alice).role == Role.OWNER
        assert as_(alice).post(address).status_code == 302
        assert (membership_of(alice).role, membership_of(bob).role) == (Role.ADMIN, Role.OWNER)


class TestOrganisation:
    def form(self, organisation: Organisation, **fields: str) -> dict[str, str]:
        same = {"name": organisation.name, "language": "en", "time_zone": "Europe/Berlin"}
        same |= {"currency": organisation.currency, "storage_mib": "2048", "link_minutes": "60"}
        return same | CONTROLS | fields

    def test_it_works(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        sent = self.form(acme, name="Acme & Co", time_zone="Europe/Zurich", currency="CHF")
        answer = as_(dana).post(at("accounts.organisation", "change", acme), sent)
        assert answer.status_code == 302
        acme.refresh_from_db()
        assert (acme.name, acme.currency) == ("Acme & Co", "CHF")
        assert told(acme, "organisation.changed") is not None

    def test_the_currency_is_fixed_by_the_first_entry(
        self, dana: User, acme: Organisation, ours: Rows, as_: SignIn
    ) -> None:
        address = at("accounts.organisation", "change", acme)
        answer = as_(dana).post(address, self.form(acme, currency="CHF"))
        assert refused(answer) == (403, "field_not_allowed")
        acme.refresh_from_db()
        assert acme.currency == "EUR"

    def test_only_the_operator_suspends(
        self, dana: User, operator: User, acme: Organisation, as_: SignIn
    ) -> None:
        address, sent = at("accounts.organisation", "change", acme), self.form(acme)
        suspended = sent | {"status": "suspended"}
        assert refused(as_(dana).post(address, suspended)) == (403, "field_not_allowed")
        acme.refresh_from_db()
        assert acme.is_active
        assert as_(operator, acme).post(address, suspended).status_code == 302
        acme.refresh_from_db()
        assert not acme.is_active

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", ""])
    def test_a_time_zone_nobody_knows(
        self, dana: User, acme: Organisation, as_: SignIn, zone: str
    ) -> None:
        address = at("accounts.organisation", "change", acme)
        answer = as_(dana).post(address, self.form(acme, time_zone=zone))
        assert "time_zone" in errors(answer)


class TestAuditor:
    """Reads everything, changes nothing, and every try is told."""

    def test_reads_every_list_and_row(self, erin: User, as_: SignIn, ours: Rows) -> None:
        client = as_(erin)
        for model, rows in site._registry.items():
            if model is User:
                continue
            name = model._meta.label_lower
            assert client.get(at(name), follow=True).status_code == 200, name
            answer = client.get(at(name, "change", ours[name]))
            assert answer.status_code == 200, name
            text = page_of(answer)
            for button in ('name="_save"', 'name="_continue"', 'name="_addanother"'):
                assert button not in text, name
            assert not rows.has_add_permission(answer.wsgi_request), name

    def test_changes_nothing(self, erin: User, acme: Organisation, as_: SignIn, ours: Rows) -> None:
        client = as_(erin)
        for model in site._registry:
            if model is User:
                continue
            name = model._meta.label_lower
            for address in (
                at(name, "add"),
                at(name, "change", ours[name]),
                at(name, "delete", ours[name]),
            ):
                before = AuditLine.objects.of(acme).count()
                answer = client.post(address, {"name": "x", "post": "yes", **CONTROLS})
                assert answer.status_code == 403, address
                assert AuditLine.objects.of(acme).count() == before + 1, address

    @pytest.mark.parametrize(
        ("name", "action"),
        [
            ("accounts.membership", "switch_off"),
            ("accounts.apikey", "revoke_chosen"),
            ("accounts.invitation", "revoke_chosen"),
            ("axes.accessattempt", "release"),
        ],
    )
    def test_does_nothing_to_a_list(
        self, erin: User, as_: SignIn, ours: Rows, name: str, action: str
    ) -> None:
        sent = {"action": action, "_selected_action": [ours[name].pk], "index": "0"}
        assert refused(as_(erin).post(at(name), sent)) == (403, "forbidden")

    @pytest.mark.parametrize(
        ("name", "button"),
        [
            ("accounts.membership", "deactivate"),
            ("accounts.membership", "make_owner"),
            ("accounts.apikey", "revoke"),
            ("accounts.invitation", "revoke"),
        ],
    )
    def test_presses_no_button(
        self, erin: User, as_: SignIn, ours: Rows, name: str, button: str
    ) -> None:
        client, address = as_(erin), at(name, button, ours[name])
        assert refused(client.get(address)) == (403, "forbidden")
        assert refused(client.post(address)) == (403, "forbidden")


class TestHistory:
    def test_it_tells_what_the_audit_knows(self, dana: User, design: Team, as_: SignIn) -> None:
        client = as_(dana)
        client.post(at("accounts.team", "change", design), team_form(design, name="Studio"))
        lines = client.get(at("accounts.team", "history", design)).context["lines"]
        assert [line.line.action for line in lines] == ["team.changed", "team.created"]
        assert lines[0].changes == [("name", "Design", "Studio")]
        assert (lines[0].by, lines[1].by) == ("Dana", "Alice")

    def test_what_is_about_another_row_is_not_in_it(
        self, dana: User, alice: User, design: Team, acme: Organisation, as_: SignIn
    ) -> None:
        people.save_team(actor=actor_for(alice), name="Sales")
        lines = as_(dana).get(at("accounts.team", "history", design)).context["lines"]
        assert {line.line.target for line in lines} == {design.pk}


class TestAccounts:
    def test_the_operator_switches_an_account_off_everywhere(
        self, operator: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        his = as_(bob)
        assert his.get("/").status_code == 200
        answer = as_(operator).post(
            at("accounts.user", "change", bob), {"name": "Bob", "language": "", **CONTROLS}
        )
        assert answer.status_code == 302
        assert his.get("/").status_code == 302
        assert told(acme, "account.changed") is not None

    def test_an_operator_is_not_switched_off_here(self, operator: User, as_: SignIn) -> None:
        answer = as_(operator).post(
            at("accounts.user", "change", operator), {"name": "O", "language": "", **CONTROLS}
        )
        assert refused(answer) == (403, "forbidden")
        operator.refresh_from_db()
        assert operator.is_active

    @pytest.mark.parametrize("field", ["is_superuser", "password", "email", "email_key"])
    def test_no_form_makes_an_operator(
        self, operator: User, bob: User, as_: SignIn, field: str
    ) -> None:
        sent = {"name": "Bob", "language": "", "is_active": "on", field: "on", **CONTROLS}
        answer = as_(operator).post(at("accounts.user", "change", bob), sent)
        assert refused(answer) == (403, "field_not_allowed")
        bob.refresh_from_db()
        assert not bob.is_superuser
