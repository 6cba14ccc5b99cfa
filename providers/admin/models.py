"""What can be asked, for what, and for how much."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from accounts.admin_base import (
    AmountField,
    Choice,
    GovernedForm,
    LabelsField,
    OrganisationAdmin,
    OrganisationInline,
    actor,
    by_word,
    of_own,
)
from providers import catalogue, prices
from providers.admin import trials
from providers.admin.labels import YES_NO
from providers.models import Model, Price, Provider, Tag
from tale.lib import money, theme

SOON = timedelta(days=60)
LABEL_OF_LIFE = {"over": "danger", "ends": "warning", "lives": "info"}


class PriceForm(GovernedForm):
    amount = AmountField(label=_("Amount"))
    starts_on = forms.DateField(
        label=_("From"), required=False, widget=theme.Date, help_text=_("Empty: from now on.")
    )

    class Meta:
        model = Price
        fields = ("unit", "size", "quality", "source")


class Prices(OrganisationInline):
    """Write-once: a new price ends the one before it."""

    hide_title = True
    model = Price
    form = PriceForm
    right = "manage_providers"
    changes = False
    fields = ("unit", "size", "quality", "amount", "starts_on", "valid_to", "source")
    readonly_fields = ("valid_to",)

    @theme.display(description=_("amount"))
    def amount(self, price: Price) -> str:
        return money.show(price.amount_micro, price.currency) if price.pk else ""

    @theme.display(description=_("from"))
    def starts_on(self, price: Price) -> str:
        return formats.date_format(timezone.localtime(price.valid_from), "DATETIME_FORMAT")


class HasNoPrice(Choice):
    title = _("price")
    parameter_name = "priced"
    words = (("yes", _("Priced")), ("no", _("Unpriced")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        priced = [row.pk for row in rows if prices.is_priced(row)]
        return rows.filter(pk__in=priced) if chosen == "yes" else rows.exclude(pk__in=priced)


class ByTag(Choice):
    title = _("tag")
    parameter_name = "tag"
    words = tuple(Tag.choices)

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        return rows.filter(pk__in=[row.pk for row in rows if chosen in row.tags])


class ModelForm(GovernedForm):
    tags = LabelsField(
        label=_("Tags"),
        choices=Tag.choices,
        required=False,
        help_text=_("What the model is offered for: one at least."),
    )

    class Meta:
        model = Model
        fields = (
            "provider",
            "remote_id",
            "name",
            "tags",
            "is_enabled",
            "retires_on",
            "replacement",
            "context_tokens",
            "output_tokens",
            "bills_refusals",
            "capabilities",
        )

    def clean_capabilities(self) -> Any:
        sent = self.cleaned_data["capabilities"]
        return {} if sent is None else sent


class ModelAdmin(OrganisationAdmin):
    form = ModelForm
    icon = "neurology"
    right = "manage_providers"
    intro = _(
        "What can be asked, for what, and for how much. A model without a price is not called: "
        "nothing is spent that cannot be counted."
    )
    help_texts = {
        "name": _("As people see it in pickers."),
        "is_enabled": _("Switched off, it is neither offered nor called."),
        "retires_on": _("From this day it is no longer taken. You are warned on the overview."),
        "replacement": _("Named to whoever still asks for it, such as gpt-image-2."),
        "context_tokens": _("Empty: what its kind says of it."),
        "output_tokens": _("How many tokens an answer may have. It is what is set aside for one."),
        "bills_refusals": _("The provider charges for what it refuses; then so do we."),
    }
    titles = {"provider": _("provider")}
    list_display = ("name", "provider", "offered_for", "price", "life", "is_enabled")
    list_filter = (
        ByTag,
        of_own(Provider, "provider", _("provider")),
        HasNoPrice,
        by_word("is_enabled", YES_NO, _("enabled")),
    )
    list_select_related = ("provider",)
    search_fields = ("name", "remote_id")
    fieldsets = (
        (None, {"fields": ("provider", "remote_id", "name", "tags", "is_enabled")}),
        (_("Life"), {"fields": ("life", "retires_on", "replacement")}),
        (
            _("Capabilities"),
            {
                "classes": ("collapse",),
                "fields": ("context_tokens", "output_tokens", "bills_refusals", "capabilities"),
                "description": _(
                    "Only where the model differs from what its provider's kind says of it, as "
                    'JSON such as {"sizes": ["1024x1024"], "most_pictures": 1}.'
                ),
            },
        ),
    )
    readonly_fields = ("life",)
    inlines = (Prices,)
    actions_detail = ("trial",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return prices.with_units(super().get_queryset(request), now=timezone.now())

    @theme.display(description=_("tags"), label=True)
    def offered_for(self, model: Model) -> list[str]:
        return [str(Tag(tag).label) for tag in model.tags if tag in Tag.values]

    @theme.display(description=_("price"), label={"no": "danger", "yes": "success"})
    def price(self, model: Any) -> tuple[str, str]:
        return ("yes", _t("Priced")) if prices.is_priced(model) else ("no", _t("Unpriced"))

    @theme.display(description=_("life"), label=LABEL_OF_LIFE, ordering="retires_on")
    def life(self, model: Model) -> tuple[str, str]:
        if model.vanished_at is not None:
            return "over", _t("The provider no longer lists it")
        if model.retires_on is None:
            return "lives", _t("Current")
        day = formats.date_format(model.retires_on)
        left = model.retires_on - timezone.localdate()
        if left.days <= 0:
            return "over", _t("Retired on %(day)s") % {"day": day}
        state = "ends" if left <= SOON else "lives"
        return state, _t("Retires on %(day)s") % {"day": day}

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        model = self.get_object(request, object_id)
        offered = model is not None and trials.offers(model) and self.may_act(request, model)
        return super().get_actions_detail(request, object_id) if offered else []

    @theme.action(description=_("Make a test picture"), icon="brush")
    def trial(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return trials.page(self, request, object_id)

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        self.adopt(
            obj, catalogue.save_model(actor=actor(request), model=stored, **form.cleaned_data)
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.extra_forms:
            if row.has_changed():
                said = row.cleaned_data
                prices.set_price(
                    actor=actor(request),
                    model=form.instance,
                    unit=said["unit"],
                    size=said["size"],
                    quality=said["quality"],
                    source=said["source"],
                    valid_from=_midnight(said["starts_on"]),
                    amount_micro=said["amount"],
                    now=timezone.now(),
                )


def _midnight(day: date | None) -> datetime | None:
    """In the organisation's own time, which the admin is shown in."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day else None
