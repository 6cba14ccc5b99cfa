"""Keys and profiles by which a provider knows us. Secrets go in and never come out again.

A credential belongs to the host it was entered for: when the provider moves to another, it is not
sent there, and its secret must be entered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Max, Prefetch, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from accounts.models import Organisation
from providers import changes, grants, profiles, renewal
from providers.errors import BadKey, NoCredit, ProviderFailed
from providers.models import Credential, Model, Provider, Tag
from providers.models.connections import Health
from tale.lib import http
from tale.lib.refusals import NotFound, Refusal, Text

MOST = 20  # of one provider
LONGEST_KEY = 4000
WORKED_EVERY = timedelta(minutes=1)  # a credential in use is not written to at every call
_OF_ALL = {"name", "is_enabled"}
_OF_KIND = {
    Credential.Kind.KEY: {"secret"},
    Credential.Kind.OAUTH: {
        "grant",
        "authorize_url",
        "token_url",
        "client_id",
        "client_secret",
        "refresh_token",
        "scopes",
        "profile",
    },
}
_NEEDS = {
    Credential.Grant.CODE: ("authorize_url", "token_url", "client_id"),
    Credential.Grant.CLIENT: ("token_url", "client_id", "client_secret"),
    Credential.Grant.REFRESH: ("token_url", "client_id", "refresh_token"),
}
_LONGEST = {field.name: field.max_length or 0 for field in Credential._meta.concrete_fields}
_TOKEN_BEARING = ("grant", "client_id", "scopes", "token_url")  # another of these, another token


@dataclass(frozen=True, slots=True)
class Chosen:
    """Without an id: the provider is called without a credential, as one in this house may be."""

    id: str = ""
    ready: str = field(default="", repr=False, compare=False)  # its token, where none is renewed

    async def token(self, *, now: datetime | None = None) -> str:
        if self.ready:
            return self.ready
        return await token(self.id, now=now or timezone.now()) if self.id else ""


@dataclass(frozen=True, slots=True)
class Incident:
    """One sick credential, and all it stands in the way of."""

    credential: Credential
    affected_tags: tuple[str, ...]
    since: datetime | None
    code: str
    is_covered: bool  # another credential of the provider works: nobody notices yet


def credential_for(actor: Actor, credential_id: str) -> Credential:
    actor.require(changes.RIGHT)
    mine = Credential.objects.of(actor.organisation).select_related("provider")
    credential = mine.filter(pk=credential_id).first()
    if credential is None:
        raise NotFound
    return credential


@transaction.atomic
def add(*, actor: Actor, provider: Provider, kind: str, **said: Any) -> Credential:
    """A key: `secret`. An OAuth profile: what its grant needs, or `profile`, a file that another
    program keeps."""
    actor.require(changes.RIGHT)
    changes.ours(actor, provider)
    if kind not in Credential.Kind.values:
        raise Refusal("invalid_choice", field="kind", choices=Credential.Kind.values)
    mine = provider.credentials.all()
    if mine.count() >= MOST:
        raise Refusal("too_many_items", field="provider", most=MOST)
    last = mine.aggregate(last=Max("position"))["last"]
    row = Credential(organisation=actor.organisation, provider=provider, kind=kind)
    row.position = 0 if last is None else last + 1
    _fill(row, said)
    row.save(force_insert=True)
    audit.write(actor=actor, action="credential.created", target=row, after=audit.picture_of(row))
    return row


@transaction.atomic
def change(*, actor: Actor, credential: Credential, **said: Any) -> Credential:
    """An empty secret keeps the one that is there."""
    actor.require(changes.RIGHT)
    changes.ours(actor, credential)
    mine = Credential.objects.of(actor.organisation).select_related("provider")
    row = mine.select_for_update(of=("self",)).get(pk=credential.pk)
    before = audit.picture_of(row)
    _fill(row, said)
    old, new = audit.changes(before, audit.picture_of(row))
    if new:
        row.save(update_fields=list(new))
        audit.write(actor=actor, action="credential.changed", target=row, before=old, after=new)
    return row


@transaction.atomic
def remove(*, actor: Actor, credential: Credential) -> None:
    actor.require(changes.RIGHT)
    changes.ours(actor, credential)
    before = audit.picture_of(credential)
    audit.write(actor=actor, action="credential.deleted", target=credential, before=before)
    credential.delete()


@transaction.atomic
def reorder(*, actor: Actor, provider: Provider, order: Sequence[str]) -> None:
    """All of the provider's, the preferred first."""
    actor.require(changes.RIGHT)
    changes.ours(actor, provider)
    rows = {row.pk: row for row in provider.credentials.select_for_update()}
    if set(order) - rows.keys():
        raise NotFound(field="order")
    if len(order) != len(rows) or set(order) != rows.keys():
        raise Refusal("invalid_value", _("Name each credential once."), field="order")
    before = [row.pk for row in sorted(rows.values(), key=lambda row: row.position)]
    if before == list(order):
        return
    for position, pk in enumerate(order):
        rows[pk].position = position
        rows[pk].save(update_fields=["position"])
    old, new = {"order": before}, {"order": list(order)}
    audit.write(actor=actor, action="credential.reordered", target=provider, before=old, after=new)


