from __future__ import annotations

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, invitations
from accounts.models import Role
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, OneOf, Resource, one, operation
from tale.lib.strict import StrictChoiceField, StrictEmailField


class InvitationSerializer(Body):
    id = serializers.CharField(read_only=True)
    email = StrictEmailField(max_length=254)
    role = StrictChoiceField(Role.choices)
    team = OneOf(
        access.teams, required=False, allow_null=True, help_text="Which they will belong to."
    )
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)
    mailed_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="Null while the mail has not gone out."
    )
    accepted_at = serializers.DateTimeField(read_only=True, allow_null=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)

    example = {
        "id": "inv_6h5q4t2s8v0w1x3y5z7a9b1c",
        "email": "bob@acme.example",
        "role": "member",
        "team": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "created_at": "2026-11-01T08:00:00Z",
        "expires_at": "2026-11-08T08:00:00Z",
        "mailed_at": None,
        "accepted_at": None,
        "revoked_at": None,
    }


class InvitationList(Resource):
    @operation(
        "List invitations", right="view_governance", gives=InvitationSerializer, query=PageQuery
    )
    def get(self, request: Request) -> Response:
        return self.page(access.invitations(self.actor))

    @operation(
        "Invite somebody by mail",
        right="manage_people",
        takes=InvitationSerializer,
        gives=InvitationSerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        now = timezone.now()
        return self.item(invitations.invite(actor=self.actor, now=now, **self.sent))


class InvitationDetail(Resource):
    @operation("Show an invitation", right="view_governance", gives=InvitationSerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(access.invitations(self.actor), pk))

    @operation("Revoke an invitation", right="manage_people", status=204)
    def delete(self, request: Request, pk: str) -> Response:
        with self.held(access.invitations(self.actor), pk) as invitation:
            invitations.revoke(actor=self.actor, invitation=invitation, now=timezone.now())
        return self.none()
