"""Prepares TALE_HOME, then keeps the processes of one Tale running.

    waiting --start--> running --exit--> waiting (1 s, 2 s, 4 s … 30 s; after 60 s of health 1 s)

Every child leads its own process group: Ctrl-C in the terminal reaches the supervisor alone, and
ending a child ends all that it started. On Linux the kernel tells the children when the supervisor
itself was killed.
"""

import ctypes
import fcntl
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from io import StringIO
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections

from assistants.marking import signer

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
HEALTHY_AFTER_S = 60.0
LAST_WORDS_S = 3.0
HEAD_START_S = 15.0
TICK_S = 0.1
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """Something on this machine is in the way; the text says what, and what to do."""


def say(line: str) -> None:
    print(f"tale: {line}", flush=True)


# --- What stands before a start ------------------------------------------------------------------


@contextmanager
def sole_use(home: Path) -> Iterator[None]:
    """Two supervisors in one home would answer, work and schedule everything twice."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotStart(
                f"Tale already runs in {home} (process {lock.read().strip() or 'unknown'}). "
                "Stop that one, or give this one its own: TALE_HOME=… TALE_PORT=… bin/run"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def refuse_taken_port(host: str, port: int) -> None:
    """Asked first, because granian shares a port with whoever has it (SO_REUSEPORT)."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CannotStart(
            f"Port {port} on {host} is not free to use ({error.strerror}). "
            f"Choose another: TALE_PORT={port + 1} bin/run"
        ) from error


def prepare(home: Path) -> None:
    """One process for all of it: each `manage.py` costs a second of imports."""
    if queue := settings.CELERY_BROKER_TRANSPORT_OPTIONS.get("data_folder_in"):
        Path(queue).mkdir(exist_ok=True)  # kombu expects it
    try:
        signer.load()
    except signer.CannotSign as wrong:
        raise CannotStart(f"Pictures cannot be signed: {wrong}") from wrong
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    files = _static_files()
    seen = home / "staticfiles.seen"
    if not seen.exists() or seen.read_text() != files:
        say("collecting static files")
        call_command("collectstatic", interactive=False, verbosity=0)
        seen.write_text(files)
    # Fills an empty workspace, else it says why not, every time.
    call_command("demo", stdout=StringIO(), stderr=StringIO())
    for connection in connections.all():
        connection.close()
        if hasattr(connection, "close_pool"):
            connection.close_pool()


def _static_files() -> str:
    """A fingerprint of every file that collectstatic would copy."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            stat = os.stat(storage.path(name))
            digest.update(f"{name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


# --- The children --------------------------------------------------------------------------------


@dataclass
class Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    pause_s: float = FIRST_PAUSE_S

    def tend(self, *, now: float) -> None:
        if self.process is None:
            if now >= self.due_at:
                self.start(now=now)
        elif self.process.poll() is not None:
            self.put_off(status=self.process.returncode, now=now)

    def start(self, *, now: float) -> None:
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent() if sys.platform == "linux" else None,
        )
        self.started_at = now

    def put_off(self, *, status: int, now: float) -> None:
        self.signal(signal.SIGKILL)  # a dead leader may leave workers that still hold the port
        self.process = None
        if now - self.started_at >= HEALTHY_AFTER_S:
            self.pause_s = FIRST_PAUSE_S
        how = f"signal {-status}" if status < 0 else f"status {status}"
        say(f"{self.name} ended ({how}); starting it again in {self.pause_s:g} s")
        self.due_at = now + self.pause_s
        self.pause_s = min(self.pause_s * 2, LONGEST_PAUSE_S)

    def signal(self, number: signal.Signals) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def end_with_parent() -> Callable[[], None]:
    """Loaded before the fork, for after it only calls that cannot lock are safe."""
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed before we could ask
            os._exit(1)

    return ask_kernel


def children(*, home: Path, host: str, port: int) -> list[Child]:
    """Through `python -m`, so that a checkout may be moved: console scripts hold the old path."""
    granian = [sys.executable, "-m", "granian", "--interface", "asginl", "--workers", "1"]
    granian += ["--no-ws", "--no-access-log", "--log-level", "warning"]
    # Or an open event stream holds up the end.
    granian += ["--workers-kill-timeout", str(max(1, settings.TALE_GRACE_S))]
    # Root may be all there is in a container; Celery's page-long warning would hide the sign-ins.
    calm = ["-W", "ignore:You're running the worker with superuser privileges"]
    celery = [sys.executable, *calm, "-m", "celery", "--quiet", "--app", "tale"]
    threads = ["--pool", "threads", "--concurrency", "8", "--queues", "turns,images,chores"]
    threads += ["--without-mingle", "--without-gossip"]  # one worker has nobody to ask; saves 2 s
    # Beat has its own process: inside the worker (-B) it could die alone and nobody would notice.
    # No pid file: one left behind by a crash would keep beat from starting.
    schedule = ["--schedule", str(home / "beat-schedule"), "--pidfile", ""]
    # Three at once on two cores would triple the wait for the first page.
    later = time.monotonic() + HEAD_START_S
    return [
        Child("web", [*granian, "--host", host, "--port", str(port), "tale.asgi:application"]),
        Child("worker", [*celery, "worker", "--loglevel", "WARNING", *threads], due_at=later),
        Child("beat", [*celery, "beat", "--loglevel", "WARNING", *schedule], due_at=later),
    ]


# --- Watching them -------------------------------------------------------------------------------


class Supervisor:
    def __init__(self, wards: Sequence[Child], *, grace_s: float) -> None:
        self.wards, self.grace_s = wards, grace_s
        self.ending = threading.Event()
        self.caught: list[int] = []

    def run(self, *, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Until INT, TERM or HUP; the answer is the exit status."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, self._catch)
        announced = False
        try:
            while not self.ending.wait(TICK_S):
                for child in self.wards:
                    child.tend(now=time.monotonic())
                if not announced and ready():
                    announce()
                    announced = True
                    for child in self.wards:
                        child.due_at = 0
        finally:
            self._end()
        return 130 if self.caught[0] == signal.SIGINT else 0

    def _catch(self, number: int, frame: FrameType | None) -> None:
        self.caught.append(number)
        self.ending.set()

    def _end(self) -> None:
        say("stopping")
        for child in self.wards:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + self.grace_s
        # A second Ctrl-C is an answer to "why does it still run?".
        while self._alive() and time.monotonic() < deadline and len(self.caught) < 2:
            time.sleep(TICK_S)
        for child in self.wards:
            child.signal(signal.SIGKILL)

    def _alive(self) -> bool:
        return any(child.process and child.process.poll() is None for child in self.wards)


# --- All of it -----------------------------------------------------------------------------------


def up(*, home: Path, host: str, port: int, url: str) -> int:
    with sole_use(home):
        refuse_taken_port(host, port)
        prepare(home)
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        grace_s = settings.TALE_GRACE_S + LAST_WORDS_S
        watch = Supervisor(children(home=home, host=host, port=port), grace_s=grace_s)
        return watch.run(ready=partial(answers, here, port), announce=partial(welcome, home, url))


def welcome(home: Path, url: str) -> None:
    say(f"ready at {url}/ (Ctrl-C ends it)")
    demo = home / "demo.txt"
    if demo.exists():
        print(demo.read_text(), flush=True)


def answers(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
