"""Children: they work, they are confined, and whatever happens to one, the next call is served."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tale.lib import child
from tale.lib.child import ChildFailed

HERE = "tests.lib.child_jobs"
JOBS = ("echo look_around sleep spin die refuse grow talk_nonsense chatter").split()
DRAW = "providers.studio.drawing:draw"


@pytest.fixture(autouse=True)
def own_children(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    child.stop()
    monkeypatch.setattr(child, "ALLOWED", child.ALLOWED | {f"{HERE}:{job}" for job in JOBS})
    yield
    child.stop()


def run(job: str, **arguments: Any) -> bytes:
    return asyncio.run(child.call(job if ":" in job else f"{HERE}:{job}", **arguments))


def refusal(job: str, **arguments: Any) -> ChildFailed:
    with pytest.raises(ChildFailed) as failed:
        run(job, **arguments)
    return failed.value


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    give_up_at = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < give_up_at, f"process {pid} still runs"
        time.sleep(0.02)


def test_it_works() -> None:
    png = run(DRAW, prompt="a mountain", width=64, height=64, seed=1)
    assert png.startswith(b"\x89PNG")


def test_bytes_come_and_go_unchanged() -> None:
    data = os.urandom(3_000_000)
    assert run("echo", data=data, times=2) == data * 2


def test_a_child_knows_no_secrets_and_no_django(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALE_SECRET_KEY", "canary")
    seen = json.loads(run("look_around"))
    # LC_CTYPE is what Python itself sets where the locale is "C".
    assert set(seen["environment"]) <= {"PATH", "PYTHONPATH", "LC_CTYPE"}
    assert not {"django", "celery", "openai"} & set(seen["modules"])


def test_only_what_is_named_is_run() -> None:
    with pytest.raises(ValueError):
        run("os:system", command="true")


def test_the_child_itself_refuses_what_its_command_line_does_not_name() -> None:
    forged = child.Job(child._request("os:getpid", 5, {}), 5)
    child._pool().jobs.put(forged)
    with pytest.raises(ChildFailed) as failed:
        forged.future.result(timeout=20)
    assert (failed.value.reason, failed.value.error) == ("raised", "KeyError")


def test_an_exception_is_named_and_the_child_lives_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "CHILDREN", 1)
    before = json.loads(run("look_around"))["pid"]
    failed = refusal("refuse")
    assert (failed.reason, failed.error) == ("raised", "ValueError")
    assert json.loads(run("look_around"))["pid"] == before


@pytest.mark.parametrize(
    ("job", "arguments", "reason", "error"),
    [
        ("die", {}, "died", ""),
        ("sleep", {"seconds": 60, "timeout_s": 0.3}, "timeout", ""),
        ("spin", {"timeout_s": 0.3}, "timeout", ""),
        ("grow", {"megabytes": 2000}, "raised", "MemoryError"),
        ("talk_nonsense", {}, "protocol", ""),
    ],
)
def test_a_bad_child_is_replaced(
    monkeypatch: pytest.MonkeyPatch, job: str, arguments: dict[str, Any], reason: str, error: str
) -> None:
    monkeypatch.setattr(child, "CHILDREN", 1)
    before = json.loads(run("look_around"))["pid"]
    failed = refusal(job, **arguments)
    assert (failed.reason, failed.error) == (reason, error)
    assert run("echo", data=b"still here") == b"still here"
    wait_until_gone(before)


def test_a_child_that_died_in_its_sleep_is_not_the_callers_problem(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "CHILDREN", 1)
    pid = json.loads(run("look_around"))["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    assert run("echo", data=b"still here") == b"still here"


def test_what_a_library_prints_disturbs_nothing() -> None:
    assert run("chatter") == b"fine"
    assert run("echo", data=b"and again") == b"and again"


def test_a_cancelled_call_leaves_nothing_running(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    async def cancel_soon() -> None:
        task = asyncio.create_task(child.call(f"{HERE}:sleep", seconds=60, note=str(note)))
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_soon())
    wait_until_gone(int(note.read_text()))
    assert run("echo", data=b"next") == b"next"


def test_a_call_cancelled_while_it_waits_never_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(child, "CHILDREN", 1)
    note = tmp_path / "pid"

    async def cancel_the_second() -> None:
        first = asyncio.create_task(child.call(f"{HERE}:sleep", seconds=0.5))
        await asyncio.sleep(0.1)
        second = asyncio.create_task(child.call(f"{HERE}:sleep", seconds=0, note=str(note)))
        await asyncio.sleep(0.1)
        second.cancel()
        assert (await first).isdigit()

    asyncio.run(cancel_the_second())
    assert run("echo", data=b"next") == b"next"
    assert not note.exists()


def test_two_children_share_the_work_one_job_each() -> None:
    async def five() -> list[bytes]:
        calls = [child.call(f"{HERE}:sleep", seconds=0.15) for _ in range(5)]
        return await asyncio.gather(*calls)

    run("echo", data=b"warm")
    start = time.monotonic()
    pids = asyncio.run(five())
    assert time.monotonic() - start >= 0.45  # three rounds
    assert len(set(pids)) <= 2


def test_what_waits_in_line_is_not_copied_for_it() -> None:
    data = bytes(8 * 2**20)

    async def ten() -> None:
        await asyncio.gather(*(child.call(f"{HERE}:echo", data=data, times=0) for _ in range(10)))

    run("echo", data=b"warm")
    tracemalloc.start()
    try:
        asyncio.run(ten())
        assert tracemalloc.get_traced_memory()[1] < len(data)
    finally:
        tracemalloc.stop()


def test_it_serves_every_loop_of_the_process_also_at_once() -> None:
    first = json.loads(run("look_around"))["pid"]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda data: run("echo", data=data), [b"a", b"b", b"c", b"d"]))
    assert answers == [b"a", b"b", b"c", b"d"]
    assert is_alive(first)


def test_a_child_that_does_not_even_read_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "CHILDREN", 1)
    pid = json.loads(run("look_around"))["pid"]
    os.kill(pid, signal.SIGSTOP)
    failed = refusal("echo", data=b"x" * 4_000_000, timeout_s=0.3)
    assert failed.reason == "timeout"
    wait_until_gone(pid)
    assert run("echo", data=b"next") == b"next"


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_children_end_with_their_parent(end: signal.Signals) -> None:
    script = (
        "import asyncio, time\n"
        "from tale.lib import child\n"
        f"child.ALLOWED = {{'{HERE}:look_around'}}\n"
        f"print(asyncio.run(child.call('{HERE}:look_around')).decode(), flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=child.ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout
        pid = json.loads(parent.stdout.readline())["pid"]
        assert is_alive(pid)
        parent.send_signal(end)
    wait_until_gone(pid)


def test_a_child_whose_parent_died_meanwhile_ends_without_a_word(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = (
        "import asyncio\n"
        "from tale.lib import child\n"
        f"child.ALLOWED = {{'{HERE}:sleep'}}\n"
        f"asyncio.run(child.call('{HERE}:sleep', seconds=1, note={str(note)!r}))\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=child.ROOT, stderr=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stderr
        while not (note.exists() and note.read_text()):
            time.sleep(0.02)
        parent.kill()
        assert parent.stderr.read() == ""  # the children hold it open until they end
    wait_until_gone(int(note.read_text()))


def test_starting_is_not_waiting() -> None:
    start = time.monotonic()
    child.start()
    assert time.monotonic() - start < 0.5
    assert sum(thread.name == "child" for thread in threading.enumerate()) == child.CHILDREN
