"""Queries whose rows are groups of records: GROUP BY, COUNT(Id), MAX(Amount), HAVING."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from apps.simulator.data.entities import Entity, Schema
from apps.simulator.records import IDS, NUMBERS, TEXTS, Kind
from apps.simulator.soql.conditions import Getter, Path, Record, resolve
from apps.simulator.soql.errors import SoqlError
from apps.simulator.soql.literals import Value
from apps.simulator.soql.parser import Call, Measure, Name, Operand, Query, Selected

MAX_GROUPS = 2_000
FUNCTIONS = ("count", "count_distinct", "min", "max", "sum", "avg")
Reduce = Callable[[Sequence[Record]], Any]
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Aggregation:
    """`columns` are the names in the answer with what gives their value for a group; `keys` are what is grouped by;
    `sort_keys` as in a plan, of a group."""

    columns: tuple[tuple[str, Reduce], ...]
    keys: tuple[Getter, ...]
    having: tuple[tuple[Reduce, str, Operand], ...]
    sort_keys: tuple[tuple[Reduce, bool, bool], ...]

    def rows(self, records: list[Record], values: tuple[Value, ...]) -> list[dict[str, Any]]:
        """The answer's records, sorted; without GROUP BY one, whatever was found."""
        groups: dict[Any, list[Record]] = {} if self.keys else {(): []}
        for record in records:
            groups.setdefault(tuple(key(record) for key in self.keys), []).append(record)
        found = [group for group in groups.values() if self._has(group, values)]
        for reduce, descending, nulls_last in reversed(self.sort_keys):
            found.sort(key=_null_aware(reduce, 1 if nulls_last is not descending else -1), reverse=descending)
        if len(found) > MAX_GROUPS:
            message = (
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            )
            raise SoqlError("EXCEEDED_ID_LIMIT", message)
        return [
            {"attributes": {"type": "AggregateResult"}} | {name: reduce(group) for name, reduce in self.columns}
            for group in found
        ]

    def _has(self, group: list[Record], values: tuple[Value, ...]) -> bool:
        for reduce, symbol, operand in self.having:
            value, bound = reduce(group), values[operand.literal]
            if value is None or isinstance(value, str) is not isinstance(bound, str):
                return False
            if not _COMPARE[symbol](value, bound):
                return False
        return True


def _null_aware(reduce: Reduce, null_rank: int) -> Callable[[list[Record]], tuple[int, Any]]:
    def key(group: list[Record]) -> tuple[int, Any]:
        value = reduce(group)
        return (null_rank, 0) if value is None else (0, value)

    return key


def is_aggregate(query: Query) -> bool:
    """Whether its answer is groups; COUNT() alone is not, it is a number."""
    return bool(query.groups) or any(
        isinstance(item, Call) and item.argument is not None and item.function.text.lower() in FUNCTIONS
        for item in query.selected
    )


def compile_aggregation(query: Query, schema: Schema, entity: Entity) -> Aggregation:
    """SoqlError where a field is neither grouped nor aggregated, or cannot be."""
    grouped: dict[str, Path] = {}
    for name in query.groups:
        path = resolve(schema, entity, name)
        if not path.field.groupable:
            raise SoqlError("MALFORMED_QUERY", f"field '{name.text}' can not be grouped in a query call", name.position)
        grouped[path.text] = path
    columns: dict[str, Reduce] = {}
    expressions = 0
    for item in query.selected:
        reduce = _reduce(item, schema, entity, grouped)
        if isinstance(item, Call):
            output = item.alias or f"expr{expressions}"
            expressions += item.alias is None
        else:
            output = resolve(schema, entity, item).field.name if isinstance(item, Name) else ""
        if output in columns:
            raise SoqlError("MALFORMED_QUERY", f"duplicate alias: {output}", _position(item))
        columns[output] = reduce
    return Aggregation(
        tuple(columns.items()),
        tuple(path.getter() for path in grouped.values()),
        tuple(_measure(measure, schema, entity) for measure in query.having),
        tuple(
            (_reduce(each.field, schema, entity, grouped), each.descending, each.nulls_last) for each in query.orderings
        ),
    )


def _position(item: Selected) -> int:
    return item.from_.position if isinstance(item, Query) else item.position


def _reduce(item: Selected, schema: Schema, entity: Entity, grouped: dict[str, Path]) -> Reduce:
    if isinstance(item, Call):
        return _call(item, schema, entity)
    if isinstance(item, Query):
        raise SoqlError("MALFORMED_QUERY", "a grouped query has no child records", item.from_.position)
    path = resolve(schema, entity, item)
    if path.text not in grouped:
        raise SoqlError("MALFORMED_QUERY", f"Field must be grouped or aggregated: {item.text}", item.position)
    get = path.getter()
    return lambda group: get(group[0])


def _measure(measure: Measure, schema: Schema, entity: Entity) -> tuple[Reduce, str, Operand]:
    if measure.operand.literal < 0:
        raise SoqlError("MALFORMED_QUERY", "HAVING compares with a literal", measure.call.position)
    return _call(measure.call, schema, entity), measure.operator, measure.operand


def _call(call: Call, schema: Schema, entity: Entity) -> Reduce:
    function = call.function.text.lower()
    if function not in FUNCTIONS:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{call.function.text}'", call.position)
    if call.argument is None:
        if function != "count":
            raise SoqlError("MALFORMED_QUERY", "unexpected token: ')'", call.position)
        return len
    path = resolve(schema, entity, call.argument)
    if not _accepts(function, path.field.kind) or not path.field.filterable:
        message = f"field {path.field.name} does not support aggregate operator {function.upper()}"
        raise SoqlError("MALFORMED_QUERY", message, call.position)
    get, reduce = path.getter(), _REDUCERS[function]
    return lambda group: reduce([value for record in group if (value := get(record)) is not None])


def _accepts(function: str, kind: Kind) -> bool:
    if function in ("sum", "avg"):
        return kind in NUMBERS
    if function in ("min", "max"):
        return kind in NUMBERS | TEXTS | {Kind.DATE, Kind.DATETIME}
    return kind is not Kind.BOOLEAN or function == "count" or kind in IDS


_REDUCERS: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "count_distinct": lambda values: len({value.lower() if isinstance(value, str) else value for value in values}),
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
    "sum": lambda values: sum(values) if values else None,
    "avg": lambda values: sum(values) / len(values) if values else None,
}
