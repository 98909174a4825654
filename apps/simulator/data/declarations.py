"""Reads what an object is from JSON: the standard objects (standard/*.json) and the custom objects that a control
command declares are written alike.

    {"name": "Invoice__c", "label": "Invoice", "labelPlural": "Invoices", "fields": [
        {"name": "Number__c", "type": "string", "length": 20, "externalId": true, "unique": true, "required": true},
        {"name": "Status__c", "type": "picklist", "values": ["Open", "Paid"], "default": "Open", "restricted": true},
        {"name": "Account__c", "type": "reference", "referenceTo": ["Account"], "childRelationshipName": "Invoices"}]}

A field's other keys: label, precision, scale, digits, readOnly, createOnly, defaulted, calculated, idLookup,
relationshipName, onDelete ("cascade", "restrict"; else the reference is cleared), nameField, autoNumber (a format) and
first. `X__e` declares a platform event; the name of an object that exists adds fields to it.
"""

import re
from collections.abc import Callable
from itertools import count
from typing import Any

from apps.simulator.data.entities import Entity, Field, PicklistValue, Relationship, Schema
from apps.simulator.records import NUMBERS, Kind

MAX_FIELDS = 800
_CUSTOM_OBJECT = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__[ce]")
_CUSTOM_FIELD = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LENGTHS = {Kind.STRING: 255, Kind.TEXTAREA: 255, Kind.PICKLIST: 255, Kind.MULTIPICKLIST: 4_099, Kind.EMAIL: 80} | {
    Kind.PHONE: 40,
    Kind.URL: 255,
    Kind.REFERENCE: 18,
    Kind.ID: 18,
}


class BadDeclaration(ValueError):
    """Says what is wrong with a declaration."""


_FIELD_KEYS: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "type": str,
    "label": str,
    "length": int,
    "precision": int,
    "scale": int,
    "digits": int,
    "first": int,
    "required": bool,
    "readOnly": bool,
    "createOnly": bool,
    "defaulted": bool,
    "calculated": bool,
    "unique": bool,
    "externalId": bool,
    "idLookup": bool,
    "restricted": bool,
    "nameField": bool,
    "values": list,
    "referenceTo": list,
    "relationshipName": str,
    "childRelationshipName": str,
    "onDelete": str,
    "autoNumber": str,
    "default": (str, int, float, bool),
}
_TEXT_LISTS = ("values", "referenceTo")
_AUTO_NUMBER = re.compile(r"[^{}]*\{0(:0\d{1,2}d)?\}[^{}]*")
_OBJECT_KEYS = {"name": str, "label": str, "labelPlural": str, "keyPrefix": str, "owner": bool, "fields": list}


def label(name: str) -> str:
    """AccountId is "Account ID", NumberOf__c is "Number Of"."""
    words = _WORDS.sub(" ", name.removesuffix("__c").removesuffix("__e").replace("_", " "))
    return words.removesuffix(" Id") + " ID" if words.endswith(" Id") else words


def follow(key: str) -> Callable[[Any], Any]:
    """From a row to the row that its reference names."""
    return lambda row: row.store.parent(row[key])


def read_object(declared: dict[str, Any]) -> Entity:
    """A whole object with its system fields; BadDeclaration where it is none."""
    _check(declared, _OBJECT_KEYS, "an object")
    name = declared["name"]
    event, custom = name.endswith("__e"), name.endswith("__c")
    own = [read_field(field) for field in declared.get("fields", [])]
    if custom and not any(field.name_field for field in own):
        own.insert(
            0,
            Field(
                "Name",
                "Name",
                Kind.STRING,
                f"{label(name)} Name",
                length=80,
                name_field=True,
                defaulted_on_create=True,
                nillable=True,
            ),
        )
    owned = bool(declared.get("owner", custom))
    fields = _event_fields(own) if event else _system_fields(own, owned=owned)
    if len(fields) > MAX_FIELDS:
        raise BadDeclaration(f"{name} has more than {MAX_FIELDS} fields")
    shown = declared.get("label", label(name))
    return Entity(
        name=name,
        label=shown,
        label_plural=declared.get("labelPlural", f"{shown}s"),
        key_prefix=declared.get("keyPrefix"),
        fields={field.name.lower(): field for field in fields},
        relationships=relationships(fields),
        queryable=not event,
        updateable=not event,
        deletable=not event,
        owned=owned,
    )


def declare(schema: Schema, declared: list[dict[str, Any]], prefixes: "count[int]") -> Schema:
    """The schema with custom objects, events and further fields as declared; key prefixes a00…, e00… are numbered."""
    for one in declared:
        _check(one, _OBJECT_KEYS, "an object")
        known = schema.find(one["name"])
        if known is not None:
            if not known.stored:
                raise BadDeclaration(f"{known.name} cannot have more fields")
            schema = _with_fields(schema, known, one)
            continue
        if not _CUSTOM_OBJECT.fullmatch(one["name"]):
            raise BadDeclaration(f"a custom object is called X__c or X__e, not {one['name']!r}")
        letter = "e" if one["name"].endswith("__e") else "a"
        _check_names(one.get("fields", []))
        entity = read_object({"keyPrefix": f"{letter}{next(prefixes):02d}", **one})
        schema = schema.extended([entity])
    _check_references(schema)
    return schema


def _with_fields(schema: Schema, known: Entity, declared: dict[str, Any]) -> Schema:
    _check_names(declared.get("fields", []))
    more = [read_field(field) for field in declared.get("fields", [])]
    if len(known.fields) + len(more) > MAX_FIELDS:
        raise BadDeclaration(f"{known.name} has more than {MAX_FIELDS} fields")
    return schema.with_fields(known, more, relationships(more))


