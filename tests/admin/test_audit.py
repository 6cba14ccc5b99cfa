"""The audit in the admin: read, filtered, taken away, verified, never changed."""

import csv
import io
import json
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import AuditDetail, AuditLine, Organisation, Team, User
from tests.admin.conftest import SignIn, at, page_of, refused, told
from tests.people import actor_for, membership_of

LIST = at("accounts.auditline")


def shown(client: Any, **query: str) -> list[AuditLine]:
    return list(client.get(LIST, query).context["cl"].result_list)


class TestFilters:
    def test_who(self, dana: User, alice: User, design: Team, as_: SignIn) -> None:
        people.save_team(actor=actor_for(dana), name="Sales")
        found = shown(as_(dana), who=membership_of(dana).pk)
        assert "team.created" in {line.action for line in found}
        assert {line.target for line in found if line.action == "team.created"} != {design.pk}

    def test_what_and_outcome(self, dana: User, bob: User, design: Team, as_: SignIn) -> None:
        as_(bob).get("/admin/")
        client = as_(dana)
        assert {line.action for line in shown(client, action="team.created")} == {"team.created"}
        refusals = shown(client, outcome="refused")
        assert {line.outcome for line in refusals} == {"forbidden"}
        assert all(line.outcome == "done" for line in shown(client, outcome="done"))

    def test_when(self, dana: User, design: Team, as_: SignIn) -> None:
        client, today = as_(dana), timezone.localdate()
        assert shown(client, at_from=str(today.replace(day=1)))
        assert not shown(client, at_to="2000-01-01")
        assert not shown(client, at_from="2100-01-01")

    def test_a_day_that_is_none_shows_the_list(self, dana: User, as_: SignIn) -> None:
        answer = as_(dana).get(LIST, {"at_from": "yesterday"}, follow=True)
        assert answer.status_code == 200

    def test_search_knows_names(self, dana: User, alice: User, design: Team, as_: SignIn) -> None:
        people.save_team(actor=actor_for(dana), name="Sales")
        found = shown(as_(dana), q="dana")
        assert any(line.action == "team.created" for line in found)
        assert all(line.target != design.pk for line in found)


class TestReading:
    def test_a_line_tells_before_and_after(
        self, dana: User, design: Team, acme: Organisation, as_: SignIn
    ) -> None:
        people.save_team(actor=actor_for(dana), team=design, name="Studio")
        line = told(acme, "team.changed")
        text = page_of(as_(dana).get(at("accounts.auditline", "change", line)))
        for word in ("Studio", "Design", "Dana", line.hash, "127.0.0.1"):
            assert word in text

    def test_an_erased_detail_leaves_the_line(
        self, dana: User, design: Team, acme: Organisation, as_: SignIn
    ) -> None:
        line = told(acme, "team.created")
        AuditDetail.objects.filter(line=line).delete()
        assert as_(dana).get(at("accounts.auditline", "change", line)).status_code == 200
        assert as_(dana).get(LIST).status_code == 200

    def test_nobody_changes_it(self, alice: User, design: Team, acme: Any, as_: SignIn) -> None:
        line, client = told(acme, "team.created"), as_(alice)
        for page in ("change", "delete"):
            answer = client.post(at("accounts.auditline", page, line), {"post": "yes"})
            assert answer.status_code == 403
        assert refused(client.post(at("accounts.auditline", "add"))) == (403, "append_only")


class TestExport:
    def take(self, client: Any, **query: str) -> Any:
        return client.get(at("accounts.auditline", "export"), query)

    def test_csv_holds_what_the_list_shows(
        self, dana: User, alice: User, acme: Organisation, rival: Organisation, as_: SignIn
    ) -> None:
        people.save_team(actor=actor_for(dana), name="=HYPERLINK(1)")
        answer = self.take(as_(dana), form="csv", action="team.created")
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert "attachment" in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
        assert [row["action"] for row in rows] == ["team.created"]
        for row in rows:
            assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())
        assert told(acme, "audit.exported") is not None

    def test_json_can_be_verified(
        self, dana: User, design: Team, rival: Organisation, as_: SignIn
    ) -> None:
        lines = json.loads(self.take(as_(dana), form="json").content)["data"]
        assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
        for before, after in pairwise(lines):
            assert after["prev_hash"] == before["hash"]

    def test_an_operator_takes_the_one_they_are_in(
        self, operator: User, acme: Organisation, rival: Organisation, as_: SignIn
    ) -> None:
        lines = json.loads(self.take(as_(operator, rival), form="json").content)["data"]
        assert {line["target"] for line in lines if line["action"] == "organisation.founded"} == {
            rival.pk
        }

    def test_another_form(self, dana: User, as_: SignIn) -> None:
        assert refused(self.take(as_(dana), form="xlsx")) == (400, "invalid_choice")

    def test_it_asks_by_the_lists_filters_only(self, dana: User, as_: SignIn) -> None:
        answer = self.take(as_(dana), form="csv", detail__data__contains="x")
        assert refused(answer) == (400, "lookup_not_allowed")


class TestVerify:
    ADDRESS = at("accounts.auditline", "verify")

    def test_the_badge_says_when(self, erin: User, as_: SignIn) -> None:
        client = as_(erin)
        assert client.get(LIST).context["seal"] is None
        assert client.post(self.ADDRESS).status_code == 302
        seal = client.get(LIST).context["seal"]
        assert (seal["fault"], seal["lines"] > 0) == ("", True)

    def test_what_was_changed_is_found(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        AuditDetail.objects.filter(line__chain=acme.pk).update(data={"name": "somebody else"})
        client = as_(dana)
        client.post(self.ADDRESS)
        assert "changed" in client.get(LIST).context["seal"]["fault"]

    def test_nothing_is_verified_by_looking(self, dana: User, as_: SignIn) -> None:
        client = as_(dana)
        client.get(self.ADDRESS)
        assert client.get(LIST).context["seal"] is None

    @pytest.mark.parametrize("who", ["bob", "lena"])
    def test_not_for_members(self, request: pytest.FixtureRequest, as_: SignIn, who: str) -> None:
        client = as_(request.getfixturevalue(who))
        for address in (LIST, self.ADDRESS, at("accounts.auditline", "export")):
            assert refused(client.get(address)) == (403, "forbidden")
