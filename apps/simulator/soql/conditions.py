"""Checks WHERE against an object's real fields and turns it into predicates over records.

Two steps, because the shape is checked once and its values change with every query: compiling gives a Binder, and a
binder with the values of one query gives a Predicate. Comparing follows SOQL: text without regard to case, ids of 15
and 18 characters alike, null is smaller than nothing and equal to null only.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.simulator import ids
from apps.simulator.data.entities import Entity, Field, Follow, Schema
from apps.simulator.records import IDS, NUMBERS, TEXTS, Kind
from apps.simulator.soql import dates
from apps.simulator.soql.errors import SoqlError
from apps.simulator.soql.literals import Value
from apps.simulator.soql.parser import Comparison, Condition, Logical, Membership, Name, Operand, SemiJoin

Record = Any  # a tuple in the order of its type's fields, or a Row by their names
Predicate = Callable[[Record], bool]
Getter = Callable[[Record], Any]


@dataclass(frozen=True, slots=True)
class Bindings:
    """What one query brings along: the literals' values, the time, and how the ids of a semi-join are found."""

    values: tuple[Value, ...]
    now: float
    ids_of: Callable[[Any], set[str]]


Binder = Callable[[Bindings], Predicate]

MAX_HOPS = 5
REFERENCE = "Please reference your WSDL or the describe call for the appropriate names."

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ACCEPTS: dict[Kind, frozenset[str]] = {
    **dict.fromkeys(IDS | TEXTS, frozenset({"STRING"})),
    **dict.fromkeys(NUMBERS, frozenset({"NUMBER"})),
    Kind.BOOLEAN: frozenset({"TRUE", "FALSE"}),
    Kind.DATETIME: frozenset({"DATETIME", "RELATIVE_DATE"}),
    Kind.DATE: frozenset({"DATE", "RELATIVE_DATE"}),
}


@dataclass(frozen=True, slots=True)
class Hop:
    """A relationship by its real name, what follows it, and the object that it leads to."""

    name: str
    follow: Follow
    entity: Entity


@dataclass(frozen=True, slots=True)
class Path:
    """A field at the end of a path: Name, CreatedBy.Username."""

    field: Field
    hops: tuple[Hop, ...] = ()

    @property
    def text(self) -> str:
        return ".".join([*(hop.name for hop in self.hops), self.field.name])

    def getter(self) -> Getter:
        """Reads the field from a record; None where a parent is missing."""
        last = operator.itemgetter(self.field.key)
        if not self.hops:
            return last
        follows = [hop.follow for hop in self.hops]

        def get(record: Record) -> Any:
            for follow in follows:
                record = follow(record)
                if record is None:
                    return None
            return last(record)

        return get


def resolve(schema: Schema, entity: Entity, name: Name) -> Path:
    """Follows a path from the object; INVALID_FIELD if there is no such field."""
    *steps, last = name.text.split(".")
    if steps and steps[0].lower() == entity.name.lower():  # SELECT User.Name FROM User is allowed
        steps = steps[1:]
    if len(steps) > MAX_HOPS:
        message = f"SOQL relationship queries cannot go up more than {MAX_HOPS} levels"
        raise SoqlError("MALFORMED_QUERY", message, name.position)
    hops = []
    for step in steps:
        relationship = entity.relationships.get(step.lower())
        if relationship is None:
            raise SoqlError("INVALID_FIELD", _no_relationship(step), name.position)
        entity = schema.objects[relationship.target.lower()]
        hops.append(Hop(relationship.name, relationship.follow, entity))
    field = entity.fields.get(last.lower())
    if field is None:
        raise SoqlError("INVALID_FIELD", _no_column(last, entity.name), name.position)
    return Path(field, tuple(hops))


def compile_condition(
    condition: Condition, schema: Schema, entity: Entity, compile_semi_join: Callable[[SemiJoin], Any]
) -> Binder:
    """Raises SoqlError where a field is unknown, cannot be filtered, or is compared with a value of another type."""
    if isinstance(condition, Logical):
        parts = [compile_condition(part, schema, entity, compile_semi_join) for part in condition.parts]
        return _logical(condition.operator, parts)
    path = resolve(schema, entity, condition.field)
    field, get = path.field, path.getter()
    if not field.filterable:
        message = f"field '{field.name}' can not be filtered in a query call"
        raise SoqlError("INVALID_FIELD", message, condition.field.position)
    if isinstance(condition, SemiJoin):
        if field.kind not in IDS:
            raise SoqlError("MALFORMED_QUERY", "semi join field must be an id or a reference", condition.field.position)
        return _semi_join(get, condition.negated, compile_semi_join(condition))
    if isinstance(condition, Membership):
        for operand in condition.operands:
            _check_type(field, operand, condition.field)
        return _membership(field, get, condition)
    _check_type(field, condition.operand, condition.field)
    return _comparison(field, get, condition)


