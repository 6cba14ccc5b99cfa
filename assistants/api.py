"""Pictures: may it be made, what does it cost, what becomes of it, and was it made here?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.urls import path, reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assistants import explain, jobs, origins, statements, storage
from assistants.access import assistants_for
from assistants.context import Context
from assistants.models import Artifact, ImageJob
from assistants.origins import Origin
from chats import access
from providers.shapes import Wish
from tale.lib import money
from tale.lib.aio import waited
from tale.lib.multipart import MultipartParser, SentField
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, OneOf, Resource, operation
from tale.lib.strict import AmountField, StrictCharField, StrictChoiceField, StrictIntegerField

LONGEST_PROMPT = 32_000


class WishSerializer(Body):
    prompt = StrictCharField(max_length=LONGEST_PROMPT)
    n = StrictIntegerField(required=False)
    size = StrictCharField(
        max_length=20, required=False, help_text="auto, such as 1024x1024, or such as 16:9."
    )
    quality = StrictCharField(max_length=12, required=False)
    style = StrictCharField(max_length=200, required=False)  # type: ignore[assignment]
    model = StrictCharField(
        max_length=120, required=False, help_text="Its id, its name at the provider, or an alias."
    )
    assistant = OneOf(assistants_for, required=False, help_text="Whose limits count as well.")
    confirm_amount = AmountField(required=False, help_text="What you would say yes to.")

    example = {"prompt": "a fox in the snow", "n": 2, "size": "1024x1024", "quality": "high"}


class ReasonSerializer(Body):
    about = serializers.ChoiceField([each.value for each in explain.About], read_only=True)
    code = serializers.CharField(read_only=True, help_text="Empty: nothing speaks against it.")
    message = serializers.CharField(source="text", read_only=True)
    rule = serializers.CharField(read_only=True, help_text="The id of the row that decides.")


class ExplanationSerializer(Body):
    allowed = serializers.BooleanField(read_only=True)
    code = serializers.SerializerMethodField(help_text="Of the first no; empty if there is none.")
    message = serializers.SerializerMethodField()
    model = serializers.SerializerMethodField(help_text="The id of the model that is taken.")
    n = serializers.SerializerMethodField()
    size = serializers.SerializerMethodField(help_text="As fitted to the model.")
    quality = serializers.SerializerMethodField()
    amount = serializers.SerializerMethodField(help_text="At most, such as 0.08.")
    currency = serializers.SerializerMethodField()
    steps = ReasonSerializer(many=True, read_only=True)

    example = {
        "allowed": False,
        "code": "budget_exceeded",
        "message": "This needs 0.08 EUR, and the budget of your team has 0.02 EUR left.",
        "model": "mod_6h5q4t2s8v0w1x3y5z7a9b1c",
        "n": 2,
        "size": "1024x1024",
        "quality": "high",
        "amount": "0.08",
        "currency": "EUR",
        "steps": [
            {"about": "feature", "code": "", "message": "Switched on.", "rule": ""},
            {
                "about": "budget",
                "code": "budget_exceeded",
                "message": "Team / Month: 4.98 EUR of 5.00 EUR used, this needs 0.08 EUR.",
                "rule": "rule_6h5q4t2s8v0w1x3y5z7a9b1c",
            },
        ],
    }

    def get_code(self, told: explain.Explanation) -> str:
        return told.refusal.code if told.refusal else ""

    def get_message(self, told: explain.Explanation) -> str:
        return str(told.refusal) if told.refusal else ""

    def get_model(self, told: explain.Explanation) -> str:
        return told.choice.model.pk if told.choice else ""

    def get_n(self, told: explain.Explanation) -> int:
        return told.plan.n if told.plan else 0

    def get_size(self, told: explain.Explanation) -> str:
        return told.plan.size if told.plan else ""

    def get_quality(self, told: explain.Explanation) -> str:
        return told.plan.quality if told.plan else ""

    def get_amount(self, told: explain.Explanation) -> str:
        return money.plain(told.quote.amount_micro) if told.quote else ""

    def get_currency(self, told: explain.Explanation) -> str:
        return told.quote.currency if told.quote else ""


class PictureCheck(Resource):
    @operation(
        "Ask whether a picture could be made now, and what it would cost",
        right="use_workspace",
        scope="images",
        takes=WishSerializer,
        gives=ExplanationSerializer,
    )
    def post(self, request: Request) -> Response:
        """Spends nothing and sets nothing aside. The answer holds for this moment."""
        sent = dict(self.sent)
        model, assistant = sent.pop("model", ""), sent.pop("assistant", None)
        said_yes_to = sent.pop("confirm_amount", 0)
        context = Context(
            actor=self.actor,
            reference=f"request:{self.actor.request_id}",
            assistant=assistant.pk if assistant else "",
            team=self.actor.key.team if self.actor.key else None,
            image_model=model,
            confirmed_micro=said_yes_to,
        )
        told = explain.picture(wish=Wish(**sent), context=context, now=timezone.now())
        return self.item(told)


class StorageSerializer(Body):
    used_bytes = serializers.IntegerField(source="used", read_only=True, help_text="What counts.")
    limit_bytes = serializers.IntegerField(source="limit", read_only=True)
    uploaded_bytes = serializers.IntegerField(source="uploaded", read_only=True)
    generated_bytes = serializers.IntegerField(source="generated", read_only=True)
    counts_generated = serializers.BooleanField(
        read_only=True, help_text="Whether generated pictures count."
    )
    pictures = serializers.IntegerField(read_only=True)

    example = {
        "used_bytes": 1204311,
        "limit_bytes": 2147483648,
        "uploaded_bytes": 1204311,
        "generated_bytes": 90120445,
        "counts_generated": False,
        "pictures": 41,
    }


class Storage(Resource):
    @operation(
        "Show how much you store, and how much you may",
        right="use_workspace",
        scope="images",
        gives=StorageSerializer,
    )
    def get(self, request: Request) -> Response:
        return self.item(storage.usage_of(self.actor))


class OriginQuestionSerializer(Body):
    file = SentField(required=False, help_text="PNG, JPEG or WebP, at most 20 MiB. Not kept.")
    sha256 = StrictCharField(
        max_length=64, required=False, help_text="Instead of the file: finds the very same alone."
    )

    example = {"file": "the bytes of a picture"}


class CredentialsSerializer(Body):
    signed = serializers.ChoiceField(
        [each.value for each in origins.Signed],
        read_only=True,
        help_text="By this installation, by another, by somebody and changed since, or not at all.",
    )
    issuer = serializers.CharField(read_only=True)
    source_type = serializers.CharField(read_only=True, help_text="Hearsay, unless it is signed.")
    tool = serializers.CharField(read_only=True)
    made_at = serializers.CharField(read_only=True)


class OriginSerializer(Body):
    verdict = serializers.ChoiceField(
        [each.value for each in origins.Verdict],
        read_only=True,
        help_text="A file of yours; one that looks like yours, which proves nothing; neither.",
    )
    sha256 = serializers.CharField(read_only=True)
    source_type = serializers.CharField(read_only=True, help_text="As IPTC names it, if known.")
    made_on = serializers.DateField(read_only=True, allow_null=True)
    deleted = serializers.SerializerMethodField()
    picture = serializers.SerializerMethodField(help_text="Its id, where you may see it.")
    statement = serializers.SerializerMethodField(help_text="Its public page, if there are such.")
    credentials = serializers.SerializerMethodField(help_text="What a file that was sent says.")

    example = {
        "verdict": "same",
        "sha256": "9b0c",
        "source_type": "trainedAlgorithmicMedia",
        "made_on": "2026-11-01",
        "deleted": False,
        "picture": "art_6h5q4t2s8v0w1x3y5z7a9b1c",
        "statement": "",
        "credentials": {
            "signed": "ours",
            "issuer": "Tale",
            "source_type": "trainedAlgorithmicMedia",
            "tool": "Tale",
            "made_at": "2026-11-01T08:00:00Z",
        },
    }

    def get_deleted(self, origin: Origin) -> bool:
        return origin.picture is not None and origin.picture.deleted_at is not None

    def get_picture(self, origin: Origin) -> str:
        return origin.picture.pk if origin.picture and origin.is_theirs else ""

    def get_statement(self, origin: Origin) -> str:
        picture = origin.picture
        return statements.link_to(picture.pk, picture.organisation) if picture else ""

    @extend_schema_field(CredentialsSerializer(allow_null=True))
    def get_credentials(self, origin: Origin) -> dict[str, str] | None:
        said = origin.credentials
        if said is None:
            return None
        names = ("issuer", "source_type", "tool", "made_at")
        return {"signed": origin.signed.value} | {name: getattr(said, name) for name in names}


class PictureOrigin(Resource):
    parser_classes = (MultipartParser,)

    @operation(
        "Ask whether a picture was made in your organisation",
        right="use_workspace",
        scope="images",
        takes=OriginQuestionSerializer,
        gives=OriginSerializer,
    )
    def post(self, request: Request) -> Response:
        """By the file or by its hash. What is sent is looked at and not kept."""
        file, sha256 = self.sent.get("file"), self.sent.get("sha256", "")
        organisation = self.actor.organisation
        origins.require_one(file, sha256)
        if file is None:
            origin = origins.of_hash(sha256, organisation)
        else:
            origin = waited(origins.of_file)(file.content, organisation)
        found = origin.picture.pk if origin.picture else ""
        seen = access.pictures_of(self.actor).filter(pk=found).exists()
        return self.item(replace(origin, is_theirs=seen))


class ImageJobFilter(PageQuery):
    state = StrictChoiceField(ImageJob.State.values, required=False)


class ImageJobSerializer(Body):
    id = serializers.CharField(read_only=True)
    home = serializers.SerializerMethodField(help_text="The chat it was asked for in.")
    state = serializers.ChoiceField(ImageJob.State.choices, read_only=True)
    progress = serializers.FloatField(
        read_only=True, help_text="From 0 to 1, where its provider tells."
    )
    created_at = serializers.DateTimeField(read_only=True)
    ended_at = serializers.DateTimeField(read_only=True, allow_null=True)
    n = serializers.SerializerMethodField()
    model = serializers.SerializerMethodField(help_text="Its name at the provider.")
    code = serializers.SerializerMethodField(help_text="Why it brought nothing; else empty.")

    example: dict[str, Any] = {
        "id": "ig_6h5q4t2s8v0w1x3y5z7a9b1c",
        "home": "",
        "state": "running",
        "progress": 0.4,
        "created_at": "2026-11-01T08:00:00Z",
        "ended_at": None,
        "n": 2,
        "model": "studio-image",
        "code": "",
    }

    def get_home(self, job: ImageJob) -> str:
        return str(job.plan.get("home", ""))

    def get_n(self, job: ImageJob) -> int:
        return int(job.wish["n"])

    def get_model(self, job: ImageJob) -> str:
        return str(job.plan.get("model", ""))

    def get_code(self, job: ImageJob) -> str:
        return str(job.refusal.get("code", ""))


class PictureOfJobSerializer(Body):
    id = serializers.CharField(read_only=True)
    is_late = serializers.SerializerMethodField(
        help_text="It came after the job was stopped: paid and kept, and not delivered."
    )
    content = serializers.SerializerMethodField(help_text="Where its bytes are.")

    example = {
        "id": "art_6h5q4t2s8v0w1x3y5z7a9b1c",
        "is_late": False,
        "content": "/api/v1/pictures/art_6h5q4t2s8v0w1x3y5z7a9b1c/content",
    }

    def get_is_late(self, picture: Artifact) -> bool:
        return picture.state == Artifact.State.LATE

    def get_content(self, picture: Artifact) -> str:
        return reverse("api:picture-content", args=[picture.pk])


class ImageJobDetailSerializer(ImageJobSerializer):
    billed = serializers.SerializerMethodField(help_text="What is booked, such as 0.08.")
    held = serializers.SerializerMethodField(help_text="What may still be billed, at most.")
    currency = serializers.CharField(source="organisation.currency", read_only=True)
    pictures = PictureOfJobSerializer(many=True, read_only=True)

    example = ImageJobSerializer.example | {
        "billed": "0.00",
        "held": "0.08",
        "currency": "EUR",
        "pictures": [PictureOfJobSerializer.example],
    }

    def get_billed(self, job: ImageJob) -> str:
        return money.plain(jobs.billed(job)["amount_micro"])

    def get_held(self, job: ImageJob) -> str:
        return money.plain(jobs.billed(job)["held_micro"])

    def to_representation(self, instance: ImageJob) -> Any:
        instance.pictures = jobs.pictures_of(instance)  # type: ignore[attr-defined]
        return super().to_representation(instance)


class ImageJobList(Resource):
    @operation(
        "List wishes for pictures, running and over",
        gives=ImageJobSerializer,
        query=ImageJobFilter,
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request) -> Response:
        asked = jobs.jobs_of(self.actor).filter(**self.filters("created_at"))
        return self.page(asked, newest_first=True)


class ImageJobDetail(Resource):
    @operation(
        "Show a wish for pictures: how far it is, and what it cost",
        gives=ImageJobDetailSerializer,
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request, pk: str) -> Response:
        return self.item(jobs.job_for(self.actor, pk))


class ImageJobCancel(Resource):
    @operation(
        "Stop a wish for pictures",
        gives=ImageJobDetailSerializer,
        right="use_workspace",
        scope="images",
    )
    def post(self, request: Request, pk: str) -> Response:
        """Nothing happens to one that is over. What is billed all the same stays booked."""
        job = jobs.job_for(self.actor, pk)
        return self.item(jobs.cancel(job=job, actor=self.actor, now=timezone.now()))


urlpatterns: list[Any] = [
    path("picture-origins", PictureOrigin.as_view(), name="picture-origin"),
    path("picture-checks", PictureCheck.as_view(), name="picture-check"),
    path("storage", Storage.as_view(), name="storage"),
    path("image-jobs", ImageJobList.as_view(), name="image-jobs"),
    path("image-jobs/<slug:pk>", ImageJobDetail.as_view(), name="image-job"),
    path("image-jobs/<slug:pk>/cancel", ImageJobCancel.as_view(), name="image-job-cancel"),
]
