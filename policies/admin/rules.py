from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import (
    AmountField,
    OrganisationAdmin,
    actor,
    by_word,
)
from policies import rules
from policies.admin import bars
from policies.admin.names import names_of
from policies.admin.subjects import SHOWN_FOR_SCOPE, SUBJECTS, SubjectForm
from policies.models import BudgetRule
from tale.lib import money, theme

MOST_PICTURES = 1_000_000_000


class RuleForm(SubjectForm):
    anyone = _("Each of them alike")
    anyone_help = _("Empty: everyone has this limit for themselves.")

    limit = forms.CharField(
        label=_("Limit"),
        max_length=20,
        widget=theme.Amount(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_("An amount such as 2.50, or a whole number of pictures. 0 stops everything."),
    )

    class Meta:
        model = BudgetRule
        fields = (
            "scope",
            "capability",
            "measure",
            "limit",
            "period",
            "is_per_member",
            "is_default",
            "action",
            "warn_percent",
            "is_enabled",
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if "limit" not in self.fields or self.organisation is None:
            return
        rule = self.instance
        if rule.pk and not rule._state.adding:
            in_money = rule.measure == BudgetRule.Measure.MONEY
            self.initial["limit"] = money.plain(rule.limit) if in_money else str(rule.limit)

    def is_valid(self) -> bool:
        """Only looked at: shown again as it is filled in, and not saved."""
        return super().is_valid() and "_look" not in self.data

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if "limit" in said and "measure" in said:
            said["limit"] = self._limit(said["limit"], said["measure"])
        return said

    def _limit(self, text: str, measure: str) -> int | None:
        try:
            if measure == BudgetRule.Measure.MONEY:
                amount: int | None = AmountField().clean(text)
                return amount
            number: int = forms.IntegerField(min_value=0, max_value=MOST_PICTURES).clean(text)
            return number
        except ValidationError as wrong:
            self.add_error("limit", wrong)
            return None


def _heading(rule: BudgetRule, names: bars.Names) -> str:
    limit = f"{bars.shown(rule, rule.limit)} / {rule.get_period_display()}"
    return f"{limit} · {bars.whose(rule, names)}"


def _name_the_other(wrong: ValidationError) -> None:
    """By whom it means, and not by their id, which is all that a rule knows of them."""
    for error in getattr(wrong, "error_dict", {}).get("limit", ()):
        if error.code == "without_effect":
            other = error.params["other"]
            names = names_of([other.subject], other.organisation)
            error.params["other"] = _heading(other, names)


class RuleAdmin(OrganisationAdmin):
    form = RuleForm
    icon = "savings"
    right = "manage_policies"
    deletes = True
    intro = _(
        "What may be spent, by whom, in which time. Money is set aside before a call, so no limit "
        "is ever passed, however many ask at once. Every rule that meets a request must agree."
    )
    consequences = _("What was spent stays in the ledger; only the limit goes.")
    help_texts = {
        "scope": _("Whose spending is counted."),
        "capability": _("Only chat, only pictures, or both together."),
        "measure": _("In money, or in pictures whatever they cost."),
        "period": _("It begins anew at midnight of the organisation, on Mondays, on the first."),
        "action": _("Refuse: what does not fit is not made. Warn: it is made, and seen here."),
        "warn_percent": _("From this share on, in per cent, the bar warns."),
        "is_enabled": _(
            "Switched off, it stops nobody. Switched on later, it counts at once what was spent "
            "since its period began."
        ),
    }
    when_empty = _("Nothing limits what is spent. A first rule takes a minute.")
    list_display = ("meaning", "whose", "used", "action_name", "is_enabled")
    list_filter = (
        by_word("scope", BudgetRule.Scope.choices, _("applies to")),
        by_word("capability", BudgetRule.Capability.choices, _("counts")),
        by_word("period", BudgetRule.Period.choices, _("per")),
        by_word("is_enabled", (("True", _("Yes")), ("False", _("No"))), _("in force")),
    )
    list_select_related = ("organisation",)
    search_fields = ("subject", "id")
    search_help_text = _("Search by the id of a person, team, assistant or key")
    readonly_fields = ("usage_now", "foreseen")
    conditional_fields = SHOWN_FOR_SCOPE | {
        "is_default": "scope != 'organisation'",
        "is_per_member": "scope == 'team' || scope == 'organisation'",
    }

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        shown = super().get_changelist_instance(request)
        shown.result_list = bars.looked_up(shown.result_list, now=timezone.now())
        return shown

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Any:
        rule = super().get_object(request, object_id, from_field)
        return bars.looked_up([rule], now=timezone.now())[0] if rule is not None else None

    def heading(self, row: Any) -> str:
        return _heading(row, row.names)

    @theme.display(description=_("limit"), header=True, ordering="limit")
    def meaning(self, rule: BudgetRule) -> list[str]:
        return [
            f"{bars.shown(rule, rule.limit)} / {rule.get_period_display()}",
            rule.get_capability_display(),
        ]

    @theme.display(description=_("applies to"), header=True, ordering="scope")
    def whose(self, rule: Any) -> list[str]:
        alone = _t("each member alone") if rule.is_per_member else ""
        return [bars.whose(rule, rule.names), alone]

    @theme.display(description=_("used now"))
    def used(self, rule: Any) -> SafeString | str:
        has_many = not rule.subject and rule.scope != rule.Scope.ORGANISATION
        return bars.drawn(rule, most=1, named=has_many) if rule.is_enabled else ""

    @theme.display(description=_("used now"))
    def usage_now(self, rule: Any) -> SafeString:
        return bars.drawn(rule, most=20, named=True)

    @theme.display(description=_("preview"))
    def foreseen(self, rule: Any) -> SafeString | str:
        is_told = rule.limit is not None and rule.scope in BudgetRule.Scope.values
        if not is_told or not hasattr(rule, "organisation"):
            return _t("Fill it in, then choose Preview: nothing is saved by it.")
        return bars.foreseen(rule, now=timezone.now())

    @theme.display(description=_("at the limit"), label={"block": "danger", "warn": "warning"})
    def action_name(self, rule: BudgetRule) -> tuple[str, str]:
        return rule.action, rule.get_action_display()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        changes = self.has_change_permission(request, obj) if obj else True
        subjects = [name for name, _model, _label in SUBJECTS.values()] if changes else ["whose"]
        seen = ((None, {"fields": ("usage_now",)}),) if obj is not None else ()
        return (
            *seen,
            (_("Whom it meets"), {"fields": ("scope", *subjects, "is_per_member", "is_default")}),
            (_("How much"), {"fields": ("capability", "measure", "limit", "period")}),
            (_("What happens"), {"fields": ("action", "warn_percent", "is_enabled")}),
            (_("What it does"), {"fields": ("foreseen",)}),
        )

    def get_form(self, request: HttpRequest, obj: Any = None, *asked: Any, **options: Any) -> Any:
        """The fields for the subjects are the form's own, made when it knows its organisation."""
        options["fields"] = [
            name for name in RuleForm.Meta.fields if name not in self.readonly_fields
        ]
        return super().get_form(request, obj, *asked, **options)

    @theme.display(description=_("limit"))
    def limit(self, rule: BudgetRule) -> str:
        return bars.shown(rule, rule.limit)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        context = {"look_label": _("Preview"), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: BudgetRule, form: Any, change: bool) -> None:
        try:
            rules.save(actor=actor(request), rule=obj, now=timezone.now())
        except ValidationError as wrong:
            _name_the_other(wrong)
            raise

    def delete_model(self, request: HttpRequest, obj: BudgetRule) -> None:
        rules.delete(actor=actor(request), rule=obj, now=timezone.now())
