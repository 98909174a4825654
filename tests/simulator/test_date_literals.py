from datetime import UTC, datetime

import pytest

from apps.simulator.soql.dates import span
from apps.simulator.soql.errors import SoqlError

NOW = datetime(2026, 2, 18, 15, 30, tzinfo=UTC).timestamp()  # a Wednesday


@pytest.mark.parametrize(
    ("literal", "first", "last"),
    [
        ("today", "2026-02-18", "2026-02-18"),
        ("YESTERDAY", "2026-02-17", "2026-02-17"),
        ("TOMORROW", "2026-02-19", "2026-02-19"),
        ("THIS_WEEK", "2026-02-15", "2026-02-21"),
        ("LAST_WEEK", "2026-02-08", "2026-02-14"),
        ("NEXT_WEEK", "2026-02-22", "2026-02-28"),
        ("THIS_MONTH", "2026-02-01", "2026-02-28"),
        ("LAST_MONTH", "2026-01-01", "2026-01-31"),
        ("NEXT_MONTH", "2026-03-01", "2026-03-31"),
        ("THIS_QUARTER", "2026-01-01", "2026-03-31"),
        ("LAST_QUARTER", "2025-10-01", "2025-12-31"),
        ("NEXT_FISCAL_QUARTER", "2026-04-01", "2026-06-30"),
        ("THIS_YEAR", "2026-01-01", "2026-12-31"),
        ("LAST_FISCAL_YEAR", "2025-01-01", "2025-12-31"),
        ("LAST_90_DAYS", "2025-11-20", "2026-02-18"),
        ("NEXT_90_DAYS", "2026-02-19", "2026-05-19"),
        ("LAST_N_DAYS:2", "2026-02-16", "2026-02-18"),
        ("NEXT_N_DAYS:2", "2026-02-19", "2026-02-20"),
        ("LAST_N_WEEKS:2", "2026-02-01", "2026-02-14"),
        ("NEXT_N_WEEKS:1", "2026-02-22", "2026-02-28"),
        ("LAST_N_MONTHS:3", "2025-11-01", "2026-01-31"),
        ("NEXT_N_MONTHS:2", "2026-03-01", "2026-04-30"),
        ("LAST_N_QUARTERS:2", "2025-07-01", "2025-12-31"),
        ("LAST_N_YEARS:2", "2024-01-01", "2025-12-31"),
        ("N_DAYS_AGO:3", "2026-02-15", "2026-02-15"),
        ("N_WEEKS_AGO:1", "2026-02-08", "2026-02-14"),
        ("N_MONTHS_AGO:2", "2025-12-01", "2025-12-31"),
        ("N_FISCAL_QUARTERS_AGO:1", "2025-10-01", "2025-12-31"),
    ],
)
def test_a_literal_covers_whole_days(literal: str, first: str, last: str) -> None:
    assert span(literal, NOW, with_time=False) == (first, last)
    moments = (f"{first}T00:00:00.000+0000", f"{last}T23:59:59.000+0000")
    assert span(literal, NOW, with_time=True) == moments


@pytest.mark.parametrize("literal", ["LAST_N_YEARS:99999", "NEXT_N_DAYS:9999999", "N_MONTHS_AGO:99999"])
def test_a_span_beyond_the_calendar_is_refused(literal: str) -> None:
    with pytest.raises(SoqlError):
        span(literal, NOW, with_time=True)
