"""Whether a rule can ever stop anything: one that another always comes before is refused."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from policies.models import BudgetRule

Period = BudgetRule.Period
WITHIN: dict[str, tuple[str, ...]] = {  # a week may lie in two months
    Period.DAY: (Period.DAY, Period.WEEK, Period.MONTH, Period.TOTAL),
    Period.WEEK: (Period.WEEK, Period.TOTAL),
    Period.MONTH: (Period.MONTH, Period.TOTAL),
    Period.TOTAL: (Period.TOTAL,),
}


def require(rule: BudgetRule, *, among: Iterable[BudgetRule], owner: str = "") -> None:
    """`owner`: of the key that the rule is for; all that the key spends, its owner does."""
    if not rule.is_enabled or rule.action != BudgetRule.Action.BLOCK:
        return
    for other in among:
        if other.pk != rule.pk and _comes_before(other, rule, owner):
            raise ValidationError(
                {
                    "limit": ValidationError(
                        _("Without effect: another rule, %(other)s, always stops it first."),
                        code="without_effect",
                        params={"other": other},
                    )
                }
            )


def _comes_before(other: BudgetRule, rule: BudgetRule, owner: str) -> bool:
    """It counts all that the rule counts, in that time or longer, and allows no more of it."""
    return (
        other.action == BudgetRule.Action.BLOCK
        and other.period in WITHIN[rule.period]
        and other.measure == rule.measure
        and other.limit <= rule.limit
        and _counts_all(other, rule)
        and _meets_all(other, rule, owner)
    )


def _counts_all(other: BudgetRule, rule: BudgetRule) -> bool:
    counts_pictures = rule.measure == BudgetRule.Measure.PICTURES
    anything = other.capability == BudgetRule.Capability.ANY
    return anything or counts_pictures or other.capability == rule.capability


def _meets_all(other: BudgetRule, rule: BudgetRule, owner: str) -> bool:
    if other.is_default:
        return False
    kind, whose = _reach(other)
    reached = [_reach(rule), *([(BudgetRule.Scope.USER, owner)] if owner else [])]
    return kind == "everybody" or any(
        kind == wanted and whose in ("", named) for wanted, named in reached
    )


def _reach(rule: BudgetRule) -> tuple[str, str]:
    if rule.scope == BudgetRule.Scope.ORGANISATION:
        return (BudgetRule.Scope.USER, "") if rule.is_per_member else ("everybody", "")
    return f"{rule.scope}{' member' if rule.is_per_member else ''}", rule.subject
