"""Simulated providers: real servers on loopback, with a bill as outside witness.

    with upstream.serve("openai") as sim:
        sim.url, sim.base_url, sim.key        where it is and what it accepts
        sim.requests, sim.bill                what came, and what it would charge for
        sim.faults.next("rate_limited", retry_after_s=2)
        sim.chat.says("Hello"); sim.chat.calls("image_generation", {"prompt": "a fox"})

`python -m tests.upstream openai --port 9001` serves one by hand.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tests.upstream.server import Simulator

KINDS = {
    "openai": "tests.upstream.openai.OpenAI",
    "azure": "tests.upstream.azure.Azure",
    "clipdrop": "tests.upstream.clipdrop.ClipDrop",
    "google": "tests.upstream.google.Google",
    "compatible": "tests.upstream.compatible.Compatible",
    "oauth": "tests.upstream.oauth.OAuth",
}


def serve(kind: str, **options: Any) -> Any:
    """A simulator that listens while its `with` block runs. Any, because each kind has switches of
    its own, and a test that misspells one fails in the constructor."""
    module, _, name = KINDS[kind].rpartition(".")
    simulator: Simulator = getattr(import_module(module), name)(**options)
    return simulator
