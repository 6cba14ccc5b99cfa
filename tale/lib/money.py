"""Money is whole micro-units (1 EUR = 1 000 000). Decimal is only for what people type or read."""

import re
from collections.abc import Iterable
from decimal import Decimal

from django.utils.formats import get_format
from django.utils.functional import lazy
from django.utils.translation import ngettext

from tale.lib.refusals import Refusal

MICRO = 1_000_000
CENT = MICRO // 100
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)


def parse(text: str, *, field: str = "amount") -> int:
    if not _AMOUNT.fullmatch(text):
        raise Refusal("invalid_number", field=field)
    return int(Decimal(text) * MICRO)


def plain(micro: int) -> str:
    """`1234500` reads `1.2345`: exact, for APIs and exports; at least two decimals."""
    whole, rest = divmod(abs(micro), MICRO)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{whole}.{decimals}"


def show(micro: int, currency: str, *, beside: Iterable[int] = ()) -> str:
    """For people: `1,2345 EUR` where they write it so. `beside`: the other amounts of the sentence;
    next to one finer than a cent, 0.00 would read as if it were rounded."""
    is_fine = any(amount % CENT for amount in beside)
    amount = plain(micro) if micro or not is_fine else "0"
    return f"{amount.replace('.', get_format('DECIMAL_SEPARATOR'))} {currency}"


def pictures(count: int) -> str:
    """What a budget counts that is kept in pictures."""
    return ngettext("%(n)s picture", "%(n)s pictures", count) % {"n": count}


# For texts that are read later, in the language of whoever reads them then.
show_later, pictures_later = lazy(show, str), lazy(pictures, str)


def per_million(amount: int) -> int:
    """Token prices are for a million tokens; the sum of a call is rounded up, once."""
    return -(-amount // MICRO)
