"""What a spender may do at all, before any money: features, models, and how big a picture.

Rows only take away. Every row that meets a spender counts, so the strictest wins, and another row
never allows more; the one exception is an allow-list, which grows by another line of its own
scope. A spend has one team at most, the one that pays, as with budgets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import Any, TypeVar

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts import audit
from accounts.actor import Actor
from policies import rules
from policies.models import BudgetRule, FeatureSwitch, Guardrail, ImagePolicy, ModelAccess
from policies.models.access import Restriction, Scope
from policies.spender import Spender
from tale.lib import money
from tale.lib.refusals import Refusal, Text, filled

IMAGE_GENERATION = "image_generation"
IMAGE_EDIT = "image_edit"
SURFACE = "surface:"
TOOL = "tool:"

WHERE: dict[str, Promise] = {
    "organisation": _("in your organisation"),
    "team": _("for your team"),
    "assistant": _("for this assistant"),
    "user": _("for you"),
}
CODES = {IMAGE_EDIT: "forbidden", SURFACE: "forbidden", TOOL: "tool_not_allowed"}
LADDER = tuple(ImagePolicy.Quality.values)
SAME = {"standard": "medium", "hd": "high"}

Row = TypeVar("Row", bound=Restriction)
Scoped = FeatureSwitch | ModelAccess | ImagePolicy
Rule = Scoped | Guardrail


@dataclass(frozen=True, slots=True)
class Verdict:
    """`by` is the row that says no."""

    allowed: bool = True
    code: str = ""
    reason: str = ""
    field: str = ""
    by: Rule | None = None
    details: dict[str, Any] = dataclass_field(default_factory=dict)

    @property
    def refusal(self) -> Refusal:
        told: dict[str, Any] = {"rule": self.by.pk} if self.by else {}
        return Refusal(self.code, self.reason, field=self.field, **told, **self.details)

    def require(self) -> None:
        if not self.allowed:
            raise self.refusal


YES = Verdict()


@dataclass(frozen=True, slots=True)
class Limit:
    """One number or word, and the row that sets it."""

    value: int | str
    by: ImagePolicy


@dataclass(frozen=True, slots=True)
class Limits:
    """What is left when every image policy that meets a spender has had its say."""

    most_side: Limit | None = None
    most_quality: Limit | None = None
    most_pictures: Limit | None = None
    most_per_answer: Limit | None = None
    confirm_above_micro: Limit | None = None
    label: str = ""  # one of ImagePolicy.Label
    deadline_s: Limit | None = None
    rows: tuple[ImagePolicy, ...] = ()

    def surface(self, surface: str) -> Verdict:
        for row in self.rows:
            if row.surfaces and surface not in row.surfaces:
                return Verdict(
                    False,
                    "image_generation_off",
                    filled(
                        _("Pictures may not be made here %(where)s. Ask an administrator."),
                        {"where": WHERE[row.scope]},
                    ),
                    by=row,
                )
        return YES

    def pictures(self, n: int) -> Verdict:
        limit = self.most_pictures
        if limit is None or n <= int(limit.value):
            return YES
        text = ngettext_lazy(
            "At most one picture at once is allowed %(where)s. Ask for one.",
            "At most %(most)s pictures at once are allowed %(where)s. Ask for fewer.",
            "most",
        )
        return _beyond(limit, "n", text)

    def answer(self, n: int, *, drawn: int, most: int) -> Verdict:
        """Of an answer that has brought `drawn`. `most`: where no policy allows fewer."""
        limit = self.most_per_answer
        most = min(most, int(limit.value)) if limit else most
        left = max(most - drawn, 0)
        if n <= left:
            return YES
        text: Text = ngettext_lazy(
            "One answer brings at most one picture %(where)s. Left in this one: %(left)s. Ask "
            "again for more.",
            "One answer brings at most %(most)s pictures %(where)s. Left in this one: %(left)s. "
            "Ask again for more.",
            "most",
        )
        if limit is None:
            text = _(
                "One answer brings at most %(most)d pictures, and %(left)d are left. Ask again."
            )
        words = {"most": most, "left": left, "where": WHERE[limit.by.scope] if limit else ""}
        told = {"most": left, "bound": "maximum"}
        by = limit.by if limit else None
        return Verdict(False, "out_of_range", filled(text, words), "n", by, told)

    def side(self, width: int, height: int) -> Verdict:
        limit = self.most_side
        if limit is None or max(width, height) <= int(limit.value):
            return YES
        text = _("At most %(most)s pixels a side are allowed %(where)s. Ask for a smaller size.")
        return _beyond(limit, "size", text)

    def quality(self, quality: str) -> Verdict:
        """A model's own word, or its own choice, might be the dearest: it is no lower one. A
        model of a single quality has no word for it."""
        limit = self.most_quality
        if limit is None or not quality or rank(quality) <= rank(str(limit.value)):
            return YES
        text = _("At most the quality %(most)s is allowed %(where)s. Ask for a lower one.")
        return _beyond(limit, "quality", text)

    def confirmation(self, amount_micro: int, *, said_yes_to: int, currency: str) -> Verdict:
        """Of what it may cost at most, asked when everything else allows it."""
        limit = self.confirm_above_micro
        if limit is None or amount_micro <= max(int(limit.value), said_yes_to):
            return YES
        text = _(
            "This costs up to %(amount)s. Above %(above)s you have to confirm the price yourself: "
            "so it is set %(where)s."
        )
        words = {
            "amount": money.show_later(amount_micro, currency),
            "above": money.show_later(int(limit.value), currency),
            "where": WHERE[limit.by.scope],
        }
        told = {
            "amount": money.plain(amount_micro),
            "amount_micro": amount_micro,
            "confirm_above": money.plain(int(limit.value)),
            "currency": currency,
        }
        return Verdict(
            False, "confirmation_required", filled(text, words), by=limit.by, details=told
        )


def may(spender: Spender, feature: str) -> Verdict:
    switches = _meeting(FeatureSwitch, spender)
    return next((_off(row) for row in switches if row.feature == feature), YES)


def off(spender: Spender) -> dict[str, Verdict]:
    """Every feature that is switched off, at once."""
    return {row.feature: _off(row) for row in reversed(_meeting(FeatureSwitch, spender))}


def models(spender: Spender, capability: str) -> Callable[[str], Verdict]:
    """What is said of a model, named by its id, that would be asked for this."""
    rows = [
        row
        for row in _meeting(ModelAccess, spender)
        if row.capability in (capability, BudgetRule.Capability.ANY)
    ]
    denied = {row.model: row for row in rows if row.effect == ModelAccess.Effect.DENY}
    lists: dict[tuple[str, str], dict[str, ModelAccess]] = defaultdict(dict)
    for row in rows:
        if row.effect == ModelAccess.Effect.ALLOW:
            lists[row.scope, row.capability][row.model] = row
    named: list[tuple[Collection[str], Scoped]] = [
        (models, next(iter(models.values()))) for models in lists.values()
    ]
    if capability == "image":
        rows_with = (row for row in _meeting(ImagePolicy, spender) if row.allowed_models)
        named += [(row.allowed_models, row) for row in rows_with]

    def said_of(model: str) -> Verdict:
        left_out: list[Scoped] = [row for models, row in named if model not in models]
        by = denied.get(model) or next(iter(left_out), None)
        if by is None:
            return YES
        text = _("This model may not be used %(where)s. Ask an administrator.")
        return Verdict(
            False, "model_not_allowed", filled(text, {"where": WHERE[by.scope]}), "model", by
        )

    return said_of


def permitted(spender: Spender, capability: str) -> Callable[[str], bool]:
    said_of = models(spender, capability)
    return lambda model: said_of(model).allowed


def image_policy(spender: Spender) -> Limits:
    rows = _meeting(ImagePolicy, spender)
    return Limits(
        most_side=_least(rows, "most_side"),
        most_quality=_least(rows, "most_quality"),
        most_pictures=_least(rows, "most_pictures"),
        most_per_answer=_least(rows, "most_per_answer"),
        confirm_above_micro=_least(rows, "confirm_above_micro"),
        label=max((row.label for row in rows), key=ImagePolicy.Label.values.index, default=""),
        deadline_s=_least(rows, "deadline_s"),
        rows=tuple(rows),
    )


def sentence(reason: str) -> str:
    """An administrator's own words, with a full stop where nothing ends them: ours go on after."""
    said = reason.strip()
    return f"{said}." if said and said[-1] not in ".!?…" else said


