from __future__ import annotations

from typing import Any

from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from tale.lib import keyring, money
from tale.lib.fields import PublicIdField


class Tag(models.TextChoices):
    CHAT = "chat", _("Chat")
    VISION = "vision", _("Vision")
    IMAGE_GENERATION = "image-generation", _("Image generation")
    IMAGE_EDIT = "image-edit", _("Image edit")


class Provider(Tenant):
    id = PublicIdField("prov")
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    base_url = models.CharField(
        _("base URL"), max_length=200, blank=True, validators=[URLValidator(("https", "http"))]
    )
    credential = models.TextField(editable=False, blank=True)
    credential_fingerprint = models.CharField(max_length=12, editable=False, blank=True)
    note = models.CharField(
        _("note"), max_length=160, blank=True, help_text=_("Shown in lists and pickers.")
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ("name",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("organisation", "name", name="provider_name_once"),)

    def __str__(self) -> str:
        return self.name

    def set_credential(self, secret: str) -> None:
        self.credential = keyring.seal(secret, owner=self.organisation_id) if secret else ""
        self.credential_fingerprint = keyring.fingerprint(secret) if secret else ""

    def get_credential(self) -> str:
        box = self.credential
        return keyring.unseal(box, owner=self.organisation_id) if box else ""


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
    capabilities: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        _("capabilities"), default=dict, blank=True
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    retires_on = models.DateField(_("retires on"), null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ("provider__name", "name")
        default_permissions = ()
        constraints = (models.UniqueConstraint("provider", "remote_id", name="model_once"),)

    def __str__(self) -> str:
        return self.name


class ModelDefault(Tenant):
    """The organisation's choice among the models of a tag."""

    tag = models.CharField(_("tag"), max_length=20, choices=Tag)
    model = models.ForeignKey(Model, models.CASCADE, related_name="+", verbose_name=_("model"))

    class Meta:
        verbose_name = _("default model")
        verbose_name_plural = _("default models")
        default_permissions = ()
        constraints = (models.UniqueConstraint("organisation", "tag", name="default_once"),)

    def __str__(self) -> str:
        return f"{self.get_tag_display()}: {self.model}"


class Price(Tenant):
    """Write-once. Amounts are micro-units: of one picture, or of a million tokens."""

    class Unit(models.TextChoices):
        PICTURE = "picture", _("Per picture")
        TEXT_IN = "text_in", _("Per million tokens in")
        TEXT_OUT = "text_out", _("Per million tokens out")

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
