"""The commands a newcomer types first, and the supervisor behind the first of them."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


def until(happened: Callable[[], object], *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(pid: int) -> bool:
    """A zombie counts: in a container nobody may collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


# --- The supervisor ------------------------------------------------------------------------------

SUPERVISE = """
import json, sys
from tale import supervisor
supervisor.LONGEST_PAUSE_S = 0.3
wards = [supervisor.Child(name, command, pause_s=0.1) for name, command in json.loads(sys.argv[1])]
watch = supervisor.Supervisor(wards, grace_s=0.5)
sys.exit(watch.run(ready=lambda: True, announce=lambda: supervisor.say("ready")))
"""
LASTING = "exec sleep 60"


class Watch:
    """A supervisor over shell scripts; each notes the processes it is in a file of its name."""

    def __init__(self, folder: Path, scripts: dict[str, str]) -> None:
        self.folder, self.out = folder, folder / "out"
        wards = [
            (name, ["sh", "-c", f"echo $$ >>$0; {script}", str(folder / name)])
            for name, script in scripts.items()
        ]
        with self.out.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SUPERVISE, json.dumps(wards)],
                cwd=ROOT,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def pids(self, name: str) -> list[int]:
        file = self.folder / name
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def told(self) -> str:
        return self.out.read_text()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watch]]:
    started: list[Watch] = []

    def start(**scripts: str) -> Watch:
        started.append(Watch(tmp_path, scripts))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.wait()


def test_it_starts_its_children_and_ends_them(watch: Callable[..., Watch]) -> None:
    it = watch(web=LASTING, worker=LASTING)
    until(lambda: it.pids("web") and it.pids("worker") and "ready" in it.told())
    it.process.terminate()
    assert it.process.wait(5) == 0
    assert gone(it.pids("web")[0])
    assert gone(it.pids("worker")[0])
    assert "Traceback" not in it.told()


def test_a_child_is_asked_before_it_is_killed(watch: Callable[..., Watch]) -> None:
    it = watch(web="trap 'echo asked >$0.last; exit' TERM; sleep 60 & echo $! >>$0; wait")
    until(lambda: len(it.pids("web")) == 2)
    it.process.terminate()
    until(lambda: it.folder.joinpath("web.last").exists())


def test_ctrl_c_is_status_130(watch: Callable[..., Watch]) -> None:
    it = watch(web=LASTING)
    until(lambda: it.pids("web"))
    it.process.send_signal(signal.SIGINT)
    assert it.process.wait(5) == 130
    assert "Traceback" not in it.told()


def test_a_deaf_child_and_its_own_children_are_killed(watch: Callable[..., Watch]) -> None:
    it = watch(web="trap '' TERM; sleep 60 & echo $! >>$0; wait")
    until(lambda: len(it.pids("web")) == 2)
    it.process.terminate()
    assert it.process.wait(5) == 0
    until(lambda: all(gone(pid) for pid in it.pids("web")))


def test_a_killed_supervisor_leaves_no_child(watch: Callable[..., Watch]) -> None:
    it = watch(web=LASTING, worker=LASTING)
    until(lambda: it.pids("web") and it.pids("worker"))
    it.process.kill()
    until(lambda: gone(it.pids("web")[0]) and gone(it.pids("worker")[0]))


def test_a_dying_child_is_started_again_ever_later(watch: Callable[..., Watch]) -> None:
    it = watch(worker="exit 3", web=LASTING)
    until(lambda: len(it.pids("worker")) == 4)
    ends = [line for line in it.told().splitlines() if "worker ended (status 3)" in line]
    assert [line.split()[-2] for line in ends[:3]] == ["0.1", "0.2", "0.3"]
    assert len(it.pids("web")) == 1


def test_what_a_dead_child_left_behind_ends_before_it_is_started_again(
    watch: Callable[..., Watch],
) -> None:
    it = watch(web="sleep 60 & echo $! >>$0; exit 3")
    until(lambda: len(it.pids("web")) >= 4)
    until(lambda: gone(it.pids("web")[1]))


# --- manage.py up --------------------------------------------------------------------------------


def up(home: Path, port: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env={**os.environ, "TALE_ENV": "embedded", "TALE_HOME": str(home), "TALE_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=30,
    )


def test_a_taken_port_is_named_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = up(tmp_path, port)
    assert answer.returncode == 1
    assert f"Port {port} " in answer.stderr
    assert "TALE_PORT=" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "tale.sqlite3").exists()


def test_a_second_one_in_the_same_home_is_refused(tmp_path: Path) -> None:
    holder = "import sys, pathlib, tale.supervisor as s\n"
    holder += "with s.sole_use(pathlib.Path(sys.argv[1])): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as first:
        assert first.stdout
        first.stdout.readline()
        answer = up(tmp_path, 1)
        first.communicate(b"\n")
    assert answer.returncode == 1
    assert f"process {first.pid}" in answer.stderr
    assert "Traceback" not in answer.stderr


# --- bin/run -------------------------------------------------------------------------------------

# A Python that is quick and writes down what is asked of it.
PYTHON = """#!/bin/sh
echo "$*" >>{log}
case "$*" in
*version_info*2*) echo 3.11 ;;
*ensurepip*) exit {ensurepip} ;;
'-m venv .venv') mkdir -p .venv/bin && cp "$0" .venv/bin/python && exit {venv} ;;
*'pip install'*) exit {pip} ;;
esac
"""
TOOLS = "cat chmod cmp cp dirname flock mkdir readlink rm sh"


