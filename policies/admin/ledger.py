"""Entries and calls: records, which nobody changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import ReadOnly, by_days, by_word, current
from accounts.admin_base.actions import SURFACES
from policies import access
from policies.admin import corrections
from policies.admin.names import name_of, names_of
from policies.models import BudgetRule, Call, Entry
from tale.lib import money, theme

CAPABILITIES = BudgetRule.Capability.choices[1:]
OUTCOMES = {
    "done": _("Done"),
    "refused": _("Refused"),
    "failed": _("Failed"),
    "cancelled": _("Cancelled"),
    "started": _("Under way"),
}
OPERATIONS = {
    "answer": _("Answer"),
    "generate": _("New picture"),
    "edit": _("Change of a picture"),
    "inpaint": _("Change of a marked part"),
}
OVERRUN = (("True", _("Yes")), ("False", _("No")))
SPEND = {
    "provider": _("provider"),
    "model": _("model"),
    "size": _("size"),
    "pictures": _("pictures"),
    "reference": _("reference"),
}
SPENT = (
    "surface_name",
    "capability_name",
    "provider",
    "model",
    "operation_name",
    "size",
    "quality_name",
    "pictures",
    "reference",
)


class Record(ReadOnly):
    actions = None
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields

    @theme.display(description=_("from where"))
    def surface_name(self, row: Any) -> str:
        return str(SURFACES.get(row.surface, row.surface))

    @theme.display(description=_("capability"), ordering="capability")
    def capability_name(self, row: Any) -> str:
        return str(dict(CAPABILITIES).get(row.capability, row.capability))


class Spending(Record):
    """Names the people, teams and assistants behind the ids of its rows: those of the current
    organisation, so an operator who looks at all of them reads ids."""

    @theme.display(description=_("amount"), ordering="amount_micro")
    def amount(self, row: Any) -> str:
        return money.show(row.amount_micro, row.currency)

    @theme.display(description=_("operation"))
    def operation_name(self, row: Any) -> str:
        return str(OPERATIONS.get(row.operation, row.operation))

    @theme.display(description=_("quality"))
    def quality_name(self, row: Any) -> str:
        return access.quality_name(row.quality)

    @theme.display(description=_("who"), header=True)
    def who(self, row: Any) -> list[str]:
        by = row.user or row.key
        return [
            name_of(by, row.names) if by else "",
            ", ".join(name_of(each, row.names) for each in (row.team, row.assistant) if each),
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = self._with_names(request, list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._with_names(request, [row])[0] if row is not None else None

    def _with_names(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        ids = {each for row in rows for each in (row.user, row.key, row.team, row.assistant)}
        names = names_of(ids, organisation) if organisation else {}
        for row in rows:
            row.names = names
        return rows


class EntryAdmin(Spending):
    icon = "receipt_long"
    right = corrections.RIGHT
    view_right = "view_analytics"
    owner_field = "chain"
    intro = _(
        "The ledger: one line for each thing that was billed. No line ever changes; a wrong one is "
        "put right by another."
    )
    when_empty = _("Nothing was billed yet.")
    titles = SPEND | {
        "seq": _("number"),
        "hold": _("hold"),
        "at": _("booked"),
        "held_at": _("set aside"),
        "provider_request_id": _("the provider's request id"),
        "hash": _("hash"),
    }
    list_display = ("at", "who", "model", "amount", "pictures", "tokens", "kind_name")
    list_filter = (
        by_word("kind", Entry.Kind.choices, _("kind")),
        by_word("capability", CAPABILITIES, _("capability")),
        by_word("confidence", Entry.Confidence.choices, _("confidence")),
        by_word("is_overrun", OVERRUN, _("above its quote")),
        by_days("held_at", _("set aside")),
    )
    search_fields = ("hold", "reference", "model", "provider", "provider_request_id")
    fields = (
        "seq",
        "kind_name",
        "confidence_name",
        "amount",
        "overrun",
        "who",
        "tokens",
        *SPENT,
        "hold",
        "provider_request_id",
        "held_at",
        "at",
        "hash",
    )

    actions_detail = ("correct",)

    def heading(self, row: Any) -> str:
        return f"{row.model} · {self.amount(row)}"

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        entry = self.get_object(request, object_id)
        offered = entry is not None and self.may_act(request, entry)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Correct"), icon="edit_note")
    def correct(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return corrections.page(self, request, object_id)

    @theme.display(description=_("tokens in / out"))
    def tokens(self, entry: Entry) -> str:
        counted = entry.tokens_in or entry.tokens_out
        return f"{entry.tokens_in} / {entry.tokens_out}" if counted else ""

    @theme.display(description=_("kind"), label={"use": "success", "presumed": "warning"})
    def kind_name(self, entry: Entry) -> tuple[str, str]:
        return entry.kind, entry.get_kind_display()

    @theme.display(description=_("above its quote"))
    def overrun(self, entry: Entry) -> str:
        return str(dict(OVERRUN)[str(entry.is_overrun)])

    @theme.display(description=_("confidence"))
    def confidence_name(self, entry: Entry) -> str:
        return entry.get_confidence_display()


class CallAdmin(Record):
    icon = "call_made"
    view_right = "view_analytics"
    intro = _(
        "Requests to models: what came of them and how long they took. No prompt is kept. OpenAI "
        "and Azure are sent the id of the call with each request, and find it in their logs."
    )
    when_empty = _("No model was asked yet.")
    titles = {
        **{name: SPEND[name] for name in ("provider", "model")},
        "id": _("call"),
        "hold": _("hold"),
        "started_at": _("started"),
        "first_byte_at": _("first byte"),
        "ended_at": _("ended"),
    }
    list_display = ("started_at", "model", "provider", "capability_name", "result", "duration")
    list_filter = (
        by_word("outcome", OUTCOMES.items(), _("outcome")),
        by_word("capability", CAPABILITIES, _("capability")),
        by_days("started_at", _("started")),
    )
    search_fields = ("id", "hold", "model", "provider", "code")
    ordering = ("-started_at",)
    fields = (
        "id",
        "result",
        "hold",
        "provider",
        "model",
        "capability_name",
        "surface_name",
        "started_at",
        "first_byte_at",
        "waited",
        "ended_at",
        "duration",
    )

    @theme.display(description=_("outcome"), label={"done": "success", "failed": "danger"})
    def result(self, call: Call) -> tuple[str, str]:
        name = str(OUTCOMES.get(call.outcome, call.outcome))
        return call.outcome, f"{name}: {call.code}" if call.code else name

    @theme.display(description=_("duration"))
    def duration(self, call: Call) -> str:
        return _since(call, call.ended_at)

    @theme.display(description=_("until the first byte"))
    def waited(self, call: Call) -> str:
        return _since(call, call.first_byte_at)


def _since(call: Call, then: datetime | None) -> str:
    return f"{(then - call.started_at).total_seconds():.2f} s" if then else ""
