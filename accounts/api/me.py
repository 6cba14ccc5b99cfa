from __future__ import annotations

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.api.keys import KeySerializer
from accounts.api.members import MemberSerializer
from accounts.api.organisation import OrganisationSerializer
from tale.lib.resource import Body, Resource, operation


class MeSerializer(Body):
    organisation = OrganisationSerializer(read_only=True)
    member = MemberSerializer(
        source="membership",
        read_only=True,
        allow_null=True,
        help_text="Null for a key that nobody owns.",
    )
    key = KeySerializer(read_only=True)
    rights = serializers.SerializerMethodField(help_text="What this key may do.")

    example = {
        "organisation": OrganisationSerializer.example,
        "member": MemberSerializer.example,
        "key": KeySerializer.example,
        "rights": ["use_workspace"],
    }

    def get_rights(self, actor: Actor) -> list[str]:
        return sorted(actor.rights)


class Me(Resource):
    @operation("Show whose key this is", right="use_workspace", scope="", gives=MeSerializer)
    def get(self, request: Request) -> Response:
        return self.item(self.actor)
