"""The one door to SOQL: `prepare(text, schema)` checks a query and gives a PreparedQuery, which `run` evaluates over
records."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from apps.simulator.data.entities import ChildRelationship, Entity, Schema
from apps.simulator.records import IDS, TEXTS
from apps.simulator.soql.aggregates import Aggregation, compile_aggregation, is_aggregate
from apps.simulator.soql.conditions import REFERENCE, Binder, Bindings, Getter, Path, Record, compile_condition, resolve
from apps.simulator.soql.errors import SoqlError, with_excerpt
from apps.simulator.soql.literals import Lifted, Value, lift
from apps.simulator.soql.parser import Call, Comparison, Condition, Logical, Name, Ordering, Query, SemiJoin, parse
from apps.simulator.soql.writing import Writer, writer

# (object, lowest RevisionCounter of interest) -> records
Source = Callable[[str, int], Iterable[Record]]
MAX_QUERY_CHARACTERS = 100_000
MAX_OFFSET = 2_000
MAX_ROWS_WITH_ALL_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Children:
    """A query over child records."""

    relationship: ChildRelationship
    plan: "Plan"


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked shape. `floor` is the literal number of a RevisionCounter >= or > that every result must meet, so that
    sources can skip; `selected` reads the one field of a semi-join; limit and offset are literal numbers."""

    entity: Entity
    columns: tuple[Path, ...]
    write: Writer
    where: Binder | None
    sort_keys: tuple[tuple[Getter, bool], ...]
    limit: int | None
    offset: int | None
    floor: int | None
    selected: Getter
    is_count: bool
    aggregation: Aggregation | None
    children: tuple[Children, ...]
    max_limit: int | None

    @property
    def names(self) -> list[str]:
        """The columns of the answer."""
        if self.aggregation is not None:
            return [name for name, _ in self.aggregation.columns]
        return [path.text for path in self.columns]


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A plan with the values of one query."""

    plan: Plan
    values: tuple[Value, ...]

    @property
    def is_whole(self) -> bool:
        """Whether the answer holds every match, in full."""
        return not self.plan.is_count and self.plan.limit is None and self.plan.offset is None

    def run(self, source: Source, now: float) -> list[Record]:
        """The matching records, sorted and cut to LIMIT; without ORDER BY in the order of their ids. Of a grouped query
        the groups as they are written."""
        plan = self.plan
        bindings = Bindings(self.values, now, lambda inner: _ids_of(inner, self.values, source, now))
        records = _matching(plan, self.values, source, bindings)
        if plan.aggregation is not None:
            return self._cut(plan, plan.aggregation.rows(records, self.values))
        return self._cut(plan, _sorted(plan, records))

    def writer(self, now: float) -> Writer:
        """What makes JSON of a record that `run` found."""
        if self.plan.aggregation is not None:
            return lambda row, _: row
        if not self.plan.children:
            return self.plan.write

        def write(record: Record, base_url: str) -> dict[str, Any]:
            written = self.plan.write(record, base_url)
            for children in self.plan.children:
                written[children.relationship.name or ""] = self._children(children, record, base_url, now)
            return written

        return write

    def _children(self, children: Children, record: Record, base_url: str, now: float) -> dict[str, Any] | None:
        plan = children.plan
        found = record.store.where(plan.entity, children.relationship.field, record["Id"])
        if plan.where is not None:
            found = list(filter(plan.where(Bindings(self.values, now, lambda _: set())), found))
        found = self._cut(plan, _sorted(plan, found))
        if not found:
            return None
        return {"totalSize": len(found), "done": True, "records": [plan.write(child, base_url) for child in found]}

    def _cut(self, plan: Plan, records: list[Record]) -> list[Record]:
        start = 0 if plan.offset is None else int(self.values[plan.offset])
        return records[start:] if plan.limit is None else records[start : start + int(self.values[plan.limit])]


def prepare(text: str, schema: Schema) -> PreparedQuery:
    """Raises SoqlError with Salesforce's errorCode and message: MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD, …"""
    if len(text) > MAX_QUERY_CHARACTERS:
        raise SoqlError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    lifted = lift(text)
    try:
        plan = _plan(lifted.shape, schema)
        for each in (plan, *(children.plan for children in plan.children)):
            _check_limits(each, lifted)
    except SoqlError as error:
        if error.position is None:
            raise
        message = with_excerpt(text, lifted.position(error.position), error.message)
        raise SoqlError(error.code, message) from error
    except RecursionError as error:
        raise SoqlError("QUERY_TOO_COMPLICATED", "The query is nested too deeply.") from error
    return PreparedQuery(plan, lifted.values)


