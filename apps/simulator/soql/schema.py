"""Which objects and fields a query may name, taken from the record types; in SOQL names are case-insensitive."""

from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from apps.simulator import records
from apps.simulator.records import Kind


@dataclass(frozen=True)
class Field:
    """A column of an object: where it stands in the record's tuple."""

    name: str
    index: int
    kind: Kind


@dataclass(frozen=True)
class SObject:
    """fields and relationships are keyed by lower-case name; a relationship gives the index of the nested record."""

    name: str
    fields: dict[str, Field]
    relationships: dict[str, tuple[str, int, type[tuple[Any, ...]]]]


_known: dict[type[Any], SObject] = {}


def sobject(record_type: type[Any]) -> SObject:
    """An object's fields, read once from its NamedTuple."""
    if record_type not in _known:
        _known[record_type] = _read(record_type)
    return _known[record_type]


def _read(record_type: type[Any]) -> SObject:
    fields, relationships = {}, {}
    for index, (name, hint) in enumerate(get_type_hints(record_type, include_extras=True).items()):
        kind = next((argument for argument in get_args(hint)[1:] if isinstance(argument, Kind)), None)
        if kind is None:
            relationships[name.lower()] = (name, index, hint)
        else:
            fields[name.lower()] = Field(name, index, kind)
    return SObject(record_type.__name__, fields, relationships)


_EVERY_ORG = (records.User, records.Organization, records.UserPermissionAccess)
_HUB_ONLY = (records.ScratchOrgInfo, records.ActiveScratchOrg)
_PERMISSIONS = (records.PermissionSetAssignment, records.ObjectPermissions)


def _by_name(*groups: tuple[type[Any], ...]) -> dict[str, SObject]:
    return {record.__name__.lower(): sobject(record) for group in groups for record in group}


HUB = _by_name(_EVERY_ORG, _PERMISSIONS, _HUB_ONLY)
SCRATCH_ORG = _by_name(_EVERY_ORG, _PERMISSIONS)
TOOLING_TRACKED = _by_name((records.User, records.SourceMember))
TOOLING_UNTRACKED = _by_name((records.User,))