def set_key(*, actor: Actor, provider: Provider, secret: str, field: str = "api_key") -> None:
    """The provider's first key, as a form with one field for it has it."""
    key = provider.credentials.filter(kind=Credential.Kind.KEY).first()
    try:
        if key is None:
            add(actor=actor, provider=provider, kind=Credential.Kind.KEY, secret=secret)
        else:
            change(actor=actor, credential=key, secret=secret)
    except Refusal as refusal:
        refusal.field = field
        raise


def forget(*, actor: Actor, provider: Provider) -> None:
    for key in provider.credentials.filter(kind=Credential.Kind.KEY):
        remove(actor=actor, credential=key)


def in_order(
    provider: Provider,
    *,
    now: datetime | None = None,
    enabled: Sequence[Credential] | None = None,
) -> list[Credential]:
    """A healthy profile first, then as the admin put them; what is sick is the last resort. One
    that is switched off, or belongs to another host, is none."""
    moment = now or timezone.now()

    def rank(row: Credential) -> tuple[bool, bool, int, datetime]:
        is_key = row.kind == Credential.Kind.KEY
        return (not _is_well(row, moment), is_key, row.position, row.created_at)

    rows = _enabled(provider) if enabled is None else enabled
    return sorted((row for row in rows if row.host == provider.host), key=rank)


def _enabled(provider: Provider) -> list[Credential]:
    return list(provider.credentials.filter(is_enabled=True))


def candidates(provider: Provider, *, now: datetime | None = None) -> list[Chosen]:
    """If all belong to another host, one of them says so: without any, the provider would."""
    enabled = _enabled(provider)
    if not (rows := in_order(provider, now=now, enabled=enabled)):
        return [Chosen(row.pk) for row in enabled[:1]]
    # The first one's token is read with it; those after it are tried later, and looked at then.
    return [Chosen(rows[0].pk, renewal.at_hand(rows[0])), *(Chosen(row.pk) for row in rows[1:])]


def choose(provider: Provider, *, now: datetime | None = None) -> Chosen:
    return next(iter(candidates(provider, now=now)), Chosen())


async def token(credential_id: str, *, now: datetime) -> str:
    """Raises a ProviderFailed: BadKey names the credential and what to do, NotBilled an outage."""
    return await renewal.token(credential_id, now=now)


def report(
    credential_id: str, failed: ProviderFailed | None = None, *, now: datetime | None = None
) -> None:
    """How a call ended. Only what was said of the credential counts: an outage does not."""
    row = Credential.unscoped.filter(pk=credential_id).first()
    if row is None:
        return
    moment = now or timezone.now()
    if failed is None:
        _worked(row, moment)
    elif isinstance(failed, NoCredit):
        _fails(row, "no_credit", moment)
    elif isinstance(failed, BadKey) and not isinstance(failed, renewal.Unusable):
        _refused(row, moment)


def incidents(organisation: Organisation) -> list[Incident]:
    """The oldest first. A credential serves all models of its provider, so it is one line."""
    rows = Credential.objects.of(organisation).filter(is_enabled=True, provider__is_enabled=True)
    models = Prefetch("provider__models", Model.objects.of(organisation))
    found = []
    for row in rows.select_related("provider").prefetch_related(models):
        is_elsewhere = row.host != row.provider.host
        if row.health == Health.FAILING or is_elsewhere:
            offered = [model for model in row.provider.models.all() if model.is_enabled]
            tags = {tag for model in offered for tag in model.tags}
            affected = tuple(tag for tag in Tag.values if tag in tags)
            code = "other_host" if is_elsewhere else row.last_error
            others = in_order(row.provider)
            covered = any(_is_well(other, timezone.now()) for other in others if other != row)
            found.append(Incident(row, affected, row.failed_at, code, covered))
    return sorted(found, key=lambda incident: incident.since or timezone.now())


def _is_well(row: Credential, now: datetime) -> bool:
    return row.health != Health.FAILING and (row.can_renew or row.lasts(now))


