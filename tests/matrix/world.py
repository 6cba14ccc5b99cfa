"""Two organisations alike, a suspended one, and whoever once had a way in. Built once."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import chain
from typing import Any, NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.apps import apps
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import invitations, keys, people
from accounts.actor import Actor as Doer
from accounts.auth import BACKEND, CHOSEN
from accounts.models import ApiKey, Membership, Organisation, Role, User
from accounts.tenancy import Tenant
from assistants import artifacts
from assistants.models import Artifact, Assistant, ImageJob
from chats import links
from chats.delivery import Asked
from chats.models import Chat, Message, Turn
from providers.models import Provider
from tale import demo
from tale.lib.fields import new_id
from tests.matrix import governed
from tests.matrix.cast import PEOPLE, SCOPES, Actor
from tests.people import actor_for, join, membership_of, new_user
from tests.upstream.scripted import png

Ids = dict[str, Any]
HIGH = ("owner", "admin")


class Credential(NamedTuple):
    session: str = ""
    headers: dict[str, str] = {}


class World:
    def __init__(self) -> None:
        self.organisations: dict[str, Organisation] = {}
        self.users: dict[str, User] = {}
        self.browsers: dict[str, Credential] = {"nobody": Credential()}
        self.programs: dict[str, Credential] = {"nobody": Credential()}
        # kind -> whose (a person or an organisation) -> the ids that name it in an address
        self.objects: dict[str, dict[str, Ids]] = defaultdict(dict)
        self.deleted: dict[str, dict[str, Ids]] = defaultdict(dict)
        for home in PEOPLE:
            self._found(home)
        self._add_the_lost()
        self._add_odd_keys()
        for home in PEOPLE:
            self._add_rows_of_the_admin(home)
        # Global permissions count for nothing here: a lead who holds them all is still a lead.
        self.users["lena"].user_permissions.set(Permission.objects.all())
        self.marks = {home: self._marks(home) for home in PEOPLE}

    def ids(self, kind: str, actor: Actor, which: str) -> Ids | None:
        """Of the own, a mate's, a foreign, a random or a deleted object; None: there is none."""
        if kind == "-":
            return {"pk": "whatever"}
        things = self.objects[kind]
        is_personal = actor.name in things
        own = things.get(actor.name) or things.get(actor.home)
        foreign = things[stranger_of(actor) if "bob" in things else other(actor.home)]
        match which:
            case "own":
                return own
            case "mate":
                return things.get(mate_of(actor)) if is_personal else None
            case "foreign":
                return foreign
            case "random":
                return {name: like(value) for name, value in foreign.items()}
            case "deleted":
                gone = self.deleted[kind]
                return gone.get(actor.name) or gone.get(actor.home)
            case _:  # "foreign turn_id": in all else their own
                name = which.removeprefix("foreign ")
                return {**own, name: foreign[name]} if own else None

    # How it comes to be.

    def _found(self, home: str) -> None:
        at = f"{home}.test"
        owner = new_user(PEOPLE[home]["owner"], at=at)
        organisation = people.found_organisation(name=home.capitalize(), owner=owner)
        organisation.publishes_origins = True
        organisation.save(update_fields=["publishes_origins"])
        self.organisations[home] = organisation
        demo.set_up_workspace(organisation)
        Provider.objects.of(organisation).update(kind="scripted")
        by = actor_for(owner)
        team = people.save_team(actor=by, name=f"Team of {home}")
        gone = people.save_team(actor=by, name="gone")
        self.objects["team"][home] = {"pk": team.pk}
        self.deleted["team"][home] = {"pk": gone.pk}
        people.delete_team(actor=by, team=gone)
        for role, name in PEOPLE[home].items():
            known = "member" if role == "lead" else role
            lead = {"leads": role == "lead"}
            user = owner if role == "owner" else join(organisation, name, known, team=team, **lead)
            self._add_person(name, user, organisation, high=role in HIGH)
        everybody = dict.fromkeys(
            Membership.objects.of(organisation).values_list("pk", flat=True), False
        )
        lead = membership_of(self.users[PEOPLE[home]["lead"]]).pk
        people.set_team_members(actor=by, team=team, members={**everybody, lead: True})
        leaver = membership_of(join(organisation, f"leaver of {home}".replace(" ", "-")))
        people.deactivate(actor=by, membership=leaver, now=timezone.now())
        self.objects["leaver"][home] = {"pk": leaver.pk}
        member = membership_of(self.users[PEOPLE[home]["member"]])
        self.objects["member"][home] = {"pk": member.pk}
        self.objects["owner"][home] = {"pk": membership_of(owner).pk}
        self._add_links(home, by)
        _key, secret = keys.create(actor=by, name="robot", scopes=SCOPES, now=timezone.now())
        self.programs[f"robot of {home}"] = self._key_header(secret)

    def _add_rows_of_the_admin(self, home: str) -> None:
        names = PEOPLE[home]
        owner, member = self.users[names["owner"]], self.users[names["member"]]
        secret = self.programs[names["member"]].headers["X-API-Key"]
        found = governed.rows(self.organisations[home], owner, member, secret)
        found |= {
            "accounts.apikey": self.objects["key"][names["member"]],
            "accounts.invitation": self.objects["invitation"][home],
            "accounts.membership": self.objects["member"][home],
            "accounts.team": self.objects["team"][home],
            "chats.chat": self.objects["chat"][names["member"]],
        }
        for kind, ids in found.items():
            self.objects[kind][home] = ids

    def _add_links(self, home: str, by: Doer) -> None:
        """Mailed once, and good for whoever holds them."""
        for kind, objects in (("open", self.objects), ("shut", self.deleted)):
            email = f"{kind}@{home}.test"
            with mailed() as mails:
                invitation = invitations.invite(
                    actor=by, email=email, role="member", now=timezone.now()
                )
            if objects is self.deleted:
                invitations.revoke(actor=by, invitation=invitation, now=timezone.now())
            else:
                self.objects["invitation"][home] = {"pk": invitation.pk}
            objects["invited"][home] = {"pk": mails[0].rpartition("/")[2]}
        user = self.users[PEOPLE[home]["member"]]
        address = EmailAddress.objects.create(user=user, email=f"second@{home}.test")
        self.objects["proof"][home] = {"pk": EmailConfirmationHMAC(address).key}
        uid, token = user_pk_to_url_str(user), default_token_generator.make_token(user)
        self.objects["reset"][home] = {"uidb36": uid, "key": token}

    def _add_person(self, name: str, user: User, organisation: Organisation, *, high: bool) -> Doer:
        self.users[name] = user
        self.browsers[name] = self._session(user)
        actor = actor_for(user, organisation)
        scopes = SCOPES if high else SCOPES[:-1]
        now = timezone.now()
        for_key = {"actor": actor, "owner": actor.membership, "scopes": scopes, "now": now}
        _key, secret = keys.create(name=f"program of {name}", **for_key)
        self.programs[name] = self._key_header(secret)
        spare, _secret = keys.create(name=f"spare key of {name}", **for_key)
        self.objects["key"][name] = {"pk": spare.pk}
        self._add_belongings(name, user, organisation)
        return actor

    def _add_belongings(self, name: str, user: User, organisation: Organisation) -> None:
        chat = self._chat(name, user, organisation)
        turn = Turn.objects.filter(chat=chat).get()
        self.objects["chat"][name] = {"pk": chat.pk}
        self.objects["turn"][name] = {"chat_id": chat.pk, "turn_id": turn.pk}
        self.objects["card"][name] = {"pk": self._card(turn)}
        for kind, home in (("picture", chat.pk), ("sketch", "")):
            for objects in (self.objects, self.deleted):
                picture = self._picture(f"{kind} of {name}", user, organisation, home=home)
                objects[kind][name] = {"pk": picture.pk}
                if (where := organisation.name.lower()) in PEOPLE:  # the closed one says nothing
                    objects["statement"][where] = {"key": picture.pk[4:]}
                if objects is self.deleted:
                    picture.state, picture.deleted_at = "deleted", timezone.now()
                    picture.save(update_fields=["state", "deleted_at"])
                if kind == "sketch":
                    token = links.give(picture, Asked(), now=timezone.now()).url.rpartition("/")[2]
                    objects["linked"][name] = {"pk": token}
        job = ImageJob.objects.create(
            organisation=organisation,
            idempotency_key=f"job of {name}",
            owner=user,
            surface="api",
            wish={"prompt": "a fox", "n": 1},
            state="running",
        )
        self.objects["job"][name] = {"pk": job.pk}
        gone = self._chat(name, user, organisation)
        gone.deleted_at = timezone.now()
        gone.save(update_fields=["deleted_at"])
        self.deleted["chat"][name] = {"pk": gone.pk}
        turn = Turn.objects.filter(chat=gone).get()
        self.deleted["turn"][name] = {"chat_id": gone.pk, "turn_id": turn.pk}
        self.deleted["card"][name] = {"pk": self._card(turn)}

    def _chat(self, name: str, user: User, organisation: Organisation) -> Chat:
        auto = Assistant.objects.of(organisation).filter(is_auto=True).first()
        title = f"plans of {name}"
        chat = Chat.objects.create(
            organisation=organisation, owner=user, assistant=auto, title=title
        )
        turn = Turn.objects.create(
            organisation=organisation,
            chat=chat,
            number=1,
            client_token=f"token of {name}",
            by=user,
            state=Turn.State.DONE,
        )
        Message.objects.create(
            organisation=organisation, turn=turn, position=0, role="user", content=title
        )
        return chat

    def _card(self, turn: Turn) -> str:
        """That asks for a yes to a price."""
        said = {"organisation": turn.organisation, "turn": turn}
        call = {"id": "call_1", "name": "image_generation", "arguments": '{"prompt": "a fox"}'}
        Message.objects.create(**said, position=1, role="assistant", data={"calls": [call]})
        no = {"code": "confirmation_required", "amount_micro": 40_000, "currency": "EUR"}
        told = {"call_id": "call_1", "result": {}, "refusal": no | {"message": "It costs."}}
        return Message.objects.create(**said, position=2, role="tool", data=told).pk

    def _picture(self, name: str, user: User, organisation: Organisation, *, home: str) -> Artifact:
        content, path = png(8, 8), f"matrix/{new_id('file')}"
        artifacts.put(path, content)
        return Artifact.objects.create(
            organisation=organisation,
            home=home,
            owner=user,
            path=path,
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            media_type="image/png",
            width=8,
            height=8,
            alt=name,
        )

    def _add_the_lost(self) -> None:
        acme = self.organisations["acme"]
        owner = actor_for(self.users["alice"])
        operator = new_user("operator", at="tale.test", is_superuser=True)
        self.users["operator"] = operator
        self.browsers["operator"] = self._session(operator, acme)
        self._add_belongings("operator", operator, acme)
        wanderer = new_user("wanderer", at="tale.test", is_superuser=True)
        self.browsers["wanderer"] = self._session(wanderer)
        eve = join(acme, "eve", Role.ADMIN)
        self._add_person("eve", eve, acme, high=True)
        people.deactivate(actor=owner, membership=membership_of(eve), now=timezone.now())
        otto = join(acme, "otto")
        self._add_person("otto", otto, acme, high=False)
        User.objects.filter(pk=otto.pk).update(is_active=False)
        sue = new_user("sue", at="closed.test")
        closed = people.found_organisation(name="Closed", owner=sue)
        self.organisations["closed"] = closed
        demo.set_up_workspace(closed)
        by = self._add_person("sue", sue, closed, high=True)
        team = people.save_team(actor=by, name="Team of closed")
        self.objects["team"]["closed"] = {"pk": team.pk}
        self.objects["member"]["closed"] = {"pk": membership_of(sue).pk}
        Organisation.objects.filter(pk=closed.pk).update(status="suspended")

    def _add_odd_keys(self) -> None:
        alice = actor_for(self.users["alice"])
        made = {"actor": alice, "owner": alice.membership, "now": timezone.now()}
        every = {**made, "scopes": SCOPES}
        for scope in SCOPES:
            lesser = [name for name in SCOPES if name != scope]
            _key, secret = keys.create(name=f"no {scope}", **made, scopes=lesser)
            self.programs[f"alice's lesser key {scope}"] = self._key_header(secret)
        old, secret = keys.create(name="old", **every)
        past = timezone.now() - timedelta(seconds=1)
        ApiKey.objects.filter(pk=old.pk, owner=old.owner).update(expires_at=past)
        self.programs["alice's old key"] = self._key_header(secret)
        revoked, secret = keys.create(name="revoked", **every)
        keys.revoke(actor=alice, key=revoked, now=timezone.now())
        self.programs["alice's revoked key"] = self._key_header(secret)
        _key, secret = keys.create(name="office", allowed_addresses=["10.0.0.0/8"], **every)
        self.programs["alice's office key"] = self._key_header(secret)
        both = {**self.programs["alice"].headers, "Authorization": f"Bearer {secret}"}
        self.programs["alice's two keys"] = Credential(headers=both)
        known = self.programs["alice"].headers["X-API-Key"]
        self.programs["guesser"] = self._key_header(f"{known[:-6]}000000")
        self.programs["alice's browser"] = self.browsers["alice"]
        self.browsers["program"] = self.programs["alice"]

    @staticmethod
    def _session(user: User, organisation: Organisation | None = None) -> Credential:
        client = Client()
        client.force_login(user, backend=BACKEND)
        if organisation is not None:
            session = client.session
            session[CHOSEN] = organisation.pk
            session.save()
        return Credential(session=client.cookies["session"].value)

    @staticmethod
    def _key_header(secret: str) -> Credential:
        return Credential(headers={"X-API-Key": secret})

    def _marks(self, home: str) -> frozenset[str]:
        """What may be read nowhere outside of this organisation: its ids and its people."""
        organisation = self.organisations[home]
        rows = chain.from_iterable(
            model.objects.of(organisation).values_list("pk", flat=True)
            for model in apps.get_models()
            if issubclass(model, Tenant)
        )
        words = {pk for pk in rows if isinstance(pk, str)}
        return frozenset(words | {organisation.pk, f"@{home}.test", f"Team of {home}"})


