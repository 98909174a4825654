"""SOQL's date literals: TODAY, LAST_QUARTER, NEXT_N_WEEKS:3, … Days are UTC's, weeks begin on Sunday, fiscal years in
January, as in an org that was never configured otherwise."""

from datetime import UTC, date, datetime, timedelta

from apps.simulator.soql.errors import SoqlError

_DAYS = {"YESTERDAY": (-1, 0), "TODAY": (0, 1), "TOMORROW": (1, 2), "LAST_90_DAYS": (-90, 1), "NEXT_90_DAYS": (1, 91)}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def span(literal: str, now: float, *, with_time: bool) -> tuple[str, str]:
    """The first and last moment (or day) that a date literal covers, as Salesforce writes them; SoqlError for a span
    beyond the calendar."""
    word, _, number = literal.upper().partition(":")
    today = datetime.fromtimestamp(now, UTC).date()
    try:
        first, beyond = _span(word.replace("FISCAL_", ""), int(number or 0), today)
        last = beyond - timedelta(days=1)
    except (OverflowError, ValueError) as error:
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"{literal} is out of range") from error
    if not with_time:
        return first.isoformat(), last.isoformat()
    return f"{first.isoformat()}T00:00:00.000+0000", f"{last.isoformat()}T23:59:59.000+0000"


def _span(word: str, number: int, today: date) -> tuple[date, date]:
    """The first day, and the day after the last."""
    if word in _DAYS:
        start, end = _DAYS[word]
        return today + timedelta(days=start), today + timedelta(days=end)
    if word.startswith("N_"):  # N_WEEKS_AGO
        start, end, unit = -number, 1 - number, word.split("_")[1]
    else:
        which, *_, unit = word.split("_")
        several = "_N_" in word
        if unit == "DAYS":
            return (
                (today - timedelta(days=number), today + timedelta(days=1))
                if which == "LAST"
                else (today + timedelta(days=1), today + timedelta(days=number + 1))
            )
        start, end = {
            "THIS": (0, 1),
            "LAST": (-number if several else -1, 0),
            "NEXT": (1, number + 1 if several else 2),
        }[which]
    return _shifted(unit.removesuffix("S"), start, today), _shifted(unit.removesuffix("S"), end, today)


def _shifted(unit: str, count: int, today: date) -> date:
    """The first day of the week, month, quarter or year that lies so many of them from today's."""
    if unit == "DAY":
        return today + timedelta(days=count)
    if unit == "WEEK":
        return today - timedelta(days=today.isoweekday() % 7) + timedelta(weeks=count)
    months = _MONTHS[unit]
    number = (today.year * 12 + today.month - 1) // months * months + count * months
    return date(number // 12, number % 12 + 1, 1)
