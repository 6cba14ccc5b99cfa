"""Connections to the services that answer and draw. A secret goes in and never comes out."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from providers import catalogue, credentials, probe
from providers.api.models import providers_of
from providers.models import Credential
from providers.models.connections import Health
from providers.registry import KINDS
from tale.lib.aio import waited
from tale.lib.paging import PageQuery, Query
from tale.lib.resource import Body, Resource, one, operation
from tale.lib.strict import (
    ObjectField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
)

LONGEST_KEY = 4000


class CredentialSerializer(Body):
    id = serializers.CharField(read_only=True)
    kind = serializers.ChoiceField(Credential.Kind.choices, read_only=True)
    name = serializers.CharField(read_only=True)
    fingerprint = serializers.CharField(read_only=True, help_text="Tells two keys apart.")
    host = serializers.CharField(read_only=True, help_text="The only host it is sent to.")
    position = serializers.IntegerField(read_only=True)
    is_enabled = serializers.BooleanField(read_only=True)
    health = serializers.ChoiceField(Health.choices, read_only=True)
    last_error = serializers.CharField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    used_at = serializers.DateTimeField(read_only=True, allow_null=True)

    example = {
        "id": "cred_6h5q4t2s8v0w1x3y5z7a9b1c",
        "kind": "key",
        "name": "Team account",
        "fingerprint": "9a0b1c2d3e4f",
        "host": "api.example.com",
        "position": 0,
        "is_enabled": True,
        "health": "ok",
        "last_error": "",
        "expires_at": None,
        "used_at": "2026-11-01T08:00:00Z",
    }


class ProviderKeySerializer(Body):
    name = StrictCharField(max_length=80, required=False, help_text="Such as whose account it is.")
    api_key = StrictCharField(max_length=LONGEST_KEY, write_only=True, help_text="Never shown.")

    example = {"name": "Spare", "api_key": "sk-…"}


class ProviderSerializer(Body):
    id = serializers.CharField(read_only=True)
    kind = StrictChoiceField(list(KINDS))
    name = StrictCharField(max_length=80)
    base_url = StrictCharField(
        max_length=200, required=False, allow_blank=True, help_text="Empty: the service's own."
    )
    reaches_private = StrictBooleanField(
        required=False, help_text="It is on your own network. The operator lists such hosts."
    )
    api_key = StrictCharField(
        max_length=LONGEST_KEY, required=False, write_only=True, help_text="Never shown."
    )
    credentials = CredentialSerializer(many=True, read_only=True)
    options = ObjectField(required=False)
    note = StrictCharField(max_length=160, required=False, allow_blank=True)
    region = StrictCharField(max_length=40, required=False, allow_blank=True)
    timeout_s = StrictIntegerField(required=False, allow_null=True, min_value=5, max_value=600)
    most_at_once = StrictIntegerField(required=False, allow_null=True, min_value=1, max_value=1000)
    per_minute = StrictIntegerField(required=False, allow_null=True, min_value=1, max_value=100_000)
    is_enabled = StrictBooleanField(required=False)
    health = serializers.ChoiceField(Health.choices, read_only=True)
    last_error = serializers.CharField(read_only=True)
    failed_at = serializers.DateTimeField(read_only=True, allow_null=True)
    worked_at = serializers.DateTimeField(read_only=True, allow_null=True)
    rests_until = serializers.DateTimeField(read_only=True, allow_null=True)
    latency_ms = serializers.IntegerField(read_only=True, allow_null=True)

    example = {
        "id": "prov_6h5q4t2s8v0w1x3y5z7a9b1d",
        "kind": "openai",
        "name": "OpenAI",
        "base_url": "",
        "reaches_private": False,
        "credentials": [CredentialSerializer.example],
        "options": {},
        "note": "Fast, creative styles",
        "region": "EU",
        "timeout_s": None,
        "most_at_once": 8,
        "per_minute": None,
        "is_enabled": True,
        "health": "ok",
        "last_error": "",
        "failed_at": None,
        "worked_at": "2026-11-01T08:00:00Z",
        "rests_until": None,
        "latency_ms": 212,
    }


class StepSerializer(serializers.Serializer[Any]):
    what = serializers.CharField()
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class TestSerializer(Body):
    ok = serializers.BooleanField(read_only=True)
    latency_ms = serializers.IntegerField(read_only=True)
    steps = StepSerializer(many=True, read_only=True)

    example = {
        "ok": True,
        "latency_ms": 212,
        "steps": [{"what": "credential", "ok": True, "detail": "The key is accepted."}],
    }


class DeletionQuery(Query):
    confirmed = StrictChoiceField(
        [("true", "true")],
        required=False,
        help_text="For one in use. Without it the refusal says what goes with the provider.",
    )


class ProviderList(Resource):
    @operation(
        "List the providers", right="view_governance", gives=ProviderSerializer, query=PageQuery
    )
    def get(self, request: Request) -> Response:
        keys = Credential.objects.of(self.actor.organisation)
        return self.page(providers_of(self.actor).prefetch_related(Prefetch("credentials", keys)))

    @operation(
        "Connect a provider",
        right="manage_providers",
        takes=ProviderSerializer,
        gives=ProviderSerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        return self.item(catalogue.save_provider(actor=self.actor, **_named(self.sent)))


class ProviderDetail(Resource):
    @operation("Show a provider", right="view_governance", gives=ProviderSerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(providers_of(self.actor), pk))

    @operation(
        "Change a provider. Without `api_key` it keeps its own.",
        right="manage_providers",
        takes=ProviderSerializer,
        gives=ProviderSerializer,
    )
    def patch(self, request: Request, pk: str) -> Response:
        with self.held(providers_of(self.actor), pk) as provider:
            catalogue.save_provider(actor=self.actor, provider=provider, **_named(self.sent))
        return self.item(one(providers_of(self.actor), pk))

    @operation(
        "Delete a provider with its models",
        right="manage_providers",
        query=DeletionQuery,
        status=204,
    )
    def delete(self, request: Request, pk: str) -> Response:
        with self.held(providers_of(self.actor), pk) as provider:
            catalogue.delete_provider(
                actor=self.actor, provider=provider, confirmed="confirmed" in self.asked
            )
        return self.none()


class ProviderTest(Resource):
    @operation(
        "Test the connection. It spends nothing.", right="manage_providers", gives=TestSerializer
    )
    def post(self, request: Request, pk: str) -> Response:
        provider = one(providers_of(self.actor), pk)
        return self.item(waited(probe.test)(provider))


class ProviderCredentials(Resource):
    @operation(
        "Give a provider another key, tried when those before it fail",
        right="manage_providers",
        takes=ProviderKeySerializer,
        gives=CredentialSerializer,
        status=201,
    )
    def post(self, request: Request, pk: str) -> Response:
        provider = one(providers_of(self.actor), pk)
        said = {"secret": self.sent.pop("api_key"), **self.sent}
        made = credentials.add(actor=self.actor, provider=provider, kind="key", **said)
        return self.item(made)


class CredentialDetail(Resource):
    @operation("Take a credential away", right="manage_providers", status=204)
    def delete(self, request: Request, pk: str) -> Response:
        rows = Credential.objects.of(self.actor.organisation)
        with self.held(rows, pk) as credential:
            credentials.remove(actor=self.actor, credential=credential)
        return self.none()


def _named(sent: dict[str, Any]) -> dict[str, Any]:
    """Outside it is an `api_key`, inside a credential."""
    said = dict(sent)
    if "api_key" in said:
        said["credential"] = said.pop("api_key")
    return said
