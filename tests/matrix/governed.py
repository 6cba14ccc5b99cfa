"""One row of every list of the admin, in each organisation."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from accounts.models import AuditLine, Organisation, User
from assistants import artifacts
from assistants.models import (
    Artifact,
    Assistant,
    AssistantVersion,
    BlockedPicture,
    DeletionProof,
)
from policies import rules
from policies.models import (
    BudgetRule,
    Call,
    Entry,
    FeatureSwitch,
    Guardrail,
    Hold,
    ImagePolicy,
    LegalHold,
    Loss,
    ModelAccess,
    Window,
)
from providers.models import Alias, Credential, Fallback, Model, ModelDefault, Provider
from tests.matrix.sent import DRAWN
from tests.people import actor_for

Ids = dict[str, Any]


def rows(organisation: Organisation, owner: User, member: User, key: str) -> dict[str, Ids]:
    """`key` is the secret of one who may draw: that leaves a call, a hold and an entry behind."""
    answer = Client(headers={"X-API-Key": key}).post(
        "/openai/v1/images/generations", DRAWN, "application/json"
    )
    assert answer.status_code == 200, answer.content
    rule = BudgetRule(scope="organisation", capability="image", limit=10**9)
    rules.save(actor=actor_for(owner), rule=rule, now=timezone.now())
    provider = Provider.objects.of(organisation).get()
    sees = {"organisation": organisation, "provider": provider, "tags": ["vision", "chat"]}
    seer = Model.objects.create(name="Seer", remote_id="seer", **sees)
    image = Model.objects.of(organisation).get(remote_id="studio-image")
    found: dict[str, Any] = {
        "accounts.auditline": AuditLine.objects.of(organisation).first(),
        "accounts.organisation": organisation,
        "accounts.user": member,
        "assistants.assistant": _assistant(organisation),
        "assistants.blockedpicture": _blocked(organisation),
        "assistants.artifact": _picture(organisation, member),
        "axes.accessattempt": _attempt(member),
        "policies.budgetrule": rule,
        "policies.call": Call.objects.of(organisation).first(),
        "policies.entry": Entry.objects.of(organisation).first(),
        "policies.hold": Hold.objects.of(organisation).first(),
        "policies.loss": _loss(organisation),
        "policies.window": Window.objects.of(organisation).first(),
        "doubt": _doubt(organisation),
        "drawer": image,
        **_restricting(organisation, seer),
        "providers.credential": _profile(provider),
        "providers.model": Model.objects.of(organisation).first(),
        "providers.modeldefault": ModelDefault.objects.of(organisation).first(),
        "providers.provider": provider,
        "providers.alias": Alias.objects.create(
            organisation=organisation, name="their-name", model=image
        ),
        "providers.fallback": Fallback.objects.create(
            organisation=organisation,
            tag="chat",
            model=Model.objects.of(organisation).get(remote_id="studio-chat"),
        ),
        "seer": seer,
        **_of_deletion(organisation),
    }
    return {name: {"pk": row.pk} for name, row in found.items()}


def _restricting(organisation: Organisation, seer: Model) -> dict[str, Any]:
    return {
        "policies.featureswitch": FeatureSwitch.objects.create(
            organisation=organisation, feature="tool:image_generation"
        ),
        "policies.modelaccess": ModelAccess.objects.create(
            organisation=organisation, model=seer.pk, capability="image"
        ),
        "policies.imagepolicy": ImagePolicy.objects.create(
            organisation=organisation, most_pictures=9
        ),
        "policies.guardrail": Guardrail.objects.create(
            organisation=organisation, name=f"Of {organisation.name}", terms=["unspeakable"]
        ),
    }


def _of_deletion(organisation: Organisation) -> dict[str, Any]:
    return {
        "assistants.deletionproof": DeletionProof.objects.create(
            organisation=organisation,
            artifact=f"art_of_{organisation.pk}",
            sha256=["0" * 64],
            paths=[],
            files=1,
            size_bytes=1,
            at=timezone.now(),
            reason="person",
        ),
        "policies.legalhold": LegalHold.objects.create(
            organisation=organisation,
            scope="chat",
            subject=f"chat_of_{organisation.pk}",
            reason="a case",
            set_by="who_somebody",
            set_at=timezone.now(),
        ),
    }


def _picture(organisation: Organisation, owner: User) -> Artifact:
    path = f"gen/governed/{organisation.pk}"
    artifacts.put(path, b"of the matrix")
    return Artifact.objects.create(
        organisation=organisation,
        owner=owner,
        path=path,
        sha256="0" * 64,
        size_bytes=13,
        media_type="image/png",
        width=8,
        height=8,
    )


def _loss(organisation: Organisation) -> Loss | None:
    """Paid, and the picture is gone."""
    Call.objects.of(organisation).update(lost=1)
    return Loss.objects.of(organisation).first()


def _doubt(organisation: Organisation) -> Hold:
    """Nobody knows whether it was billed."""
    now = timezone.now()
    known = Hold.objects.of(organisation).first()
    assert known is not None
    known.pk, known.idempotency_key, known.windows = f"{known.pk[:-3]}dbt", "in doubt", []
    known.state, known.held_at, known.lease_until = Hold.State.UNKNOWN, now, now
    known.save(force_insert=True)
    return known


def _assistant(organisation: Organisation) -> Assistant:
    made = Assistant.objects.create(
        organisation=organisation, name=f"Painter of {organisation.name}"
    )
    made.published = AssistantVersion.objects.create(
        organisation=organisation, assistant=made, number=1
    )
    made.save(update_fields=["published"])
    return made


def _profile(provider: Provider) -> Credential:
    return Credential.objects.create(
        organisation=provider.organisation,
        provider=provider,
        kind=Credential.Kind.OAUTH,
        grant=Credential.Grant.CODE,
        authorize_url="https://auth.example.com/authorize",
        token_url="https://auth.example.com/token",
        client_id="tale",
        is_enabled=False,  # nobody has signed in, and the provider is called by others
    )


def _blocked(organisation: Organisation) -> BlockedPicture:
    return BlockedPicture.objects.create(
        organisation=organisation, name=f"block of {organisation.name}", sha256="0" * 64
    )


def _attempt(member: User) -> AccessAttempt:
    return AccessAttempt.objects.create(
        username=member.email_key,
        ip_address="10.1.2.3",
        user_agent="a guesser",
        failures_since_start=3,
        get_data="",
        post_data="",
    )
