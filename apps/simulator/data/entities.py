"""What an object is: its fields, relationships and flags, as a describe tells them and as queries use them.

In SOQL and REST names are case-insensitive, so everything is keyed by lower-case name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from apps.simulator.records import IDS, Kind

LONG_TEXTAREA_FROM = 256  # longer textareas can be selected, but neither filtered nor sorted


@dataclass(frozen=True, slots=True)
class PicklistValue:
    value: str
    is_default: bool = False
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class Field:
    """A column of an object. `key` is where it stands in a record: a place in a tuple, a name in a row. `length` is
    in characters, `precision` in digits, `digits` those of an int. `auto_number` is a format, numbered from
    `auto_number_from`."""

    name: str
    key: int | str
    kind: Kind
    label: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    default: Any = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    restricted: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    child_relationship_name: str | None = None
    on_delete: str | None = None
    calculated: bool = False
    name_field: bool = False
    auto_number: str | None = None
    auto_number_from: int = 1

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def required(self) -> bool:
        """Whether an insert must say it."""
        given = self.defaulted_on_create or self.auto_number is not None or self.kind is Kind.BOOLEAN
        return not self.nillable and self.createable and not given

    @property
    def is_key(self) -> bool:
        """Whether records are found by it: the store keeps an index."""
        reference = self.kind is Kind.REFERENCE and self.child_relationship_name is not None
        return self.unique or self.external_id or self.id_lookup or reference

    @property
    def filterable(self) -> bool:
        return self.kind is not Kind.TEXTAREA or self.length < LONG_TEXTAREA_FROM

    @property
    def groupable(self) -> bool:
        return self.filterable and self.kind not in (Kind.DOUBLE, Kind.CURRENCY, Kind.PERCENT, Kind.DATETIME)


Follow = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Relationship:
    """From a record to its parent, None where there is none; `target` names the parent's object."""

    name: str
    target: str
    follow: Follow


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """From a record to those of the object `child` whose `field` refers to it."""

    name: str | None
    child: str
    field: Field


@dataclass(frozen=True, eq=False)
class Entity:
    """An object. `stored` says that its records are rows of the org's store (store.py) instead of tuples made
    elsewhere; a `hidden` one is reached through relationships only."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    fields: dict[str, Field]
    relationships: dict[str, Relationship]
    stored: bool = True
    hidden: bool = False
    queryable: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    owned: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith(("__c", "__e"))

    @property
    def is_platform_event(self) -> bool:
        return self.name.endswith("__e")

    @property
    def name_field(self) -> Field | None:
        return next((field for field in self.fields.values() if field.name_field), None)

    @cached_property
    def keys(self) -> list[Field]:
        """The fields that the store keeps an index of."""
        return [field for field in self.fields.values() if field.is_key]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """What a new record holds before anything was said."""
        return {field.name: field.default for field in self.fields.values() if field.default is not None}


@dataclass(eq=False)
class Schema:
    """All objects that one API of one org knows; compared by identity, so that plans of queries can be kept by it."""

    objects: dict[str, Entity]
    _children: dict[str, dict[str, ChildRelationship]] = field(default_factory=dict)

    def find(self, name: str) -> Entity | None:
        return self.objects.get(name.lower())

    def children(self, entity: Entity) -> list[ChildRelationship]:
        """Every field that refers to the object, named or not."""
        return [
            ChildRelationship(field.child_relationship_name, child.name, field)
            for child in self.objects.values()
            for field in child.fields.values()
            if field.kind in IDS and entity.name in field.reference_to
        ]

    def named_children(self, entity: Entity) -> dict[str, ChildRelationship]:
        """By lower-case relationship name, of children whose records are in the store."""
        if entity.name not in self._children:
            self._children[entity.name] = {
                child.name.lower(): child
                for child in self.children(entity)
                if child.name is not None and self.objects[child.child.lower()].stored
            }
        return self._children[entity.name]

    def extended(self, entities: list[Entity]) -> "Schema":
        """A schema with these as well; those of the same name are replaced."""
        return Schema(self.objects | {entity.name.lower(): entity for entity in entities})

    def with_fields(self, entity: Entity, fields: list[Field], relationships: dict[str, Relationship]) -> "Schema":
        """A schema in which the object has these fields as well."""
        more = {field.name.lower(): field for field in fields}
        larger = replace(entity, fields=entity.fields | more, relationships=entity.relationships | relationships)
        return self.extended([larger])
