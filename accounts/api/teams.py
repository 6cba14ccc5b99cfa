from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, people
from accounts.actor import Actor
from accounts.models import Team, TeamMember
from tale.lib.paging import PageQuery
from tale.lib.refusals import Refusal
from tale.lib.resource import Body, Resource, one, operation
from tale.lib.strict import StrictBooleanField, StrictCharField, StrictListField

LARGEST_TEAM = 1000


class TeamMemberSerializer(Body):
    member = StrictCharField(source="membership_id")
    is_lead = StrictBooleanField(default=False)


class TeamSerializer(Body):
    id = serializers.CharField(read_only=True)
    name = StrictCharField(max_length=80)
    members = TeamMemberSerializer(many=True, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    example = {
        "id": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "name": "Design",
        "members": [{"member": "mem_6h5q4t2s8v0w1x3y5z7a9b1d", "is_lead": True}],
        "created_at": "2026-11-01T08:00:00Z",
    }


class TeamMembersSerializer(Body):
    members = StrictListField(child=TeamMemberSerializer(), max_length=LARGEST_TEAM)

    example = {"members": [{"member": "mem_6h5q4t2s8v0w1x3y5z7a9b1d", "is_lead": True}]}


class TeamList(Resource):
    @operation(
        "List the teams you may see", right="use_workspace", gives=TeamSerializer, query=PageQuery
    )
    def get(self, request: Request) -> Response:
        return self.page(_seen(self.actor))

    @operation(
        "Create a team",
        right="manage_teams",
        takes=TeamSerializer,
        gives=TeamSerializer,
        status=201,
    )
    def post(self, request: Request) -> Response:
        return self.item(people.save_team(actor=self.actor, **self.sent))


class TeamDetail(Resource):
    @operation("Show a team", right="use_workspace", gives=TeamSerializer)
    def get(self, request: Request, pk: str) -> Response:
        return self.item(one(_seen(self.actor), pk))

    @operation("Rename a team", right="manage_teams", takes=TeamSerializer, gives=TeamSerializer)
    def patch(self, request: Request, pk: str) -> Response:
        with self.held(_seen(self.actor), pk) as team:
            people.save_team(actor=self.actor, team=team, **{"name": team.name, **self.sent})
        return self.item(team)

    @operation("Delete a team", right="manage_teams", status=204)
    def delete(self, request: Request, pk: str) -> Response:
        with self.held(_seen(self.actor), pk) as team:
            people.delete_team(actor=self.actor, team=team)
        return self.none()


class TeamMembers(Resource):
    @operation(
        "Say who is in a team, and who leads it",
        right="manage_teams",
        takes=TeamMembersSerializer,
        gives=TeamSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        members = {row["membership_id"]: row["is_lead"] for row in self.sent["members"]}
        if len(members) < len(self.sent["members"]):
            raise Refusal("invalid_value", _("The same member is named twice."), field="members")
        with self.held(_seen(self.actor), pk) as team:
            people.set_team_members(actor=self.actor, team=team, members=members)
        return self.item(one(_seen(self.actor), pk))


def _seen(actor: Actor) -> QuerySet[Team]:
    rows = TeamMember.objects.of(actor.organisation).order_by("pk")
    return access.teams(actor).prefetch_related(Prefetch("members", rows))
