"""Rows of another organisation: not found by mistake, not found on purpose."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from accounts.models import ApiKey, Membership, Organisation, Team, User
from accounts.tenancy import TenantQuerySet, Unscoped
from tests.people import Key

OURS = ("accounts", "policies", "providers", "assistants", "chats", "analytics")


def tables() -> list[type[models.Model]]:
    """Every table of ours that belongs to an organisation."""
    return [
        model
        for model in apps.get_models()
        if model._meta.app_label in OURS
        and any(
            field.related_model is Organisation and not field.primary_key
            for field in model._meta.concrete_fields
        )
    ]


@pytest.mark.parametrize("model", tables(), ids=lambda model: model.__name__)
def test_its_way_in_is_the_scoped_one(model: type[models.Model]) -> None:
    assert issubclass(model._default_manager._queryset_class, TenantQuerySet)  # type: ignore[attr-defined]
    assert model._default_manager.name == "objects"


def test_the_list_above_is_not_empty() -> None:
    assert {"Membership", "Team", "ApiKey", "Chat", "Assistant"} <= {
        row.__name__ for row in tables()
    }


UNSCOPED: dict[str, Callable[[Any], object]] = {
    "list": lambda rows: list(rows.all()),
    "get": lambda rows: rows.get(name="Design"),
    "first": lambda rows: rows.first(),
    "last": lambda rows: rows.last(),
    "filter": lambda rows: list(rows.filter(name="Design")),
    "exclude": lambda rows: list(rows.exclude(name="Design")),
    "values": lambda rows: list(rows.values("name")),
    "values_list": lambda rows: list(rows.values_list("name")),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(models.Max("name")),
    "iterator": lambda rows: list(rows.iterator()),
    "in_bulk": lambda rows: rows.in_bulk(["team_1"]),
    "update": lambda rows: rows.update(name="Mine"),
    "delete": lambda rows: rows.all().delete(),
    "len": lambda rows: len(rows.all()),
    "bool": lambda rows: bool(rows.all()),
    "slice": lambda rows: list(rows.all()[:1]),
    "contains": lambda rows: rows.contains(Team(pk="team_1")),
    "by the id": lambda rows: rows.filter(pk="team_1").get(),
    "by its name": lambda rows: list(rows.filter(organisation__name="Acme")),
    "by everyone's": lambda rows: list(rows.filter(organisation__in=Organisation.objects.all())),
    "get_or_create": lambda rows: rows.get_or_create(name="Design"),
    "union": lambda rows: list(rows.filter(name="a").union(rows.filter(name="b"))),
}


@pytest.mark.parametrize("way", UNSCOPED)
def test_a_query_without_its_organisation_is_a_bug(design: Team, way: str) -> None:
    with pytest.raises(Unscoped):
        UNSCOPED[way](Team.objects)


def test_a_query_with_it_is_answered(acme: Organisation, design: Team, rival: Organisation) -> None:
    assert Team.objects.of(acme).get() == design
    assert not Team.objects.of(rival).exists()
    assert list(Team.objects.filter(organisation_id=acme.pk)) == [design]
    assert not Team.objects.none()
    assert Team.unscoped.count() == 1


def test_what_is_in_hand_leads_on(bob: User, design: Team) -> None:
    assert bob.memberships.filter(user=bob).count() == 1
    assert Membership.objects.filter(user=bob).get().teams.filter(team=design).exists()


RANDOM = f"key_{uuid.UUID(int=7).hex[:24]}"


@pytest.fixture
def theirs(charlie: User, key_for: Callable[..., Key]) -> ApiKey:
    return key_for(charlie).row


@pytest.mark.parametrize("unknown", [RANDOM, "x", "%00", "..%2f", "%F0%9F%A6%86", "a" * 300])
def test_foreign_and_unknown_answer_alike(
    theirs: ApiKey, bob: User, as_: Callable[..., Client], unknown: str
) -> None:
    client = as_(bob)
    answers = [client.post(f"/keys/{key_id}/revoke") for key_id in (theirs.pk, unknown)]
    assert {answer.status_code for answer in answers} == {404}
    foreign, random = (without_its_id(answer) for answer in answers)
    assert foreign == random
    theirs.refresh_from_db()
    assert theirs.revoked_at is None


def test_one_may_enter_ones_own_only(
    bob: User, rival: Organisation, acme: Organisation, as_: Callable[..., Client]
) -> None:
    client = as_(bob)
    assert client.post("/organisations/switch", {"organisation": acme.pk}).status_code == 302
    answers = [
        client.post("/organisations/switch", {"organisation": wanted})
        for wanted in (rival.pk, "org_unknown", "")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({without_its_id(answer) for answer in answers}) == 1
    assert client.get("/profile").context["organisation"].pk == acme.pk


def without_its_id(answer: Any) -> bytes:
    own: bytes = answer.headers["X-Request-Id"].encode()
    token = str(answer.context["csrf_token"]).encode() if answer.context else b"-"
    return bytes(answer.content.replace(own, b"").replace(token, b""))
