"""Wishes for pictures: how far one is, what it cost, and its stop."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assistants import beginning, jobs
from assistants.models import Artifact, ImageJob
from tale.lib import money
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, Resource, operation
from tale.lib.strict import StrictChoiceField


class ImageJobFilter(PageQuery):
    state = StrictChoiceField(ImageJob.State.values, required=False)


class ImageJobSerializer(Body):
    id = serializers.CharField(read_only=True)
    home = serializers.SerializerMethodField(help_text="The chat it was asked for in.")
    state = serializers.ChoiceField(ImageJob.State.choices, read_only=True)
    progress = serializers.SerializerMethodField(
        help_text="From 0 to 1, where its provider tells; 1 when it is done."
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

    def get_progress(self, job: ImageJob) -> float:
        return 1.0 if job.state == ImageJob.State.DONE else job.progress

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
    message = serializers.SerializerMethodField(
        help_text="Why it brought nothing; of one stopped or interrupted, also what it cost."
    )
    pictures = PictureOfJobSerializer(many=True, read_only=True)

    example = ImageJobSerializer.example | {
        "billed": "0.00",
        "held": "0.08",
        "currency": "EUR",
        "message": "",
        "pictures": [PictureOfJobSerializer.example],
    }

    def get_billed(self, job: ImageJob) -> str:
        return money.plain(jobs.billed(job)["amount_micro"])

    def get_held(self, job: ImageJob) -> str:
        return money.plain(jobs.billed(job)["held_micro"])

    def get_message(self, job: ImageJob) -> str:
        if job.state == ImageJob.State.CANCELLED:
            return str(jobs.stopped(job))
        return str(beginning.lost(job)) if job.refusal else ""

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
