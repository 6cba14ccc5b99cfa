"""One JSON object a line, and no secret in it.

Everything passes here: structlog's own lines and those of the standard library (Django, Celery,
granian). A secret is known by the name it stands under or by its looks; either is enough.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.utils.crypto import salted_hmac
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
DEEPEST = 6

_SECRET_WORD = (
    r"pass(?:word|wd|phrase)|secret|token|authori[sz]ation|cookie|credential|session|csrf"
    r"|signature|api_?key|key|keys|otp|prompt"
)
_SECRET_NAME = re.compile(rf"(?:^|[^a-z])(?:{_SECRET_WORD})s?(?:$|[^a-z])")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PLAIN_NAMES = {"key_id", "key_prefix", "prompt_tokens", "request_key"}

# What our keys, other people's keys and signed things look like, whatever they are called.
_LOOKS = re.compile(
    r"""
      \btale_[\w-]{6,}                                      # our API keys
    | \b(?:sk|pk|rk)-[\w-]{8,} | \bxox[abprs]-[\w-]{8,}     # providers, Slack
    | \bgh[pousr]_\w{16,} | \bAKIA[0-9A-Z]{12,}             # GitHub, AWS
    | \beyJ[\w-]{8,}\.[\w-]+\.?[\w-]*                       # JWT
    | \b\d{8,12}:[\w-]{30,}                                 # Telegram bots
    | \b[0-9a-fA-F]{40,}\b
    | (?=[\w+/-]*\d)(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])(?<![\w+/-])[\w+/-]{40,}={0,2}
    """,
    re.VERBOSE,
)
_CREDENTIAL = re.compile(r"\b(bearer|basic|digest)\s+[\w.~+/=-]{6,}", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)")
_ASSIGNED = re.compile(
    rf"""(?<![a-z])((?:{_SECRET_WORD})["']?\s*[=:]\s*["']?)(?!\[hidden\])[^\s"',;&)}}\]]{{3,}}""",
    re.IGNORECASE,
)
_HEADER = re.compile(r"\b((?:cookie|authorization)[\"']?\s*[:=])[^\n]{3,}", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")


def configure(*, level: str, pretty: bool) -> dict[str, Any]:
    """Sets structlog up and answers Django's LOGGING."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(allow=("status_code",)),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    renderer: Processor = structlog.processors.JSONRenderer()
    if pretty:  # format_exc_info has written the traceback already
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    line = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": shared,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    }
    stream = "ext://sys.stdout"
    stdout = {"class": "logging.StreamHandler", "stream": stream, "formatter": "line"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": line},
        "handlers": {"stdout": stdout},
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": _QUIETER,
    }


_QUIETER: dict[str, dict[str, Any]] = {
    "django": {"handlers": [], "propagate": True, "level": "NOTSET"},
    "django.server": {"handlers": [], "propagate": True, "level": "ERROR"},
    # A refused request has its own line (tale.edges); only a bug needs Django's.
    "django.request": {"level": "ERROR"},
    "django.security": {"level": "CRITICAL"},
    # They write query strings, headers and prompts at lower levels.
    "httpx2": {"level": "WARNING"},
    "httpcore2": {"level": "WARNING"},
    "openai": {"level": "WARNING"},
}


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    return {name: _cleaned(name, value, depth=0) for name, value in event.items()}


def scrub(text: str) -> str:
    """The text without what looks like a secret or an e-mail address."""
    text = _HEADER.sub(rf"\1 {HIDDEN}", _USERINFO.sub(HIDDEN, text))
    text = _CREDENTIAL.sub(rf"\1 {HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    text = _LOOKS.sub(HIDDEN, text)
    return _EMAIL.sub(lambda found: _pseudonym(found[0]), text)


def names_a_secret(name: str) -> bool:
    words = _WORDS.sub("_", name).lower()
    return words not in _PLAIN_NAMES and _SECRET_NAME.search(words) is not None


def _cleaned(name: str, value: Any, *, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value  # counts of tokens and keys are no secrets
    if names_a_secret(name):
        return HIDDEN
    return _scrubbed(value, depth=depth)


def _scrubbed(value: Any, *, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEEPEST:
        return "[too deep]"
    if isinstance(value, Mapping):
        return {
            scrub(str(name)): _cleaned(str(name), inner, depth=depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrubbed(inner, depth=depth + 1) for inner in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return f"[{len(value)} bytes]"
    if isinstance(value, logging.LogRecord):
        return value  # structlog's own, taken out before the line is written
    return scrub(str(value))


def _pseudonym(address: str) -> str:
    """The same address reads the same in every line, and nobody can go back from it."""
    try:
        return f"mail_{salted_hmac('tale.logs', address.casefold()).hexdigest()[:8]}"
    except ImproperlyConfigured:  # a line written while the settings load
        return "[mail]"
