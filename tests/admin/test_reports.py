"""Figures that are the ledger's, to the micro-unit."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import audit
from accounts.models import Organisation, User
from analytics import reports
from policies import budgets, rules
from policies.models import BudgetRule, Call, Entry
from providers.models import Price
from tests.admin.conftest import (
    SignIn,
    at,
    hold_for,
    page_of,
    refused,
    spend,
)
from tests.people import actor_for, join

Rows = dict[str, Any]

HOUR = timedelta(hours=1)


class TestTopModels:
    ADDRESS = "/admin/analytics/top-models/"

    def test_its_figures_are_the_ledgers(
        self, dana: User, bob: User, acme: Organisation, theirs: Rows, as_: SignIn
    ) -> None:
        for amount in (40_000, 40_001, 39_999, 1):
            spend(bob, amount=amount)
        spend(bob, amount=1_234_567, model="studio-chat", pictures=0)
        budgets.release(hold=hold_for(bob), now=timezone.now(), from_states=("sent",))
        report = as_(dana).get(self.ADDRESS).context["report"]
        ledger = Entry.objects.of(acme)
        assert report.cost_micro == sum(entry.amount_micro for entry in ledger) == 1_354_568
        assert report.pictures == sum(entry.pictures for entry in ledger) == 4
        assert report.requests == Call.objects.of(acme).count() == 5
        dearest, pictures = report.lines
        assert (dearest.model, dearest.cost_micro, dearest.picture_micro) == (
            "studio-chat",
            1_234_567,
            None,
        )
        assert (pictures.model, pictures.cost_micro, pictures.picture_micro) == (
            "studio-image",
            120_001,
            30_000,
        )
        assert sum(report.permille(line) for line in report.lines) in (999, 1000)

    def test_refused_and_failed_are_counted(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        spend(bob)
        Call.objects.of(acme).update(outcome="refused", code="content_policy")
        spend(bob)
        Call.objects.of(acme).filter(outcome="done").update(outcome="failed")
        (line,) = as_(dana).get(self.ADDRESS).context["report"].lines
        assert (line.requests, line.refused, line.failed) == (2, 1, 1)

    def test_a_range_counts_the_days_of_the_organisation(
        self, dana: User, bob: User, acme: Organisation, as_: SignIn
    ) -> None:
        spend(bob)
        today = timezone.localdate()
        client = as_(dana)

        def asked(first: Any, last: Any) -> Any:
            query = {"period": "custom", "first": str(first), "last": str(last)}
            return client.get(self.ADDRESS, query)

        day = timedelta(days=1)
        assert asked(today - day, today + day).context["report"].cost_micro == 40_000
        assert asked(today - 9 * day, today - 8 * day).context["report"].cost_micro == 0
        assert client.get(self.ADDRESS, {"period": "30"}).context["report"].cost_micro == 40_000

    @pytest.mark.parametrize(
        ("query", "code"),
        [
            ({"period": "custom", "first": "2025-02-01", "last": "2025-01-01"}, "invalid_range"),
            ({"period": "custom", "first": "2020-01-01", "last": "2025-01-01"}, "range_too_long"),
            ({"period": "custom", "first": "yesterday", "last": "2025-01-01"}, "invalid_date"),
            ({"period": "custom", "first": "", "last": ""}, "required"),
            ({"period": "forever"}, "invalid_choice"),
        ],
    )
    def test_a_range_that_is_none(
        self, dana: User, as_: SignIn, query: dict[str, str], code: str
    ) -> None:
        assert refused(as_(dana).get(self.ADDRESS, query)) == (400, code)

    def test_a_month_begins_at_the_organisations_midnight(self, acme: Organisation) -> None:
        acme.time_zone = "Pacific/Auckland"
        now = timezone.now()
        month = reports.this_month(acme, now=now)
        assert month.starts_at <= now < month.ends_at
        assert month.starts_at.astimezone(reports.ZoneInfo("Pacific/Auckland")).hour == 0


class TestOverview:
    def test_it_shows_real_numbers(
        self, dana: User, bob: User, ours: Rows, theirs: Rows, as_: SignIn
    ) -> None:
        hold = hold_for(bob)
        budgets.doubt(hold=hold)
        context = as_(dana).get("/admin/").context
        assert context["spent"] == "0.04 EUR"
        assert (context["held"].holds, context["held"].unknown) == (1, 1)
        assert context["people"] == {"active": 3, "invited": 1}
        assert [row["line"].model for row in context["models"]] == ["studio-image"]
        assert {line.line.chain for line in context["lines"]} == {ours["accounts.organisation"].pk}
        assert any("checked" in str(notice.text) for notice in context["notices"])

    def test_it_says_which_providers_need_somebody(
        self, dana: User, ours: Rows, as_: SignIn
    ) -> None:
        provider = ours["providers.provider"]
        now = timezone.now()
        type(provider).objects.filter(pk=provider.pk, organisation=provider.organisation).update(
            health="failing", last_error="provider_timeout", failures=5, rests_until=now + HOUR
        )
        key = ours["providers.credential"]
        key.health, key.last_error, key.failed_at = "failing", "oauth_expired", now
        key.save()
        price = Price.objects.filter(model=ours["providers.model"]).first()
        assert price is not None
        Price.objects.filter(model=price.model, pk=price.pk).update(valid_to=now + HOUR)
        model = ours["providers.model"]
        model.vanished_at = now
        model.save()
        told = " ".join(str(each.text) for each in as_(dana).get("/admin/").context["notices"])
        for words in ("rests for now: provider_timeout", "has expired", "none goes on", "lists"):
            assert words in told, words

    def test_empty_it_says_what_to_do_next(self, dana: User, as_: SignIn) -> None:
        text = page_of(as_(dana).get("/admin/"))
        assert at("policies.budgetrule", "add") in text
        assert at("providers.model") in text
        assert "0.00 EUR" in text

    def test_an_auditor_is_not_asked_to_do_what_they_may_not(self, erin: User, as_: SignIn) -> None:
        assert at("policies.budgetrule", "add") not in page_of(as_(erin).get("/admin/"))

    def test_an_operator_chooses_first(self, operator: User, acme: Any, as_: SignIn) -> None:
        text = page_of(as_(operator).get("/admin/"))
        assert "Choose an organisation" in text
        assert acme.name in text


class TestSystem:
    def test_an_administrator_reads_the_version(
        self, dana: User, as_: SignIn, settings: Any
    ) -> None:
        text = page_of(as_(dana).get("/admin/system/"))
        assert settings.TALE_VERSION in text
        assert "PostgreSQL" not in text
        assert "Keys in the ring" not in text

    def test_the_operator_reads_the_parts_and_no_secret(
        self, operator: User, as_: SignIn, settings: Any
    ) -> None:
        text = page_of(as_(operator).get("/admin/system/"))
        assert "Keys in the ring" in text
        for secret in (settings.SECRET_KEY, *settings.TALE_KEYS):
            assert secret not in text


def test_titles_of_chats_are_theirs(
    operator: User, acme: Organisation, ours: Rows, as_: SignIn
) -> None:
    client = as_(operator, acme)
    chat = ours["chats.chat"]
    pages = [at("chats.chat"), *(at("chats.chat", page, chat) for page in ("change", "history"))]
    for page in pages:
        assert "SECRETTITLE" not in page_of(client.get(page))


@pytest.mark.parametrize(
    "name", ["policies.budgetrule", "policies.entry", "accounts.auditline", "accounts.membership"]
)
def test_a_longer_list_asks_no_more_questions(
    dana: User,
    bob: User,
    acme: Organisation,
    as_: SignIn,
    django_assert_max_num_queries: Any,
    name: str,
) -> None:
    client, actor = as_(dana), actor_for(dana)

    def add(number: int) -> None:
        member = join(acme, f"friend{number}")
        who = audit.who(acme.pk, member)
        rule = BudgetRule(scope="user", subject=who, capability="image", limit=10**6)
        rules.save(actor=actor, rule=rule, now=timezone.now())
        spend(member)

    add(0)
    client.get(at(name))
    with CaptureQueriesContext(connection) as few:
        client.get(at(name))
    for number in range(1, 6):
        add(number)
    with django_assert_max_num_queries(len(few)):
        client.get(at(name))
