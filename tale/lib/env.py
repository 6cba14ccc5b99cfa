"""Settings come from the environment alone; a wrong value stops the start and names itself."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

_HOST = re.compile(r"(\*\.)?[\w.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?|[0-9a-fA-F:.]+", re.ASCII)


class WrongSetting(Exception):
    pass


def text(name: str, default: str | None = None, *, choices: tuple[str, ...] = ()) -> str:
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise WrongSetting(f"{name} is required here. Set it in the environment.")
    if choices and value not in choices:
        raise WrongSetting(f"{name}={value!r} is not one of {', '.join(choices)}.")
    return value


def number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    raw = text(name, str(default))
    if not raw.isascii() or not raw.isdigit() or not least <= int(raw) <= most:
        raise WrongSetting(f"{name}={raw!r} is not a whole number from {least} to {most}.")
    return int(raw)


def switch(name: str, default: bool) -> bool:
    return text(name, "1" if default else "0", choices=("0", "1")) == "1"


def words(name: str, default: str | None = "") -> list[str]:
    raw = os.environ.get(name, "").strip() or default
    if raw is None:
        raise WrongSetting(f"{name} is required here. Set it in the environment.")
    return [word.strip() for word in raw.split(",") if word.strip()]


def hosts(name: str, default: str = "") -> list[str]:
    """`host`, `host:port`, `*.host`; a URL here would match nothing, in silence."""
    found = words(name, default)
    for host in found:
        if not _HOST.fullmatch(host):
            raise WrongSetting(f"{name}: {host!r} is not a host. Write host or host:port.")
    return found


def database(url: str, *, postgres_pool: int) -> dict[str, Any]:
    """SQLite: one writer at a time, so every transaction takes the write lock first (IMMEDIATE)
    and readers are kept out of its way (WAL). PostgreSQL: the native pool, statements that it
    remembers as planned, and time limits that turn a stuck lock into an error."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path),
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32000;"
                    # What is deleted is not left lying in free pages.
                    "PRAGMA secure_delete=ON;"
                ),
            },
            "TEST": {"NAME": str(Path(unquote(parts.path)).with_name("test.sqlite3"))},
        }
    if parts.scheme in ("postgres", "postgresql"):
        limits = "-c lock_timeout=3000 -c statement_timeout=15000 "
        limits += "-c idle_in_transaction_session_timeout=10000"
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "OPTIONS": {
                "pool": {"min_size": 1, "max_size": postgres_pool, "timeout": 10},
                "options": limits,
                "server_side_binding": True,
                "prepare_threshold": 3,
                **dict(parse_qsl(parts.query)),
            },
        }
    raise WrongSetting("DATABASE_URL must begin with sqlite:/// or postgres://.")


def s3() -> dict[str, Any]:
    from botocore.config import Config  # type: ignore[import-untyped]  # noqa: PLC0415  31 MB that only S3 needs

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": text("TALE_S3_BUCKET"),
            "endpoint_url": os.environ.get("TALE_S3_ENDPOINT") or None,
            "region_name": text("TALE_S3_REGION", "us-east-1"),
            "access_key": text("TALE_S3_ACCESS_KEY"),
            "secret_key": text("TALE_S3_SECRET_KEY"),
            "file_overwrite": False,
            "querystring_expire": 60,
            # Stores other than Amazon's refuse the newer checksums.
            "client_config": Config(
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        },
    }
