"""An authorization server: codes with PKCE, client credentials, and refresh tokens that rotate."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.upstream.messages import Answer, Refused, Request
from tests.upstream.server import Simulator


@dataclass(frozen=True)
class Grant:
    redirect_uri: str
    challenge: str
    scope: str


class OAuth(Simulator):
    """With `upstream.serve("openai", accepts=oauth.is_valid)` a provider takes its tokens."""

    client_id = "tale-client"
    client_secret = "sim-secret-9c41e7"
    expires_s: float = 3600
    rotates = True
    is_public = False  # a public client has no secret and must use PKCE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.codes: dict[str, Grant] = {}
        self.tokens: dict[str, float] = {}
        self.refresh_tokens: set[str] = set()
        self.refreshes = 0
        self.issued = 0
        self._numbers = itertools.count(1)

    @property
    def authorize_url(self) -> str:
        return f"{self.url}/authorize"

    @property
    def token_url(self) -> str:
        return f"{self.url}/token"

    def is_valid(self, token: str) -> bool:
        return self.tokens.get(token, 0) > time.time()

    def expire_all(self) -> None:
        self.tokens = dict.fromkeys(self.tokens, 0)

    def envelope(self, refused: Refused) -> dict[str, Any]:
        return {"error": refused.code, "error_description": refused.message}

    async def handle(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/authorize":
                return self._authorize(request.query)
            case "POST", "/token":
                return self._token(request)
        raise Refused(404, "Not found", code="not_found")

    def _authorize(self, asked: dict[str, str]) -> Answer:
        """Everybody says yes here."""
        is_code = asked.get("response_type") == "code"
        if not is_code or asked.get("client_id") != self.client_id:
            raise Refused(400, "Unknown client or response type.", code="invalid_request")
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            raise Refused(400, "PKCE with S256 is required.", code="invalid_request")
        code = self._secret("code")
        self.codes[code] = Grant(
            asked["redirect_uri"], asked["code_challenge"], asked.get("scope", "")
        )
        back = urlencode({"code": code, "state": asked.get("state", "")})
        joint = "&" if "?" in asked["redirect_uri"] else "?"
        return Answer(302, headers={"location": f"{asked['redirect_uri']}{joint}{back}"})

    def _token(self, request: Request) -> Answer:
        form = request.form.fields
        self._check_client(request, form)
        match form.get("grant_type"):
            case "authorization_code":
                return self._issue(self._redeem(form).scope, refreshable=True)
            case "client_credentials":
                return self._issue(form.get("scope", ""), refreshable=False)
            case "refresh_token":
                return self._refresh(form)
        raise Refused(400, "Unknown grant type.", code="unsupported_grant_type")

    def _check_client(self, request: Request, form: dict[str, str]) -> None:
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(given).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                name = ""
        is_known = self.is_public or secret == self.client_secret
        if name != self.client_id or not is_known:
            raise Refused(401, "Client authentication failed.", code="invalid_client")

    def _redeem(self, form: dict[str, str]) -> Grant:
        """A code works once."""
        grant = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if grant is None or grant.challenge != challenge:
            raise Refused(400, "The code or its verifier is wrong.", code="invalid_grant")
        if form.get("redirect_uri") != grant.redirect_uri:
            raise Refused(400, "Another redirect_uri was asked for.", code="invalid_grant")
        return grant

    def _refresh(self, form: dict[str, str]) -> Answer:
        token = form.get("refresh_token", "")
        if token not in self.refresh_tokens:
            raise Refused(400, "The refresh token is unknown or used.", code="invalid_grant")
        self.refreshes += 1
        if self.rotates:
            self.refresh_tokens.discard(token)
            return self._issue(form.get("scope", ""), refreshable=True)
        return self._issue(form.get("scope", ""), refreshable=False)

    def _issue(self, scope: str, *, refreshable: bool) -> Answer:
        self.issued += 1
        token = self._secret("access")
        self.tokens[token] = time.time() + self.expires_s
        said: dict[str, Any] = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self.expires_s),
        }
        if scope:
            said["scope"] = scope
        if refreshable:
            said["refresh_token"] = self._secret("refresh")
            self.refresh_tokens.add(said["refresh_token"])
        return Answer.of(said, cache_control="no-store")

    def _secret(self, kind: str) -> str:
        return f"sim-{kind}-{next(self._numbers):06d}"
