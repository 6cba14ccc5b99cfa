"""The token a credential opens its provider with, renewed before it runs out.

One renews, across all processes: whoever moves `refreshing_until` asks the token server, with no
lock and no transaction open; the others go on with the token that still works, or look for the new
one. If the one who asks dies, the next takes over when `refreshing_until` has passed. What comes
back is stored if nobody stored anything since (`revision`), so an answer that is late, or was
overtaken by a sign-in, changes nothing.

A server that gives a new refresh token forgets the old one: from then on the answer must be kept.
So a renewal is finished even when the call that wanted it is cancelled.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from providers import grants
from providers.errors import BadKey, NotBilled
from providers.models import Credential
from providers.models.connections import Health
from tale.lib import keyring
from tale.lib.aio import in_db

EARLY = timedelta(minutes=5)
LEAST = timedelta(seconds=30)  # of life that a token needs to begin a call with
LEASE = timedelta(seconds=grants.DEADLINE_S + 5)
WAIT_S = 30.0  # longer than a lease: who waits for one that died takes over
POLL_S = 0.2
_renewing: set[asyncio.Task[str | None]] = set()  # the loop itself keeps only weak references


class Unusable(BadKey):
    """Refused before the provider was asked; the credential says why already."""


@dataclass(frozen=True, slots=True)
class Renewal:
    credential_id: str
    organisation_id: str
    name: str
    revision: int
    ask: grants.Ask
    still: str = field(repr=False)  # the old token, while it works

    def update(self, **columns: Any) -> bool:
        """False: somebody stored another token meanwhile, theirs counts."""
        mine = {"organisation_id": self.organisation_id, "pk": self.credential_id}
        rows = Credential.objects.filter(**mine, revision=self.revision)
        return bool(rows.update(refreshing_until=None, **columns))


async def token(credential_id: str, *, now: datetime) -> str:
    began = time.monotonic()
    while (waited_s := time.monotonic() - began) < WAIT_S:
        moment = now + timedelta(seconds=waited_s)
        found = await in_db(_look, credential_id, moment)
        if isinstance(found, Renewal):
            found = await _finished(_renew(found, moment))
        elif found is None:
            await asyncio.sleep(POLL_S)
        if found is not None:
            return found
    message = _("The sign-in service takes too long. Try again later.")
    raise NotBilled("provider_timeout", message)


def at_hand(row: Credential) -> str:
    """What never runs out; empty where `token` has more to do or to say."""
    if row.kind != Credential.Kind.KEY:
        return ""
    try:
        return row.unseal("secret")
    except keyring.SealBroken:
        return ""


def opened(row: Credential, column: str = "secret") -> str:
    try:
        return row.unseal(column)
    except keyring.SealBroken:
        _sicken(row, "seal_broken")
        message = _("The secret of “%(name)s” cannot be opened. Enter it again.")
        raise Unusable(message % {"name": row}) from None


def columns_for(tokens: grants.Tokens, *, owner: str) -> dict[str, Any]:
    """All of them in one update: a new access token without its refresh token is lost."""
    columns: dict[str, Any] = {
        "secret": keyring.seal(tokens.access, owner=owner),
        "fingerprint": keyring.fingerprint(tokens.access),
        "expires_at": tokens.expires_at,
        "revision": F("revision") + 1,
    }
    if tokens.refresh:
        columns["refresh_token"] = keyring.seal(tokens.refresh, owner=owner)
    return columns


def _look(credential_id: str, now: datetime) -> str | Renewal | None:
    """The token; or the right and duty to renew it; or None: somebody else is at it."""
    row = Credential.unscoped.select_related("provider").filter(pk=credential_id).first()
    if row is None or not row.is_enabled:
        raise Unusable(_("This credential was removed or switched off."))
    if row.host != row.provider.host:
        message = _("The credential “%(name)s” belongs to another host. Enter or remove it.")
        raise Unusable(message % {"name": row})
    if row.kind == Credential.Kind.KEY or row.lasts(now + EARLY):
        return opened(row)
    is_final = row.last_error == "oauth_expired" or not row.can_renew
    if is_final and not row.lasts(now + LEAST):
        raise _expired(row) if row.secret or row.last_error else _not_signed_in(row)
    if not is_final:
        renewal = _renewal(row, now)
        if _claims(row, now):
            return renewal
    return opened(row) if row.lasts(now + LEAST) else None


def _claims(row: Credential, now: datetime) -> bool:
    nobody = Q(refreshing_until=None) | Q(refreshing_until__lte=now)
    mine = Credential.objects.filter(organisation_id=row.organisation_id, pk=row.pk)
    free = mine.filter(nobody, revision=row.revision)
    return bool(free.update(refreshing_until=now + LEASE))


def _renewal(row: Credential, now: datetime) -> Renewal:
    form = {"client_id": row.client_id, "client_secret": opened(row, "client_secret")}
    if row.grant == Credential.Grant.CLIENT:
        form |= {"grant_type": "client_credentials", "scope": row.scopes}
    else:
        form |= {"grant_type": "refresh_token", "refresh_token": opened(row, "refresh_token")}
    return Renewal(
        credential_id=row.pk,
        organisation_id=row.organisation_id,
        name=str(row),
        revision=row.revision,
        ask=grants.Ask(row.token_url, form, row.provider.reaches_private),
        still=opened(row) if row.lasts(now + LEAST) else "",
    )


async def _renew(renewal: Renewal, now: datetime) -> str | None:
    """None: another was quicker, look again."""
    try:
        tokens = await grants.ask(renewal.ask, now=now)
    except grants.Rejected as rejected:
        return await in_db(_rejected, renewal, rejected.code, now)
    except NotBilled:
        await in_db(renewal.update)
        if renewal.still:
            return renewal.still
        raise
    return tokens.access if await in_db(_kept, renewal, tokens) else None


async def _finished(renewing: Coroutine[Any, Any, str | None]) -> str | None:
    task = asyncio.create_task(renewing)
    _renewing.add(task)
    task.add_done_callback(_renewing.discard)
    return await asyncio.shield(task)


def _kept(renewal: Renewal, tokens: grants.Tokens) -> bool:
    """A token that was renewed has not been tried: what was said of the old one is forgotten, but
    for `failed_at`, by which `credentials.report` knows a second refusal."""
    sick = When(health=Health.FAILING, then=Value(Health.UNKNOWN.value))
    columns = columns_for(tokens, owner=renewal.organisation_id)
    return renewal.update(**columns, last_error="", health=Case(sick, default=F("health")))


def _rejected(renewal: Renewal, code: str, now: datetime) -> str | None:
    if not renewal.update(health=Health.FAILING, last_error=code, failed_at=now):
        return None
    if renewal.still:
        return renewal.still
    if code == "oauth_expired":
        raise _expired(renewal.name)
    message = _("The sign-in service refuses the client of “%(name)s”. Check its client id.")
    raise Unusable(message % {"name": renewal.name})


def _expired(name: object) -> Unusable:
    message = _("The profile “%(name)s” has expired. Sign in again on the provider's page.")
    return Unusable(message % {"name": name})


def _not_signed_in(row: Credential) -> Unusable:
    message = _("Nobody has signed in to “%(name)s” yet. Do it on the provider's page.")
    return Unusable(message % {"name": row})


def _sicken(row: Credential, code: str) -> None:
    mine = Credential.objects.filter(organisation_id=row.organisation_id, pk=row.pk)
    since = Coalesce(F("failed_at"), Now())
    mine.update(health=Health.FAILING, last_error=code, failed_at=since)