def _check_limits(plan: Plan, lifted: Lifted) -> None:
    for word, literal in (("LIMIT", plan.limit), ("OFFSET", plan.offset)):
        if literal is not None and (not isinstance(lifted.values[literal], int) or int(lifted.values[literal]) < 0):
            raise SoqlError("MALFORMED_QUERY", f"unexpected {word}: it must be a whole number")
    if plan.offset is not None and int(lifted.values[plan.offset]) > MAX_OFFSET:
        raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MAX_OFFSET}")
    if plan.max_limit is not None and (plan.limit is None or int(lifted.values[plan.limit]) > plan.max_limit):
        raise SoqlError("MALFORMED_QUERY", f"The SOQL FIELDS function must have a LIMIT of at most {plan.max_limit}")


@lru_cache(maxsize=512)
def _plan(shape: str, schema: Schema) -> Plan:
    query = parse(shape)
    entity = schema.find(query.from_.text)
    if entity is None or entity.hidden or not entity.queryable:
        raise SoqlError("INVALID_TYPE", _not_supported(query.from_.text), query.from_.position)
    return _compile(query, schema, entity, top=True)


def _compile(query: Query, schema: Schema, entity: Entity, *, top: bool) -> Plan:
    """Of the whole query, of the inner query of a semi-join or of one over children; the latter two nest no further."""

    def semi_join(condition: SemiJoin) -> Plan:
        if not top:
            message = "Nesting of semi join sub-selects is not supported"
            raise SoqlError("MALFORMED_QUERY", message, condition.field.position)
        return _semi_join(condition.query, schema)

    aggregation = compile_aggregation(query, schema, entity) if is_aggregate(query) else None
    if not top and aggregation is not None:
        raise SoqlError("MALFORMED_QUERY", "only the outer query can be grouped", query.from_.position)
    if query.having and aggregation is None:
        raise SoqlError("MALFORMED_QUERY", "HAVING needs GROUP BY", query.from_.position)
    is_count = aggregation is None and _is_count(query)
    columns = () if is_count or aggregation else _columns(schema, entity, query)
    return Plan(
        entity=entity,
        columns=columns,
        write=writer(entity, columns),
        where=compile_condition(query.where, schema, entity, semi_join) if query.where else None,
        sort_keys=() if aggregation else tuple(_sort_key(schema, entity, each) for each in query.orderings),
        limit=query.limit,
        offset=query.offset,
        floor=_floor(query.where),
        selected=columns[0].getter() if columns else itemgetter(0),
        is_count=is_count,
        aggregation=aggregation,
        children=() if aggregation else _children(query, schema, entity, top=top),
        max_limit=_max_limit(query),
    )


def _semi_join(query: Query, schema: Schema) -> Plan:
    entity = schema.find(query.from_.text)
    if entity is None or entity.hidden or not entity.queryable:
        raise SoqlError("INVALID_TYPE", _not_supported(query.from_.text), query.from_.position)
    plan = _compile(query, schema, entity, top=False)
    if plan.columns[0].field.kind not in IDS:
        message = "The selected field in the semi join sub-select must be an id or a reference"
        raise SoqlError("MALFORMED_QUERY", message, query.from_.position)
    return plan


def _is_count(query: Query) -> bool:
    match query.selected:
        case (Call(function=Name(text=text), argument=None, alias=None),):
            return text.lower() == "count"
    return False


def _columns(schema: Schema, entity: Entity, query: Query) -> tuple[Path, ...]:
    """Each selected field; one named twice is refused, as Salesforce does."""
    columns: dict[str, Path] = {}
    for item in query.selected:
        if isinstance(item, Query):
            continue
        for path in _all_fields(entity, item) if isinstance(item, Call) else [resolve(schema, entity, item)]:
            if path.text in columns:
                raise SoqlError("INVALID_FIELD", f"duplicate field selected: {path.text}", item.position)
            columns[path.text] = path
    return tuple(columns.values())


