"""Writing an assistant. What it says and uses is a version; each change is a new one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet
from guardian.shortcuts import assign_perm, get_groups_with_perms, remove_perm

from accounts import audit
from accounts.actor import Actor
from accounts.models import Team
from assistants.models import Assistant, AssistantVersion
from providers.models import Model, Tag
from tale.lib.refusals import NotFound, Refusal

USE = "assistants.use_assistant"


@transaction.atomic
def save(
    *,
    actor: Actor,
    assistant: Assistant | None = None,
    name: str,
    description: str = "",
    instructions: str = "",
    model: Model | None = None,
    note: str = "",
    teams: Collection[Team] = (),
) -> Assistant:
    """Nothing that differs from the published version, no new version."""
    actor.require("manage_assistants")
    row = assistant or Assistant(organisation=actor.organisation)
    _ours(actor, row, model, teams)
    before = _picture_of(row) if assistant else {}
    row.name, row.description = name, description
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        raise Refusal("already_exists", field="name") from taken
    _publish(actor, row, instructions=instructions, model=model, note=note)
    if not row.is_auto:
        _share(row, teams)
    old, new = audit.changes(before, _picture_of(row))
    if new:
        action = "assistant.changed" if assistant else "assistant.created"
        audit.write(actor=actor, action=action, target=row, before=old, after=new)
    return row


def teams_of(assistant: Assistant) -> QuerySet[Team]:
    """Whose members may use it, besides those who manage assistants. Auto is everybody's."""
    return Team.objects.of(assistant.organisation).filter(pk__in=_groups_of(assistant))


def _publish(
    actor: Actor, row: Assistant, *, instructions: str, model: Model | None, note: str
) -> None:
    now = row.published
    if now and (now.instructions, now.model_id) == (instructions, model.pk if model else None):
        return
    versions = AssistantVersion.objects.filter(assistant=row)
    last = versions.aggregate(last=Max("number"))["last"] or 0
    row.published = AssistantVersion.objects.create(
        organisation=actor.organisation,
        assistant=row,
        number=last + 1,
        instructions=instructions,
        model=model,
        tools=now.tools if now else {},
        author=actor.user,
        note=note,
    )
    row.save(update_fields=["published"])


def _share(row: Assistant, teams: Collection[Team]) -> None:
    """A team is a group of its id, see accounts.permissions."""
    due = {team.pk for team in teams}
    held = _groups_of(row)
    for group in Group.objects.filter(name__in=due - held.keys()):
        assign_perm(USE, group, row)
    for name in held.keys() - due:
        remove_perm(USE, held[name], row)


def _groups_of(assistant: Assistant) -> dict[str, Group]:
    groups: Any = get_groups_with_perms(assistant)
    return {group.name: group for group in groups}


def _picture_of(row: Assistant) -> dict[str, object]:
    teams = sorted(teams_of(row).values_list("pk", flat=True))
    version = row.published
    said = {"instructions": version.instructions, "model": version.model_id} if version else {}
    return {"name": row.name, "description": row.description, "teams": teams, **said}


def _ours(actor: Actor, row: Assistant, model: Model | None, teams: Collection[Team]) -> None:
    mine = actor.organisation.pk
    if row.organisation_id != mine:
        raise NotFound
    if model is not None and model.organisation_id != mine:
        raise NotFound(field="model")
    if model is not None and Tag.CHAT not in model.tags:
        raise Refusal("incompatible_parameters", field="model")
    if any(team.organisation_id != mine for team in teams):
        raise NotFound(field="teams")