class Checkout:
    """bin/run alone in a folder, on a machine that has nothing but the tools of every Unix."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder / "a checkout", folder / "log"
        self.path = folder / "path"
        self.path.mkdir()
        for tool in TOOLS.split():
            self.path.joinpath(tool).symlink_to(shutil.which(tool) or "/missing")
        shutil.copytree(ROOT / "bin", self.folder / "bin")
        self.lock = self.folder / "requirements.txt"
        self.lock.write_text("django==5.2.17 --hash=sha256:00\n")

    def bring_python(self, *, ensurepip: int = 0, venv: int = 0, pip: int = 0) -> None:
        """The numbers are the statuses that importing, making and installing end with."""
        script = PYTHON.format(log=self.log, ensurepip=ensurepip, venv=venv, pip=pip)
        for python in (self.path / "python3", self.folder / ".venv/bin/python"):
            if python.parent.exists():
                python.write_text(script)
                python.chmod(0o755)

    def run(self, command: Path | None = None) -> subprocess.CompletedProcess[str]:
        self.log.unlink(missing_ok=True)
        return subprocess.run(
            [command or self.folder / "bin/run"],
            cwd="/",
            env={"PATH": str(self.path)},
            capture_output=True,
            text=True,
            timeout=10,
        )

    def did(self, what: str) -> bool:
        return any(what in line for line in self.log.read_text().splitlines())


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_machine_without_python_is_told_what_to_install(checkout: Checkout) -> None:
    answer = checkout.run()
    assert answer.returncode == 1
    assert "apt install python3 python3-venv" in answer.stderr


def test_a_python_without_venv_is_told_which_package(checkout: Checkout) -> None:
    checkout.bring_python(ensurepip=1)
    answer = checkout.run()
    assert answer.returncode == 1
    assert "apt install python3.11-venv" in answer.stderr
    assert not checkout.folder.joinpath(".venv").exists()


def test_it_installs_by_hash_once_and_starts(checkout: Checkout) -> None:
    checkout.bring_python()
    assert checkout.run().returncode == 0
    assert checkout.did("--require-hashes -r requirements.txt")
    assert checkout.did("manage.py up")
    assert checkout.run().returncode == 0
    assert not checkout.did("pip install")
    assert checkout.did("manage.py up")


def test_it_works_through_a_symlink_from_anywhere(checkout: Checkout, tmp_path: Path) -> None:
    checkout.bring_python()
    link = tmp_path / "tale"
    link.symlink_to(checkout.folder / "bin/run")
    assert checkout.run(link).returncode == 0
    assert checkout.did("manage.py up")


def test_a_changed_lock_is_installed(checkout: Checkout) -> None:
    checkout.bring_python()
    checkout.run()
    checkout.lock.write_text("django==5.2.18 --hash=sha256:11\n")
    checkout.run()
    assert checkout.did("pip install")
    assert not checkout.did("-m venv")


@pytest.mark.parametrize("broken", ["venv", "pip", "upgrade"])
def test_what_was_interrupted_is_made_good(checkout: Checkout, broken: str) -> None:
    checkout.bring_python()
    if broken == "upgrade":
        checkout.run()
        checkout.lock.write_text("django==5.2.18 --hash=sha256:11\n")
    checkout.bring_python(**{"pip" if broken == "upgrade" else broken: 1})
    assert checkout.run().returncode != 0
    assert not checkout.did("manage.py up")
    checkout.bring_python()
    assert checkout.run().returncode == 0
    assert checkout.did("-m venv")
    assert checkout.did("pip install")


def test_a_venv_whose_python_is_gone_is_made_anew(checkout: Checkout) -> None:
    checkout.bring_python()
    checkout.run()
    checkout.folder.joinpath(".venv/bin/python").unlink()
    assert checkout.run().returncode == 0
    assert checkout.did("pip install")
    assert checkout.did("manage.py up")


# --- What bin/test leaves out --------------------------------------------------------------------


@pytest.fixture
def suite(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Two tests, one of which needs PostgreSQL, on a machine that has none."""
    bare = {"DATABASE_URL": "", "TALE_TEST_STRICT": "0", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    tmp_path.joinpath("test_two.py").write_text(
        "import pytest\ndef test_plain(): pass\n@pytest.mark.postgres\ndef test_rows(): pass\n"
    )

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        plain = ["-c", "/dev/null", "-p", "no:cacheprovider", "-p", "xdist", "-p", "tests.machine"]
        return subprocess.run(
            [sys.executable, "-m", "pytest", *plain, *arguments, str(tmp_path)],
            cwd=ROOT,
            env={**os.environ, **bare, **environment},
            capture_output=True,
            text=True,
            timeout=30,
        )

    return run


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_missing_service_is_told(suite: Callable[..., Any], workers: str) -> None:
    answer = suite("-n", workers)
    assert answer.returncode == 0
    assert "NOT RUN: 1 postgres test (DATABASE_URL names none)" in answer.stdout
    assert "1 passed" in answer.stdout.splitlines()[-1]


def test_a_missing_service_fails_where_it_was_promised(suite: Callable[..., Any]) -> None:
    answer = suite("-n", "0", TALE_TEST_STRICT="1")
    assert answer.returncode == 1
    assert "1 passed, 1 error" in answer.stdout
    assert "needs postgres: DATABASE_URL names none" in answer.stdout


@pytest.mark.parametrize("strict", ["0", "1"])
def test_what_was_not_asked_for_is_not_missing(suite: Callable[..., Any], strict: str) -> None:
    answer = suite("-n", "0", "-m", "not postgres", TALE_TEST_STRICT=strict)
    assert answer.returncode == 0
    assert "NOT RUN" not in answer.stdout
