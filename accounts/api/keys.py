from __future__ import annotations

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, keys
from accounts.models import ApiKey
from accounts.models.keys import Scope
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, OneOf, Resource, one, operation
from tale.lib.strict import (
    StrictCharField,
    StrictChoiceField,
    StrictDateTimeField,
    StrictListField,
)

MOST_ADDRESSES = 50


class KeySerializer(Body):
    id = serializers.CharField(read_only=True)
    name = StrictCharField(max_length=80)
    prefix = serializers.SerializerMethodField(help_text="How the key begins; the rest is secret.")
    scopes = StrictListField(child=StrictChoiceField(Scope.choices), max_length=len(Scope))
    owner = OneOf(
        access.members,
        required=False,
        allow_null=True,
        help_text="You, unless you say null: a key of the organisation, which nobody owns.",
    )
    team = OneOf(
        access.teams, required=False, allow_null=True, help_text="Pays for what the key does."
    )
    allowed_addresses = StrictListField(
        child=StrictCharField(max_length=64),
        max_length=MOST_ADDRESSES,
        required=False,
        help_text="Addresses and networks it may come from. Empty: any.",
    )
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = StrictDateTimeField(
        required=False, help_text="In 90 days unless you say, in a year at most."
    )
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)

    example = {
        "id": "key_6h5q4t2s8v0w1x3y5z7a9b1c",
        "name": "Nightly report",
        "prefix": "tale_1f2e3d4c5b",
        "scopes": ["read"],
        "owner": "mem_6h5q4t2s8v0w1x3y5z7a9b1d",
        "team": None,
        "allowed_addresses": ["10.0.0.0/8"],
        "created_at": "2026-11-01T08:00:00Z",
        "expires_at": "2027-01-30T08:00:00Z",
        "last_used_at": None,
        "revoked_at": None,
    }

    def get_prefix(self, key: ApiKey) -> str:
        return f"tale_{key.prefix}"


class NewKeySerializer(KeySerializer):
    secret = serializers.CharField(read_only=True, help_text="The key itself. Shown this once.")

    example = {**KeySerializer.example, "secret": "tale_1f2e3d4c5b_…"}


class KeyList(Resource):
    @operation(
        "List the keys you may see", right="use_workspace", gives=KeySerializer, query=PageQuery
    )
    def get(self, request: Request) -> Response:
        return self.page(access.keys(self.actor))

    @operation(
        "Create a key",
        right="use_workspace",
        takes=KeySerializer,
        gives=NewKeySerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        wanted = {"owner": self.actor.membership, **self.sent}
        key, secret = keys.create(actor=self.actor, now=timezone.now(), **wanted)
        key.secret = secret  # type: ignore[attr-defined]
        return self.item(key)


class KeyDetail(Resource):
    @operation("Show a key", right="use_workspace", gives=KeySerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(access.keys(self.actor), pk))

    @operation("Revoke a key", right="use_workspace", status=204)
    def delete(self, request: Request, pk: str) -> Response:
        with self.held(access.keys(self.actor), pk) as key:
            keys.revoke(actor=self.actor, key=key, now=timezone.now())
        return self.none()
