"""The cursor against thousands of made-up histories: rows late, counters with gaps, resets, deletions, irregular polls.

An org in memory hands out counters in order and shows each row at most LATE seconds later, as Salesforce does. What
the poll found must be what was visible. The same histories against the real poll, simulator and database are in
test_poll_misses_nothing.py.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.changes import cursor as cursors
from apps.changes.cursor import Cursor
from apps.changes.diff import Component, Known
from apps.changes.reading import Reading, read_on
from apps.salesforce.records import SourceMember, SourceMembers

LATE = 1800
START = datetime(2026, 3, 2, tzinfo=UTC)
BIRTH = START - timedelta(days=1)


@dataclass
class Org:
    """SourceMember as it is: one row a component, its latest state, visible some time after its counter was drawn."""

    now: datetime = START
    counter: int = 0
    generation: int = 0
    drawn: list[tuple[datetime, SourceMember]] = field(default_factory=list)  # visible from, row
    calls: int = 0

    def edit(self, name: str, *, late: int, gap: int, obsolete: bool) -> None:
        self.counter += 1 + gap
        row_id = f"{self.generation}:{name}"
        row = SourceMember(row_id, "ApexClass", name, self.counter, False, obsolete, "005", self.now)
        self.drawn.append((self.now + timedelta(seconds=late), row))

    def reset(self) -> None:
        self.counter, self.drawn = 0, []
        self.generation += 1

    def visible(self) -> dict[str, SourceMember]:
        rows: dict[str, SourceMember] = {}
        for at, row in self.drawn:
            if at <= self.now and (
                row.member_name not in rows or rows[row.member_name].revision_counter < row.revision_counter
            ):
                rows[row.member_name] = row
        return rows

    def fetch(self, since: int) -> SourceMembers:
        self.calls += 1
        rows = sorted(self.visible().values(), key=lambda row: row.revision_counter)
        rows = [row for row in rows if row.revision_counter >= since]
        date = self.now.replace(microsecond=0)  # a Date header has whole seconds
        return SourceMembers(rows, date, date, None, 1)


@dataclass
class Watcher:
    """The poll's state as its rows would keep it."""

    cursor: Cursor = field(default_factory=Cursor)
    known: dict[Component, tuple[int, Known]] = field(default_factory=dict)
    feed: list[tuple[int, str, int]] = field(default_factory=list)
    baseline: set[tuple[int, str, int]] = field(default_factory=set)

    def look_up(self, epoch: int, rows: Sequence[SourceMember]) -> tuple[Mapping[Component, Known], Set[str]]:
        known = {
            each: known if at_epoch == epoch else Known(-1, known.is_deleted)
            for each in ((row.member_type, row.member_name) for row in rows)
            for at_epoch, known in [self.known.get(each, (None, None))]
            if known is not None
        }
        return known, frozenset()

    def present(self) -> dict[str, int]:
        """What is known in the present tracking epoch: name → revision."""
        epoch = self.cursor.tracking_epoch
        return {name: known.revision_num for (_, name), (at, known) in self.known.items() if at == epoch}

    def poll(self, org: Org) -> Reading:
        reading = read_on(self.cursor, org.fetch, self.look_up, from_zero=False, late_rows_seconds=LATE)
        self.cursor = reading.cursor
        epoch = reading.cursor.tracking_epoch
        for each in reading.found:
            row = each.row
            self.known[row.member_type, row.member_name] = (epoch, Known(row.revision_counter, row.is_name_obsolete))
            seen = (epoch, row.member_name, row.revision_counter)
            self.baseline.add(seen) if each.is_baseline else self.feed.append(seen)
        return reading


NAMES = st.sampled_from("ABCDEFGH")
EDIT = st.tuples(st.just("edit"), NAMES, st.integers(0, LATE), st.integers(0, 5), st.booleans())
PASS = st.tuples(st.just("pass"), st.integers(1, 4000))
STEPS = st.lists(
    st.one_of(EDIT, EDIT, EDIT, PASS, PASS, st.just(("poll",)), st.just(("poll",)), st.just(("reset",))), max_size=60
)


def follow(steps: list[tuple[Any, ...]]) -> None:
    """Plays a history; at every poll, each component's newest visible revision must be known, and told once."""
    org, watcher = Org(), Watcher()
    org.now = BIRTH
    org.edit("A", late=0, gap=0, obsolete=False)
    org.now = START
    watcher.poll(org)
    for step in [*steps, ("pass", LATE), ("poll",), ("pass", LATE), ("poll",)]:
        org.now += timedelta(seconds=1)
        if step[0] == "edit":
            org.edit(step[1], late=step[2], gap=step[3], obsolete=step[4])
        elif step[0] == "pass":
            org.now += timedelta(seconds=step[1])
        elif step[0] == "reset" and org.visible():
            org.reset()
        else:
            watcher.poll(org)
            known = {
                name: each.revision_num
                for (_, name), (epoch, each) in watcher.known.items()
                if epoch == watcher.cursor.tracking_epoch
            }
            assert known == {name: row.revision_counter for name, row in org.visible().items()}
    assert len(watcher.feed) == len(set(watcher.feed)), "a revision was told twice"
    assert not watcher.baseline & set(watcher.feed)


many = settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@many
@given(STEPS)
def test_whatever_happens_no_revision_is_missed_and_none_is_told_twice(steps: list[tuple[Any, ...]]) -> None:
    follow(steps)


def test_reading_above_the_highest_counter_seen_would_miss_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule that Airbyte and Singer lose rows by. The test above must be able to see that."""
    right = cursors.advance

    def above_the_highest_seen(*args: Any, **values: Any) -> Cursor:
        cursor = right(*args, **values)
        return replace(cursor, safe_counter=cursor.highest_counter + 1, highest_member_id="")

    monkeypatch.setattr(cursors, "advance", above_the_highest_seen)  # the rule itself is what is tried out
    with pytest.raises(AssertionError):
        many(given(STEPS)(follow))()


def test_a_row_that_takes_all_of_its_time_is_found_though_dates_have_whole_seconds() -> None:
    org, watcher = Org(), Watcher()
    org.now += timedelta(seconds=0.5)
    org.edit("A", late=LATE, gap=0, obsolete=False)
    org.edit("B", late=0, gap=0, obsolete=False)
    for wait in (0.25, LATE - 0.5, 60):  # the second poll comes a quarter of a second too early for A
        org.now += timedelta(seconds=wait)
        watcher.poll(org)
    assert watcher.present() == {"A": 1, "B": 2}


def test_a_quiet_org_is_asked_for_one_row_once_its_last_edit_is_half_an_hour_old() -> None:
    org, watcher = Org(), Watcher()
    for name in "ABCDEFGH":
        org.edit(name, late=0, gap=0, obsolete=False)
    for _ in range(4):
        org.now += timedelta(seconds=LATE)
        watcher.poll(org)
    assert len(org.fetch(watcher.cursor.safe_counter).rows) == 1


def test_the_overlap_costs_no_more_calls_than_a_naive_cursor() -> None:
    org, watcher = Org(), Watcher()
    for day in range(100):
        org.edit("A", late=day % LATE, gap=0, obsolete=False)
        org.now += timedelta(seconds=300)
        watcher.poll(org)
    assert org.calls == 100