def rank(quality: str) -> int:
    name = SAME.get(quality, quality)
    return LADDER.index(name) if name in LADDER else len(LADDER)


def quality_name(quality: str) -> str:
    """A model's own word for one is shown as it is."""
    known = {"auto": _("Auto"), **dict(ImagePolicy.Quality.choices)}
    return str(known.get(quality, quality))


@transaction.atomic
def save(*, actor: Actor, row: Rule) -> Rule:
    actor.require("manage_policies")
    rules.lock(actor.organisation, alone=True)
    model = type(row)
    known = model.objects.of(actor.organisation).filter(pk=row.pk).first()
    row.organisation = actor.organisation
    row.set_by = audit.who(actor.organisation.pk, actor.user)
    row.full_clean()
    row.save()
    rules.new_edition(actor.organisation)
    old, new = audit.changes(audit.picture_of(known) if known else {}, audit.picture_of(row))
    action = f"{model._meta.model_name}.{'changed' if known else 'created'}"
    audit.write(actor=actor, action=action, target=row, before=old, after=new)
    return row


@transaction.atomic
def delete(*, actor: Actor, row: Rule) -> None:
    actor.require("manage_policies")
    rules.lock(actor.organisation, alone=True)
    action = f"{type(row)._meta.model_name}.deleted"
    audit.write(actor=actor, action=action, target=row, before=audit.picture_of(row))
    row.delete()
    rules.new_edition(actor.organisation)


