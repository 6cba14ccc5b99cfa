from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, people
from accounts.actor import Actor
from accounts.models import Membership, Role, TeamMember
from tale.lib.paging import PageQuery
from tale.lib.resource import Body, OneOf, Resource, one, operation
from tale.lib.strict import StrictBooleanField, StrictChoiceField


class TeamOfMemberSerializer(Body):
    team = serializers.CharField(source="team_id", read_only=True)
    is_lead = serializers.BooleanField(read_only=True)


class MemberSerializer(Body):
    id = serializers.CharField(read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)
    role = StrictChoiceField(Role.choices)
    is_author = StrictBooleanField(help_text="May write assistants for the organisation.")
    primary_team = OneOf(
        access.teams,
        allow_null=True,
        help_text="Pays when nothing else is said. One of the member's teams.",
    )
    teams = TeamOfMemberSerializer(many=True, read_only=True)
    is_active = serializers.BooleanField(read_only=True)
    joined_at = serializers.DateTimeField(read_only=True)
    deactivated_at = serializers.DateTimeField(read_only=True, allow_null=True)

    example = {
        "id": "mem_6h5q4t2s8v0w1x3y5z7a9b1d",
        "email": "bob@acme.example",
        "name": "Bob",
        "role": "member",
        "is_author": False,
        "primary_team": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "teams": [{"team": "team_6h5q4t2s8v0w1x3y5z7a9b1c", "is_lead": False}],
        "is_active": True,
        "joined_at": "2026-11-01T08:00:00Z",
        "deactivated_at": None,
    }


class MemberList(Resource):
    @operation("List members", right="view_governance", gives=MemberSerializer, query=PageQuery)
    def get(self, request: Request) -> Response:
        return self.page(_seen(self.actor))


class MemberDetail(Resource):
    @operation("Show a member", right="view_governance", gives=MemberSerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(_seen(self.actor), pk))

    @operation(
        "Change a member's role, team or right to write assistants",
        right="manage_people",
        takes=MemberSerializer,
        gives=MemberSerializer,
    )
    def patch(self, request: Request, pk: str) -> Response:
        with self.held(_seen(self.actor), pk) as member:
            people.change_member(actor=self.actor, membership=member, **self.sent)
        return self.item(member)


class MemberDeactivate(Resource):
    @operation(
        "Switch a member off, and their keys with them",
        right="manage_people",
        gives=MemberSerializer,
    )
    def post(self, request: Request, pk: str) -> Response:
        with self.held(_seen(self.actor), pk) as member:
            people.deactivate(actor=self.actor, membership=member, now=timezone.now())
        return self.item(member)


class MemberReactivate(Resource):
    @operation("Switch a member on again", right="manage_people", gives=MemberSerializer)
    def post(self, request: Request, pk: str) -> Response:
        with self.held(_seen(self.actor), pk) as member:
            people.reactivate(actor=self.actor, membership=member, now=timezone.now())
        return self.item(member)


def _seen(actor: Actor) -> QuerySet[Membership]:
    rows = TeamMember.objects.of(actor.organisation).order_by("pk")
    return access.members(actor).prefetch_related(Prefetch("teams", rows))
