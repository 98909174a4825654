"""The one door for changes to records: insert, update, upsert and delete, each wholly done or refused with DmlError.

`values` are a JSON object's: names without regard to case, ids of 15 or 18 characters, `attributes` ignored, a parent
also as {"Account": {"Number__c": "17"}}. Text is read as the field's type, so that rows of CSV may come as they are;
what a row leaves out stays as it is, None or "" makes it null.
"""

from hashlib import sha256
from typing import Any
from uuid import UUID

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.data import rules, scratch_orgs, users
from apps.simulator.data.catalogue import find
from apps.simulator.data.entities import Entity, Field
from apps.simulator.data.errors import DmlError, MissingFields
from apps.simulator.data.store import Row, Store, store_of
from apps.simulator.data.values import checked
from apps.simulator.orgs import Org
from apps.simulator.records import Kind, User
from apps.simulator.world import PlatformEvent, World

__all__ = ["AmbiguousKey", "DmlError", "delete", "insert", "update", "upsert"]


class AmbiguousKey(DmlError):
    """Several records have the external id; `record_ids` names them."""

    def __init__(self, field: Field, value: Any, record_ids: list[str]) -> None:
        message = f"{field.name}: more than one record found for external id field: [{', '.join(record_ids)}]"
        super().__init__("DUPLICATE_EXTERNAL_ID", message, (field.name,))
        self.record_ids = record_ids


def insert(world: World, org: Org, user: User, object_name: str, values: dict[str, Any], now: float) -> str:
    """A new record; returns its 18-character id."""
    entity, store = _changeable(world, org, object_name)
    if not entity.createable:
        raise _not_allowed(entity, "create")
    if entity.name == "ScratchOrgInfo":
        return scratch_orgs.request(world, user, entity, values, now)
    wanted = _accepted(store, entity, values, creating=True)
    if entity.name == "User":
        return users.insert(world, org, user, entity, wanted, now)
    if entity.is_platform_event:
        return _publish(world, org, user, entity, wanted, now)
    if store.is_full:
        raise DmlError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
    row = store.new_row()
    row.update(entity.defaults)
    row.update(_stamps(user, now), **dict.fromkeys(("CreatedById", *(["OwnerId"] if entity.owned else [])), user.Id))
    row.update({name: value for name, value in wanted.items() if value is not None or name != "OwnerId"})
    row["CreatedDate"] = row["LastModifiedDate"]
    _complete(store, entity, row, None)
    for field in entity.fields.values():
        if field.auto_number is not None:
            number = store.next_number(f"{entity.name}.{field.name}", field.auto_number_from)
            row[field.name] = field.auto_number.format(number)
    row["Id"] = store.new_id(entity)
    if entity.custom and row["Name"] is None:
        row["Name"] = row["Id"]
    _save(store, entity, row)
    return str(row["Id"])


def update(
    world: World, org: Org, user: User, object_name: str, record_id: str, values: dict[str, Any], now: float
) -> None:
    """Changes what `values` say."""
    entity, store = _changeable(world, org, object_name)
    if not entity.updateable:
        raise _not_allowed(entity, "update")
    if entity.name == "User":
        users.update(world, org, user, entity, record_id, _accepted(store, entity, values, creating=False), now)
        return
    before = existing(store, entity, record_id)
    wanted = _accepted(store, entity, values, creating=False)
    row = before.changed(wanted | _stamps(user, now))
    _complete(store, entity, row, before)
    _save(store, entity, row)


def upsert(
    world: World,
    org: Org,
    user: User,
    object_name: str,
    external_field: str,
    external_value: Any,
    values: dict[str, Any],
    now: float,
) -> tuple[str, bool]:
    """Updates the record with that external id, or inserts one; returns its id, and whether it is new. By `Id` an
    empty value inserts."""
    entity, store = _changeable(world, org, object_name)
    field = external_key(entity, external_field)
    if field.kind is Kind.ID:
        if not external_value:
            return insert(world, org, user, object_name, values, now), True
        update(world, org, user, object_name, str(external_value), values, now)
        return ids.to_18(str(external_value)[:15]), False
    if external_value in (None, ""):
        raise DmlError("MISSING_ARGUMENT", f"{field.name} not specified", (field.name,))
    found = with_key(store, entity, field, external_value)
    if found is not None:
        update(world, org, user, object_name, found["Id"], values, now)
        return str(found["Id"]), False
    return insert(world, org, user, object_name, {**values, field.name: external_value}, now), True


