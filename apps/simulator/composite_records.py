"""Several records in one call: composite/sobjects, collections of at most 200, each with its own outcome."""

import re
from collections.abc import Callable
from typing import Any

from apps.simulator import ids
from apps.simulator.answers import Answer, RestError, json_answer, not_found
from apps.simulator.data import catalogue, dml
from apps.simulator.data.errors import DmlError
from apps.simulator.data.store import store_of
from apps.simulator.data.values import Unreadable
from apps.simulator.routing import Call, Route
from apps.simulator.sobjects import asked_fields, refusal
from apps.simulator.soql.conditions import Path
from apps.simulator.soql.writing import writer
from apps.simulator.sources import source

MAX_RECORDS = 200
MAX_READ = 2_000
_ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}

Outcome = dict[str, Any]


def failure(error: DmlError) -> Outcome:
    """A refused change as one of several."""
    return {"success": False, "errors": [detail(error)]}


def detail(error: DmlError) -> dict[str, Any]:
    """Why a change was refused, in the words of the composite resources."""
    return {"statusCode": error.code, "message": error.message, "fields": list(error.fields)}


def check_number(records: int, allowed: int = MAX_RECORDS) -> None:
    """EXCEEDED_ID_LIMIT for more than a call may hold."""
    if records > allowed:
        message = f"record limit reached. cannot submit more than {allowed} records into this call"
        raise RestError(400, "EXCEEDED_ID_LIMIT", message)


class _RolledBack(Exception):
    """Not all records were valid."""


def _changes(call: Call, records: list[Any], all_or_none: bool, change: Callable[[Any], Outcome]) -> Answer:
    """The outcome of each change in order. A value that cannot be read refuses the whole call."""
    check_number(len(records))
    store = store_of(call.org)
    outcomes: list[Outcome] = []
    try:
        with store.all_or_none():
            for record in records:
                outcomes.append(_outcome(record, change))
            if all_or_none and not all(outcome["success"] for outcome in outcomes):
                raise _RolledBack  # noqa: TRY301
    except _RolledBack:
        rolled_back = {"success": False, "errors": [_ROLLED_BACK]}
        outcomes = [rolled_back if outcome["success"] else outcome for outcome in outcomes]
    return json_answer(outcomes)


def _outcome(record: Any, change: Callable[[Any], Outcome]) -> Outcome:
    try:
        return change(record)
    except Unreadable as error:
        raise refusal(error) from error
    except DmlError as error:
        return failure(error)


def _records(call: Call) -> tuple[list[dict[str, Any]], bool]:
    command = call.json_object()
    records = command.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise RestError(400, "JSON_PARSER_ERROR", "records must be a list of objects at [line:1, column:1]")
    return records, command.get("allOrNone") is True


def type_of(record: dict[str, Any]) -> str:
    """The name of the object that the record says it is of."""
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise RestError(400, "INVALID_FIELD", "The type of a record must be specified in its attributes")
    return name


def _create(call: Call) -> Answer:
    def create(record: dict[str, Any]) -> Outcome:
        record_id = dml.insert(call.world, call.org, call.user, type_of(record), record, call.now)
        entity = catalogue.find(call.org, type_of(record))
        return {"id": record_id, "success": True, "errors": dml.remarks(entity, record_id) if entity else []}

    return _changes(call, *_records(call), create)


def _update(call: Call) -> Answer:
    def update(record: dict[str, Any]) -> Outcome:
        record_id, values = _split_id(record)
        dml.update(call.world, call.org, call.user, type_of(record), record_id, values, call.now)
        return {"id": ids.to_18(record_id[:15]), "success": True, "errors": []}

    return _changes(call, *_records(call), update)


def _split_id(record: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The record's id, and what else it says."""
    record_id = next((value for name, value in record.items() if name.lower() == "id"), None)
    if not isinstance(record_id, str) or not record_id:
        raise DmlError("MISSING_ARGUMENT", "Id not specified in an update call")
    return record_id, {name: value for name, value in record.items() if name.lower() != "id"}


def _upsert(call: Call) -> Answer:
    object_name, key = call.arguments

    def upsert(record: dict[str, Any]) -> Outcome:
        if type_of(record).lower() != object_name.lower():
            raise RestError(400, "INVALID_FIELD", f"The type of every record must be {object_name}")
        value = next((value for name, value in record.items() if name.lower() == key.lower()), None)
        values = {name: value for name, value in record.items() if name.lower() != key.lower()}
        record_id, created = dml.upsert(call.world, call.org, call.user, object_name, key, value, values, call.now)
        return {"id": record_id, "success": True, "errors": [], "created": created}

    return _changes(call, *_records(call), upsert)


def _delete(call: Call) -> Answer:
    wanted = [part.strip() for part in (call.parameter("ids") or "").split(",") if part.strip()]
    if not wanted:
        raise RestError(400, "MISSING_ARGUMENT", "The required parameter ids is missing")

    def delete(record_id: str) -> Outcome:
        entity = next((e for e in store_of(call.org).schema.objects.values() if e.key_prefix == record_id[:3]), None)
        if entity is None or not ids.is_id(record_id):
            raise DmlError("MALFORMED_ID", f"malformed id {record_id}")
        dml.delete(call.world, call.org, call.user, entity.name, record_id, call.now)
        return {"id": ids.to_18(record_id[:15]), "success": True, "errors": []}

    return _changes(call, wanted, call.parameter("allOrNone") == "true", delete)


def _read(call: Call) -> Answer:
    """Records by id, null where there is none."""
    entity = catalogue.find(call.org, call.argument)
    if entity is None:
        raise not_found()
    wanted, names = _asked(call)
    fields = asked_fields(entity, names)
    write, base = writer(entity, [Path(field) for field in fields]), f"/services/data/{call.version}/sobjects"
    key = entity.fields["id"].key
    by_id = {record[key][:15]: record for record in source(call.world, call.org, call.user, call.now)(entity.name, 0)}
    found = [by_id.get(record_id[:15]) for record_id in wanted]
    return json_answer([None if record is None else write(record, base) for record in found])


def _asked(call: Call) -> tuple[list[str], str]:
    wanted: Any = (call.parameter("ids") or "").split(",")
    names: Any = (call.parameter("fields") or "").split(",")
    if call.method == "POST":
        command = call.json_object()
        wanted, names = command.get("ids"), command.get("fields")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise RestError(400, "JSON_PARSER_ERROR", "fields must be a list of names at [line:1, column:1]")
    if not isinstance(wanted, list) or not all(isinstance(record_id, str) for record_id in wanted):
        raise RestError(400, "JSON_PARSER_ERROR", "ids must be a list of ids at [line:1, column:1]")
    check_number(len(wanted), MAX_READ)
    return wanted, ",".join(names)


ROUTES = (
    Route(
        "composite/sobjects",
        re.compile("composite/sobjects"),
        {"POST": _create, "PATCH": _update, "DELETE": _delete},
    ),
    Route("composite/sobjects", re.compile("composite/sobjects/([^/]+)"), {"GET": _read, "POST": _read}),
    Route("composite/sobjects", re.compile("composite/sobjects/([^/]+)/([^/]+)"), {"PATCH": _upsert}),
)
