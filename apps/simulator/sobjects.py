"""The resources below sobjects: what objects there are, what they are, and single records by id or by external id."""

import re
from typing import Any

from apps.simulator import ids
from apps.simulator.answers import Answer, RestError, json_answer, not_found
from apps.simulator.data import catalogue, describe, dml
from apps.simulator.data.entities import Entity, Field
from apps.simulator.data.errors import DmlError
from apps.simulator.data.store import store_of
from apps.simulator.data.values import Unreadable
from apps.simulator.routing import Call, Route
from apps.simulator.soql.conditions import Path, Record
from apps.simulator.soql.writing import writer
from apps.simulator.sources import source

UPSERT_SAYS_CREATED_FROM = 46
RECENT_ITEMS = 5


def refusal(error: DmlError) -> RestError:
    """How the REST API answers a change that was refused."""
    if isinstance(error, Unreadable):
        return RestError(400, "JSON_PARSER_ERROR", f"{error.in_json} at [line:1, column:2]")
    status = 404 if error.code in ("ENTITY_IS_DELETED", "NOT_FOUND") else 400
    fields = None if error.code in ("INVALID_FIELD", "NOT_FOUND") else error.fields
    return RestError(status, error.code, error.message, fields=fields)


def _entity(call: Call, *, tooling: bool = False) -> Entity:
    entity = catalogue.find(call.org, call.arguments[0], tooling=tooling)
    if entity is None:
        raise not_found()
    return entity


def _global(call: Call, *, tooling: bool = False) -> Answer:
    schema = catalogue.schema_of(call.org, tooling=tooling)
    return json_answer(describe.everything(schema, _base(call, tooling=tooling)))


def _base(call: Call, *, tooling: bool = False) -> str:
    return f"/services/data/{call.version}{'/tooling' if tooling else ''}/sobjects"


def _describe(call: Call, *, tooling: bool = False) -> Answer:
    schema = catalogue.schema_of(call.org, tooling=tooling)
    return json_answer(describe.in_full(schema, _entity(call, tooling=tooling), _base(call, tooling=tooling)))


def _basics(call: Call, *, tooling: bool = False) -> Answer:
    entity = _entity(call, tooling=tooling)
    recent = store_of(call.org).rows(entity.name)[-RECENT_ITEMS:] if entity.stored and not tooling else []
    shown = [Path(field) for field in entity.fields.values() if field.name == "Id" or field.name_field]
    write = writer(entity, shown)
    base = _base(call, tooling=tooling)
    return json_answer(
        {
            "objectDescribe": describe.in_short(entity, base),
            "recentItems": [write(row, base) for row in reversed(recent)],
        }
    )


def _values(call: Call, *named_in_the_path: str) -> dict[str, Any]:
    """The body; what the path names must not stand in it."""
    values = call.json_object()
    for name in ("Id", *named_in_the_path):
        if name.lower() in (given.lower() for given in values):
            raise RestError(400, "INVALID_FIELD", f"The {name} field should not be specified in the sobject data.")
    return values


def _create(call: Call) -> Answer:
    entity = _entity(call)
    try:
        record_id = dml.insert(call.world, call.org, call.user, entity.name, _values(call), call.now)
    except DmlError as error:
        raise refusal(error) from error
    return json_answer({"id": record_id, "success": True, "errors": dml.remarks(entity, record_id)}, 201)


def _read(call: Call) -> Answer:
    entity = _entity(call)
    return _written(call, entity, _find(call, entity, call.argument))


def _find(call: Call, entity: Entity, record_id: str) -> Record:
    """The record of that id that the user sees, as a row or a tuple."""
    _check_id(record_id)
    if entity.stored:
        row = store_of(call.org).find(record_id)
        if row is None or record_id[:3] != entity.key_prefix:
            raise not_found()
        return row
    key = entity.fields["id"].key
    records = source(call.world, call.org, call.user, call.now)(entity.name, 0)
    found = next((record for record in records if record[key][:15] == record_id[:15]), None)
    if found is None:
        raise not_found()
    return found


def _check_id(record_id: str) -> None:
    """What has the form of an id but another checksum is malformed; anything else is taken for a field's name."""
    if ids.is_id(record_id):
        return
    if len(record_id) == 18 and record_id.isascii() and record_id.isalnum():
        raise RestError(400, "MALFORMED_ID", f"malformed id {record_id}", fields=())
    message = f"Provided external ID field does not exist or is not accessible: {record_id}"
    raise RestError(404, "NOT_FOUND", message)


def _written(call: Call, entity: Entity, record: Record) -> Answer:
    """The record in full, or those of its fields that the call asks for."""
    asked = call.parameter("fields")
    fields = list(entity.fields.values()) if asked is None else asked_fields(entity, asked)
    return json_answer(writer(entity, [Path(field) for field in fields])(record, _base(call)))


