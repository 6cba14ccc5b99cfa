"""The product's own processes, killed at random while they spend: does every account agree?"""

from __future__ import annotations

from tests.bench.money.run import measure

__all__ = ["measure"]
