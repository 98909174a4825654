"""The components of one org at one moment: those deployed there, and those that only its SourceMember speaks of."""

from collections.abc import Iterable
from typing import Any

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.metadata.packages import Files
from apps.simulator.metadata.registry import Key, folder_of, key_of_member, main_file, parent_of, source_member
from apps.simulator.metadata.sources import invent
from apps.simulator.metadata.store import Store
from apps.simulator.orgs import Org
from apps.simulator.records import SourceMember, User
from apps.simulator.world import World

_ID_PREFIXES = {
    "ApexClass": "01p",
    "ApexComponent": "099",
    "ApexPage": "066",
    "ApexTrigger": "01q",
    "AuraDefinitionBundle": "0Ab",
    "CustomField": "00N",
    "CustomObject": "01I",
    "FlexiPage": "0M0",
    "Flow": "300",
    "Layout": "00h",
    "LightningComponentBundle": "0Rb",
    "PermissionSet": "0PS",
    "Profile": "00e",
    "StaticResource": "081",
    "ValidationRule": "03d",
}
_STANDARD_OBJECTS = """
Account Asset Campaign Case Contact Contract Event Lead Opportunity Order OrderItem Pricebook2 PricebookEntry Product2
Solution Task User
"""
_STANDARD = {Key("CustomObject", name) for name in _STANDARD_OBJECTS.split()}


def metadata_datetime(text: str) -> str:
    """A date and time as SOAP writes it, from how REST does: 2026-11-21T05:47:47.000Z."""
    return text.replace("+0000", "Z")


class Inventory:
    """`keys` holds what the Metadata API would find, parents of a tracked child included."""

    def __init__(self, world: World, store: Store, org: Org) -> None:
        self._world = world
        self._org = org
        self._rows: dict[Key, SourceMember] = {}
        self._gone: dict[Key, SourceMember] = {}
        if org.tracking is not None:
            self._rows = dict(_by_key(org.tracking.live()))
            self._gone = dict(_by_key(row for row in org.tracking.latest.values() if row.IsNameObsolete))
        self._stored = {key: stored for key, stored in store.stored(org).items() if key not in self._gone}
        self.keys = self._rows.keys() | self._stored.keys() | _STANDARD
        self._children: dict[Key, list[Key]] = {}
        for key in self.keys:
            parent = parent_of(key)
            if parent is not None:
                self._children.setdefault(parent, []).append(key)
        self.keys |= self._children.keys() - self._gone.keys()
        self.keys |= {folder for key in self.keys if (folder := folder_of(key)) is not None}

    def names(self, kind: str) -> list[str]:
        return sorted(key.name for key in self.keys if key.type == kind)

    def children(self, parent: Key) -> list[Key]:
        return sorted(self._children.get(parent, []))

    def source(self, key: Key) -> Files:
        stored = self._stored.get(key)
        return invent(key) if stored is None else stored.files

    def member(self, key: Key) -> tuple[str, str] | None:
        """The MemberType and MemberName under which it is, was or would be tracked, if at all."""
        row = self._rows.get(key) or self._gone.get(key)
        return source_member(key) if row is None else (row.MemberType, row.MemberName)

    def id(self, key: Key) -> str:
        """18 characters, the same as long as the simulator runs."""
        number = self._world.components.number(*(self.member(key) or key))
        return ids.series(_ID_PREFIXES.get(key.type, "0Bm"), self._org.number)(number)

    def properties(self, key: Key, prefix: str = "") -> dict[str, Any]:
        """The FileProperties of a component."""
        created, creator, modified, modifier = self._history(key)
        return {
            "createdById": creator.Id,
            "createdByName": creator.Name,
            "createdDate": metadata_datetime(created),
            "fileName": prefix + main_file(key),
            "fullName": key.name,
            "id": self.id(key),
            "lastModifiedById": modifier.Id,
            "lastModifiedByName": modifier.Name,
            "lastModifiedDate": metadata_datetime(modified),
            "manageableState": "unmanaged",
            "type": key.type,
        }

    def _history(self, key: Key) -> tuple[str, User, str, User]:
        """When and by whom it was made, and last changed."""
        admin, born = self._org.users[0], self._org.organization.CreatedDate or ""
        stored, row = self._stored.get(key), self._rows.get(key)
        created, creator = (born, admin) if stored is None else (salesforce_datetime(stored.created), stored.created_by)
        if row is not None:
            modifier = next((user for user in self._org.users if user.Id[:15] == row.ChangedBy), admin)
            return created, creator, row.LastModifiedDate or born, modifier
        if stored is not None:
            return created, creator, salesforce_datetime(stored.modified), stored.modified_by
        return created, creator, born, admin


def _by_key(rows: Iterable[SourceMember]) -> Iterable[tuple[Key, SourceMember]]:
    for row in rows:
        key = key_of_member(row.MemberType, row.MemberName)
        if key is not None:
            yield key, row
