"""Signing a profile in: authorization code with PKCE, through an administrator's browser.

    begin    a signed state goes along, the verifier stays in the session, sealed
    finish   the state comes back: same person, organisation and session, once, within ten minutes

Whatever is wrong with what comes back changes nothing, and is told to the audit.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actor import Actor
from providers import changes, grants, renewal
from providers.errors import ProviderFailed
from providers.models import Credential
from providers.models.connections import Health
from tale.lib import keyring
from tale.lib.aio import in_db
from tale.lib.refusals import Refusal

VALID_FOR = timedelta(minutes=10)
LONGEST_CODE = 4096
SALT = "providers.oauth"
KEPT = "oauth"  # where the session keeps the one sign-in that is under way

Session = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class Returned:
    """A sign-in whose state is right, before its code is changed for tokens."""

    credential: Credential
    revision: int
    ask: grants.Ask


def begin(
    *, actor: Actor, credential: Credential, redirect_uri: str, session: Session, now: datetime
) -> str:
    """Where the browser goes. A sign-in begun before in this session is forgotten."""
    actor.require(changes.RIGHT)
    changes.ours(actor, credential)
    if credential.grant != Credential.Grant.CODE:
        message = _("This credential is not signed in to in the browser.")
        raise Refusal("invalid_state", message, field="grant")
    nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(64)
    session[KEPT] = {
        "nonce": nonce,
        "verifier": keyring.seal(verifier, owner=actor.organisation.pk),
        "redirect_uri": redirect_uri,
        "until": (now + VALID_FOR).timestamp(),
    }
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": credential.client_id,
        "redirect_uri": redirect_uri,
        "scope": credential.scopes,
        "state": signing.dumps([nonce, *_bound_to(actor), credential.pk], salt=SALT),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    address = urlsplit(credential.authorize_url)
    query = urlencode({name: value for name, value in asked.items() if value})
    both = f"{address.query}&{query}" if address.query else query
    return urlunsplit(address._replace(query=both))


async def finish(
    *, actor: Actor, state: str, code: str, session: Session, now: datetime
) -> Credential:
    """An empty code: the service sent the person back without one."""
    returned = await in_db(_returned, actor, state, code, session, now)
    try:
        tokens = await grants.ask(returned.ask, now=now)
    except grants.Rejected as rejected:
        refusal = Refusal("provider_auth", _REASONS[rejected.code]())
        raise await in_db(_told, actor, refusal, returned.credential) from None
    except ProviderFailed as failed:
        raise await in_db(_told, actor, failed.as_refusal(), returned.credential) from None
    if tokens.expires_at is not None and not tokens.refresh:
        message = _("The service gave no refresh token, so the profile could not be renewed.")
        refusal = Refusal("provider_auth", message, field="scopes")
        raise await in_db(_told, actor, refusal, returned.credential)
    return await in_db(_signed_in, actor, returned, tokens)


def _code_is_old() -> str:
    return _("The sign-in was not accepted: it took too long, or was used before. Start again.")


def _client_is_wrong() -> str:
    return _("The sign-in service refuses our client. Check its id and secret.")


_REASONS = {"oauth_expired": _code_is_old, "oauth_client": _client_is_wrong}


def _bound_to(actor: Actor) -> tuple[str, str]:
    assert actor.user is not None, "a program has no browser to sign in with"
    return str(actor.user.pk), actor.organisation.pk


def _returned(actor: Actor, state: str, code: str, session: Session, now: datetime) -> Returned:
    actor.require(changes.RIGHT)
    try:
        kept, credential = _kept_for(actor, state, session)
        del session[KEPT]  # whatever comes of it: a state serves once
        if now.timestamp() >= kept["until"]:
            message = _("This sign-in took longer than ten minutes. Start again.")
            raise Refusal("invalid_challenge", message, field="state")
        if not (grants.is_token(code) and len(code) <= LONGEST_CODE):
            message = _("The service did not sign you in. Start again on the provider's page.")
            raise Refusal("invalid_challenge", message, field="code")
    except Refusal as refusal:
        raise _told(actor, refusal) from None
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": kept["redirect_uri"],
        "client_id": credential.client_id,
        "client_secret": renewal.opened(credential, "client_secret"),
        "code_verifier": keyring.unseal(kept["verifier"], owner=actor.organisation.pk),
    }
    ask = grants.Ask(credential.token_url, form, credential.provider.reaches_private)
    return Returned(credential, credential.revision, ask)


def _kept_for(actor: Actor, state: str, session: Session) -> tuple[dict[str, Any], Credential]:
    """A state that we never gave, or to somebody else, leaves a sign-in that is under way alone."""
    message = _("This sign-in was not begun here. Start it on the provider's page.")
    foreign = Refusal("invalid_relay_state", message, field="state")
    kept: dict[str, Any] = session.get(KEPT) or {}
    try:
        nonce, user, organisation, pk = signing.loads(state, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise foreign from None
    if not kept or not secrets.compare_digest(kept["nonce"], nonce):
        raise foreign
    if (user, organisation) != _bound_to(actor):
        raise foreign
    mine = Credential.objects.of(actor.organisation).select_related("provider")
    credential = mine.filter(pk=pk, grant=Credential.Grant.CODE).first()
    if credential is None:
        raise foreign
    return kept, credential


@transaction.atomic
def _signed_in(actor: Actor, returned: Returned, tokens: grants.Tokens) -> Credential:
    """If the credential was changed meanwhile, the tokens are not those of its client."""
    pk, owner = returned.credential.pk, actor.organisation.pk
    columns = {
        **renewal.columns_for(tokens, owner=owner),
        "host": returned.credential.provider.host,
        "health": Health.UNKNOWN,
        "last_error": "",
        "failed_at": None,
        "refreshing_until": None,
    }
    mine = Credential.objects.of(actor.organisation).filter(pk=pk, revision=returned.revision)
    if not mine.update(**columns):
        raise Refusal("revision_conflict")
    row = Credential.objects.of(actor.organisation).get(pk=pk)
    after = {"fingerprint": row.fingerprint, "expires_at": str(row.expires_at or "")}
    audit.write(actor=actor, action="credential.signed_in", target=row, after=after)
    return row


def _told(actor: Actor, refusal: Refusal, credential: Credential | None = None) -> Refusal:
    audit.write(actor=actor, action="credential.signed_in", target=credential, outcome=refusal.code)
    return refusal
