"""A real project's history, replayed: each person works in a scratch org of their own, in a new one after 30 days of
history.

An org is born with the components known at that point of the history. Its edits are held back until its SourceMember
was read to the end once, so that a watcher can tell them from what was there before; then they happen in order, from
the next second on. An org whose person has moved on is deleted, but not before all its edits were there to be read,
twice.
"""

import gzip
import json
from array import array
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from apps.simulator.edits import Change, Edit, apply_edit
from apps.simulator.lifecycle import DAY_SECONDS, Signup, add_hub_user, create_scratch_org, delete, make_hub
from apps.simulator.orgs import Org
from apps.simulator.people import HUB_DOMAIN, make_people
from apps.simulator.world import World

ORG_LIFE_DAYS = 30
BORN_AHEAD_SECONDS = 60
READS_BEFORE_DELETION = 2
BULK_FROM = 200
HUB_AGE_DAYS = 900


@dataclass(frozen=True, slots=True)
class Line:
    """One edit of the history; `at` in seconds since 1970."""

    at: float
    person: str
    member_type: str
    member_name: str
    kind: Change
    bulk_id: str | None


@dataclass(slots=True, eq=False)
class Life:
    """One scratch org of one person: when it is born (history), with what, and what still comes. `held` waits for a
    first reading."""

    person: str
    number: int
    born: float
    baseline: "array[int]"
    to_come: int = 0
    org: Org | None = None
    held: list[Line] = field(default_factory=list)
    superseded: bool = False
    last_edit_at: float = 0
    reads_after_last_edit: int = 0


class Replay:
    """`pending` counts the edits that did not happen yet, held ones included. Lines that cannot happen (a person
    deletes what their org never had) are left out when their time comes."""

    def __init__(self, world: World, file: Path, limit: int | None, speed: float) -> None:
        self._world = world
        self._speed = speed
        lines = read_history(file, limit)
        self._history_start = lines[0].at
        self._start = world.clock.now()
        self.pending = len(lines)
        self._plan = plan_lives(world, lines)
        self._next = 0
        self._life_of_org: dict[str, Life] = {}
        self._current: dict[str, Life] = {}
        self._names = dict(
            zip(dict.fromkeys(line.person for line in lines), cycle(make_people(500, world.random)), strict=False)
        )
        make_hub(world, [], self._start - HUB_AGE_DAYS * DAY_SECONDS)
        for life in dict.fromkeys(life for life, _ in self._plan):
            world.at(self._time(life.born) - BORN_AHEAD_SECONDS, partial(self._bear, life))
        world.at(self._start, self._happen)
        world.catch_up()

    def was_read(self, org: Org, started: float, finished: float) -> None:
        """Releases what the org held back; deletes it, a while after, when it has served its person."""
        life = self._life_of_org.get(org.id)
        if life is None:
            return
        if life.held:
            held, life.held = life.held, []
            for line in held:
                self._apply_after_reading(life, line, finished)
        elif life.superseded and life.to_come == 0 and started > life.last_edit_at:
            life.reads_after_last_edit += 1
            if life.reads_after_last_edit == READS_BEFORE_DELETION:
                self._world.at(finished + 1, partial(self._delete, org))

    def _time(self, history: float) -> float:
        """When a moment of the history comes, by the simulator's clock."""
        return self._start + (history - self._history_start) / self._speed

    def _happen(self, at: float) -> None:
        """Everything of the history up to now; then waits for its next moment."""
        while self._next < len(self._plan):
            life, line = self._plan[self._next]
            due = self._time(line.at)
            if due > at:
                self._world.at(due, self._happen)
                return
            self._next += 1
            if life.org is None or life.org.read_at is None:
                life.held.append(line)
            else:
                self._apply_after_reading(life, line, at)

    def _apply_after_reading(self, life: Life, line: Line, at: float) -> None:
        """LastModifiedDate has whole seconds: an edit must not fall into the second of the first reading."""
        read_at = life.org.read_at if life.org else None
        if read_at is not None and int(at) <= int(read_at):
            self._world.at(int(read_at) + 1, partial(self._apply, life, line))
        else:
            self._apply(life, line, at)

    def _apply(self, life: Life, line: Line, at: float) -> None:
        self.pending -= 1
        life.to_come -= 1
        org = life.org
        if org is None or org.tracking is None:
            return
        live = org.tracking.is_live(self._world.components.number(line.member_type, line.member_name))
        if line.kind == "DELETE" and not live:
            return
        kind: Change = line.kind if line.kind == "DELETE" else "CHANGE" if live else "NEW"
        entry = apply_edit(self._world, org, Edit(line.member_type, line.member_name, kind, bulk_id=line.bulk_id), at)
        life.last_edit_at = max(life.last_edit_at, entry.visible_at or at)
        life.reads_after_last_edit = 0

    def _bear(self, life: Life, at: float) -> None:
        """The life's org signs up, for the person's user in the DevHub."""
        hub = self._world.hub
        before = self._current.get(life.person)
        if before is not None:
            before.superseded = True
        self._current[life.person] = life
        username = f"{life.person}@{HUB_DOMAIN}"
        person = self._names[life.person]
        owner = hub.user(username) or add_hub_user(self._world, person, username, at)
        life.org = create_scratch_org(
            self._world,
            Signup(
                owner=owner,
                created=at,
                username=f"{life.person}.{life.number}@helios.scratch",
                first=person.first,
                last=person.last,
                days=ORG_LIFE_DAYS,
                connected_app=self._world.hub_app.client_id,
                baseline=life.baseline,
            ),
        )
        self._life_of_org[life.org.id] = life

    def _delete(self, org: Org, at: float) -> None:
        delete(self._world, org, org.owner or self._world.hub.users[0], at)


def read_history(file: Path, limit: int | None) -> list[Line]:
    """The file's first `limit` lines; {"at", "person", "type", "name", "kind"} each, gzipped. ValueError where there
    is none."""
    with gzip.open(file, "rt") as text:
        records = [json.loads(line) for line in islice(text, limit)]
    if not records:
        raise ValueError(f"{file} holds no edits")
    together = Counter((record["person"], record["at"]) for record in records)
    lines = []
    for record in records:
        key = (record["person"], record["at"])
        bulk_id = f"{record['person']} {record['at']}" if together[key] > BULK_FROM else None
        at = datetime.fromisoformat(record["at"]).timestamp()
        lines.append(Line(at, record["person"], record["type"], record["name"], record["kind"], bulk_id))
    return lines


def plan_lives(world: World, lines: list[Line]) -> list[tuple[Life, Line]]:
    """Which org each edit happens in, in the order of the history."""
    plan = []
    current: dict[str, Life] = {}
    known: set[int] = set()
    for line in lines:
        life = current.get(line.person)
        if life is None or line.at >= life.born + ORG_LIFE_DAYS * DAY_SECONDS:
            number = life.number + 1 if life else 1
            life = current[line.person] = Life(line.person, number, line.at, array("I", sorted(known)))
        life.to_come += 1
        plan.append((life, line))
        component = world.components.number(line.member_type, line.member_name)
        if line.kind == "DELETE":
            known.discard(component)
        else:
            known.add(component)
    return plan
