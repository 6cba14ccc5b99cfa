"""Pre-started child processes: what takes a second or a lot of memory never runs on the event loop.

A child is this module run again, with an empty environment and hard limits. It speaks frames over
its pipes: two lengths, a JSON head and a body of bytes. It runs only what its command line names,
and it ends with its parent, when its input closes.
"""

import asyncio
import atexit
import importlib
import json
import math
import os
import resource
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any, Literal

ALLOWED = {
    "assistants.marking.manifest:mark",
    "assistants.marking.manifest:read",
    "providers.studio.drawing:draw",
    "providers.studio.editing:edit",
    "tale.lib.imaging:first_frame",
    "tale.lib.imaging:mask",
    "tale.lib.imaging:normalise",
    "tale.lib.imaging:render",
    "tale.lib.likeness:examine",
    "tale.lib.likeness:read",
}

CHILDREN = 2
MEMORY_BYTES = 768 * 1024 * 1024
LONGEST_HEAD, LONGEST_BODY = 1024 * 1024, 128 * 1024 * 1024
LENGTHS = struct.Struct("!II")
ROOT = Path(__file__).resolve().parents[2]

Reason = Literal["died", "timeout", "protocol", "raised"]
Head = dict[str, Any]


class ChildFailed(Exception):
    """`error` names the exception if the function in the child raised one."""

    def __init__(self, reason: Reason, error: str = "", message: str = "") -> None:
        super().__init__(": ".join(filter(None, (reason, error, message))))
        self.reason, self.error, self.message = reason, error, message


async def call(target: str, *, timeout_s: float = 20, **arguments: Any) -> bytes:
    """Run `module:function` in a child; the time counts from when one is free. Arguments are what
    JSON knows, or bytes. Cancelled, it leaves nothing running."""
    if target not in ALLOWED:
        raise ValueError(f"{target} is not allowed in a child")
    job = Job(_request(target, timeout_s, arguments), timeout_s)
    _pool().jobs.put(job)
    try:
        return await asyncio.wrap_future(job.future)
    except asyncio.CancelledError:
        job.end()
        raise


def start() -> None:
    """Have the children ready before the first call."""
    _pool()


def stop() -> None:
    """End the children of this process. The next call starts new ones."""
    global _running
    with _lock:
        pool, _running = _running, None
    if pool:
        pool.close()


class Job:
    def __init__(self, frame: list[bytes], timeout_s: float) -> None:
        self.frame, self.timeout_s = frame, timeout_s
        self.future: Future[bytes] = Future()
        self.child: Child | None = None
        self.ended = False

    def end(self) -> None:
        """Too late, or nobody waits any more: the child that works on it has to go."""
        self.ended = True
        child = self.child
        if child:
            child.kill(self)


