from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation, Team


class Book(NamedTuple):
    """What is in force as long as the lock is held. A process may know an older time zone."""

    edition: str
    zone: str
    status: str  # of the organisation


@dataclass(frozen=True, slots=True)
class Spender:
    """Whose money, for what: the answer to "who pays" of one hold, as text."""

    organisation: Organisation
    user: str = ""  # a pseudonym
    key: str = ""
    assistant: str = ""
    team: str = ""
    surface: str = "web"
    book: Book | None = None  # of the rules, whose lock this transaction holds: see rules.bound

    @classmethod
    def of(cls, actor: Actor, *, assistant: str = "", team: Team | None = None) -> Spender:
        """A key pays with its own team, a person with the team they chose."""
        key = actor.key
        paying = key.team_id if key else (team.pk if team else "")
        return cls(
            organisation=actor.organisation,
            user=audit.who(actor.organisation.pk, actor.user),
            key=key.pk if key else "",
            assistant=assistant,
            team=paying or "",
            surface=actor.surface,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """What a call may cost at most, and the price it was reckoned with."""

    capability: str
    operation: str
    provider: str
    model: str
    amount_micro: int
    currency: str
    price: dict[str, Any] = field(default_factory=dict)
    pictures: int = 0
    size: str = ""
    quality: str = ""
