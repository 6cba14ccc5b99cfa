"""What may not be said to a model, by a person or by a model that asks for a picture.

A term is met as a whole word, however it is cased, spaced or decorated. A pattern is a regular
expression that cannot run away: `re` backtracks and cannot be stopped, so every repetition needs
an end, and the ways in which a pattern can match at one place are counted before it is kept.
What was said is never kept: neither in the refusal nor in the audit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from re import _constants as kinds  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from policies import access
from policies.access import YES, Verdict
from policies.models import BudgetRule, Guardrail
from policies.spender import Spender
from tale.lib.refusals import Refusal

LONGEST_TERM = 100
LONGEST_PATTERN = 200
MOST_ENTRIES = 500
MOST_WAYS = 200  # 32,000 characters under the worst pattern of 200 ways: see the test
LONGEST_TEXT = 40_000  # of one prompt; what is longer is refused, not passed by
_INVISIBLE = {"Cf", "Mn"}  # joiners, soft hyphens, stacked marks: a decorated word is the word


def check(texts: Iterable[str], *, spender: Spender, capability: str) -> Verdict:
    """Says which guardrail it was, never which word."""
    rules = [
        rule
        for rule in access.rows_of(Guardrail, spender)
        if rule.is_enabled and rule.capability in (capability, BudgetRule.Capability.ANY)
    ]
    said = "\n".join(texts) if rules else ""
    if len(said) > LONGEST_TEXT:
        return Verdict(False, "too_long", field="prompt")
    plain = _plain(said)
    for rule in rules:
        if _meets(tuple(rule.terms), tuple(rule.patterns), said, plain):
            text = _("“%(name)s” of your organisation does not allow this. Ask for something else.")
            return Verdict(False, "content_policy", text % {"name": rule.name}, by=rule)
    return YES


def save(*, actor: Actor, rule: Guardrail) -> Guardrail:
    if not (rule.terms or rule.patterns or rule.model):
        raise Refusal("required", _("Write a term or a pattern to block."), field="terms")
    if rule.model and rule.capability == BudgetRule.Capability.CHAT:
        text = _("A model is asked about prompts of pictures, not about what is said in chats.")
        raise Refusal("invalid_choice", text, field="model")
    for name, entries in (("terms", rule.terms), ("patterns", rule.patterns)):
        if len(entries) > MOST_ENTRIES:
            raise Refusal("too_many_items", field=name, most=MOST_ENTRIES)
    for term in rule.terms:
        if len(term) > LONGEST_TERM or not _plain(term).strip():
            raise Refusal("too_long" if len(term) > LONGEST_TERM else "blank", field="terms")
    for pattern in rule.patterns:
        require_safe(pattern)
    access.save(actor=actor, row=rule)
    return rule


def require_safe(pattern: str) -> None:
    if len(pattern) > LONGEST_PATTERN:
        raise Refusal("too_long", field="patterns", most=LONGEST_PATTERN)
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
        ways = _ways(parser.parse(pattern, re.IGNORECASE))
    except (re.error, OverflowError, RecursionError) as wrong:
        text = _("“%(pattern)s” is no regular expression.") % {"pattern": pattern}
        raise Refusal("invalid_value", text, field="patterns") from wrong
    if ways > MOST_WAYS:
        text = _("“%(pattern)s” could take too long. Give repetitions an end, as in .{0,40}.")
        raise Refusal("invalid_value", text % {"pattern": pattern}, field="patterns")
    if compiled.search(""):
        text = _("“%(pattern)s” is met by every text.") % {"pattern": pattern}
        raise Refusal("invalid_value", text, field="patterns")


def _ways(parsed: Any) -> int:
    """In how many ways it can match from one place, at most: what backtracking may have to try."""
    ways = 1
    for kind, what in parsed:
        ways = min(ways * _ways_of(kind, what), MOST_WAYS + 1)
    return ways


def _ways_of(kind: Any, what: Any) -> int:
    if kind in (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT):
        least, most, body = what
        if most > MOST_WAYS:  # without an end, or as good as
            return MOST_WAYS + 1
        each = _ways(body)
        return sum(min(each**times, MOST_WAYS + 1) for times in range(least, most + 1))
    if kind is kinds.SUBPATTERN:
        return _ways(what[-1])
    if kind is kinds.BRANCH:
        return sum(_ways(branch) for branch in what[1])
    if kind in (kinds.ASSERT, kinds.ASSERT_NOT):
        return _ways(what[1])
    if kind is kinds.ATOMIC_GROUP:
        return _ways(what)
    if kind in (kinds.LITERAL, kinds.NOT_LITERAL, kinds.ANY, kinds.IN, kinds.AT, kinds.CATEGORY):
        return 1
    return MOST_WAYS + 1  # what else there is (back references, conditions) nobody needs here


@lru_cache(maxsize=256)
def _compiled(terms: tuple[str, ...], patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    words = [re.escape(" ".join(_plain(term).split())) for term in terms]
    found = [re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)")] if words else []
    return (*found, *(re.compile(pattern, re.IGNORECASE) for pattern in patterns))


def _meets(terms: tuple[str, ...], patterns: tuple[str, ...], said: str, plain: str) -> bool:
    return any(each.search(text) for each in _compiled(terms, patterns) for text in (plain, said))


def _plain(text: str) -> str:
    """An accent that makes a letter of its own stays: schön is not schon."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(char for char in folded if unicodedata.category(char) not in _INVISIBLE)
    return " ".join(seen.split())
