"""What a read tells that was not known. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from apps.salesforce.records import SourceMember

# More revisions than this by one person in one poll are one deployment.
BULK_ABOVE = 200

Component = tuple[str, str]  # member type, member name


@dataclass(frozen=True, slots=True)
class Known:
    """What `tracked_components` holds of a component in the present tracking epoch (revision -1: of an older one)."""

    revision_num: int
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A revision that was not known. Baseline ones never reach the feed; bulk ones share a batch id."""

    row: SourceMember
    change_type: str
    is_baseline: bool
    batch_id: UUID | None = None

    @property
    def is_edit(self) -> bool:
        """Somebody's own work: what overlaps and notifications look at."""
        return not self.is_baseline and self.batch_id is None


def compare(known: Mapping[Component, Known], rows: Sequence[SourceMember], *, baselined_at: datetime) -> list[Found]:
    """The revisions among `rows` that `known` does not hold, in the order of their counters.

    A row last modified at or before `baselined_at` (Salesforce's time) is baseline whenever it shows up.
    """
    state = dict(known)
    found = []
    for row in sorted(rows, key=lambda row: row.revision_counter):
        component = (row.member_type, row.member_name)
        before = state.get(component)
        if before is not None and row.revision_counter <= before.revision_num:
            continue
        found.append(Found(row, _change_type(row, before), row.last_modified_date <= baselined_at))
        state[component] = Known(row.revision_counter, row.is_name_obsolete)
    return _with_batches(found)


def _change_type(row: SourceMember, before: Known | None) -> str:
    if row.is_name_obsolete:
        return "DELETE"
    is_live = before is not None and not before.is_deleted
    return "NEW" if row.is_new_member and not is_live else "CHANGE"


def _with_batches(found: list[Found]) -> list[Found]:
    counts = Counter(each.row.changed_by for each in found if not each.is_baseline)
    batches = {person: uuid4() for person, count in counts.items() if count > BULK_ABOVE}
    if not batches:
        return found
    return [
        each
        if each.is_baseline or each.row.changed_by not in batches
        else Found(each.row, each.change_type, is_baseline=False, batch_id=batches[each.row.changed_by])
        for each in found
    ]
