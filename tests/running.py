"""The product itself, as `bin/run` starts it: a home of its own, a free port, real processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL")


@dataclass(frozen=True, slots=True)
class Running:
    home: Path
    port: int
    out: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def note(self) -> str:
        return (self.home / "demo.txt").read_text()

    @property
    def password(self) -> str:
        return self.note.splitlines()[0].rpartition(" ")[2]

    @property
    def key(self) -> str:
        line = next(line for line in self.note.splitlines() if "API key" in line)
        return line.rpartition(" ")[2]

    def log(self) -> str:
        return self.out.read_text()

    def manage(self, *command: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=environment(self.home, self.port),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


@contextmanager
def running(home: Path) -> Iterator[Running]:
    """On the services of this test run: a database and a Redis of its own, or none of them."""
    port = free_port()
    out = home.with_suffix(".out")
    with fresh_database(home.parent.name):
        with out.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=environment(home, port),
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            await_start(process, out, port)
            yield Running(home, port, out)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def environment(home: Path, port: int) -> dict[str, str]:
    plain = {**os.environ, "TALE_ENV": "embedded", "TALE_HOME": str(home), "TALE_PORT": str(port)}
    plain["TALE_PRIVATE_HOSTS"] = "127.0.0.1"  # where the simulators are
    if url := os.environ.get("DATABASE_URL"):
        plain["DATABASE_URL"] = named(url, database_name(home.parent.name))
    if url := os.environ.get("REDIS_URL"):
        # Redis has sixteen: two for each worker of the run, above those of tests/machine.py.
        plain["REDIS_URL"] = named(url, str(8 + 2 * worker()))
        plain["CELERY_BROKER_URL"] = named(url, str(9 + 2 * worker()))
    return plain


def worker() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


@contextmanager
def fresh_database(name: str) -> Iterator[None]:
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield
        return
    with psycopg.connect(named(url, "postgres"), autocommit=True) as connection:
        for command in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
            connection.execute(command.format(database_name(name)))  # type: ignore[arg-type]
        yield
        connection.execute(
            f"DROP DATABASE {database_name(name)} WITH (FORCE)"  # type: ignore[arg-type]
        )


def database_name(name: str) -> str:
    return f"tale_running_{worker()}_" + "".join(
        letter if letter.isalnum() else "_" for letter in name
    )


def named(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def await_start(process: subprocess.Popen[bytes], out: Path, port: int) -> None:
    until = time.monotonic() + 90
    while f":{port}/ (" not in out.read_text() or "Demo API key" not in out.read_text():
        assert process.poll() is None, out.read_text()
        assert time.monotonic() < until, out.read_text()
        time.sleep(0.1)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
