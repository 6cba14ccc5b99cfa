"""The counters behind the rules: what was used in which period, by whom."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import Choice, ReadOnly, by_word, current
from accounts.models import Organisation
from policies.admin import bars
from policies.admin.names import name_of, names_of
from policies.models import BudgetRule, Window
from policies.usage import Usage
from tale.lib import theme


class Running(Choice):
    title = _("period")
    parameter_name = "period"
    words = (("running", _("Running")), ("over", _("Over")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(is_over=int(chosen == "over"))


class WindowAdmin(ReadOnly):
    icon = "speed"
    plural = _("usage windows")
    intro = _(
        "What each rule has counted, for each of whom it meets, period by period. What is set "
        "aside counts until it is settled or given back."
    )
    when_empty = _("Nothing was counted yet: no rule has met a request.")
    titles = {"starts_at": _("begun"), "ends_at": _("ends")}
    list_display = ("rule_name", "whose", "used", "state", "starts_at", "ends_at")
    list_display_links = ("rule_name",)
    list_filter = (
        Running,
        by_word("rule__scope", BudgetRule.Scope.choices, _("applies to")),
        by_word("rule__measure", BudgetRule.Measure.choices, _("measured in")),
    )
    list_select_related = ("rule__organisation",)
    search_fields = ("subject", "rule__id")
    search_help_text = _("Search by the id of a person, team, assistant, key or rule")
    fields = (
        "rule_link",
        "whose",
        "used",
        "state",
        "settled_said",
        "reserved_said",
        "starts_at",
        "ends_at",
    )
    readonly_fields = fields
    actions = None
    show_full_result_count = False

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return "is_over", "-starts_at", "pk"

    def rows_of(self, organisation: Organisation) -> QuerySet[Any]:
        return _running_first(super().rows_of(organisation))

    def every_row(self) -> QuerySet[Any]:
        return _running_first(super().every_row())

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = self._with_names(request, list(shown.result_list))
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        return self._with_names(request, [row])[0] if row is not None else None

    def _with_names(self, request: HttpRequest, rows: list[Any]) -> list[Any]:
        organisation = current(request)
        ids = {row.subject for row in rows} | {row.rule.subject for row in rows}
        names = names_of(ids, organisation) if organisation else {}
        for row in rows:
            row.names = row.rule.names = names
            row.usage = Usage.of(row.rule, row)
        return rows

    def heading(self, row: Any) -> str:
        return f"{self.rule_name(row)[0]} · {self.whose(row)}"

    @theme.display(description=_("rule"), header=True, ordering="rule__scope")
    def rule_name(self, row: Any) -> list[str]:
        rule = row.rule
        limit = f"{bars.shown(rule, rule.limit)} / {rule.get_period_display()}"
        return [limit, rule.get_capability_display()]

    @theme.display(description=_("rule"))
    def rule_link(self, row: Any) -> SafeString:
        address = reverse("admin:policies_budgetrule_change", args=[row.rule_id])
        return format_html(
            '<a class="t-more" href="{}">{}</a>', address, " · ".join(self.rule_name(row))
        )

    @theme.display(description=_("applies to"), ordering="subject")
    def whose(self, row: Any) -> str:
        return name_of(row.subject, row.names)

    @theme.display(description=_("used"))
    def used(self, row: Any) -> SafeString:
        rows = bars.rows_of([row.usage], row.names)
        return render_to_string("admin/bars.html", {"rows": rows, "named": False, "more": 0})

    @theme.display(
        description=_("state"),
        label={"full": "danger", "near": "warning", "fine": "success", "over": ""},
    )
    def state(self, row: Any) -> tuple[str, str]:
        if row.is_over:
            return "over", _t("Over")
        words = {"full": _t("Used up"), "near": _t("Nearly used up"), "fine": _t("Running")}
        return row.usage.state, words[row.usage.state]

    @theme.display(description=_("billed"))
    def settled_said(self, row: Any) -> str:
        return bars.shown(row.rule, row.settled)

    @theme.display(description=_("set aside"))
    def reserved_said(self, row: Any) -> str:
        return bars.shown(row.rule, row.reserved)


def _running_first(rows: QuerySet[Window]) -> QuerySet[Any]:
    over = When(Q(ends_at__isnull=False, ends_at__lte=timezone.now()), then=Value(1))
    found: QuerySet[Any] = rows.annotate(
        is_over=Case(over, default=Value(0), output_field=IntegerField())
    )
    return found
