"""What an answer of the OpenAI family, or none at all, means for the money and for the next try.

The status alone says too little: 429 is "wait" and "pay first", 400 is "our fault" and "refused".
So the code and the type decide, and the status only where they are silent. Messages of a provider
are anybody's text: they are read for what is nowhere else, and never shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from providers.errors import (
    BadKey,
    Declined,
    Doubtful,
    Limited,
    NoCredit,
    NotBilled,
    ProviderFailed,
    Retired,
    Unfit,
)
from tale.lib.http import Reply, Unreachable

DECLINED = frozenset(
    """moderation_blocked content_policy_violation content_filter contentfilter
    responsibleaipolicyviolation image_content_policy_violation content_moderation""".split()
)
NO_CREDIT = frozenset(
    """insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded
    project_spend_limit_exceeded organization_usage_limit_exceeded billing_hard_limit_reached
    billing_not_active""".split()
)
LIMITED = frozenset(
    """rate_limit_exceeded rate_limit_error ratelimitreached too_many_requests requests tokens
    input-images""".split()
)
RETIRED = frozenset("model_not_found deploymentnotfound model_deprecated".split())
BAD_KEY = frozenset("invalid_api_key invalid_authentication authentication_error".split())
SLOW_DOWN_S = 30  # "traffic ramped too fast" is not over in a second

LONGEST_WAIT_S = 3600.0

_OUR_CODES = {
    "unknown_parameter": "unsupported_parameter",
    "unsupported_parameter": "unsupported_parameter",
    "unsupported_value": "invalid_value",
    "context_length_exceeded": "too_long",
    "string_above_max_length": "too_long",
    "integer_above_max_value": "out_of_range",
    "integer_below_min_value": "out_of_range",
    "missing_required_parameter": "missing_required_parameter",
}
_GONE = re.compile(r"\bmodel\b.*(not found|does not exist|deprecated|not exist)", re.I | re.S)
_QUOTED = re.compile(r"(?:parameter|argument|field|value)[^:'\"`]*[:'\"`] *['\"`]?(\w+)", re.I)
_FIELD = re.compile(r"[a-z_]\w{0,39}", re.ASCII)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def of_silence(failure: Unreachable) -> ProviderFailed:
    return (Doubtful if failure.sent else NotBilled)(failure.code)


def of_reply(reply: Reply) -> ProviderFailed:
    """Of an answer that is no success. A redirect is followed by nobody, so nothing was made."""
    if 300 <= reply.status < 400:
        return NotBilled("provider_bad_reply", request_id=request_id(reply))
    try:
        body = reply.json()
    except Unreachable:  # a page of a proxy
        body = None
    failed = of_error(error_in(body), status=reply.status, headers=reply.headers)
    failed.request_id = request_id(reply)
    return failed


def error_in(body: Any) -> dict[str, Any]:
    """OpenAI's envelope, vLLM's, a bare text, or the `detail` of FastAPI, which names the field."""
    if not isinstance(body, dict):
        return {}
    error = body.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return {"message": error}
    if body.get("object") == "error" and isinstance(body.get("message"), str):
        return body
    told = body.get("message")
    detail = told.get("detail") if isinstance(told, dict) else body.get("detail")
    first = detail[0] if isinstance(detail, list) and detail else None
    place = first.get("loc") if isinstance(first, dict) else None
    param = place[-1] if isinstance(place, list) and place else None
    return {"message": str(detail or ""), "param": param}


def of_error(
    error: Mapping[str, Any], *, status: int = 0, headers: Mapping[str, str] | None = None
) -> ProviderFailed:
    words = _words(error)
    message = str(error.get("message") or "")[:2000]
    if words & DECLINED or _is_flagged(error, status):
        return Declined()
    if words & NO_CREDIT or status == 402:
        return NoCredit()
    if "slow_down" in words:
        return Limited(max(SLOW_DOWN_S, wait_s(headers or {})))
    if status == 429 or words & LIMITED or (status == 503 and "retry-after" in (headers or {})):
        return Limited(wait_s(headers or {}))
    if words & RETIRED or _is_gone(error, status, message):
        return Retired(_("The provider no longer has this model. Choose another one."))
    if status in (401, 403) or words & BAD_KEY:
        return _bad_key(status, message)
    if status == 413:
        return Unfit("request_too_large", _("This is too large for the provider. Send less."))
    if status in (400, 415, 422):
        return _unfit(words, error, message)
    if status in (404, 405):
        return NotBilled(
            "provider_error",
            _("The provider does not know this address. Check its base URL; most end in /v1."),
        )
    return Doubtful("provider_timeout" if status in (408, 504) else "provider_error")


def _words(error: Mapping[str, Any]) -> set[str]:
    inner = error.get("inner_error") or error.get("innererror")
    inner = inner if isinstance(inner, Mapping) else {}
    given = (error.get("code"), error.get("type"), inner.get("code"))
    return {word.lower() for word in given if isinstance(word, str)}


def _is_flagged(error: Mapping[str, Any], status: int) -> bool:
    """OpenRouter's 403 for the content is told from the one for the key by its reasons."""
    metadata = error.get("metadata")
    return status == 403 and isinstance(metadata, Mapping) and bool(metadata.get("reasons"))


def _is_gone(error: Mapping[str, Any], status: int, message: str) -> bool:
    """vLLM and Ollama say it in words only."""
    is_about_it = error.get("param") in (None, "", "model")
    return status in (400, 404) and is_about_it and bool(_GONE.search(message))


def _bad_key(status: int, message: str) -> BadKey:
    if status != 403:
        return BadKey()
    if "verified" in message:
        return BadKey(
            _("The organisation at the provider must be verified for this model. Verify it there.")
        )
    if "blocked" in message:
        return BadKey(_("The provider has blocked this account. Ask its support."))
    return BadKey(_("The key may not do this at the provider. Check its rights there."))


def _unfit(words: set[str], error: Mapping[str, Any], message: str) -> Unfit:
    code = next((_OUR_CODES[word] for word in words if word in _OUR_CODES), "invalid_value")
    field = error.get("param")
    if not isinstance(field, str):
        named = _QUOTED.search(message)
        field = named[1] if named else ""
    head = _FIELD.match(field)  # of messages[0].role
    field = head[0] if head else ""
    if code == "too_long":
        return Unfit(code, _("This is too long for the model. Shorten it."), field=field)
    text = _("The provider does not take this as it was asked. Change it, or the model.")
    return Unfit(code, text, field=field)


def wait_s(headers: Mapping[str, str]) -> float:
    """As long as it says, in any of the ways to say it; else a second."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return min(seconds, LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
        return min(max(0.0, (until - timezone.now()).total_seconds()), LONGEST_WAIT_S)
    except (ValueError, TypeError):
        pass
    for kind in ("requests", "tokens"):
        if headers.get(f"x-ratelimit-remaining-{kind}") == "0":
            reset = headers.get(f"x-ratelimit-reset-{kind}", "")
            parts = _DURATION.findall(reset)  # 6m0s
            waits = sum(float(number) * _UNIT_S[unit] for number, unit in parts)
            return min(waits, LONGEST_WAIT_S)
    return 1


def request_id(reply: Reply) -> str:
    for name in ("x-request-id", "apim-request-id", "x-generation-id"):
        if given := reply.headers.get(name):
            return "".join(char for char in given if char.isascii() and char.isprintable())[:100]
    return ""
