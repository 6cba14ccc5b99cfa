"""Limits as people type them, for people they name, with what is used of them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, User
from policies import budgets, rules, usage
from policies.models import BudgetRule, Window
from tests.admin.conftest import (
    CONTROLS,
    SignIn,
    at,
    hold_for,
    page_of,
    refused,
    spend,
    told,
)
from tests.people import actor_for, membership_of, owner_of

Rows = dict[str, Any]
RULE = {
    "scope": "organisation",
    "capability": "image",
    "measure": "money",
    "limit": "2.50",
    "period": "month",
    "action": "block",
    "warn_percent": "80",
    "is_enabled": "on",
    **CONTROLS,
}


class TestBudgetRule:
    def add(self, client: Client, **fields: str) -> Any:
        return client.post(at("policies.budgetrule", "add"), RULE | fields)

    def test_it_works_and_counts_what_was_spent_before(
        self, dana: User, acme: Organisation, ours: Rows, as_: SignIn
    ) -> None:
        assert self.add(as_(dana)).status_code == 302
        rule = BudgetRule.objects.of(acme).get(scope="organisation")
        assert rule.limit == 2_500_000
        assert Window.objects.filter(rule=rule).get().settled == ours["policies.entry"].amount_micro
        assert told(acme, "budget_rule.created") is not None

    @pytest.mark.parametrize(
        ("typed", "micro"), [("2.5", 2_500_000), ("2,50", 2_500_000), ("0", 0), ("0.000001", 1)]
    )
    def test_money_as_people_write_it(
        self, dana: User, acme: Organisation, as_: SignIn, typed: str, micro: int
    ) -> None:
        assert self.add(as_(dana), limit=typed).status_code == 302
        assert BudgetRule.objects.of(acme).get().limit == micro

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "-1",
            "1e3",
            "1_000",
            "NaN",
            "1.2.3",
            "0.0000001",
            "٣",
            "9" * 14,
            "∞",
            "1,000",
            "12.500",
        ],
    )
    def test_what_is_no_amount(
        self, dana: User, acme: Organisation, as_: SignIn, typed: str
    ) -> None:
        answer = self.add(as_(dana), limit=typed)
        assert answer.context["adminform"].form.errors["limit"]
        assert not BudgetRule.objects.of(acme).exists()

    def test_pictures_are_whole(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        client = as_(dana)
        answer = self.add(client, measure="pictures", limit="2.5")
        assert refused(answer) == (400, "invalid_value")
        assert self.add(client, measure="pictures", limit="12").status_code == 302
        rule = BudgetRule.objects.of(acme).get()
        assert rule.limit == 12
        form = client.get(at("policies.budgetrule", "change", rule)).context["adminform"].form
        assert form.initial["limit"] == "12"

    @pytest.mark.parametrize(
        ("field", "fields"),
        [
            ("is_per_member", {"scope": "user", "is_per_member": "on"}),
            ("__all__", {"capability": "chat", "measure": "pictures", "limit": "3"}),
            ("warn_percent", {"warn_percent": "101"}),
            ("scope", {"scope": "galaxy"}),
        ],
    )
    def test_what_makes_no_sense(
        self, dana: User, acme: Organisation, as_: SignIn, field: str, fields: dict[str, str]
    ) -> None:
        errors = self.add(as_(dana), **fields).context["adminform"].form.errors
        assert errors
        assert field in errors or "__all__" in errors
        assert not BudgetRule.objects.of(acme).exists()

    def test_one_that_another_always_stops_first(
        self, dana: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        self.add(client)
        answer = self.add(client, scope="user", limit="2.50")
        said = answer.context["adminform"].form.errors["limit"][0]
        assert "2.50 EUR / Month · The organisation, always stops it first" in said
        assert BudgetRule.objects.of(acme).count() == 1
        assert self.add(client, scope="user", limit="2.49").status_code == 302

    def test_and_it_is_told_by_a_name(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        own = {"scope": "user", "person": membership_of(bob).pk}
        self.add(client, **own, limit="1")
        answer = self.add(client, **own, limit="1", period="day")
        said = answer.context["adminform"].form.errors["limit"][0]
        assert "1.00 EUR / Month · Bob, always" in said
        for page in ("/admin/", at("accounts.auditline")):
            text = page_of(client.get(page))
            assert "Person Bob: 1.00 / Month" in text

    def test_a_preview_names_the_keys_of_the_organisation(
        self, dana: User, acme: Organisation, as_: SignIn, key_for: Any
    ) -> None:
        client = as_(dana)
        whole = {"scope": "organisation", "limit": "1", "_look": "Preview"}
        key_for(dana)
        assert "also meets" not in page_of(self.add(client, **whole))
        key_for(dana, owner=None)
        text = page_of(self.add(client, **whole))
        assert "It also meets 1 API key of the organisation: test (tale_" in text
        assert "also meets" not in page_of(self.add(client, **whole, is_per_member="on"))

    def test_a_preview_saves_nothing(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        in_last_month = timezone.now().replace(day=1) - timedelta(days=3)
        for _ in range(3):
            spend(bob, now=in_last_month)
        answer = self.add(as_(dana), scope="user", limit="0.08", _look="Preview")
        text = page_of(answer)
        assert answer.status_code == 200
        assert not answer.context["adminform"].form.errors
        assert "would have stopped 1 request, worth 0.04 EUR" in text
        assert "Bob" in text
        assert not BudgetRule.objects.of(acme).exists()
        assert "stopped nothing" in page_of(
            self.add(as_(dana), scope="user", limit="1", _look="Preview")
        )

    def test_a_preview_says_whom_it_meets_and_what_is_used_by_now(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        spend(bob, now=timezone.now())

        def seen(**fields: str) -> str:
            return page_of(self.add(client, limit="1", _look="Preview", **fields))

        text = seen(scope="user")
        assert "It meets 3 people: Alice, Bob, Dana. Each of them has it alone." in text
        assert "0.04 EUR of 1.00 EUR" in text
        assert "They share it." in seen(scope="organisation")
        text = seen(scope="user", person=membership_of(dana).pk)
        assert "It meets Dana." in text
        assert "has been spent yet" in text
        assert "It meets nobody yet." in seen(scope="key")
        own = {"scope": "user", "person": membership_of(bob).pk, "is_default": ""}
        assert self.add(client, limit="5", **own).status_code == 302
        assert "It meets 2 people: Alice, Dana." in seen(scope="user", is_default="on")
        assert BudgetRule.objects.of(acme).count() == 1

    def test_the_same_twice(self, dana: User, acme: Organisation, as_: SignIn) -> None:
        client = as_(dana)
        self.add(client)
        assert refused(self.add(client, limit="9")) == (409, "already_exists")
        assert BudgetRule.objects.of(acme).get().limit == 2_500_000

    def test_a_person_is_named_and_met(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        """Spending knows people by a pseudonym; the form by their names."""
        client = as_(dana)
        member = bob.memberships.get(user=bob)
        answer = self.add(client, scope="user", person=member.pk, limit="0.05", period="day")
        assert answer.status_code == 302
        hold_for(bob)
        with pytest.raises(budgets.BudgetExceeded):
            hold_for(bob)
        hold_for(dana)
        rule = BudgetRule.objects.of(acme).get()
        form = client.get(at("policies.budgetrule", "change", rule)).context["adminform"].form
        assert form.initial["person"] == member
        assert "Bob" in page_of(client.get(at("policies.budgetrule")))

    def test_bars_show_what_is_used_now(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        client = as_(dana)
        self.add(client, limit="0.10")
        spend(bob)
        hold_for(bob)
        rule = BudgetRule.objects.of(acme).get()
        (used,) = usage.of_rule(rule, now=timezone.now())
        assert (used.settled, used.reserved, used.percent, used.state) == (
            40_000,
            40_000,
            80,
            "near",
        )
        text = page_of(client.get(at("policies.budgetrule", "change", rule)))
        assert "0.08 EUR of 0.10 EUR" in text
        assert 'value="80"' in text

    def test_a_window_gone_by_is_not_shown(self, bob: User, acme: Organisation) -> None:
        rule = BudgetRule(scope="organisation", capability="image", period="day", limit=10**6)
        rules.save(actor=actor_for(owner_of(acme)), rule=rule, now=timezone.now())
        spend(bob)
        assert usage.of_rule(rule, now=timezone.now())
        assert usage.of_rule(rule, now=timezone.now() + timedelta(days=2)) == []

    def test_deleting_is_told(
        self, dana: User, acme: Organisation, ours: Rows, as_: SignIn
    ) -> None:
        rule = ours["policies.budgetrule"]
        address = at("policies.budgetrule", "delete", rule)
        assert as_(dana).post(address, {"post": "yes"}).status_code == 302
        assert not BudgetRule.objects.of(acme).exists()
        assert told(acme, "budget_rule.deleted") is not None
