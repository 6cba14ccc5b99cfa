"""Whom a rule meets today, by name, whether they have spent or not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _t
from django.utils.translation import ngettext

from accounts.models import ApiKey, Membership, Pseudonym, Team
from policies import rules
from policies.admin.names import name_of, names_of
from policies.admin.subjects import SUBJECTS, choices
from policies.models import BudgetRule

Scope = BudgetRule.Scope
MOST_NAMED = 5


def whom(rule: BudgetRule) -> str:
    """In one or two sentences."""
    people = _people_of(rule)
    if people is not None:
        each = _t("Each of them has it alone.") if rule.is_per_member else _t("They share it.")
        said = f"{_counted(Scope.USER, people)} {each} {_keys(rule)}".strip()
        return said if rule.scope == Scope.ORGANISATION else f"{_whose(rule)}: {said}"
    if rule.subject:
        return _t("It meets %(name)s.") % {"name": _whose(rule)}
    rows = _without_own(rule, choices(SUBJECTS[rule.scope][1], rule.organisation))
    each = _t("Each of them has it alone.") if len(rows) > 1 else ""
    return f"{_counted(rule.scope, rows)} {each}".strip()


def _people_of(rule: BudgetRule) -> list[Membership] | None:
    """None: it asks for no people, or for each of several teams."""
    everyone = choices(Membership, rule.organisation)
    if rule.scope == Scope.ORGANISATION:
        return list(everyone)
    if rule.scope == Scope.TEAM and rule.subject:
        return list(everyone.filter(teams__team=rule.subject))
    return None


def _without_own(rule: BudgetRule, rows: QuerySet[Membership | Team | ApiKey]) -> Sequence[object]:
    """A default yields to a rule of one's own for the same thing."""
    if not rule.is_default:
        return list(rows)
    same = (rule.scope, rule.capability, rule.measure)
    own = {
        other.subject
        for other in rules.in_force(rule.organisation)
        if other.subject and (other.scope, other.capability, other.measure) == same
    }
    if rule.scope != Scope.USER:
        return list(rows.exclude(pk__in=own))
    theirs = Pseudonym.objects.filter(chain=rule.organisation.pk, pk__in=own)
    return list(rows.exclude(user__in=theirs.values("user")))


def _keys(rule: BudgetRule) -> str:
    """Those without a person spend too, and have no share of their own."""
    own = choices(ApiKey, rule.organisation).filter(owner=None)
    if rule.scope == Scope.TEAM:
        own = own.filter(team=rule.subject)
    if rule.is_per_member or not own:
        return ""
    return _counted(Scope.KEY, own, _t("It also meets %(count)s of the organisation: %(names)s."))


def _counted(scope: str, rows: Iterable[object], text: str = "") -> str:
    found = [str(getattr(row, "user", row)) for row in rows]
    count = len(found)
    if not count:
        return _t("It meets nobody yet.")
    kinds = {
        Scope.USER: ngettext("%(n)d person", "%(n)d people", count),
        Scope.TEAM: ngettext("%(n)d team", "%(n)d teams", count),
        Scope.ASSISTANT: ngettext("%(n)d assistant", "%(n)d assistants", count),
        Scope.KEY: ngettext("%(n)d API key", "%(n)d API keys", count),
    }
    more = count - MOST_NAMED
    named = found[:MOST_NAMED] + ([_t("%(n)d more") % {"n": more}] if more > 0 else [])
    words = {"count": kinds[Scope(scope)] % {"n": count}, "names": ", ".join(named)}
    return (text or _t("It meets %(count)s: %(names)s.")) % words


def _whose(rule: BudgetRule) -> str:
    return name_of(rule.subject, names_of([rule.subject], rule.organisation))
