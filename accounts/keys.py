"""API keys: made once, shown once, looked up by prefix in one indexed query."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NoReturn

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import ApiKey, Membership, Team
from accounts.models.keys import Scope
from tale.lib.refusals import NotFound, Refusal

LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=366)
USED_EVERY = timedelta(minutes=1)  # how exact "last used" is; each request would be a write
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@transaction.atomic
def create(
    *,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    now: datetime,
    owner: Membership | None = None,
    team: Team | None = None,
    expires_at: datetime | None = None,
    allowed_addresses: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """The key and, this once, its secret. Without an owner it is a service key."""
    expires_at = expires_at or min(now + LIFE, actor.key.expires_at if actor.key else now + LIFE)
    networks = [_network(address) for address in allowed_addresses]
    _may_make(actor, owner=owner, scopes=scopes)
    _may_pay(actor, owner=owner, team=team)
    if not now < expires_at <= now + LONGEST_LIFE:
        raise Refusal("out_of_range", _("A key lives a year at most."), field="expires_at")
    if actor.key is not None:
        _at_most(actor.key, scopes=scopes, team=team, expires_at=expires_at, networks=networks)
    prefix, secret = secrets.token_hex(5), secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        organisation=actor.organisation,
        name=name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=sorted(set(scopes)),
        owner=owner,
        team=team,
        allowed_addresses=[str(network) for network in networks],
        created_by=actor.user,
        expires_at=expires_at,
    )
    audit.write(actor=actor, action="key.created", target=key, after=audit.picture_of(key))
    return key, f"tale_{prefix}_{secret}"


@transaction.atomic
def revoke(*, actor: Actor, key: ApiKey, now: datetime) -> None:
    if key.organisation_id != actor.organisation.pk:
        raise NotFound
    if not _is_own(actor, key.owner):
        actor.require("manage_keys")
    if key.revoked_at is None:
        key.revoke(now=now)
        audit.write(actor=actor, action="key.revoked", target=key)


def of_person(actor: Actor, *, now: datetime) -> QuerySet[ApiKey]:
    if actor.membership is None:  # an operator looking in; `owner=None` are the service keys
        return ApiKey.objects.none()
    mine = ApiKey.objects.of(actor.organisation).filter(owner=actor.membership)
    return mine.select_related("team", "owner").annotate(is_expired=Q(expires_at__lte=now))


def own_key(actor: Actor, key_id: str, *, now: datetime) -> ApiKey:
    key = of_person(actor, now=now).filter(pk=key_id).first()
    if key is None:
        raise NotFound
    return key


def teams_of(actor: Actor) -> QuerySet[Team]:
    """Who may pay for what a key of this person does: a team they belong to."""
    if actor.membership is None:
        return Team.objects.none()
    return Team.objects.of(actor.organisation).filter(members__membership=actor.membership)


def authenticate(*, secret: str, address: str, request_id: str, now: datetime) -> Actor:
    key, is_right = _find(secret)
    if key is None or not is_right:
        unknown = Refusal("invalid_api_key")
        if key is not None:
            _note(key, unknown, address=address, request_id=request_id)
        raise unknown
    actor = Actor(
        organisation=key.organisation,
        user=key.owner.user if key.owner else None,
        membership=key.owner,
        key=key,
        surface="api",
        address=address,
        request_id=request_id,
    )
    refusal = _why_not(key, address=address, now=now)
    if refusal:
        if audit.has_room("key.used", key.pk):
            audit.refused(actor=actor, refusal=refusal, action="key.used")
        raise refusal
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        ApiKey.objects.of(key.organisation).filter(pk=key.pk).update(last_used_at=now)
    return actor


def refuse_both(secrets: Sequence[str], *, address: str, request_id: str) -> NoReturn:
    """Two credentials: whose they are is noted, neither is used."""
    refusal = Refusal("ambiguous_credentials")
    for secret in secrets:
        key, is_right = _find(secret)
        if key is not None and is_right:
            _note(key, refusal, address=address, request_id=request_id)
    raise refusal


def _find(secret: str) -> tuple[ApiKey | None, bool]:
    """The key named by its prefix, and whether the secret is its own."""
    tale, prefix, rest = (*secret.split("_", 2), "", "")[:3]
    with_all = ("organisation", "owner__user", "owner__organisation", "team")
    found = ApiKey.unscoped.select_related(*with_all).filter(prefix=prefix)
    key = found.first() if prefix.isalnum() else None
    expected = key.secret_hash if key else _hash("")
    return key, hmac.compare_digest(_hash(rest), expected) and tale == "tale"


def _note(key: ApiKey, refusal: Refusal, *, address: str, request_id: str) -> None:
    """Nobody's doing yet: that it was the owner is just what was not shown."""
    if audit.has_room("key.used", key.pk):
        actor = Actor(
            organisation=key.organisation,
            key=key,
            surface="api",
            address=address,
            request_id=request_id,
        )
        audit.refused(actor=actor, refusal=refusal, action="key.used")


