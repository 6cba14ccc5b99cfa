"""Who may call a provider now, where it allows only so many calls at once or in a minute.

Leases, not records: what nobody renews is free again by itself (queueing/).
"""

from __future__ import annotations

from django.db import models

from providers.models.connections import Provider


class Slot(models.Model):
    """One call of those allowed. At once: held while the call runs. A minute: used up until then,
    and never given back."""

    class Lane(models.TextChoices):
        AT_ONCE = "at_once"
        A_MINUTE = "a_minute"

    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    lane = models.CharField(max_length=10, choices=Lane)
    number = models.PositiveIntegerField()
    ticket = models.CharField(max_length=40, blank=True)
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("provider", "lane", "number", name="slot_once"),)
        indexes = (models.Index(fields=["provider", "lane", "until"], name="slot_free"),)

    def __str__(self) -> str:
        return f"{self.lane} {self.number}"


class Ticket(models.Model):
    """One who waits. The nth ticket of a group stands in the nth round from now, so a group of a
    thousand and a group of one are called by turns."""

    id = models.CharField(max_length=40, primary_key=True)
    provider = models.ForeignKey(Provider, models.CASCADE, related_name="+")
    group = models.CharField(max_length=80, blank=True)
    round = models.BigIntegerField()
    asked_at = models.DateTimeField()
    until = models.DateTimeField()  # a lease: who stops looking loses the place

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint("provider", "group", "round", name="ticket_once"),)
        indexes = (models.Index(fields=["provider", "round", "asked_at"], name="ticket_order"),)

    def __str__(self) -> str:
        return self.id
