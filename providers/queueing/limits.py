from __future__ import annotations

import math
from dataclasses import dataclass

TICKET_S = 15  # a place in the line is kept by looking again
MOST_ROWS = 600


@dataclass(frozen=True, slots=True)
class Limits:
    provider_id: str
    name: str = ""
    at_once: int = 0  # 0: any number
    per_minute: int = 0
    lease_s: float = 30  # of a slot; renewed thrice in that time
    minute_s: float = 61  # a call arrives a little after it was counted

    def __bool__(self) -> bool:
        return bool(self.at_once or self.per_minute)

    @property
    def portion(self) -> tuple[int, float]:
        """How many in how many seconds: of a large number a part of it in a part of the minute,
        which is never more in any minute and needs fewer rows."""
        parts = math.ceil(self.per_minute / MOST_ROWS) or 1
        return self.per_minute // parts, self.minute_s / parts