def _why_not(key: ApiKey, *, address: str, now: datetime) -> Refusal | None:
    if key.revoked_at is not None:
        return Refusal("api_key_revoked")
    if key.expires_at <= now:
        return Refusal("api_key_expired")
    if key.owner is not None and not key.owner.is_active:
        return Refusal("account_disabled")
    if not key.accepts_address(address):
        return Refusal("ip_not_allowed")
    if not key.organisation.is_active:
        return Refusal("organization_suspended")
    return None


def _may_make(actor: Actor, *, owner: Membership | None, scopes: Sequence[str]) -> None:
    if not scopes:
        raise Refusal("required", field="scopes")
    if set(scopes) - set(Scope.values):
        raise Refusal("invalid_choice", field="scopes", choices=Scope.values)
    if owner is None:
        actor.require("manage_keys")
    elif not _is_own(actor, owner):
        raise Refusal("forbidden", _("People make their own keys; nobody makes them for others."))
    else:
        actor.require("use_workspace")
    if Scope.ADMIN in scopes and not actor.may("manage_organisation"):
        raise Refusal("scope_escalation", field="scopes")


def _may_pay(actor: Actor, *, owner: Membership | None, team: Team | None) -> None:
    if team is None:
        return
    if team.organisation_id != actor.organisation.pk:
        raise NotFound(field="team")
    if owner is not None and not owner.teams.filter(membership=owner, team=team).exists():
        raise Refusal("forbidden", _("You are not in this team."), field="team")


def _at_most(
    maker: ApiKey,
    *,
    scopes: Sequence[str],
    team: Team | None,
    expires_at: datetime,
    networks: Sequence[Network],
) -> None:
    """A key that makes a key hands on no more than it has: not for longer, not to other places."""
    if Scope.ADMIN not in maker.scopes:
        raise Refusal("insufficient_scope", scope=Scope.ADMIN)
    if not set(scopes) <= set(maker.scopes):
        raise Refusal("scope_escalation", field="scopes")
    if expires_at > maker.expires_at:
        raise Refusal("scope_escalation", field="expires_at")
    if maker.team_id and maker.team_id != (team and team.pk):
        raise Refusal("scope_escalation", field="team")
    if maker.allowed_addresses:
        allowed = [ipaddress.ip_network(address) for address in maker.allowed_addresses]
        if not networks or not all(_lies_in(network, allowed) for network in networks):
            raise Refusal("scope_escalation", field="allowed_addresses")


def _is_own(actor: Actor, owner: Membership | None) -> bool:
    return (
        owner is not None
        and actor.user is not None
        and owner.user_id == actor.user.pk
        and owner.organisation_id == actor.organisation.pk
    )


def _lies_in(network: Network, allowed: Sequence[Network]) -> bool:
    return any(
        outer.version == network.version and network.subnet_of(outer)  # type: ignore[arg-type]
        for outer in allowed
    )


def _network(address: str) -> Network:
    try:
        return ipaddress.ip_network(address.strip(), strict=False)
    except ValueError:
        message = _("“{address}” is no address or network.").format(address=address)
        raise Refusal("invalid_value", message, field="allowed_addresses") from None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
