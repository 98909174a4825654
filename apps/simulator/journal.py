"""What really happened: every edit, in the order in which it happened. Tests take this as the truth."""

from dataclasses import dataclass
from typing import Any

from apps.simulator.clock import iso


@dataclass(slots=True)
class Entry:
    """One edit. `visible_at` is None while the row is hidden without a term; `baseline` says that it happened at or
    before the first time (to the second) that the org's SourceMember was read to its end, so a watcher cannot tell it
    from what was there before."""

    seq: int
    at: float
    visible_at: float | None
    org_id: str
    source_member_id: str
    member_type: str
    member_name: str
    kind: str
    person: str
    user_id: str
    revision: int
    baseline: bool
    bulk_id: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "at": iso(self.at),
            "visible_at": None if self.visible_at is None else iso(self.visible_at),
            "org_id": self.org_id,
            "source_member_id": self.source_member_id,
            "member_type": self.member_type,
            "member_name": self.member_name,
            "kind": self.kind,
            "person": self.person,
            "user_id": self.user_id,
            "revision": self.revision,
            "baseline": self.baseline,
            "bulk_id": self.bulk_id,
        }


class Journal:
    """Numbered from 1, without gaps."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    @property
    def last(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def after(self, seq: int, limit: int) -> list[Entry]:
        return self._entries[max(seq, 0) : max(seq, 0) + limit]