def _worked(row: Credential, now: datetime) -> None:
    stale = Q(used_at=None) | Q(used_at__lt=now - WORKED_EVERY)
    news = _mine(row).filter(stale | ~Q(health=Health.OK) | Q(failed_at__isnull=False))
    news.update(health=Health.OK, last_error="", failed_at=None, used_at=now)


def _refused(row: Credential, now: datetime) -> None:
    """A token may be withdrawn before its time: a profile gets a new one first, and only when that
    is refused too it is sick. Calls that went out with the old one say nothing new."""
    if not (row.kind == Credential.Kind.OAUTH and row.can_renew):
        _fails(row, "provider_auth", now)
    elif row.failed_at is None:
        _mine(row).filter(revision=row.revision).update(failed_at=now, expires_at=now)
    elif row.expires_at is None or row.expires_at > row.failed_at:
        _fails(row, "provider_auth", now)


def _fails(row: Credential, code: str, now: datetime) -> None:
    well = _mine(row).exclude(health=Health.FAILING)
    well.update(health=Health.FAILING, last_error=code, failed_at=now)


def _mine(row: Credential) -> Any:
    return Credential.objects.filter(organisation_id=row.organisation_id, pk=row.pk)


def _fill(row: Credential, said: dict[str, Any]) -> None:
    for name in said:
        if name not in _OF_ALL | _OF_KIND[Credential.Kind(row.kind)]:
            raise Refusal("field_not_allowed", field=name)
    was_at, had = row.token_url, {name: getattr(row, name) for name in _TOKEN_BEARING}
    profile = None
    if text := said.get("profile", ""):
        profile = profiles.read(text, kind=row.provider.kind)
        entered = {name: value for name, value in said.items() if value != ""}
        said = {**profile.fields, **entered}
    for name in (*_OF_ALL, "grant", "authorize_url", "token_url", "client_id", "scopes"):
        if name in said:
            setattr(row, name, _checked(row, name, said[name]))
    sealed = [name for name in row.SEALED if said.get(name)]
    for name in sealed:
        row.seal(name, _secret(said[name], name))
    _require(row, sealed, was_at)
    is_other = had != {name: getattr(row, name) for name in _TOKEN_BEARING}
    if sealed or is_other:
        _begin_anew(row, profile, keeps_token=row.kind == Credential.Kind.KEY)


def _begin_anew(row: Credential, profile: profiles.Profile | None, *, keeps_token: bool) -> None:
    """Nothing that was known of the former secret holds, and its token is not this client's."""
    if profile is not None:
        row.seal("secret", profile.access)
        row.expires_at = profile.expires_at
    elif not keeps_token:
        row.seal("secret", "")
        row.expires_at = None
    row.host = row.provider.host
    row.revision += 1
    row.health, row.last_error, row.failed_at = Health.UNKNOWN, "", None
    row.refreshing_until = None


def _require(row: Credential, sealed: list[str], was_at: str) -> None:
    if row.kind == Credential.Kind.KEY:
        needed: tuple[str, ...] = ("secret",)
    else:
        if row.grant not in _NEEDS:
            raise Refusal("invalid_choice", field="grant", choices=Credential.Grant.values)
        needed = _NEEDS[Credential.Grant(row.grant)]
    for name in needed:
        if not getattr(row, name):
            raise Refusal("required", field=name)
    if was_at and urlsplit(was_at).hostname != urlsplit(row.token_url).hostname:
        for name in ("client_secret", "refresh_token"):
            if getattr(row, name) and name not in sealed:
                message = _("This belongs to the former token address. Enter it for this one.")
                raise Refusal("required", message, field=name)


def _checked(row: Credential, name: str, value: Any) -> Any:
    if name == "is_enabled":
        if type(value) is not bool:
            raise Refusal("invalid_type", field=name)
        return value
    if not isinstance(value, str):
        raise Refusal("invalid_type", field=name)
    if len(value) > _LONGEST[name]:
        raise Refusal("too_long", field=name)
    if not value.isprintable() or (name != "name" and not value.isascii()):
        raise Refusal("invalid_characters", field=name)
    if value and name.endswith("_url"):
        http.check_url(value, reach=http.Reach(private=row.provider.reaches_private), field=name)
    return value


def _secret(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise Refusal("invalid_type", field=name)
    if len(value) > (LONGEST_KEY if name == "secret" else grants.LONGEST):
        raise Refusal("too_long", field=name)
    if not grants.is_token(value):
        message: Text = _("A secret is one line of letters, digits and signs, without spaces.")
        raise Refusal("invalid_characters", message, field=name)
    return value