@contextmanager
def mailed() -> Iterator[list[str]]:
    """The links in the mails that go out meanwhile, sent as if what they tell were committed."""
    links: list[str] = []
    first, waiting = len(mail.outbox), len(connection.run_on_commit)
    yield links
    due = connection.run_on_commit[waiting:]
    del connection.run_on_commit[waiting:]
    for _savepoints, call, _robust in due:
        call()
    for message in mail.outbox[first:]:
        links += re.findall(r"https?://\S+", str(message.body))


def other(home: str) -> str:
    return "acme" if home == "rival" else "rival"


def stranger_of(actor: Actor) -> str:
    """The same role of another organisation; for those who have none, a member of Acme."""
    if actor.state in PEOPLE["acme"]:
        return PEOPLE[other(actor.home)][actor.state]
    if actor.state in ("operator", "ex", "service"):
        return PEOPLE[other(actor.home)]["member"]
    return "bob"


def mate_of(actor: Actor) -> str:
    names = PEOPLE.get(actor.home, {})
    return names.get("lead" if actor.state == "member" else "member", "")


def like(value: Any) -> Any:
    """An id of the same kind that nothing has; of a secret, another."""
    if not isinstance(value, str):
        return 2**40 + 7
    return new_id(value.partition("_")[0]) if _ID.fullmatch(value) else value[::-1]


_ID = re.compile(r"[a-z]+_[0-9a-z]{24}")
