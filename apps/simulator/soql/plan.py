"""The one door to SOQL: `prepare(text, objects)` checks a query and gives a PreparedQuery, which `run` evaluates over
records."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

from apps.simulator.records import Kind
from apps.simulator.soql import schema
from apps.simulator.soql.conditions import REFERENCE, Binder, Bindings, Getter, Record, compile_condition, resolve
from apps.simulator.soql.errors import SoqlError, with_excerpt
from apps.simulator.soql.literals import Lifted, Value, lift
from apps.simulator.soql.parser import Comparison, Condition, Logical, Name, Query, SemiJoin, parse
from apps.simulator.soql.schema import SObject

Door = str  # which objects may be asked for: a key of DOORS
DOORS: dict[Door, dict[str, SObject]] = {
    "hub": schema.HUB,
    "scratch": schema.SCRATCH_ORG,
    "tooling": schema.TOOLING_TRACKED,
    "tooling without tracking": schema.TOOLING_UNTRACKED,
}
# (object, lowest RevisionCounter of interest) -> records
Source = Callable[[str, int], Iterable[Record]]
MAX_QUERY_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked shape. `floor` is the literal number of a RevisionCounter >= or > that every result must meet, so that
    sources can skip."""

    entity: SObject
    columns: tuple[tuple[str, tuple[Any, ...]], ...]
    write: Callable[[Record, str], dict[str, Any]] | None
    where: Binder | None
    sort_keys: tuple[tuple[Getter, bool], ...]
    limit: int | None
    floor: int | None
    selected: Getter | None


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A plan with the values of one query. `is_count`: asked for COUNT(), so only the number of records is wanted."""

    plan: Plan
    values: tuple[Value, ...]

    @property
    def is_count(self) -> bool:
        return self.plan.write is None

    @property
    def is_whole(self) -> bool:
        """Whether the answer holds every match, in full."""
        return not self.is_count and self.plan.limit is None

    def run(self, source: Source, now: float) -> list[Record]:
        """The matching records, sorted and cut to LIMIT; without ORDER BY in the order of their ids."""
        bindings = Bindings(self.values, now, lambda plan: _ids_of(plan, self.values, source, now))
        records = _matching(self.plan, self.values, source, bindings)
        if not self.plan.sort_keys:
            records.sort(key=itemgetter(0))
        for key, descending in reversed(self.plan.sort_keys):
            records.sort(key=key, reverse=descending)
        if self.plan.limit is not None:
            records = records[: int(self.values[self.plan.limit])]
        return records


def prepare(text: str, door: Door) -> PreparedQuery:
    """Raises SoqlError with Salesforce's errorCode and message: MALFORMED_QUERY, INVALID_TYPE, INVALID_FIELD, …"""
    if len(text) > MAX_QUERY_CHARACTERS:
        raise SoqlError("QUERY_TOO_COMPLICATED", "SOQL statements cannot be longer than 100000 characters.")
    lifted = lift(text)
    try:
        plan = _plan(lifted.shape, door)
        _check_limit(plan, lifted)
    except SoqlError as error:
        if error.position is None:
            raise
        message = with_excerpt(text, lifted.position(error.position), error.message)
        raise SoqlError(error.code, message) from error
    except RecursionError as error:
        raise SoqlError("QUERY_TOO_COMPLICATED", "The query is nested too deeply.") from error
    return PreparedQuery(plan, lifted.values)


def _check_limit(plan: Plan, lifted: Lifted) -> None:
    if plan.limit is not None and (
        not isinstance(lifted.values[plan.limit], int) or int(lifted.values[plan.limit]) < 0
    ):
        raise SoqlError("MALFORMED_QUERY", "unexpected LIMIT: it must be a whole number")


@lru_cache(maxsize=512)
def _plan(shape: str, door: Door) -> Plan:
    return _compile(parse(shape), DOORS[door], nested=False)


