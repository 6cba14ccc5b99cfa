from __future__ import annotations

import unicodedata
import zoneinfo
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.tenancy import Tenant
from tale.lib.fields import PublicIdField


def email_key(email: str) -> str:
    """One person, one key: case and diacritics do not make a second account, nor a second set of
    sign-in attempts (CVE-2026-97764)."""
    plain = unicodedata.normalize("NFKD", email.strip().casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))[:254]


class Users(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        from allauth.account.models import EmailAddress  # noqa: PLC0415  loaded after this one

        user = self.create_user(email, password, is_superuser=True, **fields)
        # Who may run commands here vouches for the address; a mail would have nobody to go to.
        EmailAddress.objects.get_or_create(
            user=user, email=user.email, defaults={"verified": True, "primary": True}
        )
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email_key=email_key(username or ""))


class User(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(_("e-mail"), unique=True)
    email_key = models.CharField(max_length=254, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Switch off to end every session and API key of this person at once."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[Users] = Users()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.name or self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key = email_key(self.email)
        only = kwargs.get("update_fields")
        if only is not None and "email" in only:
            kwargs["update_fields"] = {*only, "email_key"}
        super().save(*args, **kwargs)

    def speak(self, language: str) -> None:
        self.language = language
        self.save(update_fields=["language"])

    def clean(self) -> None:
        super().clean()
        taken = User.objects.filter(email_key=email_key(self.email)).exclude(pk=self.pk)
        if taken.exists():
            raise ValidationError({"email": _("This address has an account already.")})

    @property
    def is_staff(self) -> bool:
        """Django's word for "operator". Who may enter the admin is `permissions.may_govern`."""
        return self.is_superuser


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Administrator")
    AUDITOR = "auditor", _("Auditor")
    MEMBER = "member", _("Member")


MOST_STORAGE_MIB = 2**20  # a tebibyte
LONGEST_LINK_MINUTES = 60


def _time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class Organisation(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")

    id = PublicIdField("org")
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="EUR",
        help_text=_("All money of the organisation is in this currency. Fixed after first use."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="Europe/Berlin",
        help_text=_("Days and months of budgets begin at midnight here."),
    )
    language = models.CharField(
        _("language"), max_length=8, default="en", choices=settings.LANGUAGES
    )
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    storage_mib = models.PositiveIntegerField(
        _("storage for each person, in MiB"),
        default=2048,
        validators=[MaxValueValidator(MOST_STORAGE_MIB)],
        help_text=_(
            "What a person uploads counts. When it is full, they delete or you give more. 0: none, "
            "so nothing can be uploaded."
        ),
    )
    counts_generated = models.BooleanField(
        _("generated pictures count"),
        default=False,
        help_text=_("On: pictures that were made for a person take of their storage too."),
    )
    link_minutes = models.PositiveSmallIntegerField(
        _("links to pictures live, in minutes"),
        default=LONGEST_LINK_MINUTES,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_LINK_MINUTES)],
        help_text=_("Links that the API gives out work without signing in. An hour at most."),
    )
    publishes_origins = models.BooleanField(
        _("public statements"),
        default=False,
        help_text=_(
            "Each picture has a page that says it was made here, when, and by AI or not; whoever "
            "checks a file is told your name. No prompt and no person is told. The link of a "
            "picture made from then on stands in its file."
        ),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        ordering = ("name",)
        constraints = (
            models.CheckConstraint(
                name="organisation_currency", condition=models.Q(currency__regex=r"^[A-Z]{3}$")
            ),
        )
        default_permissions = ()
        # What a role may do is said in accounts/permissions.py; guardian keeps who holds what.
        permissions = (
            ("use_workspace", "Chat and use what the organisation offers"),
            ("view_governance", "Read the administration"),
            ("manage_organisation", "Change the organisation"),
            ("manage_people", "Invite, change and switch off people"),
            ("manage_teams", "Change teams"),
            ("manage_keys", "Make and revoke service keys"),
            ("manage_providers", "Change providers, models and prices"),
            ("manage_assistants", "Change every assistant"),
            ("author_assistants", "Write assistants"),
            ("manage_policies", "Change policies and limits"),
            ("manage_chats", "Govern chats and retention"),
            ("view_audit", "Read the audit"),
            ("view_analytics", "Read the analytics"),
            ("transfer_ownership", "Hand the organisation to another owner"),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.time_zone not in zoneinfo.available_timezones():
            raise ValidationError({"time_zone": _("This time zone is not known.")})

    @property
    def is_active(self) -> bool:
        return self.status == self.Status.ACTIVE


class Team(Tenant):
    id = PublicIdField("team")
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ("name",)
        default_permissions = ()
        permissions = (("lead_team", "Lead this team"), ("belong_to_team", "Belong to this team"))
        constraints = (
            models.UniqueConstraint(
                "organisation",
                Lower("name"),
                name="team_name_once",
                violation_error_message=_("There is a team of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Membership(Tenant):
    """A person in an organisation. Switched off, not deleted, when they leave."""

    id = PublicIdField("mem")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.MEMBER)
    is_author = models.BooleanField(
        _("author"), default=False, help_text=_("May write assistants for the organisation.")
    )
    primary_team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("primary team"),
        help_text=_("The team that pays when a chat does not name another."),
    )
    joined_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        ordering = ("user__email",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("organisation", "user", name="membership_once"),
            models.UniqueConstraint(
                "organisation",
                condition=models.Q(role="owner", deactivated_at=None),
                name="membership_one_owner",
                violation_error_message=_("The organisation has an owner. Transfer ownership."),
            ),
        )

    def __str__(self) -> str:
        return str(self.user)

    @property
    def is_active(self) -> bool:
        return self.deactivated_at is None and self.user.is_active

    def set_active(self, active: bool, *, now: datetime) -> None:
        self.deactivated_at = None if active else now
        self.save(update_fields=["deactivated_at"])


class TeamMember(Tenant):
    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="teams")
    is_lead = models.BooleanField(_("lead"), default=False)

    class Meta:
        verbose_name = _("team member")
        verbose_name_plural = _("team members")
        default_permissions = ()
        constraints = (models.UniqueConstraint("team", "membership", name="team_member_once"),)

    def __str__(self) -> str:
        return f"{self.membership} · {self.team}"


class Invitation(Tenant):
    """The link carries a secret; the row keeps its hash, so a database dump invites nobody."""

    id = PublicIdField("inv")
    email = models.EmailField(_("e-mail"))
    email_key = models.CharField(max_length=254, editable=False)
    role = models.CharField(_("role"), max_length=8, choices=Role, default=Role.MEMBER)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("team")
    )
    secret_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(editable=False)
    mailed_at = models.DateTimeField(
        _("mailed"), null=True, editable=False, help_text=_("Empty: the mail did not go out.")
    )
    accepted_at = models.DateTimeField(null=True, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-created_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                "organisation",
                "email_key",
                condition=models.Q(accepted_at=None, revoked_at=None),
                name="invitation_open_once",
                violation_error_message=_("This address has an open invitation."),
            ),
        )

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email_key = email_key(self.email)
        super().save(*args, **kwargs)

    def is_open(self, *, now: datetime) -> bool:
        return self.accepted_at is None and self.revoked_at is None and now < self.expires_at

    def close(self, *, accepted: bool, now: datetime) -> bool:
        """False: somebody was quicker, or it was revoked meanwhile."""
        column = "accepted_at" if accepted else "revoked_at"
        mine = Invitation.objects.of(self.organisation).filter(pk=self.pk)
        return mine.filter(accepted_at=None, revoked_at=None).update(**{column: now}) == 1
