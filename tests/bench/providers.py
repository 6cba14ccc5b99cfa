"""Pictures at once: through a kind and the door, and, in turns with it, through bare sockets."""

import asyncio
import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tale.settings")
django.setup()

from providers.base import Connection  # noqa: E402
from providers.kinds.openai import OpenAI  # noqa: E402
from providers.shapes import Finished, Order, Plan  # noqa: E402

WEIGHT_BYTES = 40_000
TARGET = 1.3
MODEL = "gpt-image-2"


@dataclass(frozen=True)
class Upstream:
    base_url: str
    key: str


@contextmanager
def upstream(takes_s: float) -> Iterator[Upstream]:
    """In a process of its own: its work is not to be counted as ours."""
    given = ["--port", "0", "--takes-s", str(takes_s), "--weight", str(WEIGHT_BYTES)]
    command = [sys.executable, "-m", "tests.upstream", "openai", *given]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            yield Upstream(base_url=words[2], key=words[-1])
        finally:
            process.terminate()


async def through_the_door(there: Upstream) -> int:
    connection = Connection(base_url=there.base_url, secret=there.key, reaches_private=True)
    plan = Plan(prompt="a fox", n=1, width=1024, height=1024, quality="low")
    async for happening in OpenAI(connection).make_pictures(Order(model=MODEL, plan=plan)):
        if isinstance(happening, Finished):
            return len(happening.pictures[0].content)
    raise AssertionError("no picture")


async def over_bare_sockets(there: Upstream) -> int:
    url = urlsplit(there.base_url)
    fields = {"model": MODEL, "prompt": "a fox", "n": 1, "size": "1024x1024", "quality": "low"}
    body = json.dumps(fields).encode()
    head = (
        f"POST {url.path}/images/generations HTTP/1.1\r\nHost: {url.netloc}\r\n"
        f"Authorization: Bearer {there.key}\r\nContent-Type: application/json\r\n"
        f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(head.encode() + body)
    answer = (await reader.read(-1)).partition(b"\r\n\r\n")[2]
    writer.close()
    await writer.wait_closed()
    return len(base64.b64decode(json.loads(answer)["data"][0]["b64_json"]))


@dataclass
class Round:
    seconds: float
    cpu_s: float
    threads: int


def run(call: Callable[[Upstream], Awaitable[int]], there: Upstream, calls: int) -> Round:
    async def all_at_once() -> Round:
        most = threading.active_count()

        async def watch() -> None:
            nonlocal most
            while True:
                most = max(most, threading.active_count())
                await asyncio.sleep(0.05)

        watching = asyncio.create_task(watch())
        began, cpu = time.perf_counter(), time.process_time()
        sizes = await asyncio.gather(*(call(there) for _ in range(calls)))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        watching.cancel()
        assert min(sizes) > WEIGHT_BYTES / 2
        return Round(took, cpu, most)

    return asyncio.run(all_at_once())


def measure(*, calls: int, takes_s: float, rounds: int) -> int:
    _limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    bare, door = list[Round](), list[Round]()
    with upstream(takes_s) as there:
        for call in (over_bare_sockets, through_the_door):
            run(call, there, 1)  # imports and first uses
        for number in range(1, rounds + 1):
            bare.append(run(over_bare_sockets, there, calls))
            door.append(run(through_the_door, there, calls))
            print(
                f"round {number}: bare {bare[-1].seconds:.2f} s (cpu {bare[-1].cpu_s:.2f}), "
                f"door {door[-1].seconds:.2f} s (cpu {door[-1].cpu_s:.2f})"
            )
    ratio = statistics.median(
        ours.seconds / theirs.seconds for ours, theirs in zip(door, bare, strict=True)
    )
    cpu_ms = 1000 * statistics.median(r.cpu_s for r in door) / calls
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{calls} pictures of {takes_s:g} s at once: {ratio:.2f} times bare sockets "
        f"(target below {TARGET}), {cpu_ms:.1f} ms of processor a call, "
        f"{max(r.threads for r in door)} threads, peak {peak_mb:.0f} MB, "
        f"load of the machine {os.getloadavg()[0]:.1f}"
    )
    return int(ratio >= TARGET)
