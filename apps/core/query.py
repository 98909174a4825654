"""Query parameters, strictly: what a door does not know, it refuses by name. The same list documents the door.

FILTERS = (choice("status", "Only orgs in this state.", ["Active", "Deleted"]), *PAGE)

query = read(request, FILTERS)      # InvalidInput (400) names the parameter
query["status"]                     # None if it was not given
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.core.errors import InvalidInput

TEXT_LENGTH = 255
CURSOR_LENGTH = 2000


@dataclass(frozen=True)
class Param:
    """One parameter. `parse` turns the text into a value, or raises ValueError with what it must be."""

    name: str
    says: str
    parse: Callable[[str], Any]
    schema: dict[str, Any] = field(default_factory=lambda: {"type": "string"})
    default: Any = None


@dataclass(frozen=True)
class Query:
    """What was asked. `filters` is all but `limit` and `cursor`, as it was sent: what a cursor is bound to."""

    values: dict[str, Any]
    filters: dict[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def read(request: Request, params: Sequence[Param]) -> Query:
    sent: QueryDict = request.query_params
    values = {param.name: param.default for param in params}
    by_name = {param.name: param for param in params}
    for name in sent:
        if name not in by_name:
            raise InvalidInput(
                f"unknown parameter {_short(name)!r}",
                code="unknown_parameter",
                details={"field": _short(name), "allowed": sorted(by_name)},
            )
        values[name] = _value(by_name[name], sent.getlist(name))
    return Query(values, {name: str(sent[name]) for name in sorted(sent) if name not in ("limit", "cursor")})


def documented(params: Sequence[Param]) -> list[OpenApiParameter]:
    return [
        OpenApiParameter(
            param.name,
            {**param.schema, "default": param.default} if param.default is not None else param.schema,
            description=param.says,
        )
        for param in params
    ]


def text(name: str, says: str) -> Param:
    return Param(name, says, lambda value: value, {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH})


def choice(name: str, says: str, choices: Collection[str], *, default: str | None = None) -> Param:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return Param(name, says, parse, {"type": "string", "enum": list(choices)}, default)


def flag(name: str, says: str) -> Param:
    def parse(value: str) -> bool:
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return value == "true"

    return Param(name, says, parse, {"type": "boolean"})


def whole(name: str, says: str, *, low: int, high: int, default: int | None = None) -> Param:
    def parse(value: str) -> int:
        # int() would take " 1_0 " and digits of other scripts
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else -1
        if not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return Param(name, says, parse, {"type": "integer", "minimum": low, "maximum": high}, default)


def moment(name: str, says: str) -> Param:
    """An ISO 8601 time with its zone (`2026-11-21T09:30:00Z`), or a day, which begins at midnight UTC."""

    def parse(value: str) -> datetime:
        try:
            at = parse_datetime(value)
        except ValueError:
            at = None
        if at is None or (at.tzinfo is None and len(value) > len("2026-11-21")):
            raise ValueError("must be a time such as 2026-11-21T09:30:00Z, or a day such as 2026-11-21")
        try:
            return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        except OverflowError:
            raise ValueError("is out of range") from None

    return Param(name, says, parse, {"type": "string", "format": "date-time", "example": "2026-11-21T09:30:00Z"})


def day(name: str, says: str) -> Param:
    """A day, `2026-11-21`."""

    def parse(value: str) -> date:
        try:
            at = parse_date(value)
        except ValueError:
            at = None
        if at is None or not date(2, 1, 1) < at < date(9998, 1, 1):
            raise ValueError("must be a day such as 2026-11-21")
        return at

    return Param(name, says, parse, {"type": "string", "format": "date", "example": "2026-11-21"})


def limit(*, high: int = 1000, default: int = 100) -> Param:
    return whole("limit", "How many at most.", low=1, high=high, default=default)


CURSOR = Param("cursor", "`next` of the answer before; the other parameters must stay the same.", lambda value: value)
PAGE = (limit(), CURSOR)


def _value(param: Param, sent: list[str]) -> Any:
    try:
        _check_text(sent, CURSOR_LENGTH if param is CURSOR else TEXT_LENGTH)
        return param.parse(sent[0])
    except ValueError as error:
        raise InvalidInput(
            f"{param.name} {error}", code="invalid_value", details={"field": param.name, "value": _short(sent[0])}
        ) from None


def _check_text(sent: list[str], longest: int) -> None:
    if len(sent) > 1:
        raise ValueError("may stand only once")
    if not sent[0] or "\x00" in sent[0]:
        raise ValueError("must not be empty")
    if len(sent[0]) > longest:
        raise ValueError(f"must not be longer than {longest} characters")


def _short(value: str) -> str:
    return value if len(value) <= 100 else value[:99] + "…"
