"""Organisations, their people and teams: every change of who may do what goes through here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.models import EmailAddress
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, permissions
from accounts.actor import Actor
from accounts.models import ApiKey, Membership, Organisation, Role, Team, TeamMember, User
from accounts.tenancy import Tenant
from tale.lib.refusals import NotFound, Refusal

OF_ORGANISATION = {
    "name",
    "currency",
    "time_zone",
    "language",
    "status",
    "storage_mib",
    "counts_generated",
    "link_minutes",
    "publishes_origins",
}
OF_MEMBER = {"role", "is_author", "primary_team"}


def create_user(*, email: str, password: str | None, **fields: Any) -> User:
    """Their address counts as proven: whoever calls this vouches for it, by an invitation that
    was mailed there or by their own word as operator."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(email, password, **fields)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    except IntegrityError as taken:
        message = _("This address has an account already.")
        raise Refusal("already_exists", message, field="email") from taken
    return user


@transaction.atomic
def change_profile(*, user: User, origin: audit.Origin, name: str, language: str) -> None:
    was = user.name
    user.name, user.language = name, language
    user.save(update_fields=["name", "language"])
    if name != was:
        audit.write_to_each(
            about=user, by=user, action="profile.changed", origin=origin, was=was, name=name
        )


@transaction.atomic
def found_organisation(*, name: str, owner: User, **settings: Any) -> Organisation:
    organisation = Organisation.objects.create(name=name, **settings)
    permissions.set_up(organisation)
    membership = enrol(organisation=organisation, user=owner, role=Role.OWNER)
    actor = Actor(organisation=organisation, user=owner, membership=membership)
    audit.write(actor=actor, action="organisation.founded", target=organisation)
    return organisation


@transaction.atomic
def change_organisation(*, actor: Actor, **fields: Any) -> Organisation:
    actor.require("manage_organisation")
    _only(fields, OF_ORGANISATION)
    if "status" in fields and not (actor.user and actor.user.is_superuser):
        raise Refusal("forbidden", _("Only the operator suspends."), field="status")
    organisation = actor.organisation
    before = audit.picture_of(organisation)
    for name, value in fields.items():
        setattr(organisation, name, value)
    organisation.save(update_fields=list(fields))
    old, new = audit.changes(before, audit.picture_of(organisation))
    if new:
        audit.write(
            actor=actor, action="organisation.changed", target=organisation, before=old, after=new
        )
    return organisation


@transaction.atomic
def add_member(
    *, actor: Actor, user: User, role: str, team: Team | None = None, is_author: bool = False
) -> Membership:
    may_give(actor, role)
    membership = enrol(
        organisation=actor.organisation, user=user, role=role, team=team, is_author=is_author
    )
    audit.write(actor=actor, action="member.added", target=membership, after={"role": role})
    return membership


@transaction.atomic
def enrol(
    *,
    organisation: Organisation,
    user: User,
    role: str,
    team: Team | None = None,
    is_author: bool = False,
) -> Membership:
    """Asks nobody's leave: the caller has. Who left and comes back starts anew."""
    if team is not None and team.organisation_id != organisation.pk:
        raise NotFound(field="team")
    place = {"role": role, "primary_team": team, "is_author": is_author, "deactivated_at": None}
    membership, is_new = Membership.objects.get_or_create(
        organisation=organisation, user=user, defaults=place
    )
    if not is_new:
        if membership.deactivated_at is None:
            raise Refusal("already_exists", _("This person is a member already."), field="email")
        for name, value in place.items():
            setattr(membership, name, value)
        membership.save(update_fields=list(place))
        TeamMember.objects.filter(membership=membership).delete()
    if team is not None:
        TeamMember.objects.create(organisation=organisation, team=team, membership=membership)
    permissions.apply(membership)
    return membership


@transaction.atomic
def change_member(*, actor: Actor, membership: Membership, **fields: Any) -> Membership:
    """Role, author, primary team. Nobody raises another above what they themselves may give, and
    nobody touches someone above them."""
    actor.require("manage_people")
    _only(fields, OF_MEMBER)
    _may_touch(actor, membership)
    role = fields.get("role", membership.role)
    if role != membership.role:
        if Role.OWNER in (role, membership.role):
            raise Refusal(
                "forbidden", _("Transfer the ownership instead; there is one owner."), field="role"
            )
        may_give(actor, role)
    team = fields.get("primary_team")
    if team is not None and not membership.teams.filter(team=team).exists():
        raise Refusal("invalid_value", _("They are not in this team."), field="primary_team")
    before = audit.picture_of(membership)
    for name, value in fields.items():
        setattr(membership, name, value)
    membership.save(update_fields=list(fields))
    permissions.apply(membership)
    old, new = audit.changes(before, audit.picture_of(membership))
    if new:
        audit.write(actor=actor, action="member.changed", target=membership, before=old, after=new)
    return membership


