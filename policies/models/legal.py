from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from tale.lib.fields import PublicIdField


class LegalHold(Tenant):
    """While it is on, nobody deletes what it covers. Whoever set it cannot release it. Pictures and
    chats are named by their ids, a person by a pseudonym."""

    class Scope(models.TextChoices):
        PICTURE = "picture", _("A picture")
        CHAT = "chat", _("The pictures of a chat")
        PERSON = "person", _("The pictures of a person")

    id = PublicIdField("lh")
    scope = models.CharField(_("covers"), max_length=7, choices=Scope)
    subject = models.CharField(_("which one"), max_length=40)
    reason = models.CharField(_("why"), max_length=500)
    set_by = models.CharField(_("set by"), max_length=40, editable=False)
    set_at = models.DateTimeField(_("since"), editable=False)
    released_by = models.CharField(_("released by"), max_length=40, blank=True, editable=False)
    released_at = models.DateTimeField(_("released"), null=True, editable=False)
    release_reason = models.CharField(
        _("why it was released"), max_length=500, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        ordering = ("-set_at",)
        default_permissions = ()
        constraints = (
            models.CheckConstraint(
                name="legal_hold_two_people",
                condition=models.Q(released_at=None) | ~models.Q(released_by=models.F("set_by")),
            ),
        )
        indexes = (models.Index(fields=["organisation", "released_at"]),)

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.subject}"
