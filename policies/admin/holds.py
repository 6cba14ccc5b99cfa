"""Money set aside, and what a person decides where nobody knows whether it was billed."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.admin_base import Choice, by_days, by_word
from assistants import doubts
from assistants.doubts import Verdict
from policies.admin.ledger import CAPABILITIES, SPEND, SPENT, Spending
from policies.models import Hold
from tale.lib import theme
from tale.lib.aio import waited


class Openness(Choice):
    title = _("open")
    parameter_name = "open"
    words = (("yes", _("Open")), ("no", _("Ended")))

    def narrow(self, rows: Any, chosen: str) -> Any:
        still = {"state__in": Hold.OPEN}
        return rows.filter(**still) if chosen == "yes" else rows.exclude(**still)


class HoldAdmin(Spending):
    icon = "hourglass_top"
    right = doubts.RIGHT
    intro = _(
        "Money set aside before a call. It is settled with what the provider billed, or released. "
        "An unknown one is being checked, and keeps its money until someone knows: the provider, "
        "time, or you on its page."
    )
    when_empty = _("Nothing was set aside yet: nobody has asked a model anything.")
    titles = SPEND | {
        "id": _("hold"),
        "held_at": _("set aside"),
        "sent_at": _("sent"),
        "ended_at": _("ended"),
        "expires_at": _("given back, if nobody sends it, at"),
        "lease_until": _("its caller lives until"),
        "attempt": _("attempts"),
    }
    list_display = ("held_at", "who", "model", "amount", "pictures", "state_name", "age")
    list_filter = (
        Openness,
        by_word("state", Hold.State.choices, _("state")),
        by_word("capability", CAPABILITIES, _("capability")),
        by_days("held_at", _("set aside")),
    )
    search_fields = ("id", "reference", "model", "provider")
    fields = (
        "id",
        "state_name",
        "age",
        "amount",
        "who",
        *SPENT,
        "held_at",
        "sent_at",
        "lease_until",
        "expires_at",
        "ended_at",
        "attempt",
    )
    actions_detail = ("ask_again", "book", "give_back")

    @theme.display(
        description=_("state"),
        label={"unknown": "warning", "settled": "success"},
        ordering="state",
    )
    def state_name(self, hold: Hold) -> tuple[str, str]:
        return hold.state, hold.get_state_display()

    @theme.display(description=_("open for"), ordering="held_at")
    def age(self, hold: Hold) -> str:
        return timesince(hold.held_at, depth=1) if hold.state in Hold.OPEN else ""

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        hold = self.get_object(request, object_id)
        offered = hold is not None and hold.state == Hold.State.UNKNOWN
        offered = offered and self.may_act(request, hold)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Ask the provider"), icon="contact_support")
    def ask_again(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.confirmed(
            request,
            object_id,
            _ask,
            _t("Asked. Its state says what came of it."),
            title=_t("Ask the provider again?"),
            text=_t(
                "Where the provider can tell, the hold is settled or given back at once. It is "
                "also asked without you, every few seconds."
            ),
            button=_t("Ask now"),
        )

    @theme.action(description=_("Book as billed"), icon="receipt_long")
    def book(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decided(
            request,
            object_id,
            Verdict.BILLED,
            done=_t("Booked. An adjustment corrects the amount, should it differ."),
            title=_t("Book it as billed?"),
            text=_t(
                "The whole amount becomes an entry of the ledger, marked as presumed, and counts "
                "against every budget that met it. Its pictures count as lost, and are not made "
                "again."
            ),
            button=_t("Book it"),
        )

    @theme.action(description=_("Give back"), icon="undo")
    def give_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._decided(
            request,
            object_id,
            Verdict.GIVEN_BACK,
            done=_t("Given back. The money is free again."),
            title=_t("Give the money back?"),
            text=_t(
                "Nothing is booked, and the budgets have the money again. Do this only when the "
                "provider's bill does not show the call: should it be billed after all, the "
                "ledger says less than you pay. Who asked may then have it made again."
            ),
            button=_t("Give it back"),
            is_grave=True,
        )

    def _decided(
        self, request: HttpRequest, object_id: str, verdict: Verdict, done: str, **words: Any
    ) -> HttpResponse:
        hold = self.row_or_404(request, object_id)
        facts = [
            (_("Amount"), self.amount(hold)),
            (_("Model"), f"{hold.model} ({hold.provider})"),
            (_("Who"), " · ".join(filter(None, self.who(hold)))),
            (_("Open for"), self.age(hold)),
        ]
        do = partial(_decide, verdict)
        return self.reasoned(request, object_id, do, done, facts=facts, **words)


def _ask(who: Actor, hold: Hold) -> None:
    waited(doubts.ask)(actor=who, hold=hold, now=timezone.now())


def _decide(verdict: Verdict, who: Actor, hold: Hold, reason: str) -> None:
    doubts.decide(actor=who, hold=hold, verdict=verdict, reason=reason, now=timezone.now())
