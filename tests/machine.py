"""Which outside services this run has, and what becomes of the tests that need one it has not.

A service is chosen by its variable and must answer there. Without it the marked tests are left out
and one line says so; with TALE_TEST_STRICT=1 they fail, so that CI never leaves out in silence.
"""

import atexit
import importlib.util
import os
import shutil
import socket
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

# Before pytest-django reads the settings: a home of its own for each process of a run.
os.environ["TALE_ENV"] = "test"
HOME = os.environ["TALE_HOME"] = tempfile.mkdtemp(prefix="tale-test-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
if REDIS_URL := os.environ.get("REDIS_URL"):  # the tests empty it, and 0 and 1 may be somebody's
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = urlsplit(REDIS_URL)._replace(path=f"/{2 + int(worker)}").geturl()


def _unreached(variable: str, schemes: tuple[str, ...], port: int) -> str:
    url = urlsplit(os.environ.get(variable, ""))
    if url.scheme not in schemes:
        return f"{variable} names none"
    try:
        socket.create_connection((url.hostname or "127.0.0.1", url.port or port), 2).close()
    except OSError as error:
        return f"{variable}: {error.strerror or error}"
    return ""


def chromium() -> str | None:
    """The system's Chromium, or the one that `playwright install chromium` fetched."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    fetched = Path.home() / ".cache/ms-playwright"
    return next(map(str, sorted(fetched.glob("chromium-*/chrome-linux*/chrome"))), None)


MISSING: dict[str, Callable[[], str]] = {
    "postgres": lambda: _unreached("DATABASE_URL", ("postgres", "postgresql"), 5432),
    "redis": lambda: _unreached("REDIS_URL", ("redis", "rediss"), 6379),
    "rabbitmq": lambda: _unreached("CELERY_BROKER_URL", ("amqp", "amqps"), 5672),
    "s3": lambda: "" if importlib.util.find_spec("moto") else "moto is not installed",
    "exiftool": lambda: (
        "" if shutil.which("exiftool") else "Debian: apt install libimage-exiftool-perl"
    ),
    "browser": lambda: "" if chromium() else "no Chromium; Debian: apt install chromium",
}


@cache
def missing(service: str) -> str:
    """Why the service cannot be used; empty when it can."""
    return MISSING[service]()


def _lacks(item: pytest.Item) -> str:
    return next((name for name in MISSING if item.get_closest_marker(name) and missing(name)), "")


def _strict() -> bool:
    return os.environ.get("TALE_TEST_STRICT") == "1"


left_out: Counter[str] = Counter()


def pytest_configure(config: pytest.Config) -> None:
    for service in MISSING:
        config.addinivalue_line("markers", f"{service}: needs this service")


@pytest.hookimpl(trylast=True)  # after -m and -k have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if _strict():
        return
    out = [item for item in items if _lacks(item)]
    left_out.update(_lacks(item) for item in out)
    if out:
        config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if not _lacks(item)]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if service := _lacks(item):
        pytest.fail(f"needs {service}: {missing(service)}", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(left_out)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every xdist worker collects the same tests, so any one report tells."""
    if not left_out:
        left_out.update(getattr(node, "workeroutput", {}).get("left_out", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for service, count in sorted(left_out.items()):
        tests = "test" if count == 1 else "tests"
        terminalreporter.write_line(
            f"NOT RUN: {count} {service} {tests} ({missing(service)})", yellow=True
        )
