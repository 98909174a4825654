"""composite/tree: parents with their children in one call, all or none of them made."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Any

from apps.simulator.answers import Answer, RestError, json_answer, not_found
from apps.simulator.composite_records import check_number, detail, type_of
from apps.simulator.data import catalogue, dml
from apps.simulator.data.entities import Entity, Schema
from apps.simulator.data.errors import DmlError
from apps.simulator.data.store import store_of
from apps.simulator.routing import Call, Route

MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Branch:
    """Sibling records; `parent` is their parent's referenceId, `via` their reference to it."""

    entity: Entity
    content: Any
    parent: str | None = None
    via: str = ""
    depth: int = 1


class _RolledBack(Exception):
    """Not all records were valid."""


def _grow(call: Call) -> Answer:
    entity = catalogue.find(call.org, call.argument)
    if entity is None:
        raise not_found()
    schema = store_of(call.org).schema
    branches = deque([_Branch(entity, call.json_object())])
    made: dict[str, str | None] = {}
    errors: list[dict[str, Any]] = []
    try:
        with store_of(call.org).all_or_none():
            while branches:
                branch = branches.popleft()
                for record in _records(branch):
                    _plant(call, branch, record, made, errors)
                    branches += _children(schema, branch, record)
                    check_number(len(made))
            if errors:
                raise _RolledBack  # noqa: TRY301
    except _RolledBack:
        return json_answer({"hasErrors": True, "results": errors}, 400)
    results = [{"referenceId": reference_id, "id": record_id} for reference_id, record_id in made.items()]
    return json_answer({"hasErrors": False, "results": results}, 201)


def _records(branch: _Branch) -> list[dict[str, Any]]:
    records = branch.content.get("records") if isinstance(branch.content, dict) else None
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise RestError(400, "JSON_PARSER_ERROR", "records must be a list of objects at [line:1, column:1]")
    if branch.depth > MAX_DEPTH:
        raise RestError(400, "INVALID_INPUT", f"A tree has at most {MAX_DEPTH} levels")
    return records


def _plant(
    call: Call, branch: _Branch, record: dict[str, Any], made: dict[str, str | None], errors: list[dict[str, Any]]
) -> None:
    """Inserts a record; where it is refused, its children are not even tried."""
    if type_of(record).lower() != branch.entity.name.lower():
        raise RestError(400, "INVALID_INPUT", f"The type of every record must be {branch.entity.name}")
    reference_id = record["attributes"].get("referenceId")
    if not isinstance(reference_id, str) or reference_id in made:
        raise RestError(400, "INVALID_INPUT", "Every record needs a referenceId of its own")
    values = {name: value for name, value in record.items() if not (isinstance(value, dict) and "records" in value)}
    made[reference_id] = None
    if branch.parent is not None:
        if made[branch.parent] is None:
            return
        values[branch.via] = made[branch.parent]
    try:
        made[reference_id] = dml.insert(call.world, call.org, call.user, branch.entity.name, values, call.now)
    except DmlError as error:
        errors.append({"referenceId": reference_id, "errors": [detail(error)]})


def _children(schema: Schema, branch: _Branch, record: dict[str, Any]) -> list[_Branch]:
    children = schema.named_children(branch.entity) if branch.entity.stored else {}
    found = []
    for name, value in record.items():
        if not isinstance(value, dict) or "records" not in value:
            continue
        child = children.get(name.lower())
        if child is None:
            raise RestError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {branch.entity.name}")
        entity = schema.objects[child.child.lower()]
        parent = record["attributes"]["referenceId"]
        found.append(_Branch(entity, value, parent, child.field.name, branch.depth + 1))
    return found


ROUTES = (Route("composite/tree", re.compile("composite/tree/([^/]+)"), {"POST": _grow}),)
