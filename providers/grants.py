"""What is asked of a token server, and what its answers mean.

invalid_grant              Rejected  "oauth_expired"  somebody must sign in again
invalid_client, any 4xx    Rejected  "oauth_client"   an administrator must mend the client
429, 5xx, no answer, junk  NotBilled                  an outage: says nothing of the profile
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from providers.errors import Limited, NotBilled
from tale.lib import http

DEADLINE_S = 20.0
MOST_BYTES = 2**16
LONGEST = 16_000  # characters of a token
LONGEST_LIFE_S = 10 * 365 * 86_400
_TOKEN = re.compile(r"[\x21-\x7e]+")
# The word of RFC 6749, and OpenAI's for a refresh token that was used, ran out or was withdrawn.
_EXPIRED = {
    "invalid_grant",
    "refresh_token_expired",
    "refresh_token_invalidated",
    "refresh_token_reused",
}
_BUSY = {"slow_down", "temporarily_unavailable", "server_error"}


class Rejected(Exception):
    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Ask:
    url: str
    form: Mapping[str, str] = field(repr=False)
    reaches_private: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None


async def ask(asked: Ask, *, now: datetime) -> Tokens:
    try:
        reply = await http.send(
            "POST",
            asked.url,
            headers={"Accept": "application/json"},
            data={name: value for name, value in asked.form.items() if value},
            reach=http.Reach(private=asked.reaches_private),
            key_host=asked.url,
            deadline_s=DEADLINE_S,
            most_bytes=MOST_BYTES,
        )
    except http.Unreachable as failed:
        raise _outage(failed.code) from None
    said = _object_in(reply.body)
    if reply.status == 200:
        return _tokens_in(said, now=now)
    if reply.status == 429:
        raise Limited(message=_("The sign-in service is busy. Try again in a minute."))
    if not 400 <= reply.status < 500 or reply.status == 408 or _word(said) in _BUSY:
        raise _outage("provider_error")
    raise Rejected("oauth_expired" if _word(said) in _EXPIRED else "oauth_client")


def _object_in(body: bytes) -> dict[str, Any]:
    """Empty for whatever else it is."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_token(text: object) -> bool:
    """One line of printable ASCII: what fits into a header."""
    return isinstance(text, str) and len(text) <= LONGEST and bool(_TOKEN.fullmatch(text))


def expiry_in(token: str) -> datetime | None:
    """As a JWT says of itself. It is not verified: we only look when to ask for another."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = _object_in(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        at = claims.get("exp")
        return datetime.fromtimestamp(at, UTC) if type(at) is int else None
    except (ValueError, OverflowError, OSError):
        return None


def _outage(code: str) -> NotBilled:
    return NotBilled(code, _("The sign-in service does not answer. Try again later."))


def _word(said: Mapping[str, Any]) -> str:
    """`{"error": "word"}` as the RFC has it, `{"error": {"code": "word"}}` as OpenAI does."""
    error = said.get("error")
    word = error.get("code") if isinstance(error, dict) else error
    return word if isinstance(word, str) else ""


def _tokens_in(said: Mapping[str, Any], *, now: datetime) -> Tokens:
    access, refresh = said.get("access_token"), said.get("refresh_token") or ""
    kind = said.get("token_type") or "bearer"
    is_bearer = isinstance(kind, str) and kind.lower() == "bearer"
    if not (is_token(access) and is_bearer and (refresh == "" or is_token(refresh))):
        raise _outage("provider_bad_reply")
    seconds = said.get("expires_in")
    if isinstance(seconds, str) and re.fullmatch(r"\d{1,9}", seconds, re.ASCII):
        seconds = int(seconds)  # as text: Azure's older servers
    if type(seconds) is int and 0 < seconds <= LONGEST_LIFE_S:
        return Tokens(str(access), refresh, now + timedelta(seconds=seconds))
    return Tokens(str(access), refresh, expiry_in(str(access)))
