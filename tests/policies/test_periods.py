from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import periods

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia", "UTC")


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), 25),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), 24),
    ],
)
def test_a_day_has_the_hours_it_has(now: datetime, hours: int) -> None:
    start, end = periods.bounds("day", zone="Europe/Berlin", now=now)
    assert end is not None
    assert end - start == timedelta(hours=hours)


@given(
    now=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(ZONES),
    period=st.sampled_from(["day", "week", "month"]),
)
def test_no_gap_and_no_overlap(now: datetime, zone: str, period: str) -> None:
    start, end = periods.bounds(period, zone=zone, now=now)
    assert end is not None
    assert start <= now < end
    assert periods.bounds(period, zone=zone, now=end)[0] == end
    assert periods.bounds(period, zone=zone, now=end - timedelta(microseconds=1)) == (start, end)
