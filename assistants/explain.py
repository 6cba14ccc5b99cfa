"""May this person make this picture now, and what would it cost: the chain of reasons.

Each step asks the very function that the spender asks, in its order, and goes on after a no where
it can, so that all reasons are seen at once. Nothing is set aside, sent or spent. The first no is
the refusal that `images.generate` would raise now.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistants import permission, quotes, storage
from assistants.context import Context
from policies import access, usage
from policies.access import Rule, Verdict
from policies.models import BudgetRule
from policies.spender import Quote, Spender
from providers.models import Tag
from providers.resolve import Choice, Considered, resolve, why
from providers.shapes import Plan, Wish
from tale.lib import money
from tale.lib.refusals import Refusal

Found = TypeVar("Found")
FIELDS: dict[str, Promise] = {
    "size": gettext_lazy("Size"),
    "quality": gettext_lazy("Quality"),
    "style": gettext_lazy("Style"),
    "background": gettext_lazy("Background"),
    "format": gettext_lazy("Format"),
    "negative": gettext_lazy("What to leave out"),
    "seed": gettext_lazy("Seed"),
}
DENIED = ("model_not_allowed",)


class About(StrEnum):
    FEATURE = "feature"
    MODEL = "model"
    GUARDRAIL = "guardrail"
    FIT = "fit"
    PRICE = "price"
    BUDGET = "budget"
    STORAGE = "storage"
    CONFIRMATION = "confirmation"


TITLES: dict[str, Promise] = {
    About.FEATURE: gettext_lazy("Features"),
    About.MODEL: gettext_lazy("Model"),
    About.GUARDRAIL: gettext_lazy("Guardrails"),
    About.FIT: gettext_lazy("Image policy and fit"),
    About.PRICE: gettext_lazy("Price"),
    About.BUDGET: gettext_lazy("Budget"),
    About.STORAGE: gettext_lazy("Storage"),
    About.CONFIRMATION: gettext_lazy("Confirmation"),
}


@dataclass(frozen=True, slots=True)
class Step:
    about: About
    text: str
    refusal: Refusal | None = None
    rule: str = ""  # the row that decides, by its id
    set_by: str = ""  # a pseudonym
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        return self.refusal.code if self.refusal else ""


@dataclass(slots=True)
class Explanation:
    steps: list[Step] = field(default_factory=list)
    considered: list[Considered] = field(default_factory=list)
    choice: Choice | None = None
    plan: Plan | None = None
    quote: Quote | None = None

    @property
    def refusal(self) -> Refusal | None:
        return next((step.refusal for step in self.steps if step.refusal), None)

    @property
    def allowed(self) -> bool:
        return self.refusal is None


def picture(*, wish: Wish, context: Context, now: datetime, is_said: bool = True) -> Explanation:
    """`is_said`: without it only the length of the prompt is known, and no guardrail is asked."""
    told = Explanation()
    spender = permission.spender_of(context)
    with_edit = bool(wish.references or wish.has_mask)
    _judged(told, About.FEATURE, permission.to_draw(wish, context, spender), _("Switched on."))
    _choose(told, context, spender, Tag.IMAGE_EDIT if with_edit else Tag.IMAGE_GENERATION, now)
    if is_said:
        _judged(told, About.GUARDRAIL, permission.prompt_of(wish, spender), _("None is met."))
    if context.most_pictures:  # of an answer that has brought none yet
        verdict = permission.in_answer(wish, context, spender, drawn=0)
        _judged(told, About.FIT, verdict, _("One answer may bring so many."))
    if context.actor.organisation.counts_generated:
        room = partial(storage.require_room, context.actor, 1)
        _tried(told, About.STORAGE, room, lambda usage: _("There is room."))
    _fit(told, wish, spender)
    _price(told, wish, context, now)
    if told.quote is not None:
        for met in usage.foreseen(spender=spender, quote=told.quote, now=now):
            told.steps.append(_of_budget(met))
        _confirm(told, told.quote, context, spender)
    return told


def _choose(told: Explanation, context: Context, spender: Spender, tag: str, now: datetime) -> None:
    organisation, asked = context.actor.organisation, context.image_model
    permitted = permission.models_for(spender, "image")
    told.considered = why(organisation, tag, asked=asked, permitted=permitted, now=now)
    told.choice = _tried(
        told,
        About.MODEL,
        lambda: resolve(organisation, tag, asked=asked, permitted=permitted, now=now),
        lambda choice: f"{choice.model.name}: {choice.reason}",
        because=lambda no: _who_denies(told.considered, spender) if no.code in DENIED else None,
    )


def _who_denies(considered: list[Considered], spender: Spender) -> Rule | None:
    said_of = access.models(spender, "image")
    denied = (said_of(one.model.pk) for one in considered if one.code in DENIED)
    return next((verdict.by for verdict in denied), None)


def _fit(told: Explanation, wish: Wish, spender: Spender) -> None:
    if told.choice is None:
        return
    able, limits = told.choice.capabilities, access.image_policy(spender)
    by_id = {row.pk: row for row in limits.rows}
    told.plan = _tried(
        told,
        About.FIT,
        lambda: permission.fitted(wish, able, limits),
        _fitted_in_words,
        because=lambda no: by_id.get(str(no.details.get("rule"))),
    )


def _price(told: Explanation, wish: Wish, context: Context, now: datetime) -> None:
    choice, plan = told.choice, told.plan
    if choice is None or plan is None:
        return
    organisation = context.actor.organisation
    told.quote = _tried(
        told,
        About.PRICE,
        lambda: quotes.of_wish(choice, plan, wish, organisation=organisation, now=now),
        lambda quote: (
            _("At most %(amount)s.") % {"amount": money.show(quote.amount_micro, quote.currency)}
        ),
    )


def _confirm(told: Explanation, quote: Quote, context: Context, spender: Spender) -> None:
    limits = access.image_policy(spender)
    if limits.confirm_above_micro is not None:
        verdict = permission.confirmed(quote.amount_micro, context, limits)
        _judged(told, About.CONFIRMATION, verdict, _("Nobody has to say yes to the price."))


def _judged(told: Explanation, about: About, verdict: Verdict, good: str) -> None:
    if verdict.allowed:
        told.steps.append(Step(about, good))
        return
    told.steps.append(_no(about, verdict.refusal, verdict.by))


def _tried(
    told: Explanation,
    about: About,
    do: Callable[[], Found],
    in_words: Callable[[Found], str],
    *,
    because: Callable[[Refusal], Rule | None] = lambda refusal: None,
) -> Found | None:
    try:
        found = do()
    except Refusal as refusal:
        told.steps.append(_no(about, refusal, because(refusal)))
        return None
    told.steps.append(Step(about, in_words(found)))
    return found


def _no(about: About, refusal: Refusal, by: Rule | None) -> Step:
    rule, set_by = (by.pk, by.set_by) if by else ("", "")
    return Step(about, str(refusal), refusal, rule=rule, set_by=set_by)


def _fitted_in_words(plan: Plan) -> str:
    said = [
        _("%(n)s × %(size)s %(quality)s")
        % {"n": plan.n, "size": plan.size, "quality": access.quality_name(plan.quality)}
    ]
    for change in plan.adjustments:
        name = FIELDS.get(change.field, change.field)
        said.append(f"{name}: {change.asked} → {change.got or '–'}. {change.why}")
    return " · ".join(part.strip() for part in said)


def _of_budget(met: usage.Met) -> Step:
    rule, seen = met.usage.rule, met.usage
    in_pictures = rule.measure == BudgetRule.Measure.PICTURES

    def shown(amount: int) -> str:
        currency = rule.organisation.currency
        return money.pictures(amount) if in_pictures else money.show(amount, currency)

    words = {
        "scope": rule.get_scope_display(),
        "period": rule.get_period_display(),
        "used": seen.used if in_pictures else shown(seen.used),
        "limit": shown(rule.limit),
        "asked": shown(met.asked),
    }
    text = _("%(scope)s / %(period)s: %(used)s of %(limit)s used, this needs %(asked)s.") % words
    resets_at = localtime(seen.ends_at, _zone_of(rule)) if seen.ends_at else None
    if resets_at:
        text += " " + _("It begins anew on %(day)s at %(hour)s (UTC%(offset)s).") % {
            "day": date_format(resets_at, "SHORT_DATE_FORMAT"),
            "hour": resets_at.strftime("%H:%M"),
            "offset": resets_at.isoformat()[-6:],
        }
    data = {
        "scope": rule.scope,
        "period": rule.period,
        "measure": rule.measure,
        "used": seen.used,
        "limit": rule.limit,
        "asked": met.asked,
        "resets_at": resets_at.isoformat() if resets_at else None,
    }
    return Step(About.BUDGET, text, met.refusal, rule=rule.pk, data=data)


def _zone_of(rule: BudgetRule) -> ZoneInfo:
    """The organisation's, in which its periods begin and end."""
    return ZoneInfo(rule.organisation.time_zone)
