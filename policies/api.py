"""Budgets and the ledger, to be read. Rules are made in the admin; entries are made by spending."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import trail
from policies import usage
from policies.models import BudgetRule, Entry
from tale.lib import money
from tale.lib.paging import PageQuery, PeriodQuery
from tale.lib.resource import Body, Resource, one, operation
from tale.lib.strict import AmountField, StrictCharField

COUNTED = "An amount such as 12.50, or a number of pictures: see `measure`."


class UsageSerializer(Body):
    subject = serializers.CharField(read_only=True, help_text="Whose: an id, or `organisation`.")
    settled = serializers.SerializerMethodField(help_text=f"Spent. {COUNTED}")
    reserved = serializers.SerializerMethodField(help_text=f"Set aside. {COUNTED}")
    percent = serializers.IntegerField(read_only=True)
    state = serializers.ChoiceField(["fine", "near", "full"], read_only=True)
    resets_at = serializers.DateTimeField(source="ends_at", read_only=True, allow_null=True)

    def get_settled(self, used: usage.Usage) -> str:
        return _counted(used.rule, used.settled)

    def get_reserved(self, used: usage.Usage) -> str:
        return _counted(used.rule, used.reserved)


class BudgetSerializer(Body):
    id = serializers.CharField(read_only=True)
    scope = serializers.ChoiceField(BudgetRule.Scope.choices, read_only=True)
    subject = serializers.CharField(read_only=True, help_text="Empty: each of them alike.")
    capability = serializers.ChoiceField(BudgetRule.Capability.choices, read_only=True)
    measure = serializers.ChoiceField(BudgetRule.Measure.choices, read_only=True)
    currency = serializers.CharField(source="organisation.currency", read_only=True)
    period = serializers.ChoiceField(BudgetRule.Period.choices, read_only=True)
    limit = serializers.SerializerMethodField(help_text=COUNTED)
    warn_percent = serializers.IntegerField(read_only=True)
    action = serializers.ChoiceField(BudgetRule.Action.choices, read_only=True)
    is_per_member = serializers.BooleanField(read_only=True)
    is_enabled = serializers.BooleanField(read_only=True)
    windows = UsageSerializer(
        source="usages", many=True, read_only=True, help_text="Now, the fullest first."
    )

    example = {
        "id": "rule_6h5q4t2s8v0w1x3y5z7a9b1c",
        "scope": "team",
        "subject": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "capability": "image",
        "measure": "money",
        "currency": "EUR",
        "period": "month",
        "limit": "20.00",
        "warn_percent": 80,
        "action": "block",
        "is_per_member": False,
        "is_enabled": True,
        "windows": [
            {
                "subject": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
                "settled": "16.40",
                "reserved": "0.08",
                "percent": 82,
                "state": "near",
                "resets_at": "2026-11-30T23:00:00Z",
            }
        ],
    }

    def get_limit(self, rule: BudgetRule) -> str:
        return _counted(rule, rule.limit)


class EntrySerializer(Body):
    seq = serializers.IntegerField(read_only=True, help_text="Its place in the ledger, from 1.")
    at = serializers.DateTimeField(read_only=True)
    kind = serializers.ChoiceField(Entry.Kind.choices, read_only=True)
    confidence = serializers.ChoiceField(Entry.Confidence.choices, read_only=True)
    amount = AmountField(source="amount_micro", read_only=True, help_text="Such as 0.04.")
    currency = serializers.CharField(read_only=True)
    pictures = serializers.IntegerField(read_only=True)
    tokens_in = serializers.IntegerField(read_only=True)
    tokens_out = serializers.IntegerField(read_only=True)
    who = serializers.CharField(source="user", read_only=True, help_text="A pseudonym.")
    member = serializers.CharField(read_only=True, allow_null=True, help_text="Whose it is.")
    team = serializers.CharField(read_only=True)
    key = serializers.CharField(read_only=True)
    assistant = serializers.CharField(read_only=True)
    surface = serializers.CharField(read_only=True)
    capability = serializers.CharField(read_only=True)
    provider = serializers.CharField(read_only=True)
    model = serializers.CharField(read_only=True)
    operation = serializers.CharField(read_only=True)
    size = serializers.CharField(read_only=True)
    quality = serializers.CharField(read_only=True)
    reference = serializers.CharField(read_only=True)
    prev_hash = serializers.CharField(read_only=True)
    hash = serializers.CharField(read_only=True)

    example = {
        "seq": 12,
        "at": "2026-11-01T08:00:00Z",
        "kind": "use",
        "confidence": "exact",
        "amount": "0.04",
        "currency": "EUR",
        "pictures": 1,
        "tokens_in": 0,
        "tokens_out": 0,
        "who": "who_6h5q4t2s8v0w1x3y5z7a9b1e",
        "member": "mem_6h5q4t2s8v0w1x3y5z7a9b1d",
        "team": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "key": "",
        "assistant": "asst_6h5q4t2s8v0w1x3y5z7a9b1f",
        "surface": "web",
        "capability": "image",
        "provider": "Studio",
        "model": "studio-image",
        "operation": "generate",
        "size": "1024x1024",
        "quality": "medium",
        "reference": "imagejob:job_6h5q4t2s8v0w1x3y5z7a9b1g",
        "prev_hash": "9a0b",
        "hash": "5d2e",
    }


class EntryQuery(PeriodQuery, PageQuery):
    team = StrictCharField(required=False)
    key = StrictCharField(required=False)
    assistant = StrictCharField(required=False)
    model = StrictCharField(required=False)


class BudgetList(Resource):
    @operation(
        "List the budgets, and how much of each is used",
        right="view_governance",
        gives=BudgetSerializer,
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        rules = BudgetRule.objects.of(self.actor.organisation).select_related("organisation")
        return self.page(rules, prepare=_with_windows)


class BudgetDetail(Resource):
    @operation("Show a budget", right="view_governance", gives=BudgetSerializer)
    def get(self, request: Request, pk: str) -> Response:
        rules = BudgetRule.objects.of(self.actor.organisation).select_related("organisation")
        (rule,) = _with_windows([one(rules, pk)])
        return self.item(rule)


class EntryList(Resource):
    @operation(
        "Read the ledger, newest first",
        right="view_analytics",
        gives=EntrySerializer,
        query=EntryQuery,
    )
    def get(self, request: Request) -> Response:
        entries = Entry.objects.of(self.actor.organisation).filter(**self.filters("at"))
        return self.page(entries, prepare=self._with_members, by="seq", newest_first=True)

    def _with_members(self, entries: list[Entry]) -> list[Entry]:
        members = trail.members(self.actor.organisation)
        for entry in entries:
            entry.member = members.get(entry.user)  # type: ignore[attr-defined]
        return entries


def _with_windows(rules: list[BudgetRule]) -> list[BudgetRule]:
    for rule in rules:
        rule.usages = usage.of_rule(rule, now=timezone.now())  # type: ignore[attr-defined]
    return rules


def _counted(rule: BudgetRule, number: int) -> str:
    in_pictures = rule.measure == BudgetRule.Measure.PICTURES
    return str(number) if in_pictures else money.plain(number)


urlpatterns: list[Any] = [
    path("budgets", BudgetList.as_view(), name="budgets"),
    path("budgets/<slug:pk>", BudgetDetail.as_view(), name="budget"),
    path("entries", EntryList.as_view(), name="entries"),
]