def _compile(query: Query, objects: Mapping[str, SObject], *, nested: bool) -> Plan:
    entity = objects.get(query.from_.text.lower())
    if entity is None:
        raise SoqlError("INVALID_TYPE", _not_supported(query.from_.text), query.from_.position)

    def semi_join(condition: SemiJoin) -> Plan:
        if nested:
            raise SoqlError(
                "MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported", condition.field.position
            )
        return _compile(condition.query, objects, nested=True)

    selected = None
    if nested and query.fields:
        field, selected = resolve(entity, query.fields[0])
        if field.kind is not Kind.ID:
            message = "The selected field in the semi join sub-select must be an id or a reference"
            raise SoqlError("MALFORMED_QUERY", message, query.fields[0].position)
    columns = _columns(entity, query.fields) if query.fields else ()
    where = compile_condition(query.where, entity, semi_join) if query.where else None
    sort_keys = tuple(
        _sort_key(entity, ordering.field, ordering.descending, ordering.nulls_last) for ordering in query.orderings
    )
    write = _writer(entity.name, columns) if query.fields else None
    return Plan(entity, columns, write, where, sort_keys, query.limit, _floor(query.where), selected)


def _columns(entity: SObject, names: tuple[Name, ...]) -> tuple[tuple[str, tuple[Any, ...]], ...]:
    """Each selected field as (its real path, indexes to it); a field twice is refused, as Salesforce does."""
    columns: dict[str, tuple[Any, ...]] = {}
    for name in names:
        field, _ = resolve(entity, name)
        hops = [hop for hop in name.text.split(".")[:-1] if hop.lower() != entity.name.lower()]
        path, indexes, at = "", [], entity
        for hop in hops:
            real_name, index, record_type = at.relationships[hop.lower()]
            path, at = f"{path}{real_name}.", schema.sobject(record_type)
            indexes.append(index)
        if path + field.name in columns:
            raise SoqlError("INVALID_FIELD", f"duplicate field selected: {path + field.name}", name.position)
        columns[path + field.name] = (*indexes, field.index)
    return tuple(columns.items())


def _writer(entity: str, columns: tuple[tuple[str, tuple[Any, ...]], ...]) -> Callable[[Record, str], dict[str, Any]]:
    """Turns a record into its JSON object; the second argument is the URL of the version's sobjects."""
    flat = [(path, indexes[0]) for path, indexes in columns if len(indexes) == 1]
    nested = [(path.split("."), indexes) for path, indexes in columns if len(indexes) > 1]
    names = [name for name, _ in flat]
    indexes = [index for _, index in flat]
    pick: Callable[[Record], tuple[Any, ...]] = (
        itemgetter(*indexes) if len(indexes) > 1 else lambda r: tuple(r[i] for i in indexes)
    )

    def write(record: Record, base_url: str) -> dict[str, Any]:
        written: dict[str, Any] = {"attributes": {"type": entity, "url": f"{base_url}/{entity}/{record[0]}"}}
        written.update(zip(names, pick(record), strict=True))
        for (*hops, last), path in nested:
            at, value = written, record
            for hop, index in zip(hops, path, strict=False):
                value = value[index]
                kind = type(value).__name__
                at = at.setdefault(hop, {"attributes": {"type": kind, "url": f"{base_url}/{kind}/{value[0]}"}})
            at[last] = value[path[-1]]
        return written

    return write


def _sort_key(entity: SObject, name: Name, descending: bool, nulls_last: bool) -> tuple[Getter, bool]:
    field, get = resolve(entity, name)
    if field.kind is Kind.TEXTAREA:
        raise SoqlError("MALFORMED_QUERY", f"field '{field.name}' can not be sorted in a query call", name.position)
    null_rank = 1 if nulls_last is not descending else -1

    def key(record: Record) -> tuple[int, Any]:
        value = get(record)
        if value is None:
            return null_rank, 0
        return 0, value.lower() if field.kind is Kind.STRING else value

    return key, descending


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
    selected = plan.selected or itemgetter(0)
    return {found for record in _matching(plan, values, source, bindings) if (found := selected(record)) is not None}


def _not_supported(name: str) -> str:
    return (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        f"'__c' after the entity name. {REFERENCE}"
    )
