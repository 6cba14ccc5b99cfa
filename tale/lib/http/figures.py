from __future__ import annotations

import time

from prometheus_client import Counter, Histogram

CALLS = Counter("tale_outbound_calls", "Calls to providers and given URLs.", ("host", "outcome"))
SECONDS = Histogram(
    "tale_outbound_seconds",
    "Time to the end of the answer.",
    ("host",),
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640),
)
BYTES = Counter("tale_outbound_bytes", "Bytes of bodies, unpacked.", ("host", "direction"))
MOST_HOSTS = 100  # result hosts are a provider's to name, and each is a series for ever
_hosts: set[str] = set()


class Call:
    """One call's figures. A refused one has no host: its name may be anybody's."""

    def __init__(self) -> None:
        self.host = ""
        self.status = 0
        self.sent_bytes = self.received_bytes = 0
        self._began = time.monotonic()
        self._ended = False

    def end(self, code: str) -> None:
        """The first word counts: a failure is told before the connection is closed."""
        if self._ended:
            return
        self._ended = True
        host = _label(self.host)
        CALLS.labels(host, code or f"{self.status // 100}xx").inc()
        SECONDS.labels(host).observe(time.monotonic() - self._began)
        BYTES.labels(host, "sent").inc(self.sent_bytes)
        BYTES.labels(host, "received").inc(self.received_bytes)


def _label(host: str) -> str:
    if not host:
        return "none"
    if host not in _hosts:
        if len(_hosts) >= MOST_HOSTS:
            return "other"
        _hosts.add(host)
    return host
