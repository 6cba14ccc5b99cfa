"""One simulator by hand, for the bench and for a curious eye: ends on Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import threading
from pathlib import Path

from tests import upstream


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.upstream", description=__doc__)
    parser.add_argument("kind", choices=upstream.KINDS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--takes-s", type=float, default=0, help="seconds for a picture")
    parser.add_argument("--weight", type=int, default=0, help="about how many bytes one has")
    parser.add_argument("--picture", type=Path, help="a file to send instead of drawing")
    parser.add_argument("--bill", type=Path, help="append each charge here, as a line of JSON")
    parser.add_argument("--fault", action="append", default=[], help="name, or name=odds")
    parser.add_argument("--draws", action="store_true", help="its chat has every wish drawn")
    given = parser.parse_args()
    taken = ("host", "port", "takes_s", "weight", "picture", "bill")
    options = {name: getattr(given, name) for name in taken}
    # A shell that starts it in the background has it ignore Ctrl-C; whoever sends one means it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with upstream.serve(given.kind, **options) as sim:
        if given.draws:
            sim.chat.draws = True
        for fault in given.fault:
            name, _, odds = fault.partition("=")
            sim.faults.sometimes(name, float(odds or 1))
        print(f"{given.kind} at {sim.base_url} with the key {sim.key}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