def _check_names(fields: list[Any]) -> None:
    for one in fields:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or not (
            _CUSTOM_FIELD.fullmatch(name) or (name == "Name" and one.get("nameField"))
        ):
            raise BadDeclaration(f"a custom field is called X__c, not {name!r}")


def _check_references(schema: Schema) -> None:
    for entity in schema.objects.values():
        for field in entity.fields.values():
            for target in field.reference_to:
                if entity.custom and schema.find(target) is None:
                    raise BadDeclaration(f"{entity.name}.{field.name} refers to {target}, which is no object here")


def relationships(fields: list[Field]) -> dict[str, Relationship]:
    return {
        field.relationship_name.lower(): Relationship(
            field.relationship_name, field.reference_to[-1], follow(str(field.key))
        )
        for field in fields
        if field.relationship_name is not None
    }


def read_field(declared: dict[str, Any]) -> Field:
    """One field; BadDeclaration where it is none."""
    _check(declared, _FIELD_KEYS, "a field")
    name = declared["name"]
    try:
        kind = Kind(declared.get("type"))
    except ValueError as error:
        raise BadDeclaration(f"{name} has the unknown type {declared.get('type')!r}") from error
    custom = name.endswith("__c")
    read_only = declared.get("readOnly", False) or declared.get("calculated", False) or "autoNumber" in declared
    default = declared.get("default", False if kind is Kind.BOOLEAN else None)
    targets = tuple(declared.get("referenceTo", ()))
    if (kind is Kind.REFERENCE) != bool(targets):
        raise BadDeclaration(f"{name}: a reference, and nothing else, has referenceTo")
    if not _AUTO_NUMBER.fullmatch(declared.get("autoNumber", "{0}")):
        raise BadDeclaration(f"{name}: an autoNumber looks like INV-{{0:04d}}")
    child_name = declared.get("childRelationshipName")
    return Field(
        name=name,
        key=name,
        kind=kind,
        label=declared.get("label", label(name)),
        length=declared.get("length", _LENGTHS.get(kind, 0)),
        precision=declared.get("precision", 18 if kind in NUMBERS and kind is not Kind.INT else 0),
        scale=declared.get("scale", 0),
        digits=declared.get("digits", 9 if kind is Kind.INT else 0),
        nillable=not (declared.get("required") or kind is Kind.BOOLEAN or "autoNumber" in declared),
        createable=not read_only,
        updateable=not read_only and not declared.get("createOnly"),
        defaulted_on_create=bool(default is not None or declared.get("defaulted") or "autoNumber" in declared),
        default=default,
        unique=declared.get("unique", False),
        external_id=declared.get("externalId", False),
        id_lookup=declared.get("idLookup", declared.get("externalId", False)),
        restricted=declared.get("restricted", False),
        picklist=tuple(PicklistValue(str(value), value == default) for value in declared.get("values", ())),
        reference_to=targets,
        relationship_name=declared.get("relationshipName", f"{name[:-1]}r" if custom and targets else None),
        child_relationship_name=f"{child_name}__r" if custom and child_name else child_name,
        on_delete=declared.get("onDelete"),
        calculated=declared.get("calculated", False),
        name_field=declared.get("nameField", False),
        auto_number=declared.get("autoNumber"),
        auto_number_from=declared.get("first", 1),
    )


def _check(declared: Any, allowed: dict[str, Any], what: str) -> None:
    if not isinstance(declared, dict) or not isinstance(declared.get("name"), str):
        raise BadDeclaration(f"{what} is a JSON object with a name")
    for key, value in declared.items():
        if key not in allowed:
            raise BadDeclaration(f"{what} has no {key!r}")
        wrong_part = key in _TEXT_LISTS and isinstance(value, list) and not all(isinstance(each, str) for each in value)
        if wrong_part or not isinstance(value, allowed[key]):
            raise BadDeclaration(f"{declared['name']}: {key} cannot be {value!r}")


def system_field(name: str, kind: Kind, **more: Any) -> Field:
    """A field that Salesforce keeps."""
    given = {"nillable": False, "createable": False, "updateable": False, "defaulted_on_create": True}
    return Field(name, name, kind, label(name), length=_LENGTHS.get(kind, 0), **{**given, **more})


def _reference(name: str, target: str = "User", **more: Any) -> Field:
    relationship = name.removesuffix("Id")
    return system_field(name, Kind.REFERENCE, reference_to=(target,), relationship_name=relationship, **more)


def _system_fields(own: list[Field], *, owned: bool) -> list[Field]:
    owner = [_reference("OwnerId", createable=True, updateable=True)] if owned else []
    seen = [
        system_field(name, Kind.DATETIME, nillable=True, defaulted_on_create=False)
        for name in ("LastViewedDate", "LastReferencedDate")
    ]
    return [
        system_field("Id", Kind.ID, id_lookup=True),
        system_field("IsDeleted", Kind.BOOLEAN, default=False),
        *own,
        *owner,
        system_field("CreatedDate", Kind.DATETIME),
        _reference("CreatedById"),
        system_field("LastModifiedDate", Kind.DATETIME),
        _reference("LastModifiedById"),
        system_field("SystemModstamp", Kind.DATETIME),
        *seen,
    ]


def _event_fields(own: list[Field]) -> list[Field]:
    return [
        system_field("ReplayId", Kind.STRING, nillable=True),
        system_field("CreatedDate", Kind.DATETIME),
        _reference("CreatedById"),
        system_field("EventUuid", Kind.STRING, nillable=True),
        *own,
    ]
