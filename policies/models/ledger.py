"""What was set aside, what was spent, what was asked.

    (none) ─ hold ─> RESERVED ─ claim ─> SENT ─ settle ─> SETTLED
                        │                  │ ─ provably not billed ─> RELEASED
                        └─ release ─> RELEASED
                                           └─ time-out, reset ─> UNKNOWN ─> SETTLED | RELEASED

Every arrow is one conditional update; whoever changes no row has lost and moves no money.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import ChainQuerySet, Tenant
from tale.lib.chains import Head
from tale.lib.fields import PublicIdField


class Spend(models.Model):
    """Who spends on what. Upper rooms are named by opaque text, so that nothing here hangs on
    them and a line outlives what it speaks of."""

    team = models.CharField(max_length=40, blank=True)
    user = models.CharField(max_length=40, blank=True)
    assistant = models.CharField(max_length=40, blank=True)
    key = models.CharField(max_length=40, blank=True)
    surface = models.CharField(max_length=12)
    capability = models.CharField(max_length=5)
    provider = models.CharField(max_length=80)
    model = models.CharField(max_length=120)
    operation = models.CharField(max_length=20)
    size = models.CharField(max_length=12, blank=True)
    quality = models.CharField(max_length=12, blank=True)
    price: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    currency = models.CharField(max_length=3)

    class Meta:
        abstract = True


class Hold(Tenant, Spend):
    class State(models.TextChoices):
        RESERVED = "reserved", _("Reserved")
        SENT = "sent", _("Sent")
        UNKNOWN = "unknown", _("Unknown")
        SETTLED = "settled", _("Settled")
        RELEASED = "released", _("Released")

    OPEN = (State.RESERVED, State.SENT, State.UNKNOWN)

    id = PublicIdField("hold")
    reference = models.CharField(max_length=80)
    idempotency_key = models.CharField(max_length=120)
    state = models.CharField(max_length=8, choices=State, default=State.RESERVED)
    amount_micro = models.BigIntegerField()
    pictures = models.PositiveIntegerField(default=0)
    windows: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    held_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ("-held_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("organisation", "idempotency_key", name="hold_once"),
            models.CheckConstraint(name="hold_amount", condition=models.Q(amount_micro__gte=0)),
        )
        indexes = (
            models.Index(fields=["state", "lease_until"]),
            models.Index(fields=["organisation", "held_at"]),
        )

    def __str__(self) -> str:
        return self.pk


class EntryHead(Head):
    pass


class Entry(Spend):
    """One line of the ledger. Append-only, by trigger; `chain` is the organisation's id."""

    class Kind(models.TextChoices):
        USE = "use", _("Use")
        PRESUMED = "presumed", _("Presumed")
        LATE = "late", _("Late")
        ADJUSTMENT = "adjustment", _("Adjustment")
        REFUND = "refund", _("Refund")

    class Confidence(models.TextChoices):
        EXACT = "exact", _("Exact")
        ESTIMATED = "estimated", _("Estimated")
        PRESUMED = "presumed", _("Presumed")

    chain = models.CharField(max_length=40)
    seq = models.BigIntegerField()
    hold = models.CharField(max_length=40)
    ordinal = models.PositiveSmallIntegerField(default=0)
    reference = models.CharField(max_length=80)
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.USE)
    confidence = models.CharField(max_length=10, choices=Confidence, default=Confidence.EXACT)
    amount_micro = models.BigIntegerField(_("amount"))
    pictures = models.PositiveIntegerField(_("pictures"), default=0)
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    provider_request_id = models.CharField(max_length=120, blank=True)
    # Added after lines were written: hash_of counts it only where it says something.
    is_overrun = models.BooleanField(_("above its quote"), default=False)
    held_at = models.DateTimeField()
    at = models.DateTimeField(_("time"))
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = ChainQuerySet.as_manager()
    unscoped = models.Manager()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        ordering = ("-id",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("chain", "seq", name="entry_seq_once"),
            models.UniqueConstraint("hold", "ordinal", "kind", name="entry_once"),
            models.CheckConstraint(
                name="entry_sign",
                condition=models.Q(amount_micro__gte=0)
                | models.Q(kind__in=["adjustment", "refund"]),
            ),
        )
        indexes = (models.Index(fields=["chain", "held_at"]), models.Index(fields=["chain", "at"]))

    def __str__(self) -> str:
        return f"{self.model} {self.amount_micro}"


class Call(Tenant):
    """One request to a model: what came of it and how long it took. No prompt, no money."""

    class Claim(models.TextChoices):
        """What becomes of the money for pictures that were paid and lost: see losses.py."""

        NONE = "none", _("Open")
        ASKED = "asked", _("Refund asked for")
        REFUNDED = "refunded", _("Refunded")
        WRITTEN_OFF = "written_off", _("Written off")

    id = PublicIdField("call")
    hold = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=80)
    model = models.CharField(max_length=120)
    capability = models.CharField(max_length=5)
    surface = models.CharField(max_length=12)
    outcome = models.CharField(max_length=12, default="started")
    code = models.CharField(max_length=60, blank=True)
    started_at = models.DateTimeField()
    first_byte_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    lost = models.PositiveSmallIntegerField(default=0)  # pictures: paid for, and nobody got them
    claim = models.CharField(max_length=11, choices=Claim, default=Claim.NONE)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        default_permissions = ()
        indexes = (
            models.Index(fields=["organisation", "started_at"]),
            models.Index(
                fields=["started_at"], condition=models.Q(ended_at=None), name="call_open"
            ),
            models.Index(
                fields=["organisation", "started_at"],
                condition=models.Q(lost__gt=0),
                name="call_lost",
            ),
        )

    def __str__(self) -> str:
        return f"{self.model} {self.outcome}"


class Loss(Call):
    """A call that was paid, in part at least, for pictures that nobody got."""

    class Meta:
        proxy = True
        verbose_name = _("loss")
        verbose_name_plural = _("losses")
        default_permissions = ()
