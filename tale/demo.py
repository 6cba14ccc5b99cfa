"""A workspace to look around in: two organisations, the people of each, Studio, one API key.

Made once, by the first `bin/run`, and never in production: its passwords are known or printed.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from accounts import keys, people
from accounts.actor import Actor
from accounts.models import Membership, Organisation, Role, Team, User
from assistants.models import Assistant, AssistantVersion
from policies import rules
from policies.models import BudgetRule
from providers import catalogue
from providers.models import Model, ModelDefault, Price, Provider, Tag
from tale.lib import money

# Names by which the examples of other products ask for a model. Studio answers to them here: it
# says itself what it is, and lists show the name as an alias of it. A real model takes its back.
CHATS_AS = (
    "gpt-4o",
    "gpt-5.1",
    "gpt-5.5",
    "openai-codex/gpt-5.5",
    "mistral-medium-2505",
)
DRAWS_AS = (
    "gpt-image-1",
    "gpt-image-2",
    "openai/gpt-image-2",
    "dall-e-2",
    "dall-e-3",
)
NAMES = (
    ("owner", "Olivia Owner", Role.OWNER),
    ("admin", "Adam Admin", Role.ADMIN),
    ("auditor", "Audrey Auditor", Role.AUDITOR),
    ("member", "Mia Member", Role.MEMBER),
)


def exists() -> bool:
    return User.objects.exists()


@transaction.atomic
def load(note: Path) -> None:
    """Writes the sign-ins to `note`, readable by its owner alone."""
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    owner, *others = (
        people.create_user(email=f"{who}@demo.example", password=password, name=name)
        for who, name, _role in NAMES
    )
    demo = people.found_organisation(name="Demo", owner=owner)
    actor = _actor(demo, owner)
    design = people.save_team(actor=actor, name="Design")
    for user, (_who, _name, role) in zip(others, NAMES[1:], strict=True):
        people.add_member(actor=actor, user=user, role=role, team=design)
    set_up_workspace(demo)
    _aliases(actor)
    _budget(actor, design)
    member = Membership.objects.of(demo).select_related("user").get(role=Role.MEMBER)
    _key, secret = keys.create(
        actor=_actor(demo, member.user),
        name="Demo",
        scopes=("read", "chat", "images"),
        owner=member,
        team=design,
        now=timezone.now(),
    )
    stranger = people.create_user(
        email="stranger@elsewhere.example", password=password, name="Sam Stranger"
    )
    set_up_workspace(people.found_organisation(name="Elsewhere", owner=stranger))
    _write(note, password, secret)


def set_up_workspace(organisation: Organisation) -> None:
    """What a new organisation can work with at once: Studio, and Auto."""
    studio = Provider.objects.create(
        organisation=organisation,
        kind="studio",
        name="Studio",
        note="Built in: draws and chats without a key. A drawing engine, no AI.",
    )
    chat = _model(studio, "studio-chat", "Studio chat", Tag.CHAT)
    image = _model(studio, "studio-image", "Studio image", Tag.IMAGE_GENERATION, Tag.IMAGE_EDIT)
    for model in (chat, image):
        for tag in model.tags:
            ModelDefault.objects.create(organisation=organisation, tag=tag, model=model)
    _price(chat, Price.Unit.TEXT_IN, "0.20")
    _price(chat, Price.Unit.TEXT_OUT, "0.80")
    _price(image, Price.Unit.PICTURE, "0.04")
    _price(image, Price.Unit.PICTURE, "0.01", quality="low")
    _price(image, Price.Unit.PICTURE, "0.08", quality="high")
    auto = Assistant.objects.create(
        organisation=organisation,
        name="Auto",
        description="Answers, and makes pictures when you ask for one.",
        is_auto=True,
    )
    auto.published = AssistantVersion.objects.create(
        organisation=organisation, assistant=auto, number=1
    )
    auto.save(update_fields=["published"])


def _model(provider: Provider, remote_id: str, name: str, *tags: str) -> Model:
    return Model.objects.create(
        organisation=provider.organisation,
        provider=provider,
        remote_id=remote_id,
        name=name,
        tags=list(tags),
    )


def _price(model: Model, unit: str, amount: str, *, quality: str = "") -> None:
    Price.objects.create(
        organisation=model.organisation,
        model=model,
        unit=unit,
        quality=quality,
        amount_micro=money.parse(amount),
        currency=model.organisation.currency,
        valid_from=timezone.now(),
        source="Example price of the built-in provider",
    )


def _aliases(actor: Actor) -> None:
    models = Model.objects.of(actor.organisation)
    for remote_id, names in (("studio-chat", CHATS_AS), ("studio-image", DRAWS_AS)):
        for name in names:
            catalogue.set_alias(actor=actor, name=name, model=models.get(remote_id=remote_id))


def _budget(actor: Actor, team: Team) -> None:
    rule = BudgetRule(scope="team", subject=team.pk, capability="image", limit=money.parse("20"))
    rules.save(actor=actor, rule=rule, now=timezone.now())


def _actor(organisation: Organisation, user: User) -> Actor:
    membership = Membership.objects.of(organisation).filter(user=user).get()
    return Actor(organisation, user, membership, surface="setup")


def _write(note: Path, password: str, secret: str) -> None:
    lines = [f"  {who}@demo.example" for who, _name, _role in NAMES]
    text = "\n".join(
        [
            "Demo sign-ins, all with the password " + password,
            *lines,
            "  stranger@elsewhere.example (another organisation)",
            f"Demo API key: {secret}",
            "  It opens /openai/v1, which speaks OpenAI, and /api/v1, which is ours.",
            "",
        ]
    )
    note.touch(mode=0o600)
    note.write_text(text)
