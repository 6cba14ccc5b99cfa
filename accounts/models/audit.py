from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.people import User
from accounts.tenancy import ChainQuerySet, Tenant
from tale.lib.chains import Head
from tale.lib.fields import PublicIdField

PLATFORM = "platform"  # the chain of what happened outside any organisation


class Pseudonym(models.Model):
    """Who a `who_…` is. Deleting the person deletes this row, and the audit stays true."""

    id = PublicIdField("who")
    chain = models.CharField(max_length=40)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("chain", "user", name="pseudonym_once"),)

    def __str__(self) -> str:
        return self.pk


class AuditHead(Head):
    pass


class AuditLine(models.Model):
    """Append-only, by trigger. `chain` is the organisation's id, kept as text: the line outlives
    what it speaks of. What names a person lies in the detail, which may be erased."""

    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    at = models.DateTimeField(_("time"))
    who = models.CharField(_("who"), max_length=40, blank=True)
    key = models.CharField(_("key"), max_length=40, blank=True)
    surface = models.CharField(_("surface"), max_length=12)
    action = models.CharField(_("action"), max_length=60)
    outcome = models.CharField(_("outcome"), max_length=60, default="done")
    target_kind = models.CharField(_("kind"), max_length=40, blank=True)
    target = models.CharField(_("object"), max_length=60, blank=True)
    request_id = models.CharField(_("request"), max_length=64, blank=True)
    detail_hash = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = ChainQuerySet.as_manager()
    unscoped = models.Manager()

    class Meta:
        verbose_name = _("audit line")
        verbose_name_plural = _("audit")
        ordering = ("-id",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("chain", "seq", name="audit_line_once"),)
        indexes = (
            models.Index(fields=["chain", "at"]),
            models.Index(fields=["chain", "action", "at"]),
            models.Index(fields=["chain", "who", "at"]),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target}"


class AuditDetail(models.Model):
    """Before, after, address, names. Deletable: the line keeps only its hash."""

    line = models.OneToOneField(AuditLine, models.CASCADE, primary_key=True, related_name="detail")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"detail of {self.pk}"


class AuditSeal(models.Model):
    """What is left of a month that retention removed: enough to go on verifying the chain."""

    chain = models.CharField(max_length=40)
    first_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    last_hash = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("chain", "last_seq", name="audit_seal_once"),)

    def __str__(self) -> str:
        return f"{self.chain} to #{self.last_seq}"


class Event(Tenant):
    """Something happened that mail or a webhook may tell; written in the transaction that caused
    it, delivered by chats.channels."""

    id = PublicIdField("evt")
    kind = models.CharField(max_length=60)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = (models.Index(fields=["delivered_at", "created_at"]),)

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
