"""Checks what a request says of a field and gives the value as the store keeps it, or raises DmlError in Salesforce's
words."""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.data.entities import Field
from apps.simulator.data.errors import DmlError
from apps.simulator.records import NUMBERS, TEXTS, Kind

MAX_INT = 2**31 - 1
EXCERPT_CHARACTERS = 255
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:T.*|Z)?", re.DOTALL)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class Unreadable(DmlError):
    """A value of another type than the field's: a wrong row in CSV, in JSON (`in_json`) a body that cannot be read."""

    def __init__(self, message: str, field: Field, in_json: str) -> None:
        super().__init__("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))
        self.in_json = in_json


def checked(field: Field, value: Any) -> Any:
    """The value of a field as JSON or CSV gave it: text is read as the field's type. Empty text is null."""
    if isinstance(value, str):
        value = value.strip()
    if value == "":
        value = None
    if value is None and field.kind is not Kind.BOOLEAN:
        return None
    if isinstance(value, dict | list):
        raise _unreadable(field, value)
    return _READERS[field.kind](field, value)


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _unreadable(field, value)
    if len(value) > field.length:
        excerpt = value[:EXCERPT_CHARACTERS]
        message = f"{field.label}: data value too large: {excerpt} (max length={field.length})"
        raise DmlError("STRING_TOO_LONG", message, (field.name,))
    return value


def _email(field: Field, value: Any) -> str:
    text = _text(field, value)
    if not _EMAIL.fullmatch(text):
        raise DmlError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", (field.name,))
    return text


def _picklist(field: Field, value: Any) -> str:
    text = _text(field, value)
    for known in field.picklist:
        if known.value.lower() == text.lower() and known.is_active:
            return known.value
    if field.restricted:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise DmlError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))
    return text


def _multipicklist(field: Field, value: Any) -> str:
    return ";".join(_picklist(field, part.strip()) for part in _text(field, value).split(";") if part.strip())


def _reference(field: Field, value: Any) -> str:
    """Of the right form; whether there is such a record is not asked here."""
    if not isinstance(value, str):
        raise _unreadable(field, value)
    if not ids.is_id(value):
        raise DmlError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,))
    return ids.to_18(value[:15])


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise _unreadable(field, value)
    try:
        number = float(value)
    except OverflowError as error:
        raise _out_of_range(field, value) from error
    whole_digits = field.digits if field.kind is Kind.INT else field.precision - field.scale
    if not math.isfinite(number) or abs(number) >= 10**whole_digits:
        raise _out_of_range(field, value)
    if field.kind is not Kind.INT:
        return round(number, field.scale)
    if not number.is_integer():
        raise _unreadable(field, value)
    if abs(number) > MAX_INT:
        raise _out_of_range(field, value)
    return int(number)


def _out_of_range(field: Field, value: Any) -> DmlError:
    message = f"{field.label}: value outside of valid range on numeric field: {str(value)[:EXCERPT_CHARACTERS]}"
    return DmlError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise _unreadable(field, value)


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _unreadable(field, value)
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError as error:
        raise _unreadable(field, value) from error


def _datetime(field: Field, value: Any) -> str:
    match = _DATETIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        if isinstance(value, str) and len(value) == 10:
            return f"{_date(field, value)}T00:00:00.000+0000"
        raise _unreadable(field, value)
    try:
        at = datetime.fromisoformat(match[1] + (match[2] or "Z").replace("Z", "+00:00"))
        return salesforce_datetime(at.astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise _unreadable(field, value) from error


def _unreadable(field: Field, value: Any) -> Unreadable:
    shown = "" if isinstance(value, dict | list) else f" value {str(value)[:EXCERPT_CHARACTERS]}"
    in_json = (
        f"Cannot deserialize instance of {field.kind.value.lower()} from {_token(value)}{shown} or request may be "
        "missing a required field"
    )
    return Unreadable(f"{field.label}: value not of required type: {str(value)[:EXCERPT_CHARACTERS]}", field, in_json)


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"VALUE_{str(value).upper()}"
    names = {str: "VALUE_STRING", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT"}
    return names.get(type(value), "START_ARRAY")


_READERS: dict[Kind, Callable[[Field, Any], Any]] = {
    **dict.fromkeys(TEXTS, _text),
    Kind.EMAIL: _email,
    Kind.PICKLIST: _picklist,
    Kind.MULTIPICKLIST: _multipicklist,
    Kind.ID: _reference,
    Kind.REFERENCE: _reference,
    **dict.fromkeys(NUMBERS, _number),
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.DATETIME: _datetime,
}
