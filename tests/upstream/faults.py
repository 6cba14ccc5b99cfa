"""Faults by name: what a provider says, what it sends, and what becomes of the connection."""

from __future__ import annotations

import gzip
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from tests.upstream import pictures
from tests.upstream.messages import Answer

_USER = "image_generation_user_error"
_BILLING = "Your account has no credit left for this request. Check your plan and billing details."
REFUSALS: dict[str, dict[str, Any]] = {
    "moderation_blocked": {
        "status": 400,
        "code": "moderation_blocked",
        "type": _USER,
        "message": "Your request was rejected by the safety system. safety_violations=[violence].",
    },
    "content_policy_violation": {
        "status": 400,
        "code": "content_policy_violation",
        "message": "Your request was rejected as a result of our safety system.",
    },
    "invalid_value": {"status": 400, "code": "invalid_value", "message": "Invalid value."},
    "unknown_parameter": {
        "status": 400,
        "code": "unknown_parameter",
        "message": "Unknown parameter: '{param}'.",
    },
    "unsupported_parameter": {
        "status": 400,
        "code": "unsupported_parameter",
        "message": "Unsupported parameter: '{param}' is not supported with this model.",
    },
    "transparent_refused": {
        "status": 400,
        "code": "invalid_value",
        "type": _USER,
        "param": "background",
        "message": "Transparent background is not supported for this model.",
    },
    "model_not_found": {
        "status": 404,
        "code": "model_not_found",
        "message": "The model has been deprecated. Learn more in the deprecations page.",
    },
    "invalid_api_key": {
        "status": 401,
        "code": "invalid_api_key",
        "message": "Incorrect API key provided: sk-sim-************8830.",
    },
    "unverified_organization": {
        "status": 403,
        "message": "Your organization must be verified to use the model `gpt-image-2`.",
    },
    "unsupported_country": {
        "status": 403,
        "code": "unsupported_country_region_territory",
        "type": "request_forbidden",
        "message": "Country, region, or territory not supported",
    },
    "resource_blocked": {
        "status": 403,
        "code": "Forbidden",
        "message": "Your resource has been temporarily blocked because we detected behavior that "
        "may violate our content policy.",
    },
    "invalid_grant": {"status": 400, "code": "invalid_grant", "message": "Token is expired."},
    "not_found": {"status": 404, "message": "Not found."},
    "too_large": {"status": 413, "message": "Request body too large."},
    "content_filter": {
        "status": 400,
        "code": "content_filter",
        "message": "The response was filtered due to the prompt triggering content management.",
    },
    "rate_limited": {
        "status": 429,
        "code": "rate_limit_exceeded",
        "type": "requests",
        "message": "Rate limit exceeded for images per minute in organization org-sim. "
        "Limit: 5/1min. Current: 6/1min.",
    },
    "slow_down": {
        "status": 429,
        "code": "slow_down",
        "type": "requests",
        "message": "Traffic ramped up too fast.",
    },
    **{
        code: {"status": 429, "code": code, "type": "insufficient_quota", "message": _BILLING}
        for code in (
            "insufficient_quota",
            "credit_balance_exhausted",
            "organization_spend_limit_exceeded",
            "project_spend_limit_exceeded",
            "organization_usage_limit_exceeded",
        )
    },
    "server_error": {"status": 500, "type": "server_error", "message": "The server had an error."},
    "bad_gateway": {"status": 502, "message": "An HTML page, from a proxy."},
    "unavailable": {"status": 503, "type": "server_error", "message": "Overloaded."},
    "gateway_timeout": {"status": 504, "type": "server_error", "message": "Timed out."},
}


@lru_cache(maxsize=1)
def _gzip_bomb() -> bytes:
    return gzip.compress(bytes(200 * 2**20), 1)


def _redirect(target: str) -> Callable[[Answer], Answer]:
    return lambda answer: Answer(302, headers={"location": target})


BODIES: dict[str, Callable[[Answer], Answer]] = {
    "garbage": lambda answer: Answer(body=b'{"data": [{"b64_json": "\xff\xfe'),
    "not_json": lambda answer: Answer(body=b"<html>hello</html>", media_type="text/html"),
    "wrong_content_type": lambda answer: replace(answer, media_type="text/html"),
    "empty": lambda answer: Answer(),
    "huge": lambda answer: Answer(body=b"[" * (100 * 2**20)),
    "gzip_bomb": lambda answer: Answer(body=_gzip_bomb(), headers={"content-encoding": "gzip"}),
    "redirect_metadata": _redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect_file": _redirect("file:///etc/passwd"),
}
UNBILLED = {*REFUSALS, "redirect_metadata", "redirect_file"}

