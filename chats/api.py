"""The pictures a key may see: those of its owner; a key of the organisation, those it made."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models.people import LONGEST_LINK_MINUTES
from assistants import uploads
from assistants.models import Artifact
from chats import access, delivery, links, pictures
from tale.lib import outline
from tale.lib.aio import waited
from tale.lib.multipart import MultipartParser, SentField
from tale.lib.paging import PageQuery, PeriodQuery, Query
from tale.lib.resource import Body, Resource, operation
from tale.lib.strict import StrictCharField, StrictChoiceField, WrittenIntegerField


class PictureFilter(PageQuery, PeriodQuery):
    home = StrictCharField(required=False, help_text="The chat it lives in.")


class FileQuery(Query):
    variant = StrictChoiceField(
        delivery.VARIANTS, required=False, help_text="Smaller, as WebP; never larger than it is."
    )
    download = StrictChoiceField(
        delivery.DOWNLOADS, required=False, help_text="In another format. Not with `variant`."
    )


class PictureSerializer(Body):
    id = serializers.CharField(read_only=True)
    home = serializers.CharField(read_only=True, help_text="The chat it lives and ends with.")
    origin = serializers.ChoiceField(Artifact.Origin.choices, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    media_type = serializers.CharField(read_only=True)
    width = serializers.IntegerField(read_only=True)
    height = serializers.IntegerField(read_only=True)
    size_bytes = serializers.IntegerField(read_only=True)
    sha256 = serializers.CharField(read_only=True, help_text="Of the original's bytes.")
    alt = StrictCharField(
        max_length=500, allow_blank=True, help_text="What it shows, for those who do not see it."
    )
    expires_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null: kept until somebody deletes it."
    )
    prompt = serializers.CharField(read_only=True)
    revised_prompt = serializers.CharField(read_only=True, help_text="What was really asked for.")
    model = serializers.CharField(read_only=True)
    content = serializers.SerializerMethodField(help_text="Where its bytes are, with the same key.")

    example = {
        "id": "art_6h5q4t2s8v0w1x3y5z7a9b1c",
        "home": "",
        "origin": "generated",
        "created_at": "2026-11-01T08:00:00Z",
        "media_type": "image/png",
        "width": 1024,
        "height": 1024,
        "size_bytes": 1204311,
        "sha256": "9b0c",
        "alt": "A fox in the snow",
        "expires_at": None,
        "prompt": "A fox in the snow",
        "revised_prompt": "A fox in the snow",
        "model": "studio-draw",
        "content": "/api/v1/pictures/art_6h5q4t2s8v0w1x3y5z7a9b1c/content",
    }

    def get_content(self, picture: Artifact) -> str:
        return reverse("api:picture-content", args=[picture.pk])


class UploadSerializer(Body):
    file = SentField(help_text="PNG, JPEG or WebP, at most 20 MiB and 25 megapixels.")
    alt = StrictCharField(
        max_length=500, required=False, help_text="What it shows. Else the name of the file."
    )

    example = {"file": "the bytes of a picture", "alt": "A fox in the snow"}


class PictureList(Resource):
    parser_classes = (MultipartParser,)

    @operation(
        "List your pictures",
        gives=PictureSerializer,
        query=PictureFilter,
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request) -> Response:
        alive = access.pictures_of(self.actor).filter(state=Artifact.State.READY)
        return self.page(alive.filter(**self.filters("created_at")), newest_first=True)

    @operation(
        "Upload a picture",
        takes=UploadSerializer,
        gives=PictureSerializer,
        status=201,
        refuses=(507,),
        right="use_workspace",
        scope="images",
    )
    def post(self, request: Request) -> Response:
        """It is made anew: its pixels are kept, upright, and nothing else it said."""
        file = self.sent["file"]
        keep = waited(uploads.keep)
        kept = keep(
            actor=self.actor,
            content=file.content,
            name=file.name,
            alt=self.sent.get("alt", ""),
            now=timezone.now(),
        )
        return self.item(kept)


class PictureDetail(Resource):
    @operation(
        "Show a picture",
        gives=PictureSerializer,
        refuses=(410,),
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request, pk: str) -> Response:
        return self.item(access.picture_for(self.actor, pk))

    @operation(
        "Say what a picture shows",
        takes=PictureSerializer,
        gives=PictureSerializer,
        refuses=(410,),
        right="use_workspace",
        scope="images",
    )
    def patch(self, request: Request, pk: str) -> Response:
        picture = access.deletable_for(self.actor, pk)
        self.compare(picture)
        if "alt" in self.sent:
            alt = self.sent["alt"]
            picture = pictures.describe(actor=self.actor, artifact_id=pk, alt=alt)
        return self.item(picture)

    @operation(
        "Delete a picture for good",
        status=204,
        refuses=(410,),
        right="use_workspace",
        scope="images",
    )
    def delete(self, request: Request, pk: str) -> Response:
        self.compare(access.deletable_for(self.actor, pk))
        end = waited(pictures.delete)
        end(actor=self.actor, artifact_id=pk, now=timezone.now())
        return self.none()


class LinkQuery(FileQuery):
    minutes = WrittenIntegerField(
        min_value=1, max_value=LONGEST_LINK_MINUTES, required=False, help_text="How long it lives."
    )


class LinkSerializer(Body):
    url = serializers.CharField(read_only=True, help_text="Works without a key or a session.")
    expires_at = serializers.DateTimeField(read_only=True)

    example = {
        "url": "https://tale.example/linked/eyJhcnQiOiJhcnRf…",
        "expires_at": "2026-11-01T09:00:00Z",
    }


class PictureLink(Resource):
    @operation(
        "Give out a link to a picture",
        query=LinkQuery,
        gives=LinkSerializer,
        refuses=(410,),
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request, pk: str) -> Response:
        """At most as long as the organisation lets links live; it dies with the picture."""
        shape = dict(self.asked)
        minutes = shape.pop("minutes", 0)
        picture = access.picture_for(self.actor, pk)
        wanted = delivery.checked(shape)
        return self.item(links.give(picture, wanted, now=timezone.now(), minutes=minutes))


class PictureContent(Resource):
    @operation(
        "Fetch the bytes of a picture",
        query=FileQuery,
        files=(outline.PNG, outline.JPEG, outline.WEBP),
        in_parts=True,
        refuses=(410, 416),
        right="use_workspace",
        scope="images",
    )
    def get(self, request: Request, pk: str) -> HttpResponse:
        wanted = delivery.checked(self.asked)
        picture = access.picture_for(self.actor, pk)
        hand_out = waited(delivery.hand_out)
        return hand_out(request._request, picture, wanted)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """It is the picture's format, whatever `Accept` would rather have."""
        return super().perform_content_negotiation(request, force=True)


urlpatterns = [
    path("pictures", PictureList.as_view(), name="pictures"),
    path("pictures/<slug:pk>", PictureDetail.as_view(), name="picture"),
    path("pictures/<slug:pk>/link", PictureLink.as_view(), name="picture-link"),
    path("pictures/<slug:pk>/content", PictureContent.as_view(), name="picture-content"),
]
