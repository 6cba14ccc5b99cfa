"""How a call can fail, without a word of what was sent: the libraries' own exceptions quote headers
and addresses, so none of them leaves this package, not even as a cause."""

from __future__ import annotations

import asyncio
import contextvars
import zlib
from dataclasses import dataclass

import httpcore2


class Unreachable(Exception):
    """`sent` False: certainly nothing left this machine, so nothing can have been billed.
    True: it may have arrived.

    code    provider_timeout, provider_error, provider_bad_reply, provider_reply_too_large,
            url_not_allowed
    """

    def __init__(self, code: str = "provider_error", *, sent: bool) -> None:
        self.code = code
        self.sent = sent
        super().__init__(code)


@dataclass(slots=True)
class Flight:
    """What one call, or all calls under one deadline, have done so far."""

    sent: bool = False
    around: Flight | None = None
    limit: asyncio.Timeout | None = None

    def leave(self) -> None:
        self.sent = True
        if self.around is not None:
            self.around.leave()

    @property
    def is_late(self) -> bool:
        late = self.limit is not None and self.limit.expired()
        return late or (self.around is not None and self.around.is_late)


current: contextvars.ContextVar[Flight | None] = contextvars.ContextVar("flight", default=None)

FAILURES = (
    Unreachable,
    zlib.error,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    OSError,
)


def named(error: Exception, flight: Flight) -> Unreachable:
    """Raise the answer outside the `except`, else the library's exception hangs on as context."""
    if isinstance(error, Unreachable):
        return error
    if isinstance(error, zlib.error):
        return Unreachable("provider_bad_reply", sent=True)
    late = isinstance(error, httpcore2.TimeoutException | TimeoutError)
    return Unreachable("provider_timeout" if late else "provider_error", sent=flight.sent)
