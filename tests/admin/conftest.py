"""Two organisations with something of everything in each, so that a list has what to hide."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from accounts import invitations, keys, people
from accounts.actor import Actor
from accounts.models import AuditLine, Membership, Organisation, Team, User
from assistants import artifacts, calls, versions
from assistants.models import Artifact, Assistant, BlockedPicture, DeletionProof
from chats.models import Chat
from policies import access, budgets, guardrails, legal, rules
from policies.models import (
    BudgetRule,
    Call,
    Entry,
    FeatureSwitch,
    Guardrail,
    Hold,
    ImagePolicy,
    Loss,
    ModelAccess,
    Window,
)
from policies.spender import Quote, Spender
from providers.models import Alias, Credential, Fallback, Model, ModelDefault, Provider
from tale import demo
from tale.lib.fields import new_id
from tests.people import actor_for, membership_of, owner_of

SignIn = Callable[..., Client]
Furnish = Callable[[Organisation], dict[str, Any]]
CONTROLS = {"_save": "Save"}


def spend(
    user: User,
    *,
    amount: int = 40_000,
    model: str = "studio-image",
    pictures: int = 1,
    now: datetime | None = None,
) -> Entry:
    """One settled picture, with its call."""
    now = now or timezone.now()
    hold = hold_for(user, amount=amount, model=model, pictures=pictures, now=now)
    call = calls.start(hold=hold, now=now)
    line = {"amount_micro": amount, "pictures": pictures}
    budgets.settle(hold=hold, lines=[line], now=now)
    calls.end(call=call, now=now)
    return Entry.objects.of(hold.organisation).get(hold=hold.pk)


def hold_for(
    user: User,
    *,
    amount: int = 40_000,
    model: str = "studio-image",
    pictures: int = 1,
    now: datetime | None = None,
) -> Hold:
    actor = actor_for(user)
    quote = Quote(
        capability="image" if pictures else "chat",
        operation="generate",
        provider="Studio",
        model=model,
        amount_micro=amount,
        currency=actor.organisation.currency,
        pictures=pictures,
    )
    now = now or timezone.now()
    return budgets.hold(
        spender=Spender.of(actor),
        quote=quote,
        reference="test",
        idempotency_key=new_id("test"),
        now=now,
        sent_for=timedelta(seconds=60),
    )


def picture_of(owner: User, **fields: Any) -> Artifact:
    content = f"{owner.pk} {Artifact.unscoped.count()}".encode()
    path = f"gen/{hashlib.sha256(content).hexdigest()}"
    artifacts.put(path, content)
    return Artifact.objects.create(
        organisation=membership_of(owner).organisation,
        owner=owner,
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        size_bytes=len(content),
        **{"media_type": "image/png", "width": 8, "height": 8, "model": "studio-image", **fields},
    )


def _key(organisation: Organisation) -> Credential:
    provider = Provider.objects.of(organisation).get()
    key = Credential(organisation=organisation, provider=provider, name=f"{organisation.name}s key")
    key.host = provider.host
    key.seal("secret", "SECRETKEY")
    key.save()
    return key


def _of_providers(organisation: Organisation) -> dict[str, Any]:
    mine = Model.objects.of(organisation)
    image = mine.get(remote_id="studio-image")
    return {
        "providers.provider": image.provider,
        "providers.model": image,
        "providers.credential": _key(organisation),
        "providers.alias": Alias.objects.create(
            organisation=organisation, name=f"{organisation.name}s-alias", model=image
        ),
        "providers.fallback": Fallback.objects.create(
            organisation=organisation, tag="chat", model=mine.get(remote_id="studio-chat")
        ),
        "providers.modeldefault": ModelDefault.objects.of(organisation).first(),
    }


def _chat(organisation: Organisation, owner: User, assistant: Assistant) -> Chat:
    return Chat.objects.create(
        organisation=organisation, owner=owner, title="SECRETTITLE", assistant=assistant
    )


def _blocked(organisation: Organisation) -> BlockedPicture:
    return BlockedPicture.objects.create(
        organisation=organisation, name=f"Logo of {organisation.name}", sha256="0" * 64
    )


def _loss(organisation: Organisation) -> Loss:
    Call.objects.of(organisation).update(lost=1)
    return Loss.objects.of(organisation).get()


def _window(rule: BudgetRule) -> Window:
    """Of a time that is over."""
    now = timezone.now()
    return Window.objects.create(
        organisation=rule.organisation,
        rule=rule,
        subject=rule.subject,
        starts_at=now - timedelta(days=60),
        ends_at=now - timedelta(days=30),
    )


def _restricting(actor: Actor, name: str) -> dict[str, Any]:
    return {
        "policies.featureswitch": access.save(
            actor=actor, row=FeatureSwitch(feature="tool:none", reason=f"{name} reason")
        ),
        "policies.modelaccess": access.save(actor=actor, row=ModelAccess(model="-")),
        "policies.imagepolicy": access.save(actor=actor, row=ImagePolicy(most_pictures=9)),
        "policies.guardrail": guardrails.save(
            actor=actor, rule=Guardrail(name=f"{name} words", terms=["unspeakable"])
        ),
        "policies.legalhold": legal.put(
            actor=actor,
            scope="chat",
            subject=f"chat_{name}",
            reason=f"{name} case",
            now=timezone.now(),
        ),
    }


def _of_pictures(owner: User, name: str) -> dict[str, Any]:
    return {
        "assistants.artifact": picture_of(owner, prompt="SECRETPROMPT", alt="SECRETALT"),
        "assistants.deletionproof": DeletionProof.objects.create(
            organisation=membership_of(owner).organisation,
            artifact=f"art_{name}",
            sha256=[hashlib.sha256(name.encode()).hexdigest()],
            paths=[],
            files=1,
            size_bytes=1,
            at=timezone.now(),
            reason="person",
        ),
    }


@pytest.fixture
def furnish() -> Furnish:
    """One row of every list of the admin, by the list's name."""

    def put(organisation: Organisation) -> dict[str, Any]:
        owner = owner_of(organisation)
        actor, now = actor_for(owner), timezone.now()
        name = f"{organisation.name}s"
        demo.set_up_workspace(organisation)
        team = people.save_team(actor=actor, name=f"{name} team")
        rule = BudgetRule(scope="team", subject=team.pk, capability="image", limit=4_000_000)
        key, _secret = keys.create(actor=actor, name=f"{name} key", scopes=["read"], now=now)
        entry = spend(owner)
        assistant = versions.save(actor=actor, name=f"{name} poet", instructions="Rhyme.")
        return {
            "accounts.team": team,
            "accounts.membership": membership_of(owner),
            "accounts.invitation": invitations.invite(
                actor=actor, email=f"new@{name.lower()}.test", role="member", now=now
            ),
            "accounts.apikey": key,
            "accounts.organisation": organisation,
            "accounts.auditline": AuditLine.objects.of(organisation).latest("seq"),
            "axes.accessattempt": AccessAttempt.objects.create(
                username=owner.email_key,
                ip_address="203.0.113.7",
                user_agent="test",
                failures_since_start=10,
                get_data="",
                post_data="login=SECRETPOST",
            ),
            "assistants.assistant": assistant,
            "assistants.blockedpicture": _blocked(organisation),
            "chats.chat": _chat(organisation, owner, assistant),
            "policies.budgetrule": rules.save(actor=actor, rule=rule, now=now),
            "policies.window": _window(rule),
            "policies.hold": Hold.objects.of(organisation).get(pk=entry.hold),
            "policies.entry": entry,
            "policies.call": Call.objects.of(organisation).get(),
            "policies.loss": _loss(organisation),
            **_restricting(actor, name),
            **_of_pictures(owner, name),
            **_of_providers(organisation),
        }

    return put


