from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.tenancy import Tenant
from assistants.models import Assistant
from tale.lib.fields import PublicIdField


class Chat(Tenant):
    id = PublicIdField("chat")
    owner = models.ForeignKey(User, models.CASCADE, related_name="chats")
    title = models.CharField(_("title"), max_length=120, blank=True)
    assistant = models.ForeignKey(
        Assistant, models.SET_NULL, null=True, related_name="+", verbose_name=_("assistant")
    )
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, related_name="+", verbose_name=_("paying team")
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        ordering = ("-updated_at",)
        default_permissions = ()
        indexes = (models.Index(fields=["organisation", "owner", "-updated_at"]),)

    def __str__(self) -> str:
        return self.title or self.pk

    def get_absolute_url(self) -> str:
        return reverse("chats:chat", args=[self.pk])


class Turn(Tenant):
    """One question with its answer. A worker owns it while its lease lasts; `revision` grows with
    every change a follower should see."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        WORKING = "working", _("Working")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    OPEN = (State.QUEUED, State.WORKING)

    id = PublicIdField("turn")
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="turns")
    number = models.PositiveIntegerField()
    client_token = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    surface = models.CharField(max_length=12, default="web")
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    assistant_name = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=8, blank=True)
    told = models.PositiveSmallIntegerField(default=0)  # refusals and warnings that were toasts
    # Of budgets that came near their limit by it: see policies/thresholds.py.
    warnings: models.JSONField[list[Any], list[Any]] = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")
        ordering = ("number",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("chat", "number", name="turn_number_once"),
            models.UniqueConstraint("chat", "client_token", name="turn_token_once"),
        )
        indexes = (models.Index(fields=["state", "lease_until"]),)

    def __str__(self) -> str:
        return self.pk

    def finish(self, state: str, *, now: datetime) -> bool:
        """False: another worker took the turn over, and its answer counts."""
        ended = Turn.objects.filter(
            organisation=self.organisation_id, pk=self.pk, attempt=self.attempt, state="working"
        )
        return bool(ended.update(state=state, ended_at=now, revision=models.F("revision") + 1))


class Message(Tenant):
    """One entry of a turn, in the order in which it was said. `content` is text; a model's tool
    calls, a tool's answer, shown pictures and a refusal's card are data."""

    class Role(models.TextChoices):
        USER = "user", _("Person")
        ASSISTANT = "assistant", _("Assistant")
        TOOL = "tool", _("Tool")

    id = PublicIdField("msg")
    turn = models.ForeignKey(Turn, models.CASCADE, related_name="messages")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=9, choices=Role)
    content = models.TextField(blank=True)
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("turn__number", "position")
        default_permissions = ()
        constraints = (models.UniqueConstraint("turn", "position", name="message_once"),)

    def __str__(self) -> str:
        return f"{self.role}: {self.content[:40]}"
