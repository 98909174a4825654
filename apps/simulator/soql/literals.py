"""Takes the literals out of a query, so that queries that differ in values only share one shape, and with it one
parse."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from apps.simulator.clock import salesforce_datetime
from apps.simulator.soql.errors import SoqlError, with_excerpt

STRING, NUMBER, DATE, DATETIME = "\x01", "\x02", "\x03", "\x04"
Value = str | int | float

_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|(?<![\w.:])[+-]?\d[\w:.+-]*", re.DOTALL)
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_DECIMAL = re.compile(r"[+-]?\d{1,18}\.\d{1,18}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,3})?(Z|[+-]\d\d:\d\d)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
    "_": "\\_",
    "%": "\\%",
}


@dataclass(frozen=True, slots=True)
class Lifted:
    """The shape holds one control character per literal; values are in the same order, spans say where they stood in
    the text."""

    text: str
    shape: str
    values: tuple[Value, ...]
    spans: tuple[tuple[int, int], ...]

    def position(self, shape_position: int) -> int:
        """Where a place in the shape stands in the query as it was sent."""
        shift = 0
        for start, end in self.spans:
            if start - shift >= shape_position:
                break
            shift += end - start - 1
        return shape_position + shift


def lift(text: str) -> Lifted:
    """Splits a query into shape and values; raises SoqlError MALFORMED_QUERY for a literal that is none."""
    if _FORBIDDEN.search(text):
        raise SoqlError("MALFORMED_QUERY", "unexpected character in query")
    values: list[Value] = []
    spans: list[tuple[int, int]] = []

    def take(match: re.Match[str]) -> str:
        try:
            mark, value = _read(match[0])
        except (SoqlError, ValueError, OverflowError) as error:
            message = str(error) if isinstance(error, SoqlError) else f"unexpected token: '{match[0]}'"
            raise SoqlError("MALFORMED_QUERY", with_excerpt(text, match.start(), message)) from error
        values.append(value)
        spans.append(match.span())
        return mark

    shape = _LITERAL.sub(take, text)
    return Lifted(text, shape, tuple(values), tuple(spans))


def _read(literal: str) -> tuple[str, Value]:
    """ValueError or OverflowError for what is no literal, text with half a surrogate pair among it."""
    if literal[0] == "'":
        text = _ESCAPE.sub(_unescape, literal[1:-1])
        return STRING, text.encode("utf-16", "surrogatepass").decode("utf-16") if "\\u" in literal else text
    if _INTEGER.fullmatch(literal):
        return NUMBER, int(literal)
    if _DECIMAL.fullmatch(literal):
        return NUMBER, float(literal)
    if _DATE.fullmatch(literal):
        return DATE, date.fromisoformat(literal).isoformat()
    moment = _DATETIME.fullmatch(literal)
    if moment is None:
        raise ValueError(literal)
    at = datetime.fromisoformat(moment[1] + moment[2].replace("Z", "+00:00"))
    return DATETIME, salesforce_datetime(at.astimezone(UTC).timestamp())


def _unescape(match: re.Match[str]) -> str:
    """`\\_` and `\\%` stay as they are: only LIKE gives them a meaning."""
    escape = match[1]
    if len(escape) == 5:
        return chr(int(escape[1:], 16))
    if escape.lower() not in _ESCAPES:
        raise SoqlError("MALFORMED_QUERY", f"Invalid string literal: illegal escape '\\{escape}'")
    return _ESCAPES[escape.lower()]