class Child(threading.Thread):
    """One process and the thread that talks to it: a thread knows no event loop, so the children
    outlive every loop of this process."""

    def __init__(self, jobs: "SimpleQueue[Job | None]") -> None:
        super().__init__(name="child", daemon=True)
        self.jobs, self.closed = jobs, False
        self._process: subprocess.Popen[bytes] | None = None
        self._job: Job | None = None
        self._lock = threading.Lock()

    def run(self) -> None:
        while not self.closed:
            with suppress(
                OSError
            ):  # no memory or no descriptors just now: the next job tries again
                self._alive()
            job = self.jobs.get()
            if job is None:
                break
            if job.future.set_running_or_notify_cancel():
                try:
                    job.future.set_result(self._work(job))
                except Exception as failed:
                    job.future.set_exception(failed)
        self._bury()

    def kill(self, job: Job | None = None) -> None:
        """Only while it works on that job: a moment later it may serve somebody else."""
        with self._lock:
            if self._process and (job is None or job is self._job):
                self._process.kill()

    def _work(self, job: Job) -> bytes:
        with self._lock:
            self._job, job.child = job, self
        overdue = threading.Timer(job.timeout_s, job.end)
        overdue.daemon = True
        overdue.start()
        sound = False
        try:
            head, body = self._exchange(job)
            sound = head.get("error") != "MemoryError"
            if "error" in head:
                raise ChildFailed("raised", str(head["error"]), str(head.get("message", "")))
            return body
        finally:
            overdue.cancel()
            with self._lock:
                self._job = None
            if job.ended or not sound:
                self._bury()

    def _exchange(self, job: Job) -> tuple[Head, bytes]:
        answer = None
        try:
            process = self._alive()
            if process.stdin and process.stdout and not job.ended:
                process.stdin.writelines(job.frame)
                process.stdin.flush()
                answer = _receive(process.stdout)
        except ValueError as broken:
            raise ChildFailed("protocol", message=str(broken)) from broken
        except OSError:
            pass  # it died while we wrote
        if answer is None:
            raise ChildFailed("timeout" if job.ended else "died")
        return answer

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process and self._process.poll() is None:
            return self._process
        self._bury()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tale.lib.child", *sorted(ALLOWED)],
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=0,  # Ctrl-C ends the parent, and only then the child
        )
        with self._lock:
            self._process = process
        return process

    def _bury(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.kill()
            with suppress(OSError), process:  # closes the pipes, with what is still in them
                process.wait()


class Pool:
    def __init__(self) -> None:
        self.jobs: SimpleQueue[Job | None] = SimpleQueue()
        self.children = [Child(self.jobs) for _ in range(CHILDREN)]
        for child in self.children:
            child.start()

    def close(self) -> None:
        for child in self.children:
            child.closed = True
            child.kill()
            self.jobs.put(None)
        for child in self.children:
            child.join(timeout=5)


_running: Pool | None = None
_lock = threading.Lock()


def _pool() -> Pool:
    global _running
    with _lock:
        if _running is None:
            _running = Pool()
        return _running


def _forget() -> None:
    """A forked process has none of the threads."""
    global _running, _lock
    _running, _lock = None, threading.Lock()


atexit.register(stop)
os.register_at_fork(after_in_child=_forget)


def _request(target: str, timeout_s: float, arguments: dict[str, Any]) -> list[bytes]:
    blobs = {name: value for name, value in arguments.items() if isinstance(value, bytes)}
    head = {
        "target": target,
        "timeout_s": timeout_s,
        "arguments": {name: arguments[name] for name in arguments.keys() - blobs.keys()},
        "blobs": [(name, len(blob)) for name, blob in blobs.items()],
    }
    return _frame(head, *blobs.values())


def _frame(head: Head, *blobs: bytes) -> list[bytes]:
    """In parts: ten large pictures that wait in line are not copied for it."""
    encoded = json.dumps(head).encode()
    return [LENGTHS.pack(len(encoded), sum(map(len, blobs))) + encoded, *blobs]


def _receive(pipe: IO[bytes]) -> tuple[Head, bytes] | None:
    """The next frame, or nothing where the pipe ends."""
    lengths = pipe.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    head_length, body_length = LENGTHS.unpack(lengths)
    if head_length > LONGEST_HEAD or body_length > LONGEST_BODY:
        raise ValueError("a frame is too long")
    head, body = pipe.read(head_length), pipe.read(body_length)
    if len(head) < head_length or len(body) < body_length:
        return None
    parsed = json.loads(head)
    if not isinstance(parsed, dict):
        raise ValueError("a frame has no head")
    return parsed, body


# From here on: inside the child.


def serve(targets: list[str]) -> None:
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # whatever a library prints must not land between two frames
        os.dup2(silence, descriptor)
    os.nice(5)  # pages are served first
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    functions = {target: _function(target) for target in targets}
    while request := _receive(requests):
        head, body = request
        _limit_time(float(head["timeout_s"]))
        try:
            replies.writelines(_reply(functions, head, body))
            replies.flush()
        except BrokenPipeError:  # the parent is gone; leaving as usual would write once more
            os._exit(0)
        signal.alarm(0)


def _function(target: str) -> Callable[..., bytes]:
    module, _, name = target.partition(":")
    function: Callable[..., bytes] = getattr(importlib.import_module(module), name)
    return function


def _limit_time(timeout_s: float) -> None:
    """The parent kills what is late. Should it be gone, the kernel does."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + timeout_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    signal.alarm(math.ceil(timeout_s) + 5)


def _reply(functions: dict[str, Callable[..., bytes]], head: Head, body: bytes) -> list[bytes]:
    arguments, start = dict(head["arguments"]), 0
    for name, length in head["blobs"]:
        arguments[name] = body[start : start + length]
        start += length
    try:
        return _frame({}, functions[head["target"]](**arguments))
    except Exception as error:
        return _frame({"error": type(error).__name__, "message": str(error)[:500]})


if __name__ == "__main__":
    serve(sys.argv[1:])
