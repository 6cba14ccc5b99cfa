from __future__ import annotations

from typing import Any

from django.core.files.storage import storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.tenancy import Tenant
from assistants import spool
from providers.models import Model
from tale.lib.fields import PublicIdField


class Assistant(Tenant):
    """What people pick. What it is lies in its versions; `published` is the one in use."""

    id = PublicIdField("asst")
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=200, blank=True)
    is_auto = models.BooleanField(default=False, editable=False)
    published = models.ForeignKey(
        "AssistantVersion", models.SET_NULL, null=True, editable=False, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("assistant")
        verbose_name_plural = _("assistants")
        ordering = ("-is_auto", "name")
        default_permissions = ()
        permissions = (("use_assistant", "Use this assistant"),)
        constraints = (
            models.UniqueConstraint("organisation", "name", name="assistant_name_once"),
            models.UniqueConstraint(
                "organisation", condition=models.Q(is_auto=True), name="assistant_one_auto"
            ),
        )

    def __str__(self) -> str:
        return self.name


class AssistantVersion(Tenant):
    """Immutable once written: a change is a new version."""

    id = PublicIdField("asv")
    assistant = models.ForeignKey(Assistant, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    instructions = models.TextField(_("instructions"), blank=True)
    model = models.ForeignKey(
        Model,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("chat model"),
        help_text=_("Empty: the organisation's default."),
    )
    tools: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    author = models.ForeignKey(User, models.SET_NULL, null=True, editable=False, related_name="+")
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("assistant version")
        verbose_name_plural = _("assistant versions")
        ordering = ("-number",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("assistant", "number", name="version_once"),)

    def __str__(self) -> str:
        return f"{self.assistant} {self.number}"


class ImageJob(Tenant):
    """One wish for pictures, from the asking to the files.

    QUEUED ─> RUNNING ─> DONE | REFUSED | FAILED ─ asked for again ─> RUNNING
                 ├─ somebody stops it ─> CANCELLED
                 └─ nobody knows ─> UNKNOWN ─> DONE | REFUSED | FAILED | CANCELLED

    WAITING stands before QUEUED: for somebody's approval, without any money. Nothing sets it yet.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting for approval")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Lost")  # paid or presumed paid, and no picture: never tried again
        FAILED = "failed", _("Failed")  # the money went back: may be tried again
        UNKNOWN = "unknown", _("Being checked")
        CANCELLED = "cancelled", _("Stopped")
        PAID_NOT_STORED = "paid_not_stored", _("Paid, not stored")

    OPEN = (State.WAITING, State.QUEUED, State.RUNNING, State.UNKNOWN)

    id = PublicIdField("ig")
    idempotency_key = models.CharField(max_length=120)
    body_hash = models.CharField(max_length=64)
    reference = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    team = models.ForeignKey(Team, models.SET_NULL, null=True, related_name="+")
    surface = models.CharField(max_length=12)
    wish: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    plan: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    hold = models.CharField(max_length=40, blank=True)  # the first, where each picture has its own
    # By hold: what a provider gave us to ask for the picture with, should this process die.
    handles: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    progress = models.FloatField(default=0)  # from 0 to 1, where the provider tells
    refusal: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("picture job")
        verbose_name_plural = _("picture jobs")
        ordering = ("-created_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("organisation", "idempotency_key", name="image_job_once"),
        )
        indexes = (
            models.Index(fields=["state", "created_at"]),
            models.Index(fields=["reference"]),
            models.Index(fields=["owner", "body_hash"]),
        )

    def __str__(self) -> str:
        return self.pk


class Stored:
    path: Any

    def get_bytes(self) -> bytes:
        if (waiting := spool.read(self.path)) is not None:
            return waiting
        with storages["default"].open(self.path) as file:
            content: bytes = file.read()
            return content


class Recognisable(models.Model):
    """Knows a picture again that was resized or saved anew: 64 bits of what it looks like, in four
    parts, see likeness.py. Empty: there is nothing to know it by, or it was deleted."""

    band_0 = models.PositiveIntegerField(null=True, editable=False, db_index=True)
    band_1 = models.PositiveIntegerField(null=True, editable=False, db_index=True)
    band_2 = models.PositiveIntegerField(null=True, editable=False, db_index=True)
    band_3 = models.PositiveIntegerField(null=True, editable=False, db_index=True)

    class Meta:
        abstract = True


class Artifact(Stored, Recognisable, Tenant):
    """One stored file. `home` names the chat it lives and ends with, `path` is ours alone."""

    class State(models.TextChoices):
        READY = "ready", _("Ready")
        LATE = "late", _("Came too late")  # after it was stopped: kept, and not delivered
        ASIDE = "aside", _("Set aside")  # paid for, and nothing that may be shown
        DELETING = "deleting", _("Being deleted")
        DELETED = "deleted", _("Deleted")

    KEPT = (State.READY, State.LATE, State.ASIDE)

    class Origin(models.TextChoices):
        GENERATED = "generated", _("Generated")
        UPLOADED = "uploaded", _("Uploaded")
        MASK = "mask", _("Mask")  # grey, and 255 where its picture may change

    class Retention(models.TextChoices):
        ORDINARY = "ordinary", _("With its chat")
        UPLOAD = "upload", _("As uploads are kept")
        TEMPORARY = "temporary", _("Until a day")
        KEPT = "kept", _("Kept for good")

    id = PublicIdField("art")
    home = models.CharField(max_length=80, blank=True)
    owner = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    key = models.CharField(max_length=40, blank=True)  # of the organisation, that brought it
    job = models.ForeignKey(ImageJob, models.SET_NULL, null=True, related_name="artifacts")
    ordinal = models.PositiveSmallIntegerField(default=0)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.GENERATED)
    state = models.CharField(max_length=8, choices=State, default=State.READY)
    path = models.CharField(max_length=200, unique=True, editable=False)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=40)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    alt = models.CharField(_("description"), max_length=500, blank=True)
    prompt = models.TextField(blank=True)
    revised_prompt = models.TextField(blank=True)
    model = models.CharField(max_length=120, blank=True)
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    marked_by = models.CharField(max_length=8, blank=True)  # ours, provider, none; an upload: ""
    created_at = models.DateTimeField(auto_now_add=True)
    deleted_at = models.DateTimeField(null=True)
    # Who wants it gone and why, until the proof says so.
    deletion: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    retention = models.CharField(
        _("retention"), max_length=9, choices=Retention, default=Retention.ORDINARY
    )
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ("-created_at",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                "job", "ordinal", condition=models.Q(job__isnull=False), name="artifact_once"
            ),
            models.CheckConstraint(
                name="artifact_expiry",
                condition=models.Q(retention="temporary", expires_at__isnull=False)
                | ~models.Q(retention="temporary") & models.Q(expires_at=None),
            ),
        )
        indexes = (
            models.Index(fields=["organisation", "home"]),
            models.Index(fields=["organisation", "owner"]),
            models.Index(fields=["organisation", "created_at"]),
            models.Index(fields=["state"]),
            models.Index(fields=["expires_at"]),
            models.Index(fields=["sha256"]),
        )

    def __str__(self) -> str:
        """Never its words: they would stand in the audit."""
        return self.pk


class BlockedPicture(Recognisable, Tenant):
    """What no picture may look like. The picture itself is not kept."""

    id = PublicIdField("blk")
    name = models.CharField(_("name"), max_length=80)
    sha256 = models.CharField(max_length=64, editable=False)
    set_at = models.DateTimeField(_("set"), auto_now_add=True)

    class Meta:
        verbose_name = _("blocked picture")
        verbose_name_plural = _("blocked pictures")
        ordering = ("name",)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(
                fields=["organisation", "name"],
                name="blocked_picture_once",
                violation_error_message=_("There is a blocked picture of this name already."),
            ),
        )

    def __str__(self) -> str:
        return self.name


class Rendition(Stored, Tenant):
    """A picture made smaller, or in another format: kept beside it, and gone with it."""

    id = PublicIdField("ren")
    artifact = models.ForeignKey(Artifact, models.CASCADE, related_name="renditions")
    variant = models.CharField(max_length=8)
    path = models.CharField(max_length=200, unique=True, editable=False)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("rendition")
        verbose_name_plural = _("renditions")
        default_permissions = ()
        constraints = (models.UniqueConstraint("artifact", "variant", name="rendition_once"),)
        indexes = (models.Index(fields=["sha256"]),)

    def __str__(self) -> str:
        return f"{self.artifact_id} {self.variant}"


class DeletionProof(Tenant):
    """That it was deleted, whole, when, by whom and for what reason. Append-only; it holds hashes
    of what was there and none of it."""

    class Reason(models.TextChoices):
        PERSON = "person", _("By who had it made")
        ADMIN = "admin", _("By an administrator")
        RETENTION = "retention", _("Its time was over")
        ERASURE = "erasure", _("With what is known of a person")

    id = PublicIdField("del")
    artifact = models.CharField(_("picture"), max_length=40)
    home = models.CharField(_("chat"), max_length=80, blank=True)
    sha256: models.JSONField[list[str], list[str]] = models.JSONField(_("hashes"))
    # Where they lay, so that anybody can look again. Null: proved before this was kept.
    paths: models.JSONField[list[str] | None, list[str] | None] = models.JSONField(null=True)
    files = models.PositiveIntegerField(_("files"))
    size_bytes = models.PositiveBigIntegerField(_("bytes"))
    at = models.DateTimeField(_("time"))
    who = models.CharField(_("who"), max_length=40, blank=True)  # a pseudonym
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)

    class Meta:
        verbose_name = _("deletion proof")
        verbose_name_plural = _("deletion proofs")
        ordering = ("-at",)
        indexes = (models.Index(fields=["organisation", "at"]),)
        default_permissions = ()
        constraints = (
            models.UniqueConstraint("organisation", "artifact", name="deletion_proof_once"),
        )

    def __str__(self) -> str:
        return self.pk


class Trial(Tenant):
    """An administrator tries a model with a test picture; a worker makes it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        WORKING = "working", _("Working")
        DONE = "done", _("Done")
        REFUSED = "refused", _("Refused")

    OPEN = (State.QUEUED, State.WORKING)

    id = PublicIdField("try")
    token = models.CharField(max_length=64)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    model = models.ForeignKey(Model, models.CASCADE, related_name="+")
    prompt = models.TextField()
    size = models.CharField(max_length=20)
    quality = models.CharField(max_length=20)
    confirmed_micro = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    refusal: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    job = models.ForeignKey(ImageJob, models.SET_NULL, null=True, related_name="+")
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("test picture")
        verbose_name_plural = _("test pictures")
        ordering = ("-created_at",)
        default_permissions = ()
        constraints = (models.UniqueConstraint("organisation", "token", name="trial_once"),)
        indexes = (models.Index(fields=["state", "created_at"]),)

    def __str__(self) -> str:
        return self.pk
