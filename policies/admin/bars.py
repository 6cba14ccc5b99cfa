"""Usage in words and bars."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from policies import preview, usage
from policies.admin import met
from policies.admin.names import name_of, names_of
from policies.models import BudgetRule
from tale.lib import money

EVERY = {
    "user": _("Every person"),
    "key": _("Every API key"),
    "assistant": _("Every assistant"),
    "team": _("Every team"),
    "organisation": _("The organisation"),
}
Names = dict[str, str]


def looked_up(rules: Iterable[BudgetRule], *, now: datetime) -> list[Any]:
    """With `found`, the windows of each, and `names`, whom their subjects mean: in as many
    questions for a page of rules as for one."""
    shown: list[Any] = list(rules)
    by_owner: dict[Organisation, list[Any]] = defaultdict(list)
    for rule in shown:
        by_owner[rule.organisation].append(rule)
    for organisation, own in by_owner.items():
        found = usage.of_rules(own, organisation=organisation, now=now)
        windows = [window.subject for windows in found.values() for window in windows]
        names = names_of([*windows, *(rule.subject for rule in own)], organisation)
        for rule in own:
            rule.found, rule.names = found.get(rule.pk, []), names
    return shown


def whose(rule: BudgetRule, names: Names) -> str:
    return name_of(rule.subject, names) if rule.subject else str(EVERY[rule.scope])


def shown(rule: BudgetRule, amount: int) -> str:
    if rule.measure == BudgetRule.Measure.PICTURES:
        return money.pictures(amount)
    return money.show(amount, rule.organisation.currency)


def drawn(rule: Any, *, most: int, named: bool) -> SafeString:
    """The fullest `most` windows of a rule that was looked up."""
    rows = rows_of(rule.found[:most] or [usage.unused(rule)], rule.names)
    more = max(len(rule.found) - most, 0)
    return render_to_string("admin/bars.html", {"rows": rows, "named": named, "more": more})


def foreseen(rule: BudgetRule, *, now: datetime, most: int = 10) -> SafeString:
    """Whom it meets, what of it would be used by now, and what it would have done last month."""
    seen, used = preview.of(rule, now=now), preview.used_now(rule, now=now)
    worst = sorted(seen.stopped.items(), key=lambda each: -each[1])
    subjects = [each.subject for each in used[:most]] + [whose for whose, _number in worst[:most]]
    names = names_of(subjects, rule.organisation)
    return render_to_string(
        "admin/foreseen.html",
        {
            "whom": met.whom(rule),
            "rows": rows_of(used[:most], names),
            "others": max(len(used) - most, 0),
            "seen": seen,
            "amount": money.show(seen.amount_micro, rule.organisation.currency),
            "stopped": [(name_of(subject, names), number) for subject, number in worst[:most]],
            "more": max(len(worst) - most, 0),
        },
    )


def rows_of(found: Iterable[usage.Usage], names: Names) -> list[dict[str, Any]]:
    return [
        {
            "usage": each,
            "of": f"{each.rule.get_capability_display()} / {each.rule.get_period_display()}",
            "name": name_of(each.subject, names) if each.subject else EVERY[each.rule.scope],
            "used": shown(each.rule, each.used),
            "limit": shown(each.rule, each.rule.limit),
            "reserved": shown(each.rule, each.reserved) if each.reserved else "",
        }
        for each in found
    ]
