"""An empty folder, one command: a workspace with people in it. The next start leaves it alone."""

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.running import ROOT, free_port


def family(pid: int) -> set[int]:
    """The process, its children and theirs."""
    pids = {pid}
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pids |= family(int(child))
    return pids


@contextmanager
def running(home: Path) -> Iterator[tuple[str, int]]:
    """What the start said, and the port it answers on."""
    port = free_port()
    environment = {**os.environ, "TALE_ENV": "embedded", "TALE_HOME": str(home)}
    for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
        environment.pop(name, None)
    out = home.with_suffix(".out")
    with out.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env={**environment, "TALE_PORT": str(port)},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 60
        while f":{port}/ (" not in out.read_text():
            assert process.poll() is None, out.read_text()
            assert time.monotonic() < deadline, out.read_text()
            time.sleep(0.1)
        time.sleep(0.3)  # the sign-ins follow the address
        all_of_it = family(process.pid)
        yield out.read_text(), port
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not [pid for pid in all_of_it if Path(f"/proc/{pid}").exists()]
        assert "Traceback" not in out.read_text()
    finally:
        process.kill()
        process.wait()


def status(port: int, path: str) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.mark.timeout(180)
def test_the_first_start_brings_people_and_the_second_leaves_them_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    note = home / "demo.txt"
    with running(home) as (said, port):
        assert status(port, "/accounts/login/") == 200
        assert note.stat().st_mode & 0o777 == 0o600
        assert note.read_text().strip() in said
        assert {"owner", "admin", "auditor", "member"} <= set(re.findall(r"(\w+)@demo", said))
    note.unlink()  # once its secrets are kept elsewhere
    with running(home) as (said, port):
        assert status(port, "/accounts/login/") == 200
        assert "@demo" not in said
        assert not note.exists()
