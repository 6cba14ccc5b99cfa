"""What is switched off, which models may be asked, what a picture may be, what may not be said.

Every row takes something away, for all or for one of a scope. Rooms above are named by opaque
text, and who set a row by a pseudonym.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from policies.models.budgets import BudgetRule
from tale.lib.fields import PublicIdField

MOST_PICTURES = 10
LONGEST_SIDE = 16_384


class Scope(models.TextChoices):
    # From everyone to one: of two rows that say the same, the wider one is told.
    ORGANISATION = "organisation", _("The organisation")
    TEAM = "team", _("Team")
    ASSISTANT = "assistant", _("Assistant")
    USER = "user", _("Person")


class Restriction(Tenant):
    scope = models.CharField(
        _("applies to"), max_length=12, choices=Scope, default=Scope.ORGANISATION
    )
    subject = models.CharField(_("which one"), max_length=40, blank=True)
    set_by = models.CharField(_("set by"), max_length=40, blank=True, editable=False)
    set_at = models.DateTimeField(_("set"), auto_now=True)

    class Meta:
        abstract = True

    def clean(self) -> None:
        if (self.scope == Scope.ORGANISATION) == bool(self.subject):
            raise ValidationError(_("Say for which person, team or assistant."))


class FeatureSwitch(Restriction):
    """A row is an "off"; to switch on again is to delete it."""

    id = PublicIdField("off")
    feature = models.CharField(_("switched off"), max_length=60)
    reason = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("feature switch")
        verbose_name_plural = _("feature switches")
        ordering = ("feature", "scope", "set_at")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "scope", "subject", "feature"],
                name="switch_once",
                violation_error_message=_("This is switched off there already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.feature} {self.subject}"


class ModelAccess(Restriction):
    """A model that is denied, or one of those that alone are allowed."""

    class Effect(models.TextChoices):
        ALLOW = "allow", _("Only this one, and others listed so")
        DENY = "deny", _("Not this one")

    id = PublicIdField("acc")
    capability = models.CharField(
        _("used for"),
        max_length=5,
        choices=BudgetRule.Capability,
        default=BudgetRule.Capability.ANY,
    )
    effect = models.CharField(_("effect"), max_length=5, choices=Effect, default=Effect.DENY)
    model = models.CharField(_("model"), max_length=40)

    class Meta:
        verbose_name = _("model access")
        verbose_name_plural = _("model access")
        ordering = ("scope", "subject", "set_at")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "scope", "subject", "capability", "model"],
                name="model_access_once",
                violation_error_message=_("There is a line for this model already. Change it."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.effect} {self.model}"


class ImagePolicy(Restriction):
    """Of several that meet a wish each limit counts where it is strictest. Empty: no limit."""

    class Quality(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        XHIGH = "xhigh", _("Very high")
        MAX = "max", _("Highest")

    class Label(models.TextChoices):
        NONE = "", _("None")
        BADGE = "badge", _("A badge beside the picture")
        BURNED = "burned", _("In the picture: previews and downloads")

    LIMITS = (
        "allowed_models",
        "most_side",
        "most_quality",
        "most_pictures",
        "most_per_answer",
        "confirm_above_micro",
        "deadline_s",
        "surfaces",
        "label",
    )

    id = PublicIdField("ipol")
    allowed_models: models.JSONField[list[str], list[str]] = models.JSONField(
        _("allowed models"), default=list, blank=True
    )
    most_side = models.PositiveIntegerField(_("longest side"), null=True, blank=True)
    most_quality = models.CharField(_("best quality"), max_length=6, choices=Quality, blank=True)
    most_pictures = models.PositiveSmallIntegerField(
        _("pictures per request"), null=True, blank=True
    )
    most_per_answer = models.PositiveSmallIntegerField(
        _("pictures per answer"), null=True, blank=True
    )
    confirm_above_micro = models.BigIntegerField(_("confirm above"), null=True, blank=True)
    deadline_s = models.PositiveSmallIntegerField(
        _("longest wait, in seconds"), null=True, blank=True
    )
    surfaces: models.JSONField[list[str], list[str]] = models.JSONField(
        _("allowed channels"), default=list, blank=True
    )
    label = models.CharField(
        _("visible label"), max_length=6, choices=Label, default=Label.NONE, blank=True
    )

    class Meta:
        verbose_name = _("image policy")
        verbose_name_plural = _("image policies")
        ordering = ("scope", "set_at")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "scope", "subject"],
                name="image_policy_once",
                violation_error_message=_("There is a policy for this already. Change it."),
            ),
            models.CheckConstraint(
                name="image_policy_side",
                condition=models.Q(most_side=None) | models.Q(most_side__range=(64, LONGEST_SIDE)),
                violation_error_message=_("The longest side is 64 to 16384 pixels."),
            ),
            models.CheckConstraint(
                name="image_policy_pictures",
                condition=models.Q(most_pictures=None)
                | models.Q(most_pictures__range=(1, MOST_PICTURES)),
                violation_error_message=_("Allow 1 to 10 pictures."),
            ),
            models.CheckConstraint(
                name="image_policy_answer",
                condition=models.Q(most_per_answer=None)
                | models.Q(most_per_answer__range=(1, MOST_PICTURES)),
                violation_error_message=_("Allow 1 to 10 pictures."),
            ),
            models.CheckConstraint(
                name="image_policy_deadline",
                condition=models.Q(deadline_s=None) | models.Q(deadline_s__range=(10, 600)),
                violation_error_message=_("Wait 10 to 600 seconds."),
            ),
            models.CheckConstraint(
                name="image_policy_confirm",
                condition=models.Q(confirm_above_micro=None) | models.Q(confirm_above_micro__gte=0),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.subject}"

    def clean(self) -> None:
        super().clean()
        if self.scope == Scope.USER:
            raise ValidationError({"scope": _("Limit a person by a budget or by model access.")})
        if all(getattr(self, name) in (None, "", []) for name in self.LIMITS):
            raise ValidationError(
                _("Without effect: nothing is limited by it. Fill in one limit at least."),
                code="without_effect",
            )


class Guardrail(Tenant):
    id = PublicIdField("guard")
    name = models.CharField(_("name"), max_length=80)
    capability = models.CharField(
        _("guards"),
        max_length=5,
        choices=BudgetRule.Capability,
        default=BudgetRule.Capability.ANY,
    )
    terms: models.JSONField[list[str], list[str]] = models.JSONField(
        _("blocked terms"), default=list, blank=True
    )
    patterns: models.JSONField[list[str], list[str]] = models.JSONField(
        _("blocked patterns"), default=list, blank=True
    )
    model = models.CharField(_("moderation model"), max_length=40, blank=True)
    refuses = models.TextField(_("what it refuses"), max_length=2000, blank=True)
    lets_pass = models.BooleanField(_("pass when it cannot answer"), default=False)
    is_enabled = models.BooleanField(_("in force"), default=True)
    set_by = models.CharField(_("set by"), max_length=40, blank=True, editable=False)
    set_at = models.DateTimeField(_("set"), auto_now=True)

    class Meta:
        verbose_name = _("guardrail")
        verbose_name_plural = _("guardrails")
        ordering = ("name",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="guardrail_once",
                violation_error_message=_("There is a guardrail of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name
