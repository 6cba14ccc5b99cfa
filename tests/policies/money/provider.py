"""The provider of the simulator: what it does with a request, what it bills, what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from providers.errors import Declined, Doubtful, Limited, NotBilled
from providers.shapes import Finished, Picture, Usage
from tests.upstream.scripted import png

PICTURE = png(8, 8)
BROKEN = b"no picture"
PRICES = {"studio-image": 40_000, "second-image": 80_000}
# What the provider does with a request: bills it or not, answers it or not.
ENDS = (
    *["made"] * 6,
    "fewer",
    "fewer, all billed",
    "more",
    "dearer",
    "broken",
    "refused",
    "limited",
    "declined",
    "billed all the same",
    "time-out",
    "time-out, billed",
    "doubtful, billed",
)


class Killed(BaseException):
    """The process is gone: nothing after it is done."""


@dataclass
class Request:
    """As the provider has it."""

    hold: str
    n: int
    price: int
    sent_at: datetime
    billed: int = 0
    delivered: int = 0
    goes_on: asyncio.Future[str] | None = None
    is_frozen: bool = False


# Pictures billed, and pictures delivered; by default none.
BILLED: dict[str, Callable[[int], tuple[int, int]]] = {
    "made": lambda n: (n, n),
    "dearer": lambda n: (n, n),
    "broken": lambda n: (n, n),
    "fewer": lambda n: (max(n - 1, 1), max(n - 1, 1)),
    "fewer, all billed": lambda n: (n, max(n - 1, 1)),
    "more": lambda n: (n + 1, n + 1),
    "billed all the same": lambda n: (1, 0),
    "time-out, billed": lambda n: (n, 0),
    "doubtful, billed": lambda n: (n, 0),
}
FAILURES: dict[str, Callable[[], BaseException]] = {
    "killed": Killed,
    "refused": NotBilled,
    "limited": Limited,
    "declined": Declined,
    "billed all the same": lambda: NotBilled("provider_error", usage=Usage(pictures=1)),
    "time-out": TimeoutError,
    "time-out, billed": TimeoutError,
    "doubtful, billed": lambda: Doubtful("provider_bad_reply"),
}


def answer(request: Request, end: str) -> Finished:
    if end != "killed":  # that is ours, and changes nothing there
        billed, request.delivered = BILLED.get(end, lambda n: (0, 0))(request.n)
        request.billed = billed * request.price
    told = None
    if end == "dearer":
        told = request.billed = 3 * request.billed
    if end in FAILURES:
        raise FAILURES[end]()
    sent = [Picture(BROKEN if end == "broken" else PICTURE)] * request.delivered
    usage = Usage(
        pictures=billed, told_micro=told, told_currency="EUR", request_id=f"req {request.hold}"
    )
    return Finished(tuple(sent), usage)
