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
    own_team: str = ""  # of a person: what it allows holds for them whoever pays
    surface: str = "web"
    book: Book | None = None  # of the rules, whose lock this transaction holds: see rules.bound

    @classmethod
    def of(cls, actor: Actor, *, assistant: str = "", team: Team | None = None) -> Spender:
        """A key pays with its own team, a person with the team they chose."""
        key, member = actor.key, actor.membership
        paying = key.team_id if key else (team.pk if team else "")
        return cls(
            organisation=actor.organisation,
            user=audit.who(actor.organisation.pk, actor.user),
            key=key.pk if key else "",
            assistant=assistant,
            team=paying or "",
            own_team=(member.primary_team_id if member else "") or "",
            surface=actor.surface,
        )

    def stands_in(self, scope: str) -> str:
        """Who they are there, as far as rules allow or forbid."""
        found: str = getattr(self, scope)
        return self.team or self.own_team if scope == "team" else found


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