def _check_type(field: Field, operand: Operand, name: Name) -> None:
    if operand.kind == "NULL" or operand.kind in _ACCEPTS[field.kind]:
        return
    quoted = "should be enclosed in quotes" if field.kind in IDS | TEXTS else "should not be enclosed in quotes"
    message = f"value of filter criterion for field '{field.name}' must be of type {field.kind.value} and {quoted}"
    raise SoqlError("INVALID_FIELD", message, name.position)


def _logical(name: str, parts: list[Binder]) -> Binder:
    def bind(bindings: Bindings) -> Predicate:
        bound = [part(bindings) for part in parts]
        if name == "not":
            return lambda record: not bound[0](record)
        if len(bound) == 2:
            first, second = bound
            if name == "and":
                return lambda record: first(record) and second(record)
            return lambda record: first(record) or second(record)
        every = all if name == "and" else any
        return lambda record: every(part(record) for part in bound)

    return bind


def _comparison(field: Field, get: Getter, condition: Comparison) -> Binder:
    symbol, operand = condition.operator, condition.operand
    ordered = field.kind not in IDS and field.kind is not Kind.BOOLEAN
    if operand.kind == "NULL":
        if symbol not in ("=", "!="):
            raise SoqlError("MALFORMED_QUERY", "invalid operator for null", condition.field.position)
        return lambda _: (
            (lambda record: get(record) is None) if symbol == "=" else (lambda record: get(record) is not None)
        )
    if symbol == "like":
        if field.kind not in TEXTS:
            message = f"invalid operator on {field.kind.value} field"
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", message, condition.field.position)
        return lambda bindings: _like(get, str(bindings.values[operand.literal]))
    if symbol not in ("=", "!=") and not ordered:
        kind = "boolean" if field.kind is Kind.BOOLEAN else "id"
        raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field", condition.field.position)

    def bind(bindings: Bindings) -> Predicate:
        lowest, beyond = _range(field, operand, bindings)
        return _ranged(_comparable(field, get), symbol, lowest, beyond)

    return bind


def _range(field: Field, operand: Operand, bindings: Bindings) -> tuple[Any, Any]:
    """The value as (lowest, highest): a relative date is a whole day or several, all else a single value."""
    if operand.kind != "RELATIVE_DATE":
        value = _bound_value(field, operand, bindings)
        return value, value
    return dates.span(operand.text, bindings.now, with_time=field.kind is Kind.DATETIME)


def _ranged(get: Getter, symbol: str, lowest: Any, highest: Any) -> Predicate:
    if lowest == highest:
        if symbol == "=":
            return lambda record: bool(get(record) == lowest)
        if symbol == "!=":
            return lambda record: bool(get(record) != lowest)
    elif symbol == "=":
        return lambda record: (value := get(record)) is not None and lowest <= value <= highest
    elif symbol == "!=":
        return lambda record: (value := get(record)) is None or not lowest <= value <= highest
    compare = _OPERATORS[symbol]
    bound = lowest if symbol in ("<", ">=") else highest
    return lambda record: (value := get(record)) is not None and compare(value, bound)


def _membership(field: Field, get: Getter, condition: Membership) -> Binder:
    if any(operand.kind == "RELATIVE_DATE" for operand in condition.operands):
        raise SoqlError("MALFORMED_QUERY", "date literals are not allowed in a list", condition.field.position)
    comparable, negated = _comparable(field, get), condition.negated

    def bind(bindings: Bindings) -> Predicate:
        wanted = {_bound_value(field, operand, bindings) for operand in condition.operands}
        return lambda record: (comparable(record) in wanted) is not negated

    return bind


def _semi_join(get: Getter, negated: bool, inner: Any) -> Binder:
    def bind(bindings: Bindings) -> Predicate:
        wanted = {found[:15] for found in bindings.ids_of(inner)}
        return lambda record: ((value := get(record)) is not None and value[:15] in wanted) is not negated

    return bind


def _comparable(field: Field, get: Getter) -> Getter:
    if field.kind in IDS:
        return lambda record: (value := get(record)) and value[:15]
    if field.kind in TEXTS:
        return lambda record: (value := get(record)) and value.lower()
    return get


def _bound_value(field: Field, operand: Operand, bindings: Bindings) -> Any:
    if operand.kind in ("NULL", "TRUE", "FALSE"):
        return {"NULL": None, "TRUE": True, "FALSE": False}[operand.kind]
    value = bindings.values[operand.literal]
    if field.kind in IDS:
        text = str(value)
        if not ids.is_id(text):
            raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
        return text[:15]
    if field.kind in TEXTS:
        return str(value).lower()
    return value


def _like(get: Getter, pattern: str) -> Predicate:
    parts = (
        "." if part == "_" else ".*" if part == "%" else re.escape(part.removeprefix("\\") if len(part) == 2 else part)
        for part in re.findall(r"\\[_%]|.", pattern, re.DOTALL)
    )
    expression = re.compile("".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda record: (value := get(record)) is not None and expression.fullmatch(value) is not None


def _no_column(name: str, entity: str) -> str:
    return (
        f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append "
        f"the '__c' after the custom field name. {REFERENCE}"
    )


def _no_relationship(name: str) -> str:
    return (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, "
        f"be sure to append the '__r' after the custom relationship name. {REFERENCE}"
    )