def delete(world: World, org: Org, user: User, object_name: str, record_id: str, now: float) -> None:
    """Moves the record to the recycle bin, and with it the children that do not live without it."""
    entity, store = _changeable(world, org, object_name)
    if not entity.deletable:
        raise _not_allowed(entity, "delete")
    if entity.name == "ActiveScratchOrg":
        scratch_orgs.end(world, org, user, record_id, now)
        return
    row = existing(store, entity, record_id)
    with store.all_or_none():
        _delete(store, entity, row, _stamps(user, now))


def external_key(entity: Entity, name: str) -> Field:
    """The field that records of the object can be told by."""
    field = entity.fields.get(name.lower())
    if field is None or not (field.external_id or field.id_lookup or field.kind is Kind.ID):
        message = f"Field name provided, {name} does not match an External ID, Salesforce Id, or indexed field for "
        raise DmlError("INVALID_FIELD", message + entity.name)
    return field


def with_key(store: Store, entity: Entity, field: Field, value: Any) -> Row | None:
    """The one record with that external id; AmbiguousKey where there are several."""
    found = store.where(entity, field, checked(field, value))
    if len(found) > 1:
        raise AmbiguousKey(field, value, [row["Id"] for row in found])
    return found[0] if found else None


def existing(store: Store, entity: Entity, record_id: str) -> Row:
    """The record of that object with that id."""
    if not ids.is_id(record_id):
        raise DmlError("MALFORMED_ID", f"{entity.label} ID: id value of incorrect type: {record_id}", ("Id",))
    row = store.find(record_id)
    if row is not None and record_id[:3] == entity.key_prefix:
        return row
    if store.was_deleted(record_id):
        raise DmlError("ENTITY_IS_DELETED", "entity is deleted")
    if record_id[:3] != entity.key_prefix:
        raise DmlError("MALFORMED_ID", f"{entity.label} ID: id value of incorrect type: {record_id}", ("Id",))
    raise DmlError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def remarks(entity: Entity, record_id: str) -> list[dict[str, Any]]:
    """What the answer to an insert says beside the id: of a platform event, that it only waits to be delivered, and
    the uuid by which subscribers know it."""
    if not entity.is_platform_event:
        return []
    return [{"statusCode": "OPERATION_ENQUEUED", "message": _event_uuid(record_id), "fields": []}]


def _event_uuid(record_id: str) -> str:
    return str(UUID(bytes=sha256(record_id.encode()).digest()[:16], version=4))


def _publish(world: World, org: Org, user: User, entity: Entity, wanted: dict[str, Any], now: float) -> str:
    """Gives an event to those who listen (World.event_listeners); returns the id that its answer shows."""
    payload = {field.name: wanted.get(field.name, field.default) for field in entity.fields.values() if field.custom}
    missing = [field.name for field in entity.fields.values() if field.required and payload.get(field.name) is None]
    if missing:
        raise MissingFields(missing)
    record_id = store_of(org).new_id(entity)
    event = PlatformEvent(user, entity.name, payload, _event_uuid(record_id), now)
    for listener in world.event_listeners:
        listener(org, event)
    return record_id


