"""Which assistants a person sees: Auto, what was granted to them or their team, and, for those
who manage assistants, all of the organisation."""

from __future__ import annotations

from django.db.models import Q
from guardian.shortcuts import get_objects_for_user

from accounts.actor import Actor
from accounts.tenancy import TenantQuerySet
from assistants.models import Assistant
from tale.lib.refusals import NotFound


def assistants_for(actor: Actor) -> TenantQuerySet[Assistant]:
    actor.require("use_workspace")
    everyone = Assistant.objects.of(actor.organisation)
    if actor.may("manage_assistants"):
        return everyone
    granted = get_objects_for_user(
        actor.user,
        "assistants.use_assistant",
        klass=everyone,
        accept_global_perms=False,
    )
    return everyone.filter(Q(is_auto=True) | Q(pk__in=granted.values("pk")))


def assistant_for(actor: Actor, assistant_id: str) -> Assistant:
    assistant = assistants_for(actor).filter(pk=assistant_id).first()
    if assistant is None:
        raise NotFound(field="assistant")
    return assistant


def auto_of(actor: Actor) -> Assistant:
    auto = Assistant.objects.of(actor.organisation).filter(is_auto=True).first()
    if auto is None:
        raise NotFound(field="assistant")
    return auto
