"""A real project's history is replayed, and after each step somebody asks for a sweep.

SCRATCHER_REPLAY names the history (one edit a line, .jsonl.gz); without it the test makes one up. The simulator's
journal is the truth: what each sweep stores must be the newest revision of each component that was edited since the
sweep before, once, with its kind and its person, and nothing else.
"""

import gzip
import json
import os
import random
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.accounts.keys import Scope, create_api_key
from tests.processes import Api, scratcher, web
from tests.watching import Watch, simulated, watch

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

EDITS = 5_200  # some lines cannot happen: somebody deletes what their org never had
SWEEPS = 28
SPEED = 2_000  # seconds of the history in one of the simulator's
BULK_ABOVE = 200

Component = tuple[str, str, str]  # org, member type, member name


@dataclass
class Truth:
    """What the journal says, as far as sweeps could see it."""

    live: dict[Component, bool] = field(default_factory=dict)
    last_edit: dict[Component, tuple[str, str]] = field(default_factory=dict)  # user, last modified
    edits: int = 0

    def expect(self, entries: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
        """What a sweep must store after these entries: org, type, name, kind, revision, user, bulk or not."""
        windows: dict[Component, list[dict[str, Any]]] = defaultdict(list)
        for entry in entries:
            windows[entry["org_id"], entry["member_type"], entry["member_name"]].append(entry)
        by_person: dict[tuple[str, str], int] = defaultdict(int)
        for (org, *_), window in windows.items():
            by_person[org, window[-1]["user_id"]] += 1
        expected = set()
        for component, window in windows.items():
            newest = window[-1]
            bulk = by_person[component[0], newest["user_id"]] > BULK_ABOVE
            expected.add((*component, self._kind(component, window), newest["revision"], newest["user_id"], bulk))
            if not bulk:
                self.last_edit[component] = newest["user_id"], newest["at"]
        self.edits += len(entries)
        return expected

    def _kind(self, component: Component, window: list[dict[str, Any]]) -> str:
        was_live = self.live.get(component, window[0]["kind"] != "NEW")
        self.live[component] = window[-1]["kind"] != "DELETE"
        if window[-1]["kind"] == "DELETE":
            return "DELETE"
        return "CHANGE" if was_live else "NEW"

    def overlaps(self, active: set[str]) -> dict[tuple[str, str], set[tuple[str, str]]]:
        """By a plain loop: component → (org, who edited it last), where two active orgs or more have edits of it."""
        orgs: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
        for (org, member_type, member_name), (user, _) in self.last_edit.items():
            if org in active and (member_type, member_name) != ("Profile", "Admin"):  # the team's noise rule
                orgs[member_type, member_name].add((org, user))
        return {component: edits for component, edits in orgs.items() if len(edits) > 1}


def test_every_sweep_stores_what_was_edited_since_the_one_before(tmp_path: Path, settings: Settings) -> None:
    history = _history(tmp_path)
    truth, told, position, seen = Truth(), 0, 0, 0
    with simulated(
        tmp_path / "simulator", scenario="replay", replay=history, replay_edits=EDITS, speed=SPEED
    ) as simulator:
        watched = watch(simulator, settings)
        with _running(watched) as api:
            for seconds in [1, *_steps(history), 1, 1, 1]:
                simulator.step(seconds)
                watched.sync()
                news = [entry for entry in simulator.journal(after=seen) if not entry["baseline"]]
                seen = max((entry["seq"] for entry in news), default=seen)
                api.sweep(60)
                changes, position = api.changes(position)
                assert _as_told(changes) == truth.expect(news)
                assert len(changes) == len(_as_told(changes)), "a change was told twice"
                told += len(changes)
            state = simulator.state()
            assert state["pending_edits"] == 0
            assert truth.edits >= min(5_000, len(_lines(history)) * 0.95)
            assert told > truth.edits / 2
            active = {org["org_id"] for org in state["orgs"] if org["alive"]}
            assert _overlaps(api) == truth.overlaps(active)


def _as_told(changes: list[dict[str, Any]]) -> set[tuple[Any, ...]]:
    return {
        (
            each["org"]["org_id"],
            each["member_type"],
            each["member_name"],
            each["change_type"],
            each["revision_num"],
            each["changed_by"]["id"],
            each["is_bulk"],
        )
        for each in changes
    }


def _overlaps(api: Api) -> dict[tuple[str, str], set[tuple[str, str]]]:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    cursor: dict[str, str] = {}
    while True:
        page = api.get("/api/overlaps", days=14, **cursor)
        for each in page["overlaps"]:
            edits = {(edit["org"]["org_id"], edit["changed_by"]["id"]) for edit in each["orgs"]}
            assert each["org_count"] == len(edits)
            found[each["member_type"], each["member_name"]] = edits
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


@contextmanager
def _running(watched: Watch) -> Iterator[Api]:
    """Workers, beat and web, with an API key of the team."""
    _, key = create_api_key(team=watched.team, name="journey", scopes=list(Scope))
    processes = {"worker": 1, "upkeep": 1, "beat": 1}
    with scratcher(watched.simulator, processes, REQUESTS_PER_MINUTE="0") as running, web(running, key) as api:
        yield api


def _history(folder: Path) -> Path:
    given = os.environ.get("SCRATCHER_REPLAY")
    return Path(given) if given else _made_up(folder / "history.jsonl.gz")


def _made_up(file: Path) -> Path:
    """Eight people, three hundred components, two years: the same at each run."""
    rng = random.Random(7)
    kinds = {f"person-{number:03}": set[str]() for number in range(8)}
    at = datetime.fromisoformat("2020-01-06T08:00:00+00:00")
    with gzip.open(file, "wt") as lines:
        for _ in range(EDITS):
            at += timedelta(seconds=rng.expovariate(1 / 12_000))
            person, name = rng.choice(list(kinds)), f"Class{rng.randrange(300)}"
            kind = "NEW" if name not in kinds[person] else rng.choices(["CHANGE", "DELETE"], [9, 1])[0]
            kinds[person] ^= {name} if kind != "CHANGE" else set()
            edit = {"at": f"{at:%Y-%m-%dT%H:%M:%SZ}", "person": person, "type": "ApexClass", "name": name, "kind": kind}
            lines.write(json.dumps(edit) + "\n")
    return file


def _lines(history: Path) -> list[dict[str, Any]]:
    with gzip.open(history, "rt") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(EDITS), strict=False)]


def _steps(history: Path) -> Iterator[float]:
    """By how many seconds to step the clock, so that each step has about as many edits."""
    times = [datetime.fromisoformat(line["at"]) for line in _lines(history)]
    size = -(-len(times) // SWEEPS)
    before = times[0]
    for at in [*times[size - 1 :: size], times[-1]]:
        yield max(1.0, (at - before).total_seconds() / SPEED)
        before = at