Drawn = list[bytes]
PICTURES: dict[str, Callable[[Drawn], Drawn]] = {
    "truncated_picture": lambda drawn: [content[: len(content) // 2] for content in drawn],
    "bomb_picture": lambda drawn: [pictures.bomb() for _ in drawn],
    "svg_picture": lambda drawn: [pictures.SVG for _ in drawn],
    "jpeg_picture": lambda drawn: [
        pictures.picture(*pictures.size_of(content), "jpeg") for content in drawn
    ],
    "html_picture": lambda drawn: [b"<html>no</html>" for _ in drawn],
    "empty_picture": lambda drawn: [b"" for _ in drawn],
    "tiny_picture": lambda drawn: [pictures.picture(1, 1) for _ in drawn],
    "fewer": lambda drawn: drawn[:-1],
    "none": lambda drawn: [],
    "more": lambda drawn: [*drawn, *drawn[:1]],
}
USAGES: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "no_usage": lambda usage: None,
    "zero_usage": lambda usage: _each(usage, lambda count: 0),
    "negative_usage": lambda usage: _each(usage, lambda count: -count),
    "huge_usage": lambda usage: _each(usage, lambda count: count * 10**9),
    "text_usage": lambda usage: _each(usage, str),
}
# Of the connection, and of streams; the simulators of streams look for theirs by name.
OTHERS = {
    "delay", "drop", "drop_after", "reset", "reset_after", "drip", "hang", "stall_after",
    "fewer_partials", "final_first", "stream_error", "no_final",
}  # fmt: skip


def _each(usage: dict[str, Any], change: Callable[[int], Any]) -> dict[str, Any]:
    return {
        name: _each(value, change)
        if isinstance(value, dict)
        else change(value)
        if isinstance(value, int)
        else value
        for name, value in usage.items()
    }


@dataclass(frozen=True)
class Fault:
    """`where` is part of the method and path it hits: "POST /v1/images". `billed`: whether the
    work is done (and charged) all the same; refusals and redirects are not, the rest is."""

    name: str = ""
    where: str = ""
    delay_s: float = 0
    billed: bool | None = None
    param: str = ""
    stage: str = "input"
    retry_after_s: float | None = None
    retry_after_ms: int | None = None
    after_bytes: int = 100
    drips: int = 0
    every_s: float = 0.05

    def __post_init__(self) -> None:
        known = {"", *REFUSALS, *BODIES, *PICTURES, *USAGES, *OTHERS}
        if self.name not in known:
            raise ValueError(f"no fault {self.name!r}; there are {sorted(known)}")
        if self.name == "drip" and not self.drips:
            object.__setattr__(self, "drips", 1)

    @property
    def is_handled(self) -> bool:
        return self.name not in UNBILLED if self.billed is None else self.billed

    @property
    def cuts_at(self) -> int | None:
        """After how many bytes of the body the connection ends; -1: before the answer."""
        if self.name in ("drop", "reset", "hang"):
            return -1
        return self.after_bytes if self.name.endswith("_after") else None

    def refusal(self, own: dict[str, dict[str, Any]]) -> dict[str, Any] | None:
        if self.name not in REFUSALS:
            return None
        words = {**REFUSALS[self.name], **own.get(self.name, {})}
        if self.param:
            words["param"] = self.param
            words["message"] = words["message"].replace("{param}", self.param)
        if self.name == "moderation_blocked":
            details = {"moderation_stage": self.stage, "categories": ["violence"]}
            words["extra"] = {"moderation_details": details, **words.get("extra", {})}
        headers = dict(words.get("headers", {}))
        if self.retry_after_s is not None:
            headers["retry-after"] = f"{self.retry_after_s:g}"
        if self.retry_after_ms is not None:
            headers["retry-after-ms"] = str(self.retry_after_ms)
        return {**words, "headers": headers}

    def blank(self) -> Answer:
        """In the place of work not done; long enough to be cut off."""
        return Answer(body=b" " * (self.after_bytes + 1))

    def changed(self, answer: Answer) -> Answer:
        return BODIES[self.name](answer) if self.name in BODIES else answer

    def drawn(self, contents: Drawn) -> Drawn:
        return PICTURES[self.name](contents) if self.name in PICTURES else contents

    def usage(self, usage: dict[str, Any]) -> dict[str, Any] | None:
        return USAGES[self.name](usage) if self.name in USAGES else usage


@dataclass
class _Rule:
    fault: Fault
    times: float
    odds: float
    dice: random.Random


@dataclass
class Faults:
    """What goes wrong next: the first rule that fits a request is the one that hits it."""

    rules: list[_Rule] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self, name: str, *, times: int = 1, **options: Any) -> None:
        self._add(name, times, 1, 0, options)

    def always(self, name: str, **options: Any) -> None:
        self._add(name, float("inf"), 1, 0, options)

    def sometimes(self, name: str, odds: float, *, seed: int = 0, **options: Any) -> None:
        self._add(name, float("inf"), odds, seed, options)

    def clear(self) -> None:
        with self.lock:
            self.rules.clear()

    def _add(
        self, name: str, times: float, odds: float, seed: int, options: dict[str, Any]
    ) -> None:
        rule = _Rule(Fault(name, **options), times, odds, random.Random(seed))
        with self.lock:
            self.rules.append(rule)

    def take(self, method: str, target: str) -> Fault:
        with self.lock:
            for rule in self.rules:
                hits = rule.fault.where in f"{method} {target}" and rule.times > 0
                if hits and rule.dice.random() < rule.odds:
                    rule.times -= 1
                    return rule.fault
        return Fault()
