"""What can be asked of providers, and for how much."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from providers.models.connections import Provider
from tale.lib import money
from tale.lib.fields import PublicIdField


class Tag(models.TextChoices):
    CHAT = "chat", _("Chat")
    VISION = "vision", _("Vision")
    IMAGE_GENERATION = "image-generation", _("Image generation")
    IMAGE_EDIT = "image-edit", _("Image edit")


class Model(Tenant):
    id = PublicIdField("model")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="models")
    remote_id = models.CharField(
        _("model id"), max_length=120, help_text=_("The name by which the provider knows it.")
    )
    name = models.CharField(_("name"), max_length=120)
    tags: models.JSONField[list[str], list[str]] = models.JSONField(
        _("tags"), default=list, help_text=_("What the model is offered for.")
    )
    context_tokens = models.PositiveIntegerField(_("context in tokens"), null=True, blank=True)
    output_tokens = models.PositiveIntegerField(_("longest answer"), null=True, blank=True)
    capabilities: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("capabilities"), default=dict, blank=True
    )
    bills_refusals = models.BooleanField(_("refusals are billed"), default=False)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    retires_on = models.DateField(_("retires on"), null=True, blank=True)
    replacement = models.CharField(_("replacement"), max_length=120, blank=True)
    vanished_at = models.DateTimeField(  # the provider no longer lists it
        _("vanished at"), null=True, editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ("provider__name", "name")
        default_permissions = ()
        constraints = (models.UniqueConstraint("provider", "remote_id", name="model_once"),)

    def __str__(self) -> str:
        return self.name


class Alias(Tenant):
    """Another name by which a model may be asked for in this organisation."""

    name = models.CharField(_("name"), max_length=120)
    model = models.ForeignKey(
        Model, models.CASCADE, related_name="aliases", verbose_name=_("model")
    )

    class Meta:
        verbose_name = _("alias")
        verbose_name_plural = _("aliases")
        ordering = ("name",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("organisation", "name", name="alias_once"),)

    def __str__(self) -> str:
        return f"{self.name} → {self.model}"


class ModelDefault(Tenant):
    """The organisation's choice among the models of a tag; with a provider: among its own."""

    tag = models.CharField(_("tag"), max_length=20, choices=Tag)
    provider = models.ForeignKey(
        Provider,
        models.CASCADE,
        related_name="defaults",
        null=True,
        blank=True,
        verbose_name=_("provider"),
    )
    model = models.ForeignKey(Model, models.CASCADE, related_name="+", verbose_name=_("model"))

    class Meta:
        verbose_name = _("default model")
        verbose_name_plural = _("default models")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "tag"],
                condition=models.Q(provider=None),
                name="default_once",
            ),
            models.UniqueConstraint(fields=["provider", "tag"], name="provider_default_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_tag_display()}: {self.model}"


class Fallback(Tenant):
    """Who steps in, in order, when the model of a tag has a fault. Never after a refusal."""

    tag = models.CharField(_("tag"), max_length=20, choices=Tag)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    model = models.ForeignKey(Model, models.CASCADE, related_name="+", verbose_name=_("model"))

    class Meta:
        verbose_name = _("fallback")
        verbose_name_plural = _("fallbacks")
        ordering = ("tag", "position")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("organisation", "tag", "model", name="fallback_once"),
        )

    def __str__(self) -> str:
        return f"{self.get_tag_display()} {self.position}: {self.model}"


class Price(Tenant):
    """Write-once. Amounts are micro-units: of one picture, of a million tokens, of one credit."""

    class Unit(models.TextChoices):
        PICTURE = "picture", _("Per picture")
        TEXT_IN = "text_in", _("Per million text tokens in")
        CACHED_IN = "cached_in", _("Per million cached tokens in")
        IMAGE_IN = "image_in", _("Per million image tokens in")
        TEXT_OUT = "text_out", _("Per million text tokens out")
        IMAGE_OUT = "image_out", _("Per million image tokens out")
        CREDIT = "credit", _("Per credit")

    model = models.ForeignKey(Model, models.CASCADE, related_name="prices")
    unit = models.CharField(_("unit"), max_length=10, choices=Unit)
    size = models.CharField(
        _("size"), max_length=12, blank=True, help_text=_("Such as 1024x1024. Empty: any size.")
    )
    quality = models.CharField(
        _("quality"), max_length=12, blank=True, help_text=_("Empty: any quality.")
    )
    amount_micro = models.BigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    # Published in another currency: what it said there, and the rate it was turned with.
    original_micro = models.BigIntegerField(null=True, editable=False)
    original_currency = models.CharField(max_length=3, blank=True, editable=False)
    rate_micro = models.BigIntegerField(null=True, editable=False)
    rate_on = models.DateField(null=True, editable=False)
    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        ordering = ("-valid_from",)
        default_permissions = ()
        constraints = (
            models.CheckConstraint(name="price_amount", condition=models.Q(amount_micro__gte=0)),
            models.UniqueConstraint(
                fields=["model", "unit", "size", "quality"],
                condition=models.Q(valid_to=None),
                name="price_in_force_once",
            ),
        )

    def __str__(self) -> str:
        return f"{money.show(self.amount_micro, self.currency)} {self.get_unit_display()}"
