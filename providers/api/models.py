"""What may be asked, what it can do and what it costs: read by everybody, governed by admins."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from providers import abilities, catalogue, defaults, overrides, prices
from providers.models import Alias, Model, ModelDefault, Price, Provider, Tag
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, OneOf, Resource, one, operation
from tale.lib.strict import (
    AmountField,
    ObjectField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictDateField,
    StrictDateTimeField,
    StrictIntegerField,
    StrictListField,
)

MOST_TOKENS = 10_000_000


def providers_of(actor: Actor) -> QuerySet[Provider]:
    return Provider.objects.of(actor.organisation)


def models_of(actor: Actor) -> QuerySet[Model]:
    """Members see what they may ask for; who governs sees everything."""
    rows: QuerySet[Model] = Model.objects.of(actor.organisation).select_related("provider")
    if not actor.may("view_governance"):
        rows = rows.filter(is_enabled=True, provider__is_enabled=True, vanished_at=None)
    now = timezone.now()
    in_force = Price.objects.of(actor.organisation).exclude(valid_to__lte=now).order_by("unit")
    beside: list[Any] = [
        Prefetch("aliases", Alias.objects.of(actor.organisation)),
        Prefetch("prices", in_force, to_attr="in_force"),
    ]
    rows = rows.prefetch_related(*beside)
    return prices.with_units(rows, now=now)


class PriceSerializer(Body):
    unit = StrictChoiceField(Price.Unit.choices)
    size = StrictCharField(max_length=12, required=False, help_text="Such as 1024x1024.")
    quality = StrictCharField(max_length=12, required=False)
    amount = AmountField(
        source="amount_micro", help_text="Of one picture, a million tokens, or one credit."
    )
    currency = serializers.CharField(read_only=True)
    valid_from = StrictDateTimeField(required=False, help_text="Now, unless it is said.")
    valid_to = serializers.DateTimeField(read_only=True, allow_null=True)
    source = StrictCharField(max_length=200, required=False)  # type: ignore[assignment]

    example = {
        "unit": "picture",
        "size": "1024x1024",
        "quality": "high",
        "amount": "0.211",
        "currency": "EUR",
        "valid_from": "2026-11-01T08:00:00Z",
        "valid_to": None,
        "source": "The provider's price page, 2026-11-01",
    }


class ModelSerializer(Body):
    id = serializers.CharField(read_only=True)
    provider = OneOf(providers_of, help_text="The id of a provider.")
    provider_name = serializers.CharField(source="provider.name", read_only=True)
    note = serializers.CharField(source="provider.note", read_only=True)
    remote_id = StrictCharField(max_length=120, help_text="By which the provider knows it.")
    name = StrictCharField(max_length=120)
    tags = StrictListField(child=StrictChoiceField(Tag.choices), max_length=len(Tag))
    aliases = serializers.SerializerMethodField(help_text="Other names it may be asked for by.")
    context_tokens = StrictIntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    output_tokens = StrictIntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_TOKENS
    )
    able = serializers.SerializerMethodField(help_text="What it can do, all told.")
    overrides = ObjectField(
        source="capabilities",
        required=False,
        help_text="Where it differs from what its kind says of it.",
    )
    prices = PriceSerializer(source="in_force", many=True, read_only=True)
    is_priced = serializers.SerializerMethodField(help_text="Without a price it is not called.")
    bills_refusals = StrictBooleanField(required=False)
    is_enabled = StrictBooleanField(required=False)
    retires_on = StrictDateField(required=False, allow_null=True)
    replacement = StrictCharField(required=False, allow_blank=True, max_length=120)
    vanished_at = serializers.DateTimeField(read_only=True, allow_null=True)

    example = {
        "id": "model_6h5q4t2s8v0w1x3y5z7a9b1c",
        "provider": "prov_6h5q4t2s8v0w1x3y5z7a9b1d",
        "provider_name": "Studio",
        "note": "Built in: draws and chats without a key.",
        "remote_id": "studio-image",
        "name": "Studio image",
        "tags": ["image-generation", "image-edit"],
        "aliases": ["gpt-image-2"],
        "context_tokens": None,
        "output_tokens": None,
        "able": {"operations": ["generate", "edit"], "most_pictures": 10},
        "overrides": {},
        "prices": [PriceSerializer.example],
        "is_priced": True,
        "bills_refusals": False,
        "is_enabled": True,
        "retires_on": None,
        "replacement": "",
        "vanished_at": None,
    }

    def get_aliases(self, model: Model) -> list[str]:
        return [alias.name for alias in model.aliases.all()]

    def get_able(self, model: Model) -> dict[str, Any]:
        return asdict(abilities.of(model))

    def validate_overrides(self, value: Any) -> Any:
        overrides.checked(value, field="overrides")  # the column has another name
        return value

    def get_is_priced(self, model: Model) -> bool:
        return prices.is_priced(model)


class ModelQuery(PageQuery):
    tag = StrictChoiceField(Tag.choices, required=False)
    provider = StrictCharField(required=False)


class DefaultSerializer(Body):
    tag = StrictChoiceField(Tag.choices)
    model = OneOf(models_of)

    example = {"tag": "image-generation", "model": "model_6h5q4t2s8v0w1x3y5z7a9b1c"}


class ModelList(Resource):
    @operation(
        "List the models, what they can do and cost",
        right="use_workspace",
        gives=ModelSerializer,
        query=ModelQuery,
    )
    def get(self, request: Request) -> Response:
        rows = models_of(self.actor)
        if provider := self.asked.get("provider"):
            rows = rows.filter(provider_id=provider)
        if tag := self.asked.get("tag"):  # SQLite cannot look into a list
            rows = rows.filter(pk__in=[row.pk for row in rows if tag in row.tags])
        return self.page(rows)

    @operation(
        "Add a model of a provider",
        right="manage_providers",
        takes=ModelSerializer,
        gives=ModelSerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        made = catalogue.save_model(actor=self.actor, **self.sent)
        return self.item(one(models_of(self.actor), made.pk))


class ModelDetail(Resource):
    @operation("Show a model", right="use_workspace", gives=ModelSerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(models_of(self.actor), pk))

    @operation(
        "Change a model", right="manage_providers", takes=ModelSerializer, gives=ModelSerializer
    )
    def patch(self, request: Request, pk: str) -> Response:
        with self.held(models_of(self.actor), pk) as model:
            catalogue.save_model(actor=self.actor, model=model, **self.sent)
        return self.item(one(models_of(self.actor), pk))


class ModelPrices(Resource):
    @operation(
        "Set a price. The one before it ends when this one begins; none is ever changed.",
        right="manage_providers",
        takes=PriceSerializer,
        gives=PriceSerializer,
        status=201,
    )
    def post(self, request: Request, pk: str) -> Response:
        model = one(models_of(self.actor), pk)
        price = prices.set_price(actor=self.actor, model=model, now=timezone.now(), **self.sent)
        return self.item(price)


class ModelDefaults(Resource):
    @operation(
        "List which model is taken when nobody asks for one",
        right="use_workspace",
        gives=DefaultSerializer,
        query=PageQuery,
    )
    def get(self, request: Request) -> Response:
        return self.page(_defaults(self.actor))

    @operation(
        "Choose the model of a tag",
        right="manage_providers",
        takes=DefaultSerializer,
        gives=DefaultSerializer,
    )
    def put(self, request: Request) -> Response:
        return self.item(defaults.set_default(actor=self.actor, **self.sent))


def _defaults(actor: Actor) -> QuerySet[ModelDefault]:
    return ModelDefault.objects.of(actor.organisation).filter(provider=None)
