"""Starts the product's processes, kills them at random, and starts them again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.bench.money.stage import ROOT, Stage
from tests.running import free_port

ODDS = {"worker": 0.6, "web": 0.3, "beat": 0.1}
FROZEN_S = 26  # past the lease of a hold and of a turn
START_S = 60
ERROR = re.compile(r"[a-zA-Z_.]+(Error|Exception|Refused|Timeout)\b")


@dataclass
class Ward:
    name: str
    command: list[str]
    port: int = 0
    pid: int = 0
    ready: bool = False
    frozen_until: float = 0
    born_at: float = 0

    @property
    def role(self) -> str:
        return self.name.partition("-")[0]


@dataclass
class Reaper:
    stage: Stage
    webs: int
    workers: int
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)
    counts: bool = True
    early: int = 0  # killed before it was ready: not counted
    frozen: int = 0
    flushes: int = 0
    fell: list[str] = field(default_factory=list)  # ended by themselves

    def __enter__(self) -> Reaper:
        self.logs = self.stage.home / "logs"
        self.logs.mkdir()
        self.lock = threading.Lock()
        self.nursery = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.money.nursery", str(self.logs)],
            cwd=ROOT,
            env=self.stage.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(self.logs / "nursery.log").open("w"),
            text=True,
        )
        self.wards = [*self._wards()]
        self.by_pid: dict[int, Ward] = {}
        self.opened = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.opened.wait(START_S), (self.logs / "nursery.log").read_text()
        for ward in self.wards:
            self.start(ward)
        return self

    def __exit__(self, *_: object) -> None:
        self.end_all()
        self.nursery.kill()  # and the kernel ends what it bore
        self.nursery.wait()

    def _wards(self) -> list[Ward]:
        """The supervisor's own commands: two web processes and several workers, where it has one
        of each."""
        from tale import supervisor  # noqa: PLC0415

        found = []
        for role, number in (("web", self.webs), ("worker", self.workers), ("beat", 1)):
            for place in range(number):
                port = free_port()
                those = supervisor.children(home=self.stage.home, host="127.0.0.1", port=port)
                command = list(next(child.command for child in those if child.name == role))
                if role == "worker":
                    command += ["--hostname", f"w{place}@bench"]
                found.append(Ward(f"{role}-{place}", command, port if role == "web" else 0))
        return found

    def start(self, ward: Ward) -> None:
        ward.ready, ward.frozen_until, ward.pid = False, 0, 0
        ward.born_at = time.monotonic()
        assert self.nursery.stdin is not None
        self.nursery.stdin.write(json.dumps({"name": ward.name, "command": ward.command}) + "\n")
        self.nursery.stdin.flush()

    def _listen(self) -> None:
        assert self.nursery.stdout is not None
        for line in self.nursery.stdout:
            match line.split():
                case ["open"]:
                    self.opened.set()
                case ["born", name, pid]:
                    ward = next(each for each in self.wards if each.name == name)
                    ward.pid = int(pid)
                    self.by_pid[ward.pid] = ward
                case ["ready", pid]:
                    self.by_pid[int(pid)].ready = True
                case ["died", pid, status]:
                    self._died(int(pid), int(status))

    def _died(self, pid: int, status: int) -> None:
        ward = self.by_pid.pop(pid, None)
        if ward is None or ward.pid != pid:
            return
        if status == -signal.SIGKILL:
            if not self.counts:
                pass
            elif ward.ready:
                self.kills[ward.role] += 1
            else:
                self.early += 1
        else:
            self.fell.append(f"{ward.name} with status {status}")
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # a dead leader may leave others on the port
        ward.pid, ward.ready = 0, False

    def tend(self) -> None:
        """What is dead is started again; a web process is ready once it answers."""
        for ward in self.wards:
            if ward.pid == 0 and time.monotonic() - ward.born_at > 0.2:
                self.start(ward)
            elif ward.role == "web" and ward.pid and not ward.ready and not ward.frozen_until:
                ward.ready = answers(ward.port)
            elif ward.frozen_until and time.monotonic() > ward.frozen_until:
                ward.frozen_until = 0
                self._signal(ward, signal.SIGCONT)

    def strike(self) -> None:
        """One of those that are ready, by the odds of its role."""
        ready = [ward for ward in self.wards if ward.ready and ward.pid and not ward.frozen_until]
        if not ready:
            return
        ward = self.dice.choices(ready, [ODDS[ward.role] for ward in ready])[0]
        self.end(ward)

    def freeze(self) -> None:
        ready = [ward for ward in self.wards if ward.ready and ward.role == "worker"]
        if ready and not any(ward.frozen_until for ward in self.wards):
            ward = self.dice.choice(ready)
            ward.frozen_until = time.monotonic() + FROZEN_S
            self.frozen += 1
            self._signal(ward, signal.SIGSTOP)

    def thaw(self) -> None:
        for ward in self.wards:
            if ward.frozen_until:
                ward.frozen_until = 0
                self._signal(ward, signal.SIGCONT)

    def end(self, ward: Ward) -> None:
        pid = ward.pid
        if not pid:
            return
        self._signal(ward, signal.SIGKILL)
        until = time.monotonic() + 10
        while ward.pid == pid and time.monotonic() < until:
            time.sleep(0.005)

    def _signal(self, ward: Ward, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(ward.pid, number)

    def end_all(self) -> None:
        self.counts = False
        for ward in self.wards:
            self.end(ward)

    def addresses(self) -> list[int]:
        return [ward.port for ward in self.wards if ward.role == "web"]

    def await_all(self) -> None:
        until = time.monotonic() + START_S
        while not all(ward.ready for ward in self.wards):
            assert time.monotonic() < until, f"never ready: {self.wards}\n{self.tail()}"
            self.tend()
            time.sleep(0.05)

    def errors(self) -> Counter[str]:
        """What the product itself thought worth an error line, by its beginning."""
        found: Counter[str] = Counter()
        for log in Path(self.logs).glob("*.log"):
            for line in log.read_text(errors="replace").splitlines():
                if ERROR.match(line):
                    found[line[:110]] += 1
                elif '"level": "error"' in line or '"level": "warning"' in line:
                    said = json.loads(line)
                    found[f"{said['level']} {said['event'][:80]}"] += 1
        return found

    def tail(self) -> str:
        return "\n".join(
            f"== {log.name}\n" + "\n".join(log.read_text().splitlines()[-20:])
            for log in sorted(Path(self.logs).glob("*.log"))
        )


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (TimeoutError, OSError):
        return False
    except Exception:  # half an answer of one that is just being killed
        return False
    finally:
        connection.close()
