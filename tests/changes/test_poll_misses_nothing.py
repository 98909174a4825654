"""The real poll against made-up histories: simulator, PostgreSQL, and Hypothesis, which looks for the worst one.

Two orgs are edited, deployed to, reset and polled at odd times. After each poll the feed must hold what a reader of the
simulator's journal expects of it, no more and no less. (test_cursor.py plays many more histories, in memory.)
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from pytest_django.fixtures import Settings

from apps.changes import cursor as cursors
from apps.changes.cursor import Cursor
from apps.changes.models import Person, SourceChange, TrackedComponent
from apps.orgs.models import ScratchOrg
from tests.simulators import Simulator
from tests.watching import Watch, simulated, watch

pytestmark = pytest.mark.django_db(transaction=True)

LATE_ROWS_SECONDS = 1800
BULK_ABOVE = 200
BORN_WITH = 3
Component = tuple[str, str]
Entry = dict[str, Any]  # of the simulator's journal
Told = tuple[str, str, str, int, str, bool]  # type, name, kind, revision, user id, bulk


@dataclass
class Model:
    """What a careful reader of the journal expects of one org's feed."""

    org: ScratchOrg
    journal: list[Entry] = field(default_factory=list)  # since the last reset
    reset: bool = False  # since the last poll
    baselined_at: datetime | None = None  # whole seconds, as Salesforce's Date header
    live: dict[Component, bool] = field(default_factory=dict)  # as last seen
    seen: dict[Component, int] = field(default_factory=dict)  # revisions, since the last reset that was noticed
    born_with: set[Component] = field(default_factory=set)

    def visible(self, now: datetime) -> dict[Component, Entry]:
        """The newest visible entry of each component: SourceMember shows no other."""
        rows: dict[Component, Entry] = {}
        for entry in self.journal:  # counters rise
            if datetime.fromisoformat(entry["visible_at"]) <= now:
                rows[entry["member_type"], entry["member_name"]] = entry
        return rows

    def poll(self, now: datetime) -> list[Told]:
        """What a poll now must add to the feed."""
        if self.reset and self.seen:
            self.seen, self.baselined_at = {}, None
        self.reset = False
        self.baselined_at = self.baselined_at or now.replace(microsecond=0)
        news = [row for what, row in self.visible(now).items() if row["revision"] > self.seen.get(what, 0)]
        told = [row for row in news if datetime.fromisoformat(row["at"]).replace(microsecond=0) > self.baselined_at]
        people = Counter(row["person"] for row in told)
        expected = [self._told(row, people[row["person"]] > BULK_ABOVE) for row in told]
        for row in news:
            what = (row["member_type"], row["member_name"])
            self.seen[what], self.live[what] = row["revision"], row["kind"] != "DELETE"
        return expected

    def _told(self, row: Entry, bulk: bool) -> Told:
        what = (row["member_type"], row["member_name"])
        made_here = what in self.born_with or any(
            entry["kind"] == "NEW" and (entry["member_type"], entry["member_name"]) == what
            for entry in self.journal
            if entry["seq"] <= row["seq"]
        )
        kind = "DELETE" if row["kind"] == "DELETE" else "NEW" if made_here and not self.live.get(what) else "CHANGE"
        return (*what, kind, row["revision"], row["user_id"], bulk)


ORG = st.integers(0, 1)
NAMES = st.sampled_from("ABCDEF")
PERSON = st.sampled_from(["ann", "ben"])
GAP = st.integers(0, 3)
LATE = st.one_of(st.just(0), st.just(0), st.integers(1, LATE_ROWS_SECONDS), st.just(LATE_ROWS_SECONDS))


