"""The only door to providers, messengers and given URLs."""

from tale.lib.http.addresses import Reach, check_url
from tale.lib.http.calls import Reply, client, deadline, send, stream
from tale.lib.http.failures import Unreachable

__all__ = ["Reach", "Reply", "Unreachable", "check_url", "client", "deadline", "send", "stream"]
