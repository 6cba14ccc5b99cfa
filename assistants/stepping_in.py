"""Who may try after a fault: each with a quote and a hold of its own."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import transaction

from providers.resolve import Choice
from tale.lib.refusals import Refusal

Begun = TypeVar("Begun")


def next_of(others: Sequence[Choice], hold: Callable[[Sequence[Choice]], Begun]) -> Begun | None:
    """Who cannot do this, or costs too much, is passed over. None: nobody is left."""
    for place in range(len(others)):
        try:
            with transaction.atomic():
                return hold(others[place:])
        except Refusal:
            continue
    return None
