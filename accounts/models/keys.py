from __future__ import annotations

import ipaddress
from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Membership, Team, User
from accounts.tenancy import Tenant
from tale.lib.fields import PublicIdField


class Scope(models.TextChoices):
    READ = "read", _("Read")
    CHAT = "chat", _("Chat")
    IMAGES = "images", _("Images")
    ASSISTANTS = "assistants", _("Assistants")
    ADMIN = "admin", _("Administration")


class ApiKey(Tenant):
    """`tale_<prefix>_<secret>`. The secret has 256 random bits, so one SHA-256 is enough to keep;
    a slow hash would cost 250 ms a request and protect nothing more."""

    id = PublicIdField("key")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    owner = models.ForeignKey(
        Membership,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="api_keys",
        verbose_name=_("owner"),
        help_text=_("Whose rights and budget it has. Empty for a service key."),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("team"),
        help_text=_("The one team that pays for what this key does."),
    )
    allowed_addresses = models.JSONField(
        _("allowed addresses"),
        default=list,
        blank=True,
        help_text=_("Addresses or networks such as 10.0.0.0/8. Empty means any."),
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ("-created_at",)
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.name} (tale_{self.prefix}…)"

    @property
    def scope_labels(self) -> list[str]:
        return [str(label) for scope, label in Scope.choices if scope in self.scopes]

    def revoke(self, *, now: datetime) -> None:
        self.revoked_at = now
        self.save(update_fields=["revoked_at"])

    def accepts_address(self, address: str) -> bool:
        if not self.allowed_addresses:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        # A socket of both families writes 10.0.0.1 as ::ffff:10.0.0.1.
        caller = getattr(caller, "ipv4_mapped", None) or caller
        return any(caller in ipaddress.ip_network(net) for net in self.allowed_addresses)
