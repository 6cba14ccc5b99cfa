"""The parent of the processes that are killed: it has imported the product once, and forks each of
them from there. What a child then runs is the very command of the supervisor.

    in    {"name": "worker", "command": [python, …, "-m", "celery", …]}
    out   born NAME PID · ready PID · died PID STATUS
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import runpy
import select
import signal
import sys
import warnings
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
PRELOADED = (
    "granian.cli",
    "granian.server.mp",
    "celery.bin.celery",
    "celery.bin.worker",
    "celery.bin.beat",
    "celery.apps.worker",
    "celery.concurrency.thread",
    "tale.celery",
    "tale.urls",
    "tale.asgi",
    "chats.tasks",
    "assistants.tasks",
    "providers.tasks",
    "providers.kinds.openai",
    "tale.tasks",
)


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def main(logs: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tale.settings"
    import django  # noqa: PLC0415  after the environment

    django.setup()
    for name in PRELOADED:
        import_module(name)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()
    say("open")
    waiting = b""
    while True:
        readable, _, _ = select.select([0], [], [], 0.02)
        if readable:
            read = os.read(0, 65536)
            if not read:
                return
            *lines, waiting = (waiting + read).split(b"\n")
            for line in lines:
                _bear(json.loads(line), logs, prctl, parent)
        _bury()


def _bury() -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            say(f"died {pid} {os.waitstatus_to_exitcode(status)}")


def _bear(order: dict[str, Any], logs: Path, prctl: Any, parent: int) -> None:
    pid = os.fork()
    if pid:
        say(f"born {order['name']} {pid}")
        return
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()
        # What it forks in turn must not outlive it: a web server has a process of its own.
        os.register_at_fork(after_in_child=lambda: prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        _live(order, logs)
    finally:
        os._exit(70)


def _live(order: dict[str, Any], logs: Path) -> None:
    report = os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    log = os.open(logs / f"{order['name']}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for descriptor, instead in ((0, null), (1, log), (2, log)):
        os.dup2(instead, descriptor)
    _tell_when_ready(report)
    command = order["command"]
    place = command.index("-m")
    warnings.filterwarnings("ignore", message="You're running the worker with superuser")
    sys.argv = [command[place + 1], *command[place + 2 :]]
    try:
        runpy.run_module(command[place + 1], run_name="__main__", alter_sys=True)
    except SystemExit as left:
        os._exit(left.code if isinstance(left.code, int) else 1)


def _tell_when_ready(report: int) -> None:
    """Celery says so itself; of a web process it is asked over its port."""
    from celery import signals  # noqa: PLC0415

    pid = os.getpid()

    def tell(**_: object) -> None:
        os.write(report, f"ready {pid}\n".encode())

    signals.worker_ready.connect(tell, weak=False)
    signals.beat_init.connect(tell, weak=False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
