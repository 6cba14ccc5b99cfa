"""What was paid for and never delivered: told with its money, until somebody has decided."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.admin_base import Choice, by_days
from policies import losses
from policies.admin.ledger import SPEND, Record
from policies.models import Entry, Loss
from tale.lib import money, theme


class Decided(Choice):
    title = _("decided")
    parameter_name = "decided"
    words = (("no", _("Open")), ("yes", _("Decided")))

    def narrow(self, rows: Any, chosen: str) -> Any:
        still = {"claim__in": losses.UNDECIDED}
        return rows.filter(**still) if chosen == "no" else rows.exclude(**still)


class LossAdmin(Record):
    icon = "money_off"
    right = losses.RIGHT
    plural = _("paid and lost")
    intro = _(
        "Pictures that were billed and that nobody got: there was nowhere to keep them, what came "
        "was no picture, or nothing came. Their money stays booked. Ask the provider for it; when "
        "it is back, a refund is booked as a line of its own."
    )
    when_empty = _("Nothing was lost: each picture that was paid for is there.")
    titles = {
        **{name: SPEND[name] for name in ("provider", "model")},
        "id": _("call"),
        "hold": _("hold"),
        "lost": _("pictures"),
        "started_at": _("asked"),
    }
    list_display = ("age", "model", "provider", "lost", "amount", "why", "request_id", "state")
    list_display_links = ("age",)
    list_filter = (Decided, by_days("started_at", _("asked")))
    search_fields = ("id", "hold", "model", "provider")
    ordering = ("-started_at",)
    fields = (
        "id",
        "state",
        "age",
        "why",
        "lost",
        "amount",
        "provider",
        "model",
        "surface_name",
        "request_id",
        "hold",
        "entries",
        "started_at",
    )
    actions_detail = ("ask_provider", "refund", "write_off")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(lost__gt=0)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = _with_lines(list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return _with_lines([row])[0] if row is not None else None

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        loss = self.get_object(request, object_id)
        offered = loss is not None and loss.claim in losses.UNDECIDED
        offered = offered and self.may_act(request, loss)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.display(description=_("age"), ordering="started_at")
    def age(self, loss: Any) -> str:
        return timesince(loss.ended_at or loss.started_at, depth=1)

    @theme.display(description=_("amount"))
    def amount(self, loss: Any) -> str:
        if not loss.lines:
            return ""
        amount = losses.amount_of(loss.lines, loss.lost)
        return money.show(amount, loss.lines[0].currency)

    @theme.display(description=_("why"))
    def why(self, loss: Any) -> str:
        return loss.code or _t("Not all of it came")

    @theme.display(description=_("the provider's request id"))
    def request_id(self, loss: Any) -> str:
        ids = {line.provider_request_id for line in loss.lines}
        return ", ".join(sorted(filter(None, ids)))

    @theme.display(
        description=_("state"), label={"none": "warning", "asked": "info", "refunded": "success"}
    )
    def state(self, loss: Any) -> tuple[str, str]:
        return loss.claim, loss.get_claim_display()

    @theme.display(description=_("entries"))
    def entries(self, loss: Any) -> SafeString:
        found = (
            (reverse("admin:policies_entry_change", args=[line.pk]), line.get_kind_display())
            for line in loss.lines
        )
        return format_html_join(", ", '<a href="{}">{}</a>', found)

    @theme.action(description=_("Refund asked for"), icon="outgoing_mail")
    def ask_provider(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.reasoned(
            request,
            object_id,
            _asked,
            _t("Noted. It stays in this list until the money is back or is written off."),
            title=_t("Have you asked the provider for the money?"),
            text=_t("Its request id is what they look for. Nothing is booked by this."),
            button=_t("Note it"),
        )

    @theme.action(description=_("Refund"), icon="undo")
    def refund(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.reasoned(
            request,
            object_id,
            _refunded,
            _t("Booked. The line it corrects stays as it was."),
            title=_t("Did the provider pay it back?"),
            text=_t(
                "The amount beside it becomes a refund, a line of its own that counts in the same "
                "budgets. For another amount correct the entry itself."
            ),
            button=_t("Book the refund"),
        )

    @theme.action(description=_("Write off"), icon="block")
    def write_off(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.reasoned(
            request,
            object_id,
            _written_off,
            _t("Written off. What it cost stays booked."),
            title=_t("Write it off?"),
            text=_t("Nobody asks for the money any more. Nothing is booked by this."),
            button=_t("Write it off"),
        )


def _with_lines(rows: list[Any]) -> list[Any]:
    """In one question for a page of one organisation."""
    lines: dict[str, list[Entry]] = defaultdict(list)
    holds = [row.hold for row in rows]
    for chain in {row.organisation_id for row in rows}:
        for line in Entry.objects.filter(chain=chain, hold__in=holds).order_by("seq"):
            lines[line.hold].append(line)
    for row in rows:
        row.lines = lines[row.hold]
    return rows


def _asked(who: Actor, loss: Loss, reason: str) -> None:
    losses.ask(actor=who, loss=loss, reason=reason)


def _refunded(who: Actor, loss: Loss, reason: str) -> None:
    losses.refund(actor=who, loss=loss, reason=reason, now=timezone.now())


def _written_off(who: Actor, loss: Loss, reason: str) -> None:
    losses.write_off(actor=who, loss=loss, reason=reason)
