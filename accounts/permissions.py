"""Which role may do what: this table, and nowhere else.

django-guardian keeps who holds what: a role is a group of the organisation that holds the role's
rights on the organisation; a team is a group too, so an assistant can be granted to it. Global
permissions count for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import models
from guardian.models import GroupObjectPermission, UserObjectPermission
from guardian.shortcuts import assign_perm

from accounts.models import Membership, Organisation, Role, Team, User
from accounts.models.keys import Scope
from tale.lib.refusals import Refusal

_EVERYONE = {"use_workspace"}
_READS = _EVERYONE | {"view_governance", "view_audit", "view_analytics"}
_WRITES_ASSISTANTS = {"author_assistants", "manage_assistants"}
_GOVERNS = (
    _READS
    | _WRITES_ASSISTANTS
    | {
        "manage_chats",
        "manage_keys",
        "manage_organisation",
        "manage_people",
        "manage_policies",
        "manage_providers",
        "manage_teams",
    }
)
RIGHTS_OF: dict[str, set[str]] = {
    Role.OWNER: _GOVERNS | {"transfer_ownership"},
    Role.ADMIN: _GOVERNS,
    Role.AUDITOR: _READS,
    Role.MEMBER: _EVERYONE,
}
EVERY_RIGHT = RIGHTS_OF[Role.OWNER]
# An API key acts with its owner's rights, cut down to its scopes; no key hands over the house.
RIGHTS_OF_SCOPE: dict[str, set[str]] = {
    Scope.READ: _READS,
    Scope.CHAT: _EVERYONE,
    Scope.IMAGES: _EVERYONE,
    Scope.ASSISTANTS: _EVERYONE | _WRITES_ASSISTANTS,
    Scope.ADMIN: _GOVERNS,
}


def rights_in(user: User | AnonymousUser, organisation: Organisation | None) -> frozenset[str]:
    """Asked once per person, organisation and request."""
    if organisation is None or not isinstance(user, User) or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return frozenset(EVERY_RIGHT)
    known: dict[str, frozenset[str]] = user.__dict__.setdefault("_rights", {})
    if organisation.pk not in known:
        known[organisation.pk] = frozenset(_granted(user, organisation))
    return known[organisation.pk]


def within(scopes: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(RIGHTS_OF_SCOPE.get(scope, set()) for scope in scopes))


def may(user: User | AnonymousUser, right: str, organisation: Organisation | None) -> bool:
    return right in rights_in(user, organisation)


def require(user: User | AnonymousUser, right: str, organisation: Organisation | None) -> None:
    if not may(user, right, organisation):
        raise Refusal("forbidden", right=right)


def may_give(giver: frozenset[str], role: str) -> bool:
    """Nobody hands out more than they hold, and ownership is transferred, not given."""
    return role != Role.OWNER and "manage_people" in giver and giver >= RIGHTS_OF[role]


def set_up(organisation: Organisation) -> None:
    about = _about(Organisation)
    rights = {right.codename: right for right in Permission.objects.filter(**about)}
    for role, held in RIGHTS_OF.items():
        group, _ = Group.objects.get_or_create(name=_role_group(organisation, role))
        GroupObjectPermission.objects.bulk_create(
            [
                GroupObjectPermission(
                    group=group, permission=rights[right], object_pk=organisation.pk, **about
                )
                for right in held
            ],
            ignore_conflicts=True,
        )


def set_up_team(team: Team) -> None:
    group, _ = Group.objects.get_or_create(name=team.pk)
    assign_perm("accounts.belong_to_team", group, team)


def apply(membership: Membership) -> None:
    """Makes the grants of one person in one organisation what the rows say, no more, no less."""
    user, organisation = membership.user, membership.organisation
    active = membership.deactivated_at is None
    rows = list(membership.teams.filter(membership=membership)) if active else []
    teams = list(Team.objects.of(organisation).values_list("pk", flat=True))
    groups = {row.team_id for row in rows}
    if active:
        groups.add(_role_group(organisation, membership.role))
    possible = [_role_group(organisation, role) for role in RIGHTS_OF] + teams
    held = {group.name: group for group in user.groups.filter(name__in=possible)}
    user.groups.remove(*(group for name, group in held.items() if name not in groups))
    user.groups.add(*Group.objects.filter(name__in=groups - set(held)))
    authors = {organisation.pk} if active and membership.is_author else set()
    _grant(user, "author_assistants", Organisation, among=[organisation.pk], due=authors)
    _grant(user, "lead_team", Team, among=teams, due={row.team_id for row in rows if row.is_lead})
    user.__dict__.pop("_rights", None)


def forget(things: Iterable[models.Model]) -> None:
    """Grants vanish with what they are about; guardian leaves them behind (measured: 24 of 24)."""
    for thing in things:
        if isinstance(thing, Organisation):
            forget(Team.objects.of(thing))
            Group.objects.filter(name__startswith=f"{thing.pk}/").delete()
        if isinstance(thing, Team):
            Group.objects.filter(name=thing.pk).delete()
        about = _about(type(thing)) | {"object_pk": str(thing.pk)}
        UserObjectPermission.objects.filter(**about).delete()
        GroupObjectPermission.objects.filter(**about).delete()


def orphans() -> int:
    """Grants on what is no more. Zero, or somebody forgot to `forget`."""
    found = 0
    for grants in (UserObjectPermission.objects, GroupObjectPermission.objects):
        for kind_id in set(grants.values_list("content_type", flat=True)):
            kind = ContentType.objects.get_for_id(kind_id).model_class()
            alive = kind._base_manager.values("pk") if kind else ()
            found += grants.filter(content_type=kind_id).exclude(object_pk__in=alive).count()
    return found


def _granted(user: User, organisation: Organisation) -> Iterable[str]:
    if not Membership.objects.of(organisation).filter(user=user, deactivated_at=None).exists():
        return ()
    about = _about(Organisation) | {"object_pk": organisation.pk}
    by_role = GroupObjectPermission.objects.filter(group__user=user, **about)
    by_person = UserObjectPermission.objects.filter(user=user, **about)
    name = "permission__codename"
    return by_role.values_list(name, flat=True).union(by_person.values_list(name, flat=True))


def _grant(
    user: User, right: str, kind: type[models.Model], *, among: list[str], due: set[str]
) -> None:
    about = _about(kind)
    mine = UserObjectPermission.objects.filter(user=user, permission__codename=right, **about)
    held = set(mine.filter(object_pk__in=among).values_list("object_pk", flat=True))
    mine.filter(object_pk__in=held - due).delete()
    if due - held:
        permission = Permission.objects.get(codename=right, **about)
        UserObjectPermission.objects.bulk_create(
            UserObjectPermission(user=user, permission=permission, object_pk=pk, **about)
            for pk in due - held
        )


def _about(kind: type[models.Model]) -> dict[str, ContentType]:
    return {"content_type": ContentType.objects.get_for_model(kind)}


def _role_group(organisation: Organisation, role: str) -> str:
    return f"{organisation.pk}/{role}"
