"""POST sobjects/X__e: publishes a platform event."""

from typing import Any

import orjson

from apps.simulator.answers import Answer, RestError, json_answer, not_found
from apps.simulator.clock import iso
from apps.simulator.streaming.event_objects import EventObject, find_event_object
from apps.simulator.streaming.events import EventBus, schema_id
from apps.simulator.tokens import Session

EVENT_ID = "e01xx0000000001AAA"  # the same for every event, in Salesforce too


def publish(events: EventBus, session: Session, name: str, values: Any, now: float) -> Answer:
    """201 and where the event can be followed by: its uuid. RestError for what the object does not allow."""
    org = session.org
    event_object = find_event_object(org, name)
    if event_object is None:
        raise not_found()
    own = _checked(event_object, values)
    payload = {"CreatedDate": f"{iso(now)[:-4]}Z", "CreatedById": session.user.Id, **own}
    event = events.publish(org, event_object.name, schema_id(event_object.name, event_object.fields), payload, now)
    enqueued = {"statusCode": "OPERATION_ENQUEUED", "message": event.uuid, "fields": []}
    return json_answer({"id": EVENT_ID, "success": True, "errors": [enqueued]}, 201)


def read_body(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RestError(400, "JSON_PARSER_ERROR", f"Unexpected character: {error.msg}") from error


def _checked(event_object: EventObject, values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise RestError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object")
    by_name = {field.lower(): field for field in event_object.fields}
    checked: dict[str, Any] = dict.fromkeys(event_object.fields)
    for name, value in values.items():
        field = by_name.get(name.lower())
        if name == "attributes":
            continue
        if field is None:
            raise RestError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {event_object.name}")
        if value is not None and not isinstance(value, str):
            raise RestError(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of string from {name}")
        if value is not None and len(value) > event_object.fields[field]:
            message = f"{field}: data value too large: {value} (max length={event_object.fields[field]})"
            raise RestError(400, "STRING_TOO_LONG", message)
        checked[field] = value
    return checked
