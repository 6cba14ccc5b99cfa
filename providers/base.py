from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from providers.errors import NotBilled
from providers.shapes import (
    Capabilities,
    Checked,
    Happening,
    Listed,
    Order,
    Piece,
    Question,
)

T = TypeVar("T")


def _forget(*_name: str) -> None:
    """Nobody to tell."""


def _unnamed() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Connection:
    """What an adapter needs of a provider's row. It never sees the row."""

    base_url: str = ""
    secret: str = field(default="", repr=False)
    deadline_s: float | None = None
    reaches_private: bool = False  # an admin says so, and the operator lists the host
    options: Mapping[str, Any] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()  # parameters it has refused before
    on_refused: Callable[[str], None] = _forget
    on_first_byte: Callable[[], None] = _forget
    request_name: Callable[[], str] = _unnamed  # ours for the next request, another each time


@asynccontextmanager
async def closing(told: AsyncIterator[T]) -> AsyncIterator[AsyncIterator[T]]:
    """Whoever stops listening ends the call at once, not when the garbage is collected."""
    try:
        yield told
    finally:
        if isinstance(told, AsyncGenerator):
            await told.aclose()


class Adapter:
    """One kind of provider. A kind overrides what it can do; what it cannot stays refused here."""

    default_url = ""
    deadline_s: float = 180
    is_local = False  # runs in this house: no key, no network
    # Asked right before an order's first byte leaves; what it raises keeps it here.
    before_sending: Callable[[], Awaitable[None]] | None = None
    call = ""  # what we name its requests after
    first_byte_at: datetime | None = None  # of what it was answered last

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        if connection.deadline_s is not None:
            self.deadline_s = connection.deadline_s

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities()

    def make_pictures(self, order: Order) -> AsyncIterator[Happening]:
        """Ends with one Finished, or raises ProviderFailed."""
        raise NotBilled("unsupported_for_model")

    def resume(self, handle: dict[str, Any]) -> AsyncIterator[Happening]:
        raise NotBilled("unsupported_for_model")

    async def cancel(self, handle: dict[str, Any]) -> None:
        """At best: what was billed stays billed."""

    async def was_billed(self, request_id: str) -> bool | None:
        """Asked when a call ended in doubt. None: the provider does not tell."""
        return None

    def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Ends with one Ended, or raises ProviderFailed."""
        raise NotBilled("unsupported_for_model")

    async def models(self) -> list[Listed]:
        raise NotBilled("unsupported_for_model")

    async def check(self) -> Checked:
        """Spends nothing."""
        raise NotBilled("unsupported_for_model")
