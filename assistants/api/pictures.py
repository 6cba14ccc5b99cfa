"""Pictures: may it be made, what does it cost, how much is kept, and was it made here?"""

from __future__ import annotations

from dataclasses import replace

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from assistants import explain, origins, statements, storage
from assistants.access import assistants_for
from assistants.context import Context
from assistants.origins import Origin
from chats import access
from providers.shapes import Wish
from tale.lib import money
from tale.lib.aio import waited
from tale.lib.multipart import MultipartParser, SentField
from tale.lib.resource import Body, OneOf, Resource, operation
from tale.lib.strict import AmountField, StrictCharField, StrictIntegerField

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
    resets_at = serializers.SerializerMethodField(
        help_text="When a budget begins anew, in the time zone of the organisation."
    )

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_resets_at(self, step: explain.Step) -> str | None:
        return step.data.get("resets_at")


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
            {
                "about": "feature",
                "code": "",
                "message": "Switched on.",
                "rule": "",
                "resets_at": None,
            },
            {
                "about": "budget",
                "code": "budget_exceeded",
                "message": "Team / Month: 4.98 EUR of 5.00 EUR used, this needs 0.08 EUR.",
                "rule": "rule_6h5q4t2s8v0w1x3y5z7a9b1c",
                "resets_at": "2026-12-01T00:00:00+01:00",
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
    limit_bytes = serializers.IntegerField(
        source="limit", read_only=True, help_text="0: none, so nothing can be uploaded."
    )
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
    deleted_on = serializers.DateField(read_only=True, allow_null=True)
    picture = serializers.SerializerMethodField(help_text="Its id, where you may see it.")
    statement = serializers.SerializerMethodField(help_text="Its public page, if there are such.")
    credentials = serializers.SerializerMethodField(help_text="What a file that was sent says.")

    example = {
        "verdict": "same",
        "sha256": "9b0c",
        "source_type": "trainedAlgorithmicMedia",
        "made_on": "2026-11-01",
        "deleted": False,
        "deleted_on": None,
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
