"""The records of one org's standard and custom objects. Made when somebody first asks for them."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from apps.simulator import ids
from apps.simulator.data.catalogue import schema_of
from apps.simulator.data.declarations import declare
from apps.simulator.data.entities import Entity, Field
from apps.simulator.orgs import Org
from apps.simulator.records import IDS, TEXTS

MAX_ROWS = 100_000  # 200 MB of data storage, 2 KB a record, as a Developer Edition scratch org has
MAX_DELETED_ROWS = 5_000
STANDARD_PRICE_BOOK = "Standard Price Book"


class Row(dict[str, Any]):
    """A record by its fields' names; fields never set are None. A saved row never changes: an update saves another."""

    __slots__ = ("store",)
    store: "Store"

    def __missing__(self, _: str) -> None:
        return None

    def changed(self, values: dict[str, Any]) -> "Row":
        row = Row(self)
        row.store = self.store
        row.update(values)
        return row


Key = tuple[str, str, Any]


class Store:
    """Rows by id and by the fields that records are found by. Deleted rows stay in the recycle bin for a while."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.schema = schema_of(org)
        self._rows: dict[str, dict[str, Row]] = {}
        self._deleted: OrderedDict[str, tuple[Entity, Row]] = OrderedDict()
        self._index: dict[Key, dict[str, Row]] = {}
        self._names: dict[str, str] = {}
        self._id_series: dict[str, Callable[[int], str]] = {}
        self._serials: dict[str, count[int]] = {}
        self._prefixes = count()
        self._undo: list[Callable[[], None]] | None = None
        self._size = 0

    def declare(self, objects: list[dict[str, Any]]) -> None:
        """Custom objects, platform events and custom fields (declarations.py) are there from now on."""
        before = self.schema
        self.schema = declare(before, objects, self._prefixes)
        for entity in self.schema.objects.values():
            if before.find(entity.name) is not entity:
                for row in self.rows(entity.name):
                    self._enter(entity, row.changed(entity.defaults | row))

    def new_row(self) -> Row:
        row = Row()
        row.store = self
        return row

    def new_id(self, entity: Entity) -> str:
        """The next 18-character id of the object."""
        series = self._id_series.get(entity.name)
        if series is None:
            series = self._id_series[entity.name] = ids.series(entity.key_prefix or "000", self.org.number)
        return series(self.next_number(entity.name, 1))

    def next_number(self, name: str, first: int) -> int:
        """Counts up from `first`, for ids and auto numbers; numbers are never given back."""
        return next(self._serials.setdefault(name, count(first)))

    @property
    def is_full(self) -> bool:
        return self._size >= MAX_ROWS

    def rows(self, name: str, *, deleted: bool = False) -> list[Row]:
        """The object's records in the order of their making, with those in the recycle bin if asked."""
        found = list(self._rows.get(name, {}).values())
        return found + [row for entity, row in self._deleted.values() if entity.name == name] if deleted else found

    def find(self, record_id: str) -> Row | None:
        """By an id of 15 or 18 characters; None if it was deleted."""
        name = self._names.get(record_id[:15])
        return self._rows[name].get(record_id[:15]) if name is not None else None

    def was_deleted(self, record_id: str) -> bool:
        return record_id[:15] in self._deleted

    def parent(self, record_id: str | None) -> Any:
        """The record that a reference names, be it a row or a user; None where there is none."""
        if record_id is None:
            return None
        if record_id.startswith(ids.USER):
            return next((user for user in self.org.users if user.Id == record_id), None)
        return self.find(record_id)

    def where(self, entity: Entity, field: Field, value: Any) -> list[Row]:
        """The object's rows with that value in a key field (Field.is_key)."""
        return list(self._index.get(_key(entity, field, value), {}).values())

    def save(self, entity: Entity, row: Row) -> None:
        """Adds the row, or puts it in the place of the one with its id."""
        before = self.find(row["Id"])
        self._enter(entity, row)
        self._remember(lambda: self._enter(entity, before) if before else self._leave(entity, row))

    def remove(self, entity: Entity, row: Row) -> None:
        """Moves the row to the recycle bin, where it holds the time of its deletion."""
        self._leave(entity, row)
        self._deleted[row["Id"][:15]] = entity, row
        if len(self._deleted) > MAX_DELETED_ROWS:
            self._deleted.popitem(last=False)
        self._remember(lambda: self._restore(entity, row))

    @contextmanager
    def all_or_none(self) -> Iterator[None]:
        """What is saved and removed in here is undone if it ends with an exception."""
        outer, self._undo = self._undo, []
        try:
            yield
        except BaseException:
            steps, self._undo = self._undo, None
            for step in reversed(steps):
                step()
            self._undo = outer
            raise
        steps, self._undo = self._undo, outer
        for step in steps:
            self._remember(step)

    def _remember(self, step: Callable[[], None]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def _enter(self, entity: Entity, row: Row) -> None:
        key = row["Id"][:15]
        rows = self._rows.setdefault(entity.name, {})
        before = rows.get(key)
        if before is None:
            self._size += 1
        else:
            self._unindex(entity, before)
        rows[key] = row
        self._names[key] = entity.name
        for field in entity.keys:
            if row[field.name] is not None:
                self._index.setdefault(_key(entity, field, row[field.name]), {})[key] = row

    def _leave(self, entity: Entity, row: Row) -> None:
        key = row["Id"][:15]
        self._unindex(entity, self._rows[entity.name].pop(key))
        del self._names[key]
        self._size -= 1

    def _restore(self, entity: Entity, row: Row) -> None:
        self._deleted.pop(row["Id"][:15], None)
        self._enter(entity, row.changed({"IsDeleted": False}))

    def _unindex(self, entity: Entity, row: Row) -> None:
        for field in entity.keys:
            if row[field.name] is None:
                continue
            key = _key(entity, field, row[field.name])
            self._index[key].pop(row["Id"][:15], None)
            if not self._index[key]:
                del self._index[key]


def _key(entity: Entity, field: Field, value: Any) -> Key:
    """Text is unique without regard to case; ids are alike in 15 and 18 characters."""
    if field.kind in IDS:
        value = value[:15]
    elif field.kind in TEXTS:
        value = value.lower()
    return entity.name, field.name, value


def store_of(org: Org) -> Store:
    """The org's store; the first time it is made, with the standard price book that every org has."""
    if org.data is None:
        org.data = store = Store(org)
        entity = store.schema.objects["pricebook2"]
        stamp, by = org.organization.CreatedDate, org.users[0].Id
        row = store.new_row()
        row.update(entity.defaults)
        row.update(dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp))
        row.update(Id=store.new_id(entity), CreatedById=by, LastModifiedById=by)
        row.update(Name=STANDARD_PRICE_BOOK, IsActive=True, IsStandard=True)
        store.save(entity, row)
    return org.data
