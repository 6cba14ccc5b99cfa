"""The people of every test. Two organisations, Acme and Rival; nobody is in both.

    alice    owner of Acme            dana     administrator
    bob      member, team Design      erin     auditor
    lena     leads Design             charlie  owner of Rival: the stranger
    operator superuser, in no organisation

A fixture makes only whom a test asks for. `as_(bob)` is bob's browser, `api(key_for(bob))` his
program; `actor_for(bob)` is bob below the edge, `join` adds whoever else a test needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys, people
from accounts.actor import Actor
from accounts.auth import BACKEND, CHOSEN
from accounts.models import ApiKey, Membership, Organisation, Role, Team, User

PASSWORD = "seven green herons"


class Key(NamedTuple):
    row: ApiKey
    secret: str


class Program(Client):
    """Speaks JSON, and shows its key if it has one."""

    def __init__(self, secret: str = "") -> None:
        super().__init__(headers={"X-API-Key": secret} if secret else {})

    def post(self, path: str, data: Any = None, content_type: str = "", **extra: Any) -> Any:
        return super().post(path, data, content_type or "application/json", **extra)


def new_user(name: str, at: str = "acme.test", **fields: Any) -> User:
    return people.create_user(
        email=f"{name}@{at}", password=PASSWORD, name=name.capitalize(), **fields
    )


def join(
    organisation: Organisation,
    name: str,
    role: str = Role.MEMBER,
    *,
    team: Team | None = None,
    leads: bool = False,
    is_author: bool = False,
) -> User:
    """Somebody more: let in by the owner, as everybody is."""
    user = new_user(name, at=f"{organisation.name.lower()}.test")
    by = actor_for(owner_of(organisation))
    mine = people.add_member(actor=by, user=user, role=role, team=team, is_author=is_author)
    if leads and team is not None:
        others = {row.membership_id: row.is_lead for row in team.members.filter(team=team)}
        people.set_team_members(actor=by, team=team, members=others | {mine.pk: True})
    return user


def owner_of(organisation: Organisation) -> User:
    return Membership.objects.of(organisation).select_related("user").get(role=Role.OWNER).user


def membership_of(user: User, organisation: Organisation | None = None) -> Membership:
    mine = Membership.objects.filter(user=user).select_related("organisation", "user")
    return mine.get(organisation=organisation) if organisation else mine.get()


def actor_for(
    user: User, organisation: Organisation | None = None, *, surface: str = "web"
) -> Actor:
    membership = membership_of(user, organisation)
    return Actor(
        organisation=membership.organisation,
        user=membership.user,
        membership=membership,
        surface=surface,
        address="127.0.0.1",
        request_id="req-test",
    )


@pytest.fixture
def acme(db: None) -> Organisation:
    return people.found_organisation(name="Acme", owner=new_user("alice"))


@pytest.fixture
def rival(db: None) -> Organisation:
    return people.found_organisation(name="Rival", owner=new_user("charlie", at="rival.test"))


@pytest.fixture
def alice(acme: Organisation) -> User:
    return owner_of(acme)


@pytest.fixture
def charlie(rival: Organisation) -> User:
    return owner_of(rival)


@pytest.fixture
def design(alice: User) -> Team:
    return people.save_team(actor=actor_for(alice), name="Design")


@pytest.fixture
def bob(acme: Organisation, design: Team) -> User:
    return join(acme, "bob", team=design)


@pytest.fixture
def lena(acme: Organisation, design: Team) -> User:
    return join(acme, "lena", team=design, leads=True)


@pytest.fixture
def dana(acme: Organisation) -> User:
    return join(acme, "dana", Role.ADMIN)


@pytest.fixture
def erin(acme: Organisation) -> User:
    return join(acme, "erin", Role.AUDITOR)


@pytest.fixture
def operator(db: None) -> User:
    return new_user("operator", at="tale.test", is_superuser=True)


@pytest.fixture
def as_() -> Callable[..., Client]:
    """`as_(bob)`, or `as_(bob, rival)` for one who is in several."""

    def signed_in(user: User, organisation: Organisation | None = None) -> Client:
        client = Client()
        client.force_login(user, backend=BACKEND)
        if organisation is not None:
            session = client.session
            session[CHOSEN] = organisation.pk
            session.save()
        return client

    return signed_in


@pytest.fixture
def key_for(db: None) -> Callable[..., Key]:
    """`key_for(bob, "read", "images")`: bob's own key; without scopes it may read and chat and
    make pictures. What else `keys.create` takes, this takes."""

    def make(
        user: User, *scopes: str, organisation: Organisation | None = None, **options: Any
    ) -> Key:
        actor = actor_for(user, organisation)
        options = {"owner": actor.membership, "now": timezone.now(), **options}
        key, secret = keys.create(
            actor=actor, name="test", scopes=scopes or ("read", "chat", "images"), **options
        )
        return Key(key, secret)

    return make


@pytest.fixture
def api(db: None) -> Callable[..., Program]:
    """`api(key)` calls with the key, `api("tale_…")` with any secret, `api()` with none."""

    def program(key: Key | str = "") -> Program:
        return Program(key.secret if isinstance(key, Key) else key)

    return program
