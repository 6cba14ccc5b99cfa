"""What test_child.py lets a child do."""

import json
import os
import sys
import time
from pathlib import Path


def echo(data: bytes, times: int = 1) -> bytes:
    return data * times


def look_around() -> bytes:
    seen = {"modules": sorted(sys.modules), "environment": dict(os.environ), "pid": os.getpid()}
    return json.dumps(seen).encode()


def sleep(seconds: float, note: str = "") -> bytes:
    if note:
        Path(note).write_text(str(os.getpid()))
    time.sleep(seconds)
    return str(os.getpid()).encode()


def spin() -> bytes:
    while True:
        pass


def die() -> bytes:
    os._exit(3)


def refuse() -> bytes:
    raise ValueError("not like this")


def grow(megabytes: int) -> bytes:
    return bytes(bytearray(megabytes * 1024 * 1024)[:1])


def talk_nonsense() -> bytes:
    """Writes into the pipe the replies go through, wherever it is."""
    for descriptor in range(3, 32):
        try:
            os.write(descriptor, b"\xff" * 64)
        except OSError:
            continue
    return b""


def chatter() -> bytes:
    print("something a library has to say")
    os.write(1, b"\xff" * 64)
    return b"fine"