def _all_fields(entity: Entity, call: Call) -> list[Path]:
    """FIELDS(ALL), FIELDS(STANDARD), FIELDS(CUSTOM)."""
    which = call.argument.text.upper() if call.argument else ""
    if call.function.text.upper() != "FIELDS" or which not in ("ALL", "STANDARD", "CUSTOM") or call.alias:
        raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{call.function.text}'", call.position)
    return [Path(field) for field in entity.fields.values() if which == "ALL" or field.custom == (which == "CUSTOM")]


def _max_limit(query: Query) -> int | None:
    calls = [item for item in query.selected if isinstance(item, Call) and item.function.text.upper() == "FIELDS"]
    everything = any(call.argument is not None and call.argument.text.upper() != "STANDARD" for call in calls)
    return MAX_ROWS_WITH_ALL_FIELDS if everything else None


def _children(query: Query, schema: Schema, entity: Entity, *, top: bool) -> tuple[Children, ...]:
    found: dict[str, Children] = {}
    for item in query.selected:
        if not isinstance(item, Query):
            continue
        if not top:
            raise SoqlError("MALFORMED_QUERY", "Nesting of child queries is not supported", item.from_.position)
        named = schema.named_children(entity) if entity.stored else {}
        relationship = named.get(item.from_.text.lower())
        if relationship is None or relationship.name in found or relationship.name is None:
            raise SoqlError("INVALID_TYPE", _no_children(item.from_.text), item.from_.position)
        child = schema.objects[relationship.child.lower()]
        found[relationship.name] = Children(relationship, _compile(item, schema, child, top=False))
    return tuple(found.values())


def _sort_key(schema: Schema, entity: Entity, ordering: Ordering) -> tuple[Getter, bool]:
    name = ordering.field
    if isinstance(name, Call):
        raise SoqlError("MALFORMED_QUERY", "Ordered field must be grouped or aggregated", name.position)
    path = resolve(schema, entity, name)
    if not path.field.filterable:
        message = f"field '{path.field.name}' can not be sorted in a query call"
        raise SoqlError("MALFORMED_QUERY", message, name.position)
    null_rank = 1 if ordering.nulls_last is not ordering.descending else -1
    get, is_text = path.getter(), path.field.kind in TEXTS

    def key(record: Record) -> tuple[int, Any]:
        value = get(record)
        if value is None:
            return null_rank, 0
        return 0, value.lower() if is_text else value

    return key, ordering.descending


def _sorted(plan: Plan, records: list[Record]) -> list[Record]:
    if not plan.sort_keys:
        records.sort(key=itemgetter(plan.entity.fields["id"].key))
    for key, descending in reversed(plan.sort_keys):
        records.sort(key=key, reverse=descending)
    return records


def _floor(where: Condition | None) -> int | None:
    parts = where.parts if isinstance(where, Logical) and where.operator == "and" else (where,)
    for part in parts:
        if not isinstance(part, Comparison) or part.operator not in (">=", ">") or part.operand.kind != "NUMBER":
            continue
        if part.field.text.lower() == "revisioncounter":
            return part.operand.literal
    return None


def _matching(plan: Plan, values: tuple[Value, ...], source: Source, bindings: Bindings) -> list[Record]:
    floor = 0 if plan.floor is None else int(values[plan.floor])
    candidates = source(plan.entity.name, floor)
    return list(candidates) if plan.where is None else list(filter(plan.where(bindings), candidates))


def _ids_of(plan: Plan, values: tuple[Value, ...], source: Source, now: float) -> set[str]:
    bindings = Bindings(values, now, lambda _: set())
    found = (plan.selected(record) for record in _matching(plan, values, source, bindings))
    return {record_id for record_id in found if record_id is not None}


def _not_supported(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        f"'__c' after the entity name. {REFERENCE}"
    )


def _no_children(name: str) -> str:
    return (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom "
        f"relationship, be sure to append the '__r' after the custom relationship name. {REFERENCE}"
    )
