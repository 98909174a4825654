"""SourceMember of one scratch org: one row per component, latest state only, its id stable, its RevisionCounter
growing with gaps.

The components that an org was born with are one immutable array shared between orgs; their rows are made when they are
read. Only components edited since have rows of their own. That is what lets 10,000 orgs live in one process.
"""

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterator
from operator import itemgetter

from apps.simulator import ids
from apps.simulator.journal import Entry
from apps.simulator.records import SourceMember

Component = int
EMPTY: "array[int]" = array("I")

# Real counters leave gaps. In a baseline every tenth number is missing.
_BASELINE_GAP = 9


def _baseline_counter(index: int) -> int:
    return 1 + index + index // _BASELINE_GAP


class ComponentNames:
    """Numbers every (type, name) once, for all orgs."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], Component] = {}
        self._names: list[tuple[str, str]] = []

    def number(self, member_type: str, member_name: str) -> Component:
        name = (member_type, member_name)
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def name(self, number: Component) -> tuple[str, str]:
        return self._names[number]


class Tracking:
    """`latest` is what really is; `_shown` is what a query sees, which differs while a row is late."""

    __slots__ = (
        "_by_counter",
        "_names",
        "_next_row",
        "_oddities",
        "_row_id",
        "_shown",
        "baseline",
        "born",
        "counter",
        "hidden",
        "latest",
        "owner",
    )

    def __init__(self, org_number: int, names: ComponentNames, baseline: "array[int]", born: str, owner: str) -> None:
        """`born` is the LastModifiedDate, `owner` the ChangedBy (15 characters) of the components that the org starts
        with."""
        self._row_id = ids.series(ids.SOURCE_MEMBER, org_number)
        self._names = names
        self.baseline = baseline
        self.born = born
        self.owner = owner
        self.latest: dict[Component, SourceMember] = {}
        self._shown: dict[Component, SourceMember] = {}
        self._by_counter: list[SourceMember] = []
        self._oddities: dict[str, SourceMember | None] = {}
        self.hidden: list[tuple[Component, SourceMember, Entry]] = []
        self._next_row = len(baseline)
        self.counter = _baseline_counter(len(baseline) - 1) if baseline else 0

    def existing(self, component: Component) -> SourceMember | None:
        """The component's true latest row, whether visible or not."""
        row = self.latest.get(component)
        if row is None and (index := self._baseline_index(component)) is not None:
            row = self._baseline_row(index)
        return row

    def is_live(self, component: Component) -> bool:
        row = self.existing(component)
        return row is not None and not row.IsNameObsolete

    def live(self) -> Iterator[SourceMember]:
        """The true latest row of every component that was not deleted, whether visible or not."""
        for index, component in enumerate(self.baseline):
            if component not in self.latest:
                yield self._baseline_row(index)
        yield from (row for row in self.latest.values() if not row.IsNameObsolete)

    def edit(
        self, component: Component, kind: str, changed_by: str, modified: str, revision: int
    ) -> tuple[SourceMember, str]:
        """Makes the component's next row, not yet shown, and says what the edit amounted to: NEW of a live component
        is a CHANGE, CHANGE of a deleted one makes it NEW again. IsNewMember stays true for what was created in this
        org."""
        before = self.existing(component)
        member_type, member_name = self._names.name(component)
        if before is not None and kind != "DELETE":
            kind = "NEW" if before.IsNameObsolete else "CHANGE"
        if before is None:
            row_id = self._row_id(self._next_row)
            self._next_row += 1
        else:
            row_id = before.Id
        is_new = kind == "NEW" or (before is not None and before.IsNewMember)
        # The component's own id (01p…) is not modelled: MemberIdOrName holds the name, as it does for bundles.
        row = SourceMember(
            row_id, member_name, member_type, member_name, kind == "DELETE", revision, is_new, changed_by, modified
        )
        self.latest[component] = row
        self.counter = max(self.counter, revision)
        return row, kind

    def show(self, component: Component, row: SourceMember) -> SourceMember | None:
        """Lets queries see a row, unless they already see a later one of the same component; returns what they saw."""
        before = self._shown.get(component)
        if before is not None:
            if before.RevisionCounter > row.RevisionCounter and row is not self.latest[component]:
                return before
            self._forget(before)
            self._oddities.pop(row.Id, None)
        self._shown[component] = row
        insort(self._by_counter, row, key=_counter)
        return before

    def reveal(self, row: SourceMember) -> None:
        """Shows a hidden row; nothing happens if it was shown or swept away by a reset since."""
        for hidden in self.hidden:
            if hidden[1] is row:
                self.hidden.remove(hidden)
                self.show(hidden[0], row)
                return

    def _forget(self, row: SourceMember) -> None:
        index = bisect_left(self._by_counter, row.RevisionCounter, key=_counter)
        while self._by_counter[index].Id != row.Id:
            index += 1
        del self._by_counter[index]

    def visible(self, since: int) -> list[SourceMember]:
        """The rows that a query sees with RevisionCounter >= since; the baseline first, then by counter."""
        rows: list[SourceMember] = []
        if since <= _baseline_counter(len(self.baseline)):
            start = bisect_left(range(len(self.baseline)), since, key=_baseline_counter)
            shown = self._shown
            rows = [self._baseline_row(i) for i in range(start, len(self.baseline)) if self.baseline[i] not in shown]
        rows += self._by_counter[bisect_left(self._by_counter, since, key=_counter) :]
        return rows

    def null_counter(self, row: SourceMember) -> None:
        """From now on the row comes with a null counter, until its component is edited again."""
        self._oddities[row.Id] = None

    def double(self, row: SourceMember, former: SourceMember | None) -> None:
        """From now on the row comes twice, first as it was before if it was there, until its component is edited
        again."""
        self._oddities[row.Id] = former or row

    def disturb(self, rows: list[SourceMember]) -> list[SourceMember]:
        """Adds what null_counter and double asked for to the rows of an answer, whatever the query's filter said."""
        if not self._oddities:
            return rows
        disturbed = []
        for row in rows:
            if row.Id not in self._oddities:
                disturbed.append(row)
            elif (former := self._oddities[row.Id]) is None:
                disturbed.append(SourceMember(*row[:5], None, *row[6:]))  # type: ignore[arg-type]
            else:
                disturbed += [former, row]
        return disturbed

    def reset(self) -> None:
        """Tracking starts again: every row vanishes, counters restart from 1."""
        self.baseline = EMPTY
        self.latest, self._shown, self._by_counter, self._oddities, self.hidden = {}, {}, [], {}, []
        self.counter = 0

    def _baseline_index(self, component: Component) -> int | None:
        index = bisect_left(self.baseline, component)
        return index if index < len(self.baseline) and self.baseline[index] == component else None

    def _baseline_row(self, index: int) -> SourceMember:
        member_type, member_name = self._names.name(self.baseline[index])
        return SourceMember(
            self._row_id(index),
            member_name,
            member_type,
            member_name,
            False,
            _baseline_counter(index),
            True,
            self.owner,
            self.born,
        )


_counter = itemgetter(SourceMember._fields.index("RevisionCounter"))