@transaction.atomic
def deactivate(*, actor: Actor, membership: Membership, now: datetime) -> None:
    """Ends this person's part in the organisation at once: rights are asked for on each request,
    and their keys with them."""
    actor.require("manage_people")
    _may_touch(actor, membership)
    if membership.role == Role.OWNER:
        raise Refusal("forbidden", _("The last owner stays. Transfer the ownership first."))
    if membership.deactivated_at is not None:
        return
    membership.set_active(False, now=now)
    permissions.apply(membership)
    keys = ApiKey.objects.of(actor.organisation).filter(owner=membership, revoked_at=None)
    keys.update(revoked_at=now)
    audit.write(actor=actor, action="member.deactivated", target=membership)


@transaction.atomic
def reactivate(*, actor: Actor, membership: Membership, now: datetime) -> None:
    _may_touch(actor, membership)
    may_give(actor, membership.role)
    if membership.deactivated_at is None:
        return
    membership.set_active(True, now=now)
    permissions.apply(membership)
    audit.write(actor=actor, action="member.reactivated", target=membership)


@transaction.atomic
def transfer_ownership(*, actor: Actor, to: Membership) -> None:
    actor.require("transfer_ownership")
    _ours(actor, to)
    if not to.is_active:
        raise Refusal("invalid_value", _("Only an active member can own it."), field="to")
    owners = Membership.objects.of(actor.organisation).filter(role=Role.OWNER)
    owner = owners.select_for_update().first()
    if owner is None:  # two handed it over at once, and this one came second
        raise Refusal("revision_conflict")
    if owner.pk == to.pk:
        return
    for membership, role in ((owner, Role.ADMIN), (to, Role.OWNER)):
        membership.role = role
        membership.save(update_fields=["role"])
        permissions.apply(membership)
    after = {"owner": to.pk, "was": owner.pk}
    audit.write(actor=actor, action="organisation.transferred", target=to, after=after)


@transaction.atomic
def save_team(*, actor: Actor, team: Team | None = None, name: str) -> Team:
    actor.require("manage_teams")
    if team is not None:
        _ours(actor, team)
    is_new, team = team is None, team or Team(organisation=actor.organisation)
    before = audit.picture_of(team)
    team.name = name
    try:
        with transaction.atomic():
            team.save(update_fields=None if is_new else ["name"])
    except IntegrityError as taken:
        message = _("There is a team of this name already.")
        raise Refusal("already_exists", message, field="name") from taken
    if is_new:
        permissions.set_up_team(team)
    old, new = audit.changes(before, audit.picture_of(team))
    action = "team.created" if is_new else "team.changed"
    if new:
        audit.write(actor=actor, action=action, target=team, before=old, after=new)
    return team


@transaction.atomic
def set_team_members(*, actor: Actor, team: Team, members: dict[str, bool]) -> None:
    """`members` says for each membership id whether they lead the team."""
    actor.require("manage_teams")
    _ours(actor, team)
    mine = Membership.objects.of(actor.organisation).in_bulk(list(members))
    if len(mine) != len(members):
        raise Refusal("not_found", field="members")
    rows = TeamMember.objects.filter(team=team).select_related("membership")
    before = {row.membership_id: row.is_lead for row in rows}
    touched = {row.membership_id: row.membership for row in rows} | mine
    TeamMember.objects.filter(team=team).exclude(membership_id__in=members).delete()
    gone = Membership.objects.filter(primary_team=team).exclude(pk__in=members)
    gone.update(primary_team=None)  # a team does not pay for those who left it
    left = ApiKey.objects.filter(team=team).exclude(owner=None).exclude(owner_id__in=members)
    left.update(team=None)
    for pk, is_lead in members.items():
        TeamMember.objects.update_or_create(
            organisation=actor.organisation,
            team=team,
            membership=mine[pk],
            defaults={"is_lead": is_lead},
        )
    for membership in touched.values():
        permissions.apply(membership)
    audit.write(
        actor=actor, action="team.members_changed", target=team, before=before, after=members
    )


@transaction.atomic
def delete_team(*, actor: Actor, team: Team) -> None:
    actor.require("manage_teams")
    _ours(actor, team)
    members = list(team.members.filter(team=team).select_related("membership"))
    audit.write(actor=actor, action="team.deleted", target=team, before=audit.picture_of(team))
    permissions.forget([team])
    team.delete()
    for row in members:
        permissions.apply(row.membership)


def may_give(actor: Actor, role: str) -> None:
    if role not in permissions.RIGHTS_OF:
        raise Refusal("invalid_choice", field="role", choices=Role.values)
    if not permissions.may_give(actor.rights, role):
        raise Refusal("forbidden", _("You cannot give more than you may do."), field="role")


def _only(fields: dict[str, Any], known: set[str]) -> None:
    for name in fields.keys() - known:
        raise Refusal("field_not_allowed", field=name)


def _ours(actor: Actor, row: Tenant) -> None:
    if row.organisation_id != actor.organisation.pk:
        raise NotFound


def _may_touch(actor: Actor, membership: Membership) -> None:
    _ours(actor, membership)
    if not actor.rights >= permissions.RIGHTS_OF[membership.role]:
        raise Refusal("forbidden", _("This person may do more than you."))
