"""What is asked before any price, by every door alike: features, models, guardrails, limits.

The two spenders call these in this order, and explain.py shows what each of them says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from assistants.context import Context
from policies import access, guardrails
from policies.access import IMAGE_EDIT, IMAGE_GENERATION, SURFACE, TOOL, YES, Limits, Verdict
from policies.models import BudgetRule, Guardrail
from policies.models.access import MOST_PICTURES
from policies.spender import Spender
from providers import fitting
from providers.models import Model, Tag
from providers.resolve import Permitted, resolve
from providers.shapes import Capabilities, Plan, Wish
from tale.lib.refusals import Refusal

LONGEST_S = 600.0


def spender_of(context: Context) -> Spender:
    return Spender.of(context.actor, assistant=context.assistant, team=context.team)


def to_draw(wish: Wish, context: Context, spender: Spender) -> Verdict:
    off = access.off(spender)
    edits = [IMAGE_EDIT] if wish.references or wish.has_mask else []
    tool = [TOOL + context.tool] if context.tool else []
    for feature in (SURFACE + spender.surface, IMAGE_GENERATION, *edits, *tool):
        if feature in off:
            return off[feature]
    return access.image_policy(spender).surface(spender.surface)


def to_speak(spender: Spender) -> Verdict:
    return access.may(spender, SURFACE + spender.surface)


def models_for(spender: Spender, capability: str) -> Permitted:
    may_use = access.permitted(spender, capability)

    def permitted(model: Model) -> bool:
        return may_use(model.pk)

    return permitted


def prompt_of(wish: Wish, spender: Spender) -> Verdict:
    texts = (wish.prompt, wish.style, wish.negative)
    return guardrails.check(texts, spender=spender, capability="image")


def in_answer(wish: Wish, context: Context, spender: Spender, *, drawn: int) -> Verdict:
    """Asked where what is drawn belongs to an answer, which has brought `drawn` before."""
    limits = access.image_policy(spender)
    return limits.answer(wish.n, drawn=drawn, most=context.most_pictures)


def models_to_ask(spender: Spender) -> list[Guardrail]:
    """Those that name a model, which is asked whether a prompt may be drawn."""
    capabilities = ("image", BudgetRule.Capability.ANY)
    rows = access.rows_of(Guardrail, spender)
    return [row for row in rows if row.is_enabled and row.model and row.capability in capabilities]


def question_of(messages: list[dict[str, Any]], spender: Spender) -> Verdict:
    """What the person said last: what came before was judged when it was said."""
    said = next((each for each in reversed(messages) if each.get("role") == "user"), None)
    if said is None:
        return YES
    return guardrails.check(_texts(said.get("content")), spender=spender, capability="chat")


def fitted(wish: Wish, able: Capabilities, limits: Limits) -> Plan:
    """Where the wish leaves the choice to us, the best that is allowed; what it names is taken as
    it is or refused."""
    if wish.n > MOST_PICTURES:
        raise fitting.beyond(wish.n, MOST_PICTURES)
    limits.pictures(wish.n).require()
    plan = fitting.fit(wish, able)
    narrower = wish
    side, quality = limits.most_side, limits.most_quality
    if side and wish.size == "auto" and not limits.side(plan.width, plan.height).allowed:
        narrower = replace(narrower, size=f"{side.value}x{side.value}")
    if quality and wish.quality == "auto" and not limits.quality(plan.quality).allowed:
        narrower = replace(narrower, quality=str(quality.value))
    if narrower is not wish:
        plan = fitting.fit(narrower, able)
    limits.side(plan.width, plan.height).require()
    limits.quality(plan.quality).require()
    return plan


def deadline_s(context: Context, limits: Limits, models: float) -> float:
    """Of one call, with its wait in the line: what was asked for, else what the organisation or
    assistant says, else the model's own."""
    limit = limits.deadline_s
    allowed = float(limit.value) if limit else LONGEST_S
    wanted = context.deadline_s or (allowed if limit else models)
    return min(wanted, allowed, LONGEST_S)


def confirmed(amount_micro: int, context: Context, limits: Limits) -> Verdict:
    currency = context.actor.organisation.currency
    return limits.confirmation(amount_micro, said_yes_to=context.confirmed_micro, currency=currency)


def denied(context: Context) -> dict[str, str]:
    """Tools that are not to be offered, and why."""
    spender = spender_of(context)
    off = access.off(spender)
    reasons = {
        feature.removeprefix(TOOL): verdict.reason
        for feature, verdict in off.items()
        if feature.startswith(TOOL)
    }
    picture = to_draw(Wish(prompt="?"), context, spender)
    if not picture.allowed:
        reasons.setdefault(IMAGE_GENERATION, picture.reason)
    try:
        permitted = models_for(spender, "image")
        resolve(context.actor.organisation, Tag.IMAGE_GENERATION, permitted=permitted)
    except Refusal as none_can:
        reasons.setdefault(IMAGE_GENERATION, str(none_can))
    return reasons


def _texts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    parts = content if isinstance(content, list) else []
    return [str(part.get("text", "")) for part in parts if isinstance(part, dict)]