def _changeable(world: World, org: Org, object_name: str) -> tuple[Entity, Store]:
    entity = find(org, object_name)
    if entity is None:
        raise DmlError("INVALID_TYPE", f"sObject type '{object_name}' is not supported.")
    locked = org.faults.get("row_lock")
    if locked is not None and world.random.random() < float(locked["share"]):
        raise DmlError("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    return entity, store_of(org)


def _not_allowed(entity: Entity, verb: str) -> DmlError:
    return DmlError("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {entity.name} does not support {verb}")


def _stamps(user: User, now: float) -> dict[str, Any]:
    stamp = salesforce_datetime(now)
    return {"LastModifiedDate": stamp, "SystemModstamp": stamp, "LastModifiedById": user.Id}


def _accepted(store: Store, entity: Entity, values: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """What may be written, by the fields' own names, checked."""
    accepted: dict[str, Any] = {}
    refused: list[str] = []
    for name, value in values.items():
        if name == "attributes":
            continue
        relationship = entity.relationships.get(name.lower())
        if relationship is not None and isinstance(value, dict):
            field, given = _by_external_id(store, entity, relationship.name, value)
        else:
            field, given = _field(entity, name), value
        if field.kind is Kind.ID:
            verb = "an insert" if creating else "an update"
            raise DmlError("INVALID_FIELD_FOR_INSERT_UPDATE", f"cannot specify Id in {verb} call", ("Id",))
        if not (field.createable if creating else field.updateable):
            refused.append(field.name)
            continue
        accepted[field.name] = checked(field, given)
        if field.kind is Kind.REFERENCE:
            _check_reference(store, field, accepted[field.name])
    if refused:
        message = (
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set."
        )
        raise DmlError("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(refused))
    return accepted


def _field(entity: Entity, name: str) -> Field:
    field = entity.fields.get(name.lower())
    if field is None:
        raise DmlError("INVALID_FIELD", f"No such column '{name}' on sobject of type {entity.name}")
    return field


def _by_external_id(store: Store, entity: Entity, relationship: str, value: dict[str, Any]) -> tuple[Field, str]:
    """The reference field, and the id of the parent that {"Number__c": "17"} names."""
    field = next(f for f in entity.fields.values() if f.relationship_name == relationship)
    named = {name: given for name, given in value.items() if name != "attributes"}
    target = store.schema.find(field.reference_to[-1])
    if len(named) != 1 or target is None or not target.stored:
        raise DmlError("INVALID_FIELD", f"{relationship}: a parent is named by one external id field", (field.name,))
    [(key, given)] = named.items()
    parent = with_key(store, target, external_key(target, key), given)
    if parent is None:
        message = f"Foreign key external ID: {str(given).lower()} not found for field {key} in entity {target.name}"
        raise DmlError("INVALID_FIELD", message)
    return field, str(parent["Id"])


def _check_reference(store: Store, field: Field, record_id: str | None) -> None:
    if record_id is None:
        return
    targets = [store.schema.find(name) for name in field.reference_to]
    if None in targets:  # a profile: there are no records of them here
        return
    if not any(target is not None and target.key_prefix == record_id[:3] for target in targets):
        message = f"{field.label}: id value of incorrect type: {record_id}"
        raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, (field.name,))
    if store.parent(record_id) is None:
        if store.was_deleted(record_id):
            raise DmlError("ENTITY_IS_DELETED", "entity is deleted", (field.name,))
        raise DmlError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", (field.name,))


def _complete(store: Store, entity: Entity, row: Row, before: Row | None) -> None:
    """What must be said is said, what follows from it is set, what must be unique is."""
    missing = [field.name for field in entity.fields.values() if field.required and row[field.name] is None]
    if missing:
        raise MissingFields(missing)
    rule = rules.BEFORE.get(entity.name)
    if rule is not None:
        rule(store, row, before)
    for field in entity.fields.values():
        if not field.unique or row[field.name] is None:
            continue
        for other in store.where(entity, field, row[field.name]):
            if before is None or other["Id"] != before["Id"]:
                message = f"duplicate value found: {field.name} duplicates value on record with id: {other['Id'][:15]}"
                raise DmlError("DUPLICATE_VALUE", message, (field.name,))


def _save(store: Store, entity: Entity, row: Row) -> None:
    store.save(entity, row)
    follow = rules.AFTER.get(entity.name)
    if follow is not None:
        follow(store, row)


def _delete(store: Store, entity: Entity, row: Row, stamps: dict[str, Any]) -> None:
    doomed = [(entity, row)]
    while doomed:
        entity, row = doomed.pop()
        if store.find(row["Id"]) is None:
            continue
        rules.refuse_deletion(entity.name, row)
        store.remove(entity, row.changed({"IsDeleted": True} | stamps))
        doomed += _bereave(store, entity, row, stamps)
        follow = rules.AFTER.get(entity.name)
        if follow is not None:
            follow(store, row)


def _bereave(store: Store, entity: Entity, row: Row, stamps: dict[str, Any]) -> list[tuple[Entity, Row]]:
    """Children let go of their deleted parent; returns those that go with it. DELETE_FAILED if one forbids it."""
    doomed = []
    for child in store.schema.children(entity):
        child_entity = store.schema.objects[child.child.lower()]
        if not child_entity.stored or not child.field.is_key:
            continue
        for found in store.where(child_entity, child.field, row["Id"]):
            if child.field.on_delete == "restrict":
                raise _still_needed(entity, row, child_entity, found)
            if child.field.on_delete == "cascade":
                doomed.append((child_entity, found))
            else:
                store.save(child_entity, found.changed({child.field.name: None} | stamps))
    return doomed


def _still_needed(entity: Entity, row: Row, child: Entity, found: Row) -> DmlError:
    name, child_name = entity.name_field, child.name_field
    shown = row[name.name] if name else row["Id"]
    by = found[child_name.name] if child_name else found["Id"]
    message = (
        f"Your attempt to delete {shown} could not be completed because it is associated with the following "
        f"{child.label_plural.lower()}.: {by}\n"
    )
    return DmlError("DELETE_FAILED", message)