@pytest.fixture
def ours(acme: Organisation, furnish: Furnish) -> dict[str, Any]:
    return furnish(acme)


@pytest.fixture
def theirs(rival: Organisation, furnish: Furnish) -> dict[str, Any]:
    return furnish(rival)


def at(name: str, page: str = "", row: Any = None) -> str:
    """`at("accounts.team")` is the list, `at("accounts.team", "change", team)` a form."""
    address = f"/admin/{name.replace('.', '/')}/"
    if row is not None:
        address += f"{getattr(row, 'pk', row)}/"
    return address + (f"{page}/" if page else "")


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.headers.get("X-Error-Code", "")


def told(organisation: Organisation, action: str) -> AuditLine | None:
    return AuditLine.objects.of(organisation).filter(action=action).order_by("seq").last()


def page_of(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def team_form(team: Team, *rows: dict[str, Any], was: int = 0, **fields: Any) -> dict[str, Any]:
    """The form of a team with rows of its members; `was` of them were there before."""
    sent: dict[str, Any] = {
        "name": team.name,
        "members-TOTAL_FORMS": str(len(rows)),
        "members-INITIAL_FORMS": str(was),
        "members-MIN_NUM_FORMS": "0",
        "members-MAX_NUM_FORMS": "1000",
        **CONTROLS,
        **fields,
    }
    for number, row in enumerate(rows):
        sent |= {f"members-{number}-{name}": value for name, value in row.items()}
    return sent


def auto_of(organisation: Organisation) -> Assistant:
    return Assistant.objects.of(organisation).get(is_auto=True)


def here(user: User) -> Membership:
    return membership_of(user)