def rows_of(model: Any, spender: Spender) -> Sequence[Any]:
    """All of its organisation. Where the lock of the rules is held, they are read once for each
    edition of them and process."""
    if spender.book is None or not spender.book.edition:
        return _of_edition.__wrapped__(model, spender.organisation.pk, "")
    return _of_edition(model, spender.organisation.pk, spender.book.edition)


@lru_cache(maxsize=4096)
def _of_edition(model: Any, organisation: str, edition: str) -> tuple[Any, ...]:
    return tuple(model.objects.filter(organisation=organisation))


def _meeting(model: type[Row], spender: Spender) -> list[Row]:
    """From the widest scope to the narrowest: the same no is told in the same words."""
    mine = [row for row in rows_of(model, spender) if _meets(row, spender)]
    return sorted(mine, key=lambda row: (Scope.values.index(row.scope), row.pk))


def _meets(row: Restriction, spender: Spender) -> bool:
    if row.scope == Scope.ORGANISATION:
        return True
    return bool(row.subject) and row.subject == spender.stands_in(row.scope)


def _off(row: FeatureSwitch) -> Verdict:
    kind = f"{row.feature.partition(':')[0]}:"
    code = CODES.get(row.feature) or CODES.get(kind, "image_generation_off")
    texts = {
        IMAGE_EDIT: _("Changing pictures is switched off %(where)s."),
        SURFACE: _("This way in is switched off %(where)s."),
        TOOL: _("This tool is switched off %(where)s."),
    }
    made = _("Image generation is switched off %(where)s.")
    text = texts.get(row.feature) or texts.get(kind) or made
    reason = sentence(row.reason).replace("%", "%%")
    said = " ".join(filter(None, ("%(off)s", reason, "%(ask)s")))
    words = {
        "off": filled(text, {"where": WHERE[row.scope]}),
        "ask": _("Ask an administrator."),
    }
    return Verdict(False, code, filled(said, words), by=row)


def _beyond(limit: Limit, field: str, text: Text) -> Verdict:
    words = {"most": limit.value, "where": WHERE[limit.by.scope]}
    most = {"most": limit.value, "bound": "maximum"}
    return Verdict(False, "out_of_range", filled(text, words), field, limit.by, most)


def _least(rows: list[ImagePolicy], name: str) -> Limit | None:
    set_here = [
        Limit(value, row) for row in rows if (value := getattr(row, name)) not in (None, "")
    ]
    if name == "most_quality":
        return min(set_here, key=lambda limit: rank(str(limit.value)), default=None)
    return min(set_here, key=lambda limit: int(limit.value), default=None)
