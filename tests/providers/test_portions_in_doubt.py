"""What several calls of one wish came to, where one of them stayed in doubt."""

from __future__ import annotations

from providers.portions import _sum
from providers.shapes import Usage


def test_a_share_of_money_is_counted_in_whole_numbers() -> None:
    """A float loses micro-units from 2 ** 53 on, and three thirds are less than one before."""
    told = 9_007_199_254_740_993
    summed = _sum([Usage(pictures=3, told_micro=told, told_currency="EUR")], in_doubt=3)
    assert summed.told_micro == 2 * told
    assert (summed.pictures, summed.is_estimate) == (6, True)


def test_it_is_rounded_up() -> None:
    summed = _sum([Usage(pictures=3, told_micro=10, told_currency="EUR", image_out=1)], in_doubt=1)
    assert (summed.told_micro, summed.image_out) == (14, 2)