class Histories(RuleBasedStateMachine):
    """`watched` is set by the test; each history has two new orgs."""

    watched: Watch

    def __init__(self) -> None:
        super().__init__()
        made = self.watched.simulator.create_orgs(count=2, components=BORN_WITH, days=30)
        self.now = datetime.fromisoformat(self.watched.simulator.step(1))
        self.watched.sync()
        self.models = [Model(self.watched.org(org["org_id"])) for org in made]
        self.position = self.feed_position()
        self.deployed = False
        for model in self.models:
            self.watched.sweep(model.org, threads=1)
            model.poll(self.now)
            model.seen = self.known(model)
            model.live = dict.fromkeys(model.seen, True)
            model.born_with = set(model.seen)
        self.catalogue = sorted(self.models[0].born_with)
        assert len(self.catalogue) == BORN_WITH

    def feed_position(self) -> int:
        self.watched.team.refresh_from_db()
        return self.watched.team.feed_position

    def edit(self, org: int, edits: list[tuple[Component, str, int, int, bool]], person: str) -> None:
        """(component, kind, gap before its counter, seconds until it is visible, comes twice) of each. What is visible
        later comes once."""
        model = self.models[org]
        counter = max([entry["revision"] for entry in model.journal] or model.seen.values(), default=0)
        if model.reset and not model.journal:
            counter = 0
        commands = []
        for (member_type, member_name), kind, gap, late, twice in edits:
            counter += 1 + gap
            command = {"member_type": member_type, "member_name": member_name, "kind": kind, "revision": counter}
            command |= {"org_id": model.org.org_id, "person": f"{person}.{model.org.org_id.lower()}@example.com"}
            commands.append(command | ({"visible_after_seconds": late} if late else {"duplicate": twice}))
        model.journal += self.watched.simulator.edits(commands)

    @rule(org=ORG, name=NAMES, kind=st.sampled_from(["NEW", "CHANGE", "CHANGE", "DELETE"]), gap=GAP, late=LATE,
          person=PERSON, twice=st.booleans())  # fmt: skip
    def somebody_edits(self, *, org: int, name: str, kind: str, gap: int, late: int, person: str, twice: bool) -> None:
        self.edit(org, [(("ApexClass", name), kind, gap, late, twice)], person)

    @rule(org=ORG, number=st.integers(0, BORN_WITH - 1), kind=st.sampled_from(["CHANGE", "DELETE"]), gap=GAP, late=LATE,
          person=PERSON)  # fmt: skip
    def somebody_edits_what_was_there(
        self, *, org: int, number: int, kind: str, gap: int, late: int, person: str
    ) -> None:
        self.edit(org, [(self.catalogue[number], kind, gap, late, False)], person)

    @rule(org=ORG, size=st.sampled_from([150, 201, 2050, 4100]), share_late=st.integers(0, 3), person=PERSON)
    @precondition(lambda self: not self.deployed)
    def somebody_deploys(self, org: int, size: int, share_late: int, person: str) -> None:
        """More than a page; part of it is visible minutes after the rest (forcedotcom/cli#572)."""
        self.deployed = True
        late = [900 if number % 4 < share_late else 0 for number in range(size)]
        self.edit(org, [(("Layout", f"L{n}"), "NEW", 0, seconds, False) for n, seconds in enumerate(late)], person)

    @rule(org=ORG)
    def tracking_is_reset(self, org: int) -> None:
        model = self.models[org]
        self.watched.simulator.reset_tracking(model.org.org_id)
        model.journal, model.reset, model.born_with = [], True, set()  # what was there has no row any more

    @rule(quarters=st.one_of(st.integers(1, 40), st.integers(1, 4 * 2 * LATE_ROWS_SECONDS)))
    def time_passes(self, quarters: int) -> None:
        self.now = datetime.fromisoformat(self.watched.simulator.step(quarters / 4))

    @rule(only=st.sampled_from([None, None, 0, 1]))
    def sweep(self, only: int | None = None) -> None:
        polled = self.models if only is None else [self.models[only]]
        for model in polled:
            self.watched.sweep(model.org, threads=1)
        expected = [(model.org.pk, told) for model in polled for told in model.poll(self.now)]
        assert Counter(self.told_since_last_sweep()) == Counter(expected)
        for model in polled:
            assert self.known(model) == model.seen

    def told_since_last_sweep(self) -> Iterator[tuple[int, Told]]:
        changes = SourceChange.objects.filter(team=self.watched.team, feed_position__gt=self.position)
        names = dict(Person.objects.filter(scratch_org__team=self.watched.team).values_list("user_id", "username"))
        for each in changes:
            assert names[each.changed_by].split(".")[0] in ("ann", "ben")
            kind, revision, bulk = each.change_type, each.revision_num, each.is_bulk
            yield each.scratch_org_id, (each.member_type, each.member_name, kind, revision, each.changed_by, bulk)
        self.position = self.feed_position()

    def known(self, model: Model) -> dict[Component, int]:
        epoch = ScratchOrg.objects.values_list("tracking_epoch", flat=True).get(pk=model.org.pk)
        known = TrackedComponent.objects.filter(scratch_org=model.org, tracking_epoch=epoch)
        return {(each.member_type, each.member_name): each.revision_num for each in known}

    def teardown(self) -> None:
        """Nothing is outstanding once every late row had its time."""
        try:
            self.time_passes(4 * LATE_ROWS_SECONDS)
            self.sweep()
        finally:
            for model in self.models:
                self.watched.simulator.delete(model.org.org_id)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), orgs=0) as running:
        yield running


@pytest.fixture
def machine(simulator: Simulator, settings: Settings) -> type[Histories]:
    settings.LATE_ROWS_SECONDS = LATE_ROWS_SECONDS
    Histories.watched = watch(simulator, settings)
    return Histories


def play(machine: type[Histories], histories: int, **more: Any) -> None:
    run_state_machine_as_test(
        machine,
        settings=hypothesis_settings(
            max_examples=histories,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_whatever_happens_each_poll_tells_the_newest_visible_revisions_once(machine: type[Histories]) -> None:
    play(machine, 40)


def test_a_cursor_above_the_highest_counter_seen_is_found_out(
    machine: type[Histories], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rule that Airbyte and Singer lose rows by. The test above must be able to see that."""
    right = cursors.advance

    def above_the_highest_seen(*args: Any, **values: Any) -> Cursor:
        cursor = right(*args, **values)
        return replace(cursor, safe_counter=cursor.highest_counter + 1, highest_member_id="")

    monkeypatch.setattr(cursors, "advance", above_the_highest_seen)  # the rule itself is what is tried out
    with pytest.raises(AssertionError):
        play(machine, 40, phases=[Phase.generate], derandomize=True)
