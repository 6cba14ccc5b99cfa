"""How a provider is reached, and how it fares."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.core.validators import MaxValueValidator, MinValueValidator, URLValidator
from django.db import models
from django.db.models import JSONField
from django.utils.translation import gettext_lazy as _

from accounts.sealed import Sealed
from accounts.tenancy import Tenant
from tale.lib import keyring
from tale.lib.fields import PublicIdField


class Health(models.TextChoices):
    UNKNOWN = "unknown", _("Not tried yet")
    OK = "ok", _("Works")
    FAILING = "failing", _("Fails")


class Provider(Tenant):
    id = PublicIdField("prov")
    kind = models.CharField(_("kind"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    base_url = models.CharField(
        _("base URL"), max_length=200, blank=True, validators=[URLValidator(("https", "http"))]
    )
    reaches_private = models.BooleanField(_("is on our own network"), default=False)
    options: JSONField[dict[str, Any], dict[str, Any]] = JSONField(
        _("options"), default=dict, blank=True
    )
    note = models.CharField(
        _("note"), max_length=160, blank=True, help_text=_("Shown in lists and pickers.")
    )
    region = models.CharField(_("region"), max_length=40, blank=True)
    timeout_s = models.PositiveSmallIntegerField(
        _("time limit in seconds"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(600)],
    )
    most_at_once = models.PositiveSmallIntegerField(
        _("calls at once"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
    )
    per_minute = models.PositiveIntegerField(
        _("calls a minute"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    is_enabled = models.BooleanField(_("enabled"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    # What is learned by calling it, never by an admin.
    refused: JSONField[list[str], list[str]] = JSONField(default=list, blank=True, editable=False)
    health = models.CharField(
        _("health"), max_length=10, choices=Health, default=Health.UNKNOWN, editable=False
    )
    last_error = models.CharField(_("last error"), max_length=40, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed at"), null=True, editable=False)
    worked_at = models.DateTimeField(_("worked at"), null=True, editable=False)
    latency_ms = models.PositiveIntegerField(_("latency"), null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # in a row
    rests_until = models.DateTimeField(_("rests until"), null=True, editable=False)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        ordering = ("name",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("organisation", "name", name="provider_name_once"),)

    def __str__(self) -> str:
        return self.name

    @property
    def host(self) -> str:
        """Whom its credentials are for: without a base URL whatever host its kind has."""
        return urlsplit(self.base_url).hostname or f"{self.kind}:"


class Credential(Sealed):
    """An API key, or an OAuth profile. Secrets are sealed, bound to the organisation and a host."""

    SEALED: ClassVar[tuple[str, ...]] = ("secret", "client_secret", "refresh_token")

    class Kind(models.TextChoices):
        KEY = "key", _("API key")
        OAUTH = "oauth", _("OAuth profile")

    class Grant(models.TextChoices):
        CODE = "authorization_code", _("Sign-in in the browser")
        CLIENT = "client_credentials", _("Client credentials")
        REFRESH = "refresh_token", _("Imported profile")

    id = PublicIdField("cred")
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="credentials")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.KEY)
    name = models.CharField(_("name"), max_length=80, blank=True)
    host = models.CharField(_("host"), max_length=200, editable=False)
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    secret = models.TextField(editable=False, blank=True)  # sealed: the key or access token
    fingerprint = models.CharField(max_length=12, editable=False, blank=True)
    expires_at = models.DateTimeField(_("expires at"), null=True, editable=False)

    grant = models.CharField(_("grant"), max_length=20, choices=Grant, blank=True)
    authorize_url = models.URLField(_("sign-in address"), blank=True)
    token_url = models.URLField(_("token address"), blank=True)
    client_id = models.CharField(_("client id"), max_length=200, blank=True)
    client_secret = models.TextField(editable=False, blank=True)  # sealed
    refresh_token = models.TextField(editable=False, blank=True)  # sealed
    scopes = models.CharField(_("scopes"), max_length=400, blank=True)
    refreshing_until = models.DateTimeField(null=True, editable=False)  # one refreshes, all wait
    # Counts what was stored: who asked with an older token has nothing to say about this one.
    revision = models.PositiveIntegerField(default=0, editable=False)

    health = models.CharField(
        _("health"), max_length=10, choices=Health, default=Health.UNKNOWN, editable=False
    )
    last_error = models.CharField(_("last error"), max_length=40, blank=True, editable=False)
    failed_at = models.DateTimeField(_("failed at"), null=True, editable=False)
    used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("credential")
        verbose_name_plural = _("credentials")
        ordering = ("provider", "position", "created_at")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name or str(self.get_kind_display())

    @property
    def can_renew(self) -> bool:
        return self.grant == self.Grant.CLIENT or bool(self.refresh_token)

    def lasts(self, until: datetime) -> bool:
        return bool(self.secret) and (self.expires_at is None or self.expires_at > until)

    def seal(self, field: str, secret: str) -> None:
        super().seal(field, secret)
        if field == "secret":
            self.fingerprint = keyring.fingerprint(secret) if secret else ""
