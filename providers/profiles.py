"""OAuth profiles that another program signed in: its file is pasted, what we need is kept.

Codex CLI, auth.json                {"tokens": {"access_token", "refresh_token", …}, …}
OpenClaw, auth-profiles.json        {"profiles": {"openai-codex:default": {…}, …}}
one profile of it                   {"type": "oauth", "provider", "access", "refresh", "expires"}
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _

from providers import grants
from providers.models import Credential
from tale.lib.refusals import Refusal

MOST_CHARACTERS = 2**16
LATEST_MS = 4_102_444_800_000  # the year 2100


@dataclass(frozen=True, slots=True)
class Issuer:
    token_url: str
    client_id: str
    scopes: str


# The Codex CLI is a public client: its id is in its source, its profiles are renewed under it.
_CODEX = Issuer(
    "https://auth.openai.com/oauth/token",
    "app_EMoamEEZ73f0CkXaXp7hrann",
    "openid profile email offline_access",
)
# The word before "/" and ":" in names of models and profiles -> kind of provider, who issued it.
ISSUERS = {"openai": ("openai", _CODEX), "openai-codex": ("openai", _CODEX)}


@dataclass(frozen=True, slots=True)
class Profile:
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime | None
    issuer: Issuer

    @property
    def fields(self) -> dict[str, str]:
        """As if they had been entered by hand."""
        return {
            "grant": Credential.Grant.REFRESH,
            "token_url": self.issuer.token_url,
            "client_id": self.issuer.client_id,
            "scopes": self.issuer.scopes,
            "refresh_token": self.refresh,
        }


def read(text: str, *, kind: str) -> Profile:
    """`kind` of the provider it is to open: a profile of another service is none of its."""
    if len(text) > MOST_CHARACTERS:
        raise Refusal("too_long", field="profile")
    try:
        said = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise Refusal("invalid_json", field="profile") from None
    if not isinstance(said, dict):
        raise _unknown()
    if isinstance(tokens := said.get("tokens"), dict):
        return _codex(tokens, kind=kind)
    if isinstance(profiles := said.get("profiles"), dict):
        said = _only(profiles, kind=kind)
    return _openclaw(said, kind=kind)


def _codex(tokens: dict[str, Any], *, kind: str) -> Profile:
    access = tokens.get("access_token")
    issuer = _issuer("openai-codex", kind=kind)
    return _profile(access, tokens.get("refresh_token"), grants.expiry_in(str(access)), issuer)


def _openclaw(said: dict[str, Any], *, kind: str) -> Profile:
    if said.get("type") != "oauth":
        raise _unknown()
    expires = said.get("expires", 0)
    if type(expires) is not int or not 0 <= expires <= LATEST_MS:
        raise Refusal("invalid_number", field="profile")
    at = datetime.fromtimestamp(expires / 1000, UTC) if expires else None
    issuer = _issuer(said.get("provider"), kind=kind)
    return _profile(said.get("access"), said.get("refresh"), at, issuer)


def _profile(access: object, refresh: object, at: datetime | None, issuer: Issuer) -> Profile:
    if not refresh:
        message = _("This profile cannot be renewed: it has no refresh token. Sign in anew.")
        raise Refusal("invalid_value", message, field="profile")
    if not (grants.is_token(access) and grants.is_token(refresh)):
        raise Refusal("invalid_characters", field="profile")
    return Profile(str(access), str(refresh), at, issuer)


def _issuer(word: object, *, kind: str) -> Issuer:
    of_kind, issuer = ISSUERS.get(str(word), ("", _CODEX))
    if of_kind != kind:
        message = _("This profile is for another service than this provider.")
        raise Refusal("incompatible_parameters", message, field="profile")
    return issuer


def _only(profiles: dict[str, Any], *, kind: str) -> dict[str, Any]:
    fitting = [
        said
        for said in profiles.values()
        if isinstance(said, dict)
        and said.get("type") == "oauth"
        and ISSUERS.get(str(said.get("provider")), ("", _CODEX))[0] == kind
    ]
    if len(fitting) != 1:
        message = _("The file has no profile that fits this kind of service.")
        if fitting:
            message = _("The file has several profiles that fit. Leave one in it.")
        raise Refusal("invalid_value", message, field="profile")
    return fitting[0]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _value in pairs}) != len(pairs):
        raise Refusal("duplicate_field", _("A name stands twice in this."), field="profile")
    return dict(pairs)


def _unknown() -> Refusal:
    message = _("This is neither a sign-in file of the Codex CLI nor a profile of OpenClaw.")
    return Refusal("invalid_value", message, field="profile")