def asked_fields(entity: Entity, names: str) -> list[Field]:
    """The fields that a list of names asks for, and the Id."""
    fields: dict[str, Field] = {"id": entity.fields["id"]}
    for name in names.split(","):
        field = entity.fields.get(name.strip().lower())
        if field is None:
            raise RestError(400, "INVALID_FIELD", f"No such column '{name.strip()}' on sobject of type {entity.name}")
        fields[field.name.lower()] = field
    return list(fields.values())


def _update(call: Call) -> Answer:
    entity = _entity(call)
    record_id = _existing_id(call, entity)
    try:
        dml.update(call.world, call.org, call.user, entity.name, record_id, _values(call), call.now)
    except DmlError as error:
        raise refusal(error) from error
    return Answer(204, b"", [])


def _delete(call: Call) -> Answer:
    entity = _entity(call)
    record_id = _existing_id(call, entity)
    try:
        dml.delete(call.world, call.org, call.user, entity.name, record_id, call.now)
    except DmlError as error:
        raise refusal(error) from error
    return Answer(204, b"", [])


def _existing_id(call: Call, entity: Entity) -> str:
    """The id of the path; a row in the recycle bin passes, for its own error."""
    if not (entity.stored and ids.is_id(call.argument) and store_of(call.org).was_deleted(call.argument)):
        _find(call, entity, call.argument)
    return call.argument


def _by_key(call: Call) -> tuple[Entity, Field, Any]:
    """The object, its external id field and the value that the path names."""
    entity = _entity(call)
    _, name, value = call.arguments
    field = entity.fields.get(name.lower())
    if field is None or not entity.stored or not (field.external_id or field.id_lookup):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise RestError(404, "NOT_FOUND", message)
    return entity, field, value


def _found_by_key(call: Call) -> tuple[Entity, Record]:
    entity, field, value = _by_key(call)
    if field.name == "Id":
        return entity, _find(call, entity, value)
    try:
        row = dml.with_key(store_of(call.org), entity, field, value)
    except DmlError as error:
        raise refusal(error) from error
    if row is None:
        raise not_found()
    return entity, row


def _choices(call: Call, entity: Entity, several: dml.AmbiguousKey) -> Answer:
    return json_answer([f"{_base(call)}/{entity.name}/{record_id}" for record_id in several.record_ids], 300)


def _read_by_key(call: Call) -> Answer:
    try:
        return _written(call, *_found_by_key(call))
    except RestError as error:
        if isinstance(error.__cause__, dml.AmbiguousKey):
            return _choices(call, _entity(call), error.__cause__)
        raise


def _upsert(call: Call) -> Answer:
    entity, field, value = _by_key(call)
    values = _values(call, field.name)
    try:
        record_id, created = dml.upsert(
            call.world, call.org, call.user, entity.name, field.name, value, values, call.now
        )
    except dml.AmbiguousKey as several:
        return _choices(call, entity, several)
    except DmlError as error:
        raise refusal(error) from error
    answer = {"id": record_id, "success": True, "errors": []}
    if float(call.version[1:]) >= UPSERT_SAYS_CREATED_FROM:
        return json_answer({**answer, "created": created}, 201 if created else 200)
    return json_answer(answer, 201) if created else Answer(204, b"", [])


def _delete_by_key(call: Call) -> Answer:
    entity, record = _found_by_key(call)
    try:
        dml.delete(call.world, call.org, call.user, entity.name, record["Id"], call.now)
    except DmlError as error:
        raise refusal(error) from error
    return Answer(204, b"", [])


ROUTES = (
    Route("sobjects", re.compile("sobjects"), {"GET": _global}),
    Route("sobjects", re.compile("tooling/sobjects"), {"GET": lambda call: _global(call, tooling=True)}),
    Route("sobjects", re.compile("sobjects/([^/]+)/describe"), {"GET": _describe}),
    Route(
        "sobjects", re.compile("tooling/sobjects/([^/]+)/describe"), {"GET": lambda call: _describe(call, tooling=True)}
    ),
    Route("sobjects", re.compile("sobjects/([^/]+)"), {"GET": _basics, "POST": _create}),
    Route("sobjects", re.compile("tooling/sobjects/([^/]+)"), {"GET": lambda call: _basics(call, tooling=True)}),
    Route("sobjects", re.compile("sobjects/([^/]+)/([^/]+)"), {"GET": _read, "PATCH": _update, "DELETE": _delete}),
    Route(
        "sobjects",
        re.compile("sobjects/([^/]+)/([^/]+)/(.+)"),
        {"GET": _read_by_key, "PATCH": _upsert, "DELETE": _delete_by_key},
    ),
)
