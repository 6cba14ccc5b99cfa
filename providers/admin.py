"""Providers & models."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
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
from providers import catalogue
from providers.models import Model, ModelDefault, Price, Provider, Tag
from providers.registry import KINDS
from tale.lib import money, theme

YES_NO = (("True", _("Yes")), ("False", _("No")))


class ProviderForm(GovernedForm):
    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=lambda: [(kind, name) for kind, (name, _path) in KINDS.items()],
        widget=theme.Select,
        help_text=_("Which service it is. The kind decides how it is spoken to."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        strip=True,
        max_length=4000,
        widget=theme.Password(attrs={"autocomplete": "off"}, render_value=False),
        help_text=_("Kept encrypted and never shown again. Empty keeps the one that is there."),
    )
    forget_api_key = forms.BooleanField(
        label=_("Forget the API key"),
        required=False,
        widget=theme.Switch,
        help_text=_("Calls to this provider fail until you enter another."),
    )

    class Meta:
        model = Provider
        fields = ("kind", "name", "base_url", "note", "is_enabled")


class ProviderAdmin(OrganisationAdmin):
    form = ProviderForm
    icon = "hub"
    right = "manage_providers"
    intro = _("Connections to the services that answer and draw.")
    help_texts = {
        "name": _("As people see it beside the models."),
        "base_url": _("Empty: the service's own. Studio is built in and needs none."),
        "is_enabled": _("Switched off, none of its models is offered or called."),
    }
    when_empty = _("Without a provider nothing answers and nothing draws.")
    list_display = ("name", "kind_name", "models", "key", "is_enabled", "note")
    list_filter = (by_word("is_enabled", YES_NO, _("enabled")),)
    search_fields = ("name", "note")
    readonly_fields = ("key",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(model_count=Count("models"))
        return rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        has_key = obj is not None and obj.credentials.exists()
        secret = ("key", "api_key", "forget_api_key") if has_key else ("api_key",)
        return (
            (None, {"fields": ("kind", "name", "note", "is_enabled")}),
            (_("Connection"), {"fields": ("base_url", *secret)}),
        )

    @theme.display(description=_("kind"), ordering="kind")
    def kind_name(self, provider: Provider) -> str:
        return str(KINDS[provider.kind][0]) if provider.kind in KINDS else provider.kind

    @theme.display(description=_("models"), ordering="model_count")
    def models(self, provider: Any) -> int:
        number: int = provider.model_count
        return number

    @theme.display(description=_("API key in use"))
    def key(self, provider: Provider) -> str:
        """Enough to tell two keys apart, nothing to guess one from."""
        key = provider.credentials.first()
        mark = key.fingerprint if key else ""
        return _t("set, fingerprint %(mark)s") % {"mark": mark} if mark else _t("none")

    def save_model(self, request: HttpRequest, obj: Provider, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        said = dict(form.cleaned_data)
        secret = said.pop("api_key"), said.pop("forget_api_key", False)
        made = catalogue.save_provider(
            actor=actor(request),
            provider=stored,
            credential=secret[0],
            forget_credential=secret[1],
            **said,
        )
        self.adopt(obj, made)


class PriceForm(GovernedForm):
    amount = AmountField(label=_("Amount"))

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
    fields = ("unit", "size", "quality", "amount", "source", "valid_from", "valid_to")
    readonly_fields = ("valid_from", "valid_to")

    @theme.display(description=_("amount"))
    def amount(self, price: Price) -> str:
        return money.show(price.amount_micro, price.currency) if price.pk else ""


class HasNoPrice(Choice):
    title = _("price")
    parameter_name = "priced"
    words = (("yes", _("Priced")), ("no", _("Unpriced")))

    def narrow(self, rows: QuerySet[Any], chosen: str) -> QuerySet[Any]:
        priced = [row.pk for row in rows if catalogue.is_priced(row)]
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
        help_text=_("What the model is offered for. Without a tag it is offered for nothing."),
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
    }
    titles = {"provider": _("provider")}
    list_display = ("name", "provider", "offered_for", "price", "is_enabled", "retires_on")
    list_filter = (
        ByTag,
        of_own(Provider, "provider", _("provider")),
        HasNoPrice,
        by_word("is_enabled", YES_NO, _("enabled")),
    )
    list_select_related = ("provider",)
    search_fields = ("name", "remote_id")
    fieldsets = (
        (None, {"fields": ("provider", "remote_id", "name", "tags", "is_enabled", "retires_on")}),
        (
            _("Capabilities"),
            {
                "classes": ("collapse",),
                "fields": ("capabilities",),
                "description": _(
                    "Only where the model differs from what its provider's kind says of it, as "
                    'JSON such as {"sizes": ["1024x1024"], "most_pictures": 1}.'
                ),
            },
        ),
    )
    inlines = (Prices,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return catalogue.with_units(super().get_queryset(request), now=timezone.now())

    @theme.display(description=_("tags"), label=True)
    def offered_for(self, model: Model) -> list[str]:
        return [str(Tag(tag).label) for tag in model.tags if tag in Tag.values]

    @theme.display(description=_("price"), label={"no": "danger", "yes": "success"})
    def price(self, model: Any) -> tuple[str, str]:
        return ("yes", _t("Priced")) if catalogue.is_priced(model) else ("no", _t("Unpriced"))

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:
        stored = self.stored(request, obj) if change else None
        self.adopt(
            obj, catalogue.save_model(actor=actor(request), model=stored, **form.cleaned_data)
        )

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.extra_forms:
            if row.has_changed():
                said = row.cleaned_data
                catalogue.set_price(
                    actor=actor(request),
                    model=form.instance,
                    unit=said["unit"],
                    size=said["size"],
                    quality=said["quality"],
                    source=said["source"],
                    amount_micro=said["amount"],
                    now=timezone.now(),
                )


class DefaultAdmin(OrganisationAdmin):
    icon = "star"
    right = "manage_providers"
    deletes = True
    intro = _("Which model is taken when neither the person nor the assistant asks for one.")
    consequences = _("The first enabled model of the tag is taken then.")
    help_texts = {
        "tag": _("What is asked for. Each has one default."),
        "model": _("It must carry the tag."),
    }
    when_empty = _("Without a default, the first enabled model of a tag is taken.")
    list_display = ("tag_name", "model", "provider")
    list_select_related = ("model__provider",)
    fields = ("tag", "model")

    @theme.display(description=_("tag"), ordering="tag")
    def tag_name(self, default: ModelDefault) -> str:
        return default.get_tag_display()

    @theme.display(description=_("provider"))
    def provider(self, default: ModelDefault) -> str:
        return str(default.model.provider)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("tag",) if obj is not None else ()

    def save_model(self, request: HttpRequest, obj: ModelDefault, form: Any, change: bool) -> None:
        made = catalogue.set_default(actor=actor(request), tag=obj.tag, model=obj.model)
        self.adopt(obj, made)

    def delete_model(self, request: HttpRequest, obj: ModelDefault) -> None:
        catalogue.forget_default(actor=actor(request), default=obj)
