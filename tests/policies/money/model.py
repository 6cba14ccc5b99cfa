"""What money.md promises, in plain Python: lists, and nothing clever."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


@dataclass
class Spend:
    who: dict[str, str]  # user, key, assistant, team; one nobody named is ""
    capability: str
    amount: int
    pictures: int
    at: datetime
    billed: list[tuple[int, int]] | None = None  # amount and pictures a line; None: still open


@dataclass
class Model:
    zone: str
    rules: list[Any] = field(default_factory=list)  # those in force
    spends: list[Spend] = field(default_factory=list)  # a spend given back is taken out

    def period(self, rule: Any, at: datetime) -> tuple[int, ...]:
        here = at.astimezone(ZoneInfo(self.zone))
        week, month = here.isocalendar()[:2], (here.year, here.month)
        return {"day": (*month, here.day), "week": week, "month": month, "total": ()}[rule.period]

    def subject(self, rule: Any, spend: Spend) -> str:
        counts = ("image",) if rule.measure == "pictures" else ("image", "chat")
        if spend.capability not in counts or rule.capability not in ("any", spend.capability):
            return ""
        subject = {**spend.who, "organisation": "organisation"}[rule.scope]
        if rule.subject not in ("", subject) or (rule.is_per_member and not spend.who["user"]):
            return ""
        rivals = [each for each in self.rules if each.subject and rule.is_default]
        if any(thing(each) == thing(rule) and self.subject(each, spend) for each in rivals):
            return ""
        return f"{subject}:{spend.who['user']}" if subject and rule.is_per_member else subject

    def used(self, rule: Any, subject: str, at: datetime) -> tuple[int, int]:
        settled, reserved, of = 0, 0, 1 if rule.measure == "pictures" else 0
        for spend in self.spends:
            if (self.subject(rule, spend), self.period(rule, spend.at)) == (
                subject,
                self.period(rule, at),
            ):
                settled += sum(line[of] for line in spend.billed or ())
                reserved += 0 if spend.billed is not None else (spend.amount, spend.pictures)[of]
        return settled, reserved


def thing(rule: Any) -> tuple[str, ...]:
    return rule.scope, rule.capability, rule.measure
