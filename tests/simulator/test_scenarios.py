import gzip
import json
from collections import Counter
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from tests.simulator.conftest import SOURCE_MEMBERS, Api
from tests.simulators import Simulator, simulator


def write_history(path: Path, edits: list[tuple[float, str, str, str]]) -> Path:
    """(day, person, class name, kind)"""
    start = datetime.fromisoformat("2020-01-01T00:00:00+00:00")
    with gzip.open(path, "wt") as file:
        for day, person, name, kind in edits:
            at = (start + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
            line = {"at": at, "person": person, "type": "ApexClass", "name": name, "kind": kind}
            file.write(json.dumps(line) + "\n")
    return path


HISTORY = [
    (0.0, "ann", "One", "NEW"),
    (1.0, "ann", "Two", "NEW"),
    (2.0, "ben", "Two", "CHANGE"),
    (3.0, "ben", "Three", "NEW"),
    (4.0, "ann", "Three", "CHANGE"),
    (5.0, "ann", "Nowhere", "DELETE"),
    (6.0, "ben", "One", "DELETE"),
    (40.0, "ann", "Two", "CHANGE"),
]
DAY_BY_CLOCK = 86_400 / 2_000


def api_of(running: Simulator, org: dict[str, Any]) -> Api:
    return Api(running, running.login_as(org["org_id"])["access_token"])


def names(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(entry["person"].split(".")[0], entry["member_name"], entry["kind"]) for entry in entries]


def test_a_replayed_org_is_born_with_what_was_known_and_holds_its_edits_until_it_was_read(tmp_path: Path) -> None:
    history = write_history(tmp_path / "history.jsonl.gz", HISTORY)
    with simulator(tmp_path, replay=history, clock="stepped") as running:
        [ann] = running.orgs()
        assert ann["username"].startswith("ann.1@")
        running.step(7 * DAY_BY_CLOCK)
        assert running.journal() == []
        assert running.state()["pending_edits"] == 8
        ann, ben = running.orgs()
        assert api_of(running, ann).names() == []
        assert api_of(running, ben).names() == ["One", "Two"]
        assert running.journal() == []
        running.step(1)
        # "Nowhere" never was in ann's org, so it cannot be deleted there; "Three" is new to it.
        done = [("ann", "One", "NEW"), ("ann", "Two", "NEW"), ("ann", "Three", "NEW")]
        done += [("ben", "Two", "CHANGE"), ("ben", "Three", "NEW"), ("ben", "One", "DELETE")]
        assert names(running.journal()) == done
        assert not any(entry["baseline"] for entry in running.journal())
        assert running.state()["pending_edits"] == 1
        assert api_of(running, ben).names() == ["Two", "Three", "One"]


def test_the_first_edit_is_dated_after_the_first_reading(tmp_path: Path) -> None:
    history = write_history(tmp_path / "history.jsonl.gz", HISTORY)
    with simulator(tmp_path, replay=history, clock="stepped") as running:
        api = api_of(running, running.orgs()[0])
        read = parsedate_to_datetime(api.query(SOURCE_MEMBERS.format(since=0), tooling=True).headers["Date"])
        running.step(0.5)
        running.step(5)
        modified = [
            datetime.fromisoformat(row["LastModifiedDate"].replace("+0000", "+00:00")) for row in api.source_members()
        ]
        assert min(modified) > read


def test_after_30_days_of_history_a_person_gets_a_new_org_and_the_old_one_goes_when_it_was_read(tmp_path: Path) -> None:
    history = write_history(tmp_path / "history.jsonl.gz", HISTORY)
    with simulator(tmp_path, replay=history, clock="stepped") as running:
        old = api_of(running, running.orgs()[0])
        old.source_members()
        running.step(8 * DAY_BY_CLOCK)
        running.step(33 * DAY_BY_CLOCK)
        first, _, second = running.orgs()
        assert (first["alive"], second["username"].split("@")[0]) == (True, "ann.2")
        for _ in range(2):
            old = api_of(running, first)
            assert old.names() == ["One", "Two", "Three"]
            running.step(5)
        assert running.orgs(org_id=first["org_id"])[0]["alive"] is False
        assert api_of(running, second).names() == ["Two", "Three"]
        running.step(1)
        assert names(running.journal())[-1] == ("ann", "Two", "CHANGE")


def test_replay_edits_takes_the_first_ones_only(tmp_path: Path) -> None:
    history = write_history(tmp_path / "history.jsonl.gz", HISTORY)
    with simulator(tmp_path, replay=history, clock="stepped", replay_edits=3) as running:
        assert running.state()["pending_edits"] == 3


def test_a_team_shows_22_orgs_to_its_connected_app_and_two_traps(tmp_path: Path) -> None:
    with simulator(tmp_path, clock="stepped") as running:
        orgs = running.orgs()
        entered = [org for org in orgs if Api(running).jwt(org["username"]).status_code == 200]
        assert (len(orgs), len(entered)) == (24, 23)
        [locked] = [org for org in orgs if org not in entered]
        assert locked["connected_app"] == "PlatformCLI"
        assert locked["refresh_token"]
        assert [org["source_tracking"] for org in entered].count(False) == 1
        days = {org["expiration_date"] for org in orgs}
        today = datetime.fromisoformat(running.state()["now"]).date()
        assert all(0 <= (datetime.fromisoformat(day).date() - today).days <= 30 for day in days)
        assert len(days) > 8


def test_a_team_edits_at_its_rate_and_the_same_seed_tells_the_same_story(tmp_path: Path) -> None:
    stories = []
    for start in range(2):
        with simulator(tmp_path / str(start), clock="stepped", edits_per_minute=60, speed=2, seed=7) as running:
            running.step(600)
            journal = running.journal()
            stories.append([(entry["org_id"], entry["member_name"], entry["kind"]) for entry in journal])
    assert stories[0] == stories[1]
    single = [entry for entry in journal if entry["bulk_id"] is None]
    assert 1_000 < len(single) < 1_400
    kinds = Counter(entry["kind"] for entry in single)
    assert kinds["CHANGE"] > kinds["NEW"] > kinds["DELETE"] > 0
    sizes = Counter(entry["bulk_id"] for entry in journal if entry["bulk_id"])
    assert sizes
    assert all(250 <= size <= 400 for size in sizes.values())
    people = {org["org_id"]: org["person"] for org in running_orgs(tmp_path)}
    touched: dict[str, set[str]] = {}
    for entry in single:
        touched.setdefault(entry["member_name"], set()).add(people[entry["org_id"]])
    assert max(len(somebody) for somebody in touched.values()) > 1


def running_orgs(tmp_path: Path) -> list[dict[str, Any]]:
    with simulator(tmp_path / "again", clock="stepped", seed=7) as running:
        return running.orgs()


def test_what_a_team_does_can_be_read(tmp_path: Path) -> None:
    with simulator(tmp_path, clock="stepped", edits_per_minute=600) as running:
        running.step(120)
        running.set_clock(mode="stepped")
        running.step(60)
        journal = running.journal()
        now = running.step(0)
        for org in running.orgs(source_tracking=True)[:8]:
            newest: dict[tuple[str, str], dict[str, Any]] = {}
            for entry in journal:
                if entry["org_id"] == org["org_id"] and entry["visible_at"] <= now:
                    key = (entry["member_type"], entry["member_name"])
                    newest[key] = max(entry, newest.get(key, entry), key=lambda entry: entry["revision"])
            rows = {(row["MemberType"], row["MemberName"]): row for row in api_of(running, org).source_members()}
            for key, entry in newest.items():
                assert rows[key]["RevisionCounter"] == entry["revision"]
                assert rows[key]["IsNameObsolete"] is (entry["kind"] == "DELETE")
                assert rows[key]["ChangedBy"] == entry["user_id"][:15]
