"""What Gemini answers, and what it means: a picture in any part of it, a refusal inside a 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from providers import incoming, verdicts
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
from providers.imagery import count
from providers.shapes import Picture, Usage
from tale.lib.http import Reply, Unreachable

REFUSED = frozenset(
    """SAFETY RECITATION PROHIBITED_CONTENT BLOCKLIST SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT
    IMAGE_RECITATION""".split()
)
_IN_TEXT = re.compile(r"!\[[^\]]*\]\((data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+)\)")
_NO_PLAN = re.compile(r"limit: 0\b|billing|credits? (?:are|is) depleted|prepa(?:id|yment)", re.I)
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s", re.ASCII)


def body_of(reply: Reply) -> dict[str, Any]:
    try:
        said = reply.json()
    except Unreachable as garbled:
        raise verdicts.of_silence(garbled) from None
    if not isinstance(said, dict):
        raise Doubtful("provider_bad_reply", request_id=verdicts.request_id(reply))
    return said


def parts(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = _first(body).get("content")
    said = content.get("parts") if isinstance(content, dict) else None
    return [part for part in said if isinstance(part, dict)] if isinstance(said, list) else []


def finish(body: Mapping[str, Any]) -> str:
    reason = _first(body).get("finishReason")
    return reason if isinstance(reason, str) else ""


def picture(body: Mapping[str, Any]) -> Picture | None:
    """In any part; some gateways write it into the text. Its drafts are thoughts, and none."""
    said = [part for part in parts(body) if not part.get("thought")]
    for part in said:
        inline = part.get("inlineData") or part.get("inline_data")
        data = inline.get("data") if isinstance(inline, dict) else None
        if found := incoming.picture(incoming.decoded(data)):
            return found
    for part in said:
        written = _IN_TEXT.search(text) if isinstance(text := part.get("text"), str) else None
        if written and (found := incoming.picture(incoming.decoded(written[1]))):
            return found
    return None


def has_picture(body: Mapping[str, Any]) -> bool:
    """Drawn and billed, whatever its bytes are."""
    return any("inlineData" in part and not part.get("thought") for part in parts(body))


def refusal(body: Mapping[str, Any]) -> Declined | None:
    feedback = body.get("promptFeedback")
    is_blocked = isinstance(feedback, dict) and bool(feedback.get("blockReason"))
    return Declined() if is_blocked or finish(body) in REFUSED else None


def usage(body: Mapping[str, Any], *, pictures: int = 0, request_id: str = "") -> Usage:
    """Thoughts are billed as text. Where kinds are not told apart, all it made is the picture."""
    told = body.get("usageMetadata")
    told = told if isinstance(told, dict) else {}
    tokens_in = count(told, "promptTokenCount") + count(told, "toolUsePromptTokenCount")
    tokens_out = count(told, "candidatesTokenCount")
    image_in = min(_of_pictures(told, "promptTokensDetails"), tokens_in)
    image_out = min(_of_pictures(told, "candidatesTokensDetails"), tokens_out)
    if pictures and not image_out:
        image_out = tokens_out
    return Usage(
        pictures=pictures,
        text_in=tokens_in - image_in,
        image_in=image_in,
        cached_in=min(count(told, "cachedContentTokenCount"), tokens_in - image_in),
        text_out=tokens_out - image_out + count(told, "thoughtsTokenCount"),
        image_out=image_out,
        is_estimate=not tokens_in or (pictures > 0 and not image_out),
        request_id=request_id,
    )


def both(first: Usage, second: Usage) -> Usage:
    """Of a try that brought nothing, and is billed with the next one."""
    names = ("pictures", "text_in", "image_in", "cached_in", "text_out", "image_out")
    sums = {name: getattr(first, name) + getattr(second, name) for name in names}
    return replace(second, is_estimate=first.is_estimate or second.is_estimate, **sums)


def of_reply(reply: Reply) -> ProviderFailed:
    """Of an answer that is no success. Google bills no request that ends in an error of its own;
    a page of a proxy says nothing about that."""
    request_id = verdicts.request_id(reply)
    if 300 <= reply.status < 400:
        return NotBilled("provider_bad_reply", request_id=request_id)
    try:
        body = reply.json()
    except Unreachable:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict):
        failed = of_error(error, reply.status, reply.headers)
    elif reply.status >= 500 or reply.status == 408:
        is_late = reply.status in (408, 504)
        failed = Doubtful("provider_timeout" if is_late else "provider_error")
    else:
        failed = of_error({}, reply.status, reply.headers)
    failed.request_id = request_id
    return failed


def of_error(
    error: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None
) -> ProviderFailed:
    message = str(error.get("message") or "")[:2000]
    if status == 402:
        return NoCredit()
    if status == 429:
        return _limited(error, message, headers or {})
    if status in (401, 403) or "API key" in message:
        return BadKey()
    if status == 404:
        return Retired(_("Google no longer has this model. Choose another one."))
    if status == 413:
        return Unfit("request_too_large", _("This is too large for the provider. Send less."))
    if error.get("status") == "FAILED_PRECONDITION":  # billing or region: of the account
        return NotBilled("provider_error")
    if 400 <= status < 500:
        text = _("The provider does not take this as it was asked. Change it, or the model.")
        return Unfit("invalid_value", text)
    return (Doubtful if status == 504 else NotBilled)(
        "provider_timeout" if status == 504 else "provider_error"
    )


def _limited(error: Mapping[str, Any], message: str, headers: Mapping[str, str]) -> ProviderFailed:
    """The same status means wait and pay: a quota of nothing is a plan without this model."""
    details = error.get("details")
    details = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    quotas = [v for one in details for v in one.get("violations") or () if isinstance(v, dict)]
    if any(str(one.get("quotaValue")) == "0" for one in quotas) or _NO_PLAN.search(message):
        return NoCredit(_("The plan at Google does not include this. Tell an administrator."))
    for one in details:
        if found := _SECONDS.fullmatch(str(one.get("retryDelay") or "")):
            return Limited(min(float(found[1]), verdicts.LONGEST_WAIT_S))
    return Limited(verdicts.wait_s(headers))


def _first(body: Mapping[str, Any]) -> dict[str, Any]:
    candidates = body.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    return first if isinstance(first, dict) else {}


def _of_pictures(told: dict[str, Any], name: str) -> int:
    details = told.get(name)
    return sum(
        count(one, "tokenCount")
        for one in (details if isinstance(details, list) else ())
        if isinstance(one, dict) and one.get("modality") == "IMAGE"
    )
