from __future__ import annotations

import zoneinfo
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role
from accounts.models.people import LONGEST_LINK_MINUTES, MOST_STORAGE_MIB
from policies import terms
from tale.lib.resource import Body, Resource, operation
from tale.lib.strict import (
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
)


class TimeZoneField(StrictCharField):
    default_error_messages = {"invalid_timezone": _("Send a zone such as Europe/Berlin.")}

    def to_internal_value(self, data: Any) -> str:
        if data not in zoneinfo.available_timezones():
            self.fail("invalid_timezone")
        return str(data)


class OrganisationSerializer(Body):
    id = serializers.CharField(read_only=True)
    name = StrictCharField(max_length=120)
    currency = serializers.CharField(read_only=True)
    time_zone = TimeZoneField(help_text="Days and months of budgets begin at midnight here.")
    language = StrictChoiceField(settings.LANGUAGES)
    storage_mib = StrictIntegerField(
        min_value=0,
        max_value=MOST_STORAGE_MIB,
        required=False,
        help_text="For each person. 0: none, so nothing can be uploaded.",
    )
    counts_generated = StrictBooleanField(
        required=False, help_text="Whether generated pictures take of a person's storage."
    )
    link_minutes = StrictIntegerField(
        min_value=1,
        max_value=LONGEST_LINK_MINUTES,
        required=False,
        help_text="How long links to pictures live.",
    )
    publishes_origins = StrictBooleanField(
        help_text="Whether each picture has a public page that says it was made here."
    )
    status = serializers.ChoiceField(Organisation.Status.choices, read_only=True)
    owner = serializers.SerializerMethodField(help_text="The member who owns it.")
    created_at = serializers.DateTimeField(read_only=True)

    example = {
        "id": "org_6h5q4t2s8v0w1x3y5z7a9b1c",
        "name": "Acme",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "language": "en",
        "storage_mib": 2048,
        "counts_generated": False,
        "link_minutes": 60,
        "publishes_origins": False,
        "status": "active",
        "owner": "mem_6h5q4t2s8v0w1x3y5z7a9b1d",
        "created_at": "2026-11-01T08:00:00Z",
    }

    def get_owner(self, organisation: Organisation) -> str | None:
        owners = Membership.objects.of(organisation).filter(role=Role.OWNER, deactivated_at=None)
        return owners.values_list("pk", flat=True).first()


class OrganisationDetail(Resource):
    """Nobody hands it over here: no key has the right to transfer it."""

    @operation("Show your organisation", right="use_workspace", gives=OrganisationSerializer)
    def get(self, request: Request) -> Response:
        return self.item(self.actor.organisation)

    @operation(
        "Change your organisation",
        right="manage_organisation",
        takes=OrganisationSerializer,
        gives=OrganisationSerializer,
    )
    def patch(self, request: Request) -> Response:
        with self.held(_own(self.actor), self.actor.organisation.pk):
            organisation = terms.change(actor=self.actor, now=timezone.now(), **self.sent)
        return self.item(organisation)


def _own(actor: Actor) -> QuerySet[Organisation]:
    return Organisation.objects.filter(pk=actor.organisation.pk)
