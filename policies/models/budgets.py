from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from tale.lib import money
from tale.lib.fields import PublicIdField


class RuleBook(models.Model):
    """One row per organisation, only to be locked: a change of the rules takes it alone, every
    hold and settlement takes it shared. So a new rule counts what was spent before it exactly."""

    organisation = models.OneToOneField(
        "accounts.Organisation", models.CASCADE, primary_key=True, related_name="+"
    )
    # Another word after every change: what a process remembers of the rules is known to be old.
    edition = models.CharField(max_length=32, default="")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"rules of {self.pk}"


class BudgetRule(Tenant):
    class Scope(models.TextChoices):
        # In the order in which their windows are locked: the row everyone shares comes last and
        # is held shortest. Sorted 968 holds/s, unsorted 1/s and 321 deadlocks.
        USER = "user", _("Person")
        KEY = "key", _("API key")
        ASSISTANT = "assistant", _("Assistant")
        TEAM = "team", _("Team")
        ORGANISATION = "organisation", _("Organisation")

    class Capability(models.TextChoices):
        ANY = "any", _("Everything")
        CHAT = "chat", _("Chat")
        IMAGE = "image", _("Pictures")

    class Measure(models.TextChoices):
        MONEY = "money", _("Money")
        PICTURES = "pictures", _("Number of pictures")

    class Period(models.TextChoices):
        DAY = "day", _("Day")
        WEEK = "week", _("Week")
        MONTH = "month", _("Month")
        TOTAL = "total", _("In total")

    class Action(models.TextChoices):
        BLOCK = "block", _("Refuse")
        WARN = "warn", _("Warn only")

    id = PublicIdField("rule")
    scope = models.CharField(_("applies to"), max_length=12, choices=Scope)
    subject = models.CharField(
        _("which one"),
        max_length=40,
        blank=True,
        help_text=_("The id of the person, team, assistant or key. Empty: each of them alike."),
    )
    capability = models.CharField(
        _("counts"), max_length=5, choices=Capability, default=Capability.IMAGE
    )
    measure = models.CharField(
        _("measured in"), max_length=8, choices=Measure, default=Measure.MONEY
    )
    period = models.CharField(_("per"), max_length=5, choices=Period, default=Period.MONTH)
    limit = models.BigIntegerField(
        _("limit"), help_text=_("An amount of money, or a number of pictures. 0 stops everything.")
    )
    warn_percent = models.PositiveSmallIntegerField(_("warn at"), default=80)
    action = models.CharField(_("at the limit"), max_length=5, choices=Action, default=Action.BLOCK)
    is_per_member = models.BooleanField(
        _("per member"),
        default=False,
        help_text=_("Each member has this limit alone, instead of sharing it."),
    )
    is_default = models.BooleanField(
        _("only without a rule of their own"),
        default=False,
        help_text=_("It yields to a rule that names one of them for the same thing."),
    )
    is_enabled = models.BooleanField(_("in force"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("budget rule")
        verbose_name_plural = _("budget rules")
        ordering = ("scope", "created_at")
        default_permissions = ()
        constraints = (
            models.CheckConstraint(name="rule_limit", condition=models.Q(limit__gte=0)),
            models.CheckConstraint(
                name="rule_warn", condition=models.Q(warn_percent__range=(1, 100))
            ),
            models.CheckConstraint(
                name="rule_pictures_of_images",
                condition=~models.Q(measure="pictures", capability="chat"),
                violation_error_message=_("Chat makes no pictures to count."),
            ),
            models.UniqueConstraint(
                fields=[
                    "organisation",
                    "scope",
                    "subject",
                    "capability",
                    "measure",
                    "period",
                    "is_per_member",
                ],
                name="rule_once",
                violation_error_message=_("There is a rule for exactly this already. Change it."),
            ),
        )

    def __str__(self) -> str:
        limit = self.limit or 0  # a form that was filled in wrongly has none
        unit = str(limit) if self.measure == self.Measure.PICTURES else money.plain(limit)
        whose = f"{self.get_scope_display()} {self.subject}".strip()
        return f"{whose}: {unit} / {self.get_period_display()}"

    def clean(self) -> None:
        if self.scope == self.Scope.ORGANISATION and self.subject:
            raise ValidationError({"subject": _("A rule for the organisation names no one else.")})
        if self.is_per_member and self.scope not in (self.Scope.TEAM, self.Scope.ORGANISATION):
            raise ValidationError(
                {"is_per_member": _("Only teams and organisations have members.")}
            )
        if not 1 <= (self.warn_percent or 0) <= 100:
            raise ValidationError({"warn_percent": _("Write a number from 1 to 100.")})
        if self.is_default and (self.subject or self.scope == self.Scope.ORGANISATION):
            raise ValidationError({"is_default": _("A default is for all of a kind, not for one.")})


class Window(Tenant):
    """The counter of one rule, for one subject, in one period."""

    rule = models.ForeignKey(BudgetRule, models.CASCADE, related_name="windows")
    subject = models.CharField(max_length=90)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    settled = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering = ("-starts_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("rule", "subject", "starts_at", name="window_once"),
            models.CheckConstraint(
                name="window_not_negative", condition=models.Q(settled__gte=0, reserved__gte=0)
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.starts_at:%Y-%m-%d}"

    @property
    def used(self) -> int:
        return self.settled + self.reserved


class BudgetNotice(Tenant):
    """That a budget came near its limit was told, and to whom: a pseudonym, or nobody for those
    who govern it. Another limit, or another point to warn at, is told anew."""

    rule = models.ForeignKey(BudgetRule, models.CASCADE, related_name="+")
    subject = models.CharField(max_length=90)
    starts_at = models.DateTimeField()
    limit = models.BigIntegerField()
    percent = models.PositiveSmallIntegerField()
    who = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("budget notice")
        verbose_name_plural = _("budget notices")
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                "rule",
                "subject",
                "starts_at",
                "limit",
                "percent",
                "who",
                name="budget_notice_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.subject} {self.percent} %"
