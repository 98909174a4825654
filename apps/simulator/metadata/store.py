"""What deploys brought into the orgs: each component's files, and who made and changed it when."""

from dataclasses import dataclass

from apps.simulator.metadata.packages import Files
from apps.simulator.metadata.registry import Key
from apps.simulator.orgs import Org
from apps.simulator.records import User

MAX_STORED_BYTES = 128_000_000
_BYTES_PER_FILE = 200  # what a component costs besides its contents


@dataclass(frozen=True, slots=True)
class Stored:
    """Times are seconds since 1970."""

    files: Files
    created: float
    created_by: User
    modified: float
    modified_by: User


def size_of(files: Files) -> int:
    return sum(_BYTES_PER_FILE + len(path) + len(content) for path, content in files.items())


class Store:
    """One for all orgs; nothing is kept for an org until something is deployed there."""

    def __init__(self) -> None:
        self._orgs: dict[str, tuple[Org, dict[Key, Stored]]] = {}
        self._bytes = 0

    def stored(self, org: Org) -> dict[Key, Stored]:
        """To be read only."""
        return self._orgs[org.id][1] if org.id in self._orgs else {}

    def has_room(self, more: int) -> bool:
        """Whether so many bytes more may be stored, over all orgs, once what deleted orgs had is forgotten."""
        if self._bytes + more > MAX_STORED_BYTES:
            for org, components in [entry for entry in self._orgs.values() if not entry[0].alive]:
                self._bytes -= sum(size_of(stored.files) for stored in components.values())
                del self._orgs[org.id]
        return self._bytes + more <= MAX_STORED_BYTES

    def put(self, org: Org, key: Key, files: Files, user: User, at: float) -> None:
        before = self.stored(org).get(key)
        self.remove(org, key)
        created, created_by = (before.created, before.created_by) if before else (at, user)
        self._orgs.setdefault(org.id, (org, {}))[1][key] = Stored(files, created, created_by, at, user)
        self._bytes += size_of(files)

    def remove(self, org: Org, key: Key) -> None:
        if org.id in self._orgs and (stored := self._orgs[org.id][1].pop(key, None)) is not None:
            self._bytes -= size_of(stored.files)
