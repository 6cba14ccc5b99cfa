from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from providers.errors import NotBilled
from providers.shapes import Capabilities, Finished, Piece, Plan, Question


@dataclass(frozen=True, slots=True)
class Connection:
    """What an adapter needs of a provider's row. It never sees the row."""

    base_url: str = ""
    credential: str = ""


class Adapter:
    """One kind of provider. A kind overrides what it can do; what it cannot stays refused here."""

    deadline_s: float = 180

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def capabilities(self, model: str) -> Capabilities:
        return Capabilities()

    async def make_pictures(self, model: str, plan: Plan) -> Finished:
        raise NotBilled("unsupported_for_model")

    async def was_billed(self, request_id: str) -> bool | None:
        """Asked when a call ended in doubt. None: the provider does not tell."""
        return None

    def answer(self, question: Question) -> AsyncIterator[Piece]:
        raise NotBilled("unsupported_for_model")
