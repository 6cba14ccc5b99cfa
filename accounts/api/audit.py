from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import trail
from accounts.models import AuditLine
from tale.lib.paging import PageQuery, PeriodQuery
from tale.lib.resource import Body, Resource, operation
from tale.lib.strict import StrictCharField, StrictChoiceField

TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


class AuditFilter(PeriodQuery):
    who = StrictCharField(required=False, help_text="A pseudonym `who_…`, or a member `mem_…`.")
    key = StrictCharField(required=False, help_text="The key it was done with.")
    action = StrictCharField(required=False, help_text="For example `member.changed`.")
    outcome = StrictCharField(required=False, help_text="`done`, or the code of the refusal.")
    target = StrictCharField(required=False, help_text="The id of what it was done to.")


class AuditQuery(AuditFilter, PageQuery):
    pass


class ExportQuery(AuditFilter):
    format = StrictChoiceField(sorted(TYPES), default="json")


class LineSerializer(Body):
    seq = serializers.IntegerField(read_only=True, help_text="Its place in the chain, from 1.")
    at = serializers.DateTimeField(read_only=True)
    who = serializers.CharField(read_only=True, help_text="A pseudonym; empty for nobody.")
    member = serializers.CharField(read_only=True, allow_null=True, help_text="Whose it is.")
    key = serializers.CharField(read_only=True)
    surface = serializers.CharField(read_only=True)
    action = serializers.CharField(read_only=True)
    outcome = serializers.CharField(read_only=True)
    target_kind = serializers.CharField(read_only=True)
    target = serializers.CharField(read_only=True)
    request_id = serializers.CharField(read_only=True)
    detail = serializers.DictField(
        read_only=True, allow_null=True, help_text="Before, after, from where; null once erased."
    )
    detail_hash = serializers.CharField(read_only=True)
    prev_hash = serializers.CharField(read_only=True)
    hash = serializers.CharField(read_only=True)

    example = {
        "seq": 7,
        "at": "2026-11-01T08:00:00Z",
        "who": "who_6h5q4t2s8v0w1x3y5z7a9b1e",
        "member": "mem_6h5q4t2s8v0w1x3y5z7a9b1d",
        "key": "",
        "surface": "admin",
        "action": "team.changed",
        "outcome": "done",
        "target_kind": "team",
        "target": "team_6h5q4t2s8v0w1x3y5z7a9b1c",
        "request_id": "req_6h5q4t2s8v0w1x3y5z7a9b1f",
        "detail": {
            "before": {"name": "Design"},
            "after": {"name": "Design & Brand"},
            "address": "10.0.0.7",
            "name": "Design & Brand",
        },
        "detail_hash": "3c1f",
        "prev_hash": "9a0b",
        "hash": "5d2e",
    }


class Trail(Resource):
    def found(self) -> QuerySet[AuditLine]:
        return trail.lines(actor=self.actor, **self.filters("at"))


class AuditList(Trail):
    @operation(
        "Read the audit, newest first",
        right="view_audit",
        gives=LineSerializer,
        query=AuditQuery,
    )
    def get(self, request: Request) -> Response:
        prepare = partial(trail.records, organisation=self.actor.organisation)
        return self.page(self.found(), prepare=prepare, by="seq", newest_first=True)


class AuditExport(Trail):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """`format` says which file it shall be; `Accept` may say anything."""
        return super().perform_content_negotiation(request, force=True)

    @operation(
        "Take the audit away as a file, oldest line first",
        right="view_audit",
        query=ExportQuery,
        files=("application/json", "text/csv"),
    )
    def get(self, request: Request) -> HttpResponse:
        form = self.asked["format"]
        file = trail.export(actor=self.actor, found=self.found(), form=form)
        name = f'attachment; filename="audit.{form}"'
        return HttpResponse(file, TYPES[form], headers={"Content-Disposition": name})
