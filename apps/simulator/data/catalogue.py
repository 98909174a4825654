"""Which objects an org has: those that the simulator makes itself, read from their record types, the standard objects
of standard/*.json, and what the org declared. Orgs share the schemas below until one declares objects of its own."""

import json
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any, get_args, get_type_hints

from apps.simulator import ids, records
from apps.simulator.data.declarations import label, read_object
from apps.simulator.data.entities import Entity, Field, Relationship, Schema
from apps.simulator.orgs import Org
from apps.simulator.records import Kind

_STANDARD = Path(__file__).parent / "standard"
_PREFIXES = {
    "Organization": ids.ORGANIZATION,
    "ScratchOrgInfo": ids.SCRATCH_ORG_INFO,
    "ActiveScratchOrg": ids.ACTIVE_SCRATCH_ORG,
    "SourceMember": ids.SOURCE_MEMBER,
    "PermissionSet": ids.PERMISSION_SET,
    "PermissionSetAssignment": ids.PERMISSION_SET_ASSIGNMENT,
    "ObjectPermissions": ids.OBJECT_PERMISSIONS,
}
# What a request may say of an object that the simulator makes itself.
SETTABLE = {
    "ScratchOrgInfo": frozenset(
        [
            "AdminEmail",
            "ConnectedAppCallbackUrl",
            "ConnectedAppConsumerKey",
            "Country",
            "Description",
            "DurationDays",
            "Edition",
            "Features",
            "HasSampleData",
            "Language",
            "Namespace",
            "OrgName",
            "Package2AncestorIds",
            "Release",
            "Snapshot",
            "SourceOrg",
            "Username",
        ]
    )
}
_LENGTHS = {Kind.ID: 18, Kind.REFERENCE: 18, Kind.STRING: 255, Kind.TEXTAREA: 32_000}
_NAME_FIELDS = ("Name", "MemberName", "SobjectType")


def _read(record_type: type[Any]) -> Entity:
    """An object from its NamedTuple: a field for each value, a relationship for each nested record."""
    name = record_type.__name__
    settable = SETTABLE.get(name, frozenset())
    fields, relationships = {}, {}
    hints = get_type_hints(record_type, include_extras=True)
    for index, (field_name, hint) in enumerate(hints.items()):
        kind = next((argument for argument in get_args(hint)[1:] if isinstance(argument, Kind)), None)
        if kind is None:
            relationships[field_name.lower()] = Relationship(field_name, hint.__name__, itemgetter(index))
        else:
            fields[field_name.lower()] = _field(index, field_name, kind, hints, settable=field_name in settable)
    return Entity(
        name=name,
        label=label(name),
        label_plural=f"{label(name)}s",
        key_prefix=_PREFIXES.get(name),
        fields=fields,
        relationships=relationships,
        stored=False,
        hidden=record_type is records.PermissionSet,
        createable=name == "ScratchOrgInfo",
        updateable=False,
        deletable=name == "ActiveScratchOrg",
    )


def _field(index: int, name: str, kind: Kind, hints: dict[str, Any], *, settable: bool) -> Field:
    relationship = name.removesuffix("Id")
    target = hints.get(relationship) if kind is Kind.REFERENCE else None
    return Field(
        name=name,
        key=index,
        kind=kind,
        label=label(name),
        length=_LENGTHS.get(kind, 0),
        digits=9 if kind is Kind.INT else 0,
        nillable=type(None) in get_args(get_args(hints[name])[0]),
        createable=settable,
        updateable=False,
        id_lookup=kind is Kind.ID,
        reference_to=(target.__name__,) if target else (),
        relationship_name=relationship if target else None,
        name_field=name in _NAME_FIELDS,
    )


def _declared_record(entity: Entity, record_type: type[Any]) -> Entity:
    """An object that a declaration describes and whose records are tuples of that type all the same."""
    places = {name: place for place, name in enumerate(record_type._fields)}
    fields = [replace(field, key=places[field.name]) for field in entity.fields.values() if field.name in places]
    return replace(
        entity,
        fields={field.name.lower(): field for field in fields},
        relationships={},
        stored=False,
        deletable=False,
    )


def _schema(*groups: tuple[Entity, ...]) -> Schema:
    return Schema({entity.name.lower(): entity for group in groups for entity in group})


_DECLARED = {path.stem: read_object(json.loads(path.read_text())) for path in sorted(_STANDARD.glob("*.json"))}
USER = _declared_record(_DECLARED.pop("User"), records.User)
_EVERY_ORG = (
    USER,
    *(
        _read(record_type)
        for record_type in (
            records.Organization,
            records.UserPermissionAccess,
            records.PermissionSet,
            records.PermissionSetAssignment,
            records.ObjectPermissions,
        )
    ),
)
_STANDARD_OBJECTS = tuple(_DECLARED.values())

HUB = _schema(_EVERY_ORG, _STANDARD_OBJECTS, (_read(records.ScratchOrgInfo), _read(records.ActiveScratchOrg)))
SCRATCH_ORG = _schema(_EVERY_ORG, _STANDARD_OBJECTS)
TOOLING_TRACKED = _schema((USER, _read(records.SourceMember)))
TOOLING_UNTRACKED = _schema((USER,))


def schema_of(org: Org, *, tooling: bool = False) -> Schema:
    """What the org's data API, or its Tooling API, knows."""
    if tooling:
        tracked = org.tracking is not None and "no_tracking" not in org.faults
        return TOOLING_TRACKED if tracked else TOOLING_UNTRACKED
    if org.data is not None:
        return org.data.schema
    return HUB if org.is_hub else SCRATCH_ORG


def find(org: Org, name: str, *, tooling: bool = False) -> Entity | None:
    """The org's object of that name, without regard to case."""
    entity = schema_of(org, tooling=tooling).find(name)
    return None if entity is None or entity.hidden else entity
