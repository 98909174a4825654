from datetime import datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.conftest import SOURCE_MEMBERS, Api
from tests.simulators import Simulator


def test_a_new_component_shows_up_as_the_journal_says(api: Api, org: dict[str, Any]) -> None:
    entry = api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "NEW")
    [row] = api.source_members()
    assert (row["MemberType"], row["MemberName"]) == ("ApexClass", "Invoice")
    assert (row["Id"], row["RevisionCounter"]) == (entry["source_member_id"], entry["revision"])
    assert (row["IsNewMember"], row["IsNameObsolete"]) == (True, False)
    assert row["ChangedBy"] == entry["user_id"][:15]
    at = datetime.fromisoformat(entry["at"])
    assert row["LastModifiedDate"] == at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    assert (entry["kind"], entry["person"], entry["org_id"]) == ("NEW", org["username"], org["org_id"])
    assert api.simulator.journal(after=entry["seq"] - 1) == [entry]


def test_a_component_has_one_row_whose_id_stays_and_whose_counter_grows(api: Api, org: dict[str, Any]) -> None:
    entries = [api.simulator.edit(org["org_id"], "ApexClass", "Invoice", kind) for kind in ("NEW", "CHANGE", "CHANGE")]
    [row] = api.source_members()
    assert {entry["source_member_id"] for entry in entries} == {row["Id"]}
    assert [entry["revision"] for entry in entries] == sorted({entry["revision"] for entry in entries})
    assert row["RevisionCounter"] == entries[-1]["revision"]


def test_deletion_flags_the_row_and_creation_unflags_it(api: Api, org: dict[str, Any]) -> None:
    kinds = []
    for asked in ("NEW", "DELETE", "CHANGE", "NEW"):
        kinds.append(api.simulator.edit(org["org_id"], "ApexClass", "Invoice", asked)["kind"])
        [row] = api.source_members()
        assert row["IsNameObsolete"] is (asked == "DELETE")
        assert row["IsNewMember"] is True
    # What really happened: a change of a deleted component made it new, a new one where it is live changed it.
    assert kinds == ["NEW", "DELETE", "NEW", "CHANGE"]


def test_a_change_of_a_component_that_was_never_tracked_is_not_new(api: Api, org: dict[str, Any]) -> None:
    assert api.simulator.edit(org["org_id"], "Profile", "Admin", "CHANGE")["kind"] == "CHANGE"
    assert api.source_members()[0]["IsNewMember"] is False


def test_counters_leave_gaps(api: Api, org: dict[str, Any]) -> None:
    org_id = org["org_id"]
    edits = [{"org_id": org_id, "member_type": "ApexClass", "member_name": f"C{n}", "kind": "NEW"} for n in range(60)]
    revisions = [entry["revision"] for entry in api.simulator.edits(edits)]
    assert revisions == sorted(revisions)
    assert revisions[-1] > 60


def test_baseline_components_are_there_at_birth(simulator: Simulator) -> None:
    org = simulator.create_orgs(components=300)[0]
    api = Api(simulator, simulator.login_as(org["org_id"])["access_token"])
    rows = api.source_members()
    assert len(rows) == len({row["Id"] for row in rows}) == len({row["MemberName"] for row in rows}) == 300
    counters = [row["RevisionCounter"] for row in rows]
    assert counters == sorted(set(counters))
    assert simulator.journal() == [] or all(entry["org_id"] != org["org_id"] for entry in simulator.journal())
    first = rows[0]
    entry = simulator.edit(org["org_id"], first["MemberType"], first["MemberName"], "DELETE")
    assert entry["source_member_id"] == first["Id"]
    assert entry["revision"] > counters[-1]
    changed = api.source_members()
    assert [row["Id"] for row in changed] == [row["Id"] for row in rows[1:]] + [first["Id"]]
    assert api.source_members(since=counters[-1] + 1) == changed[-1:]


def test_4504_rows_come_in_three_pages_as_they_were_at_first(simulator: Simulator) -> None:
    org = simulator.create_orgs(components=4_504)[0]
    api = Api(simulator, simulator.login_as(org["org_id"])["access_token"])
    page = api.query(SOURCE_MEMBERS.format(since=0), tooling=True).json()
    assert (page["totalSize"], page["done"], len(page["records"])) == (4_504, False, 2_000)
    simulator.edit(org["org_id"], page["records"][0]["MemberType"], page["records"][0]["MemberName"])
    sizes, ids = [2_000], {row["Id"] for row in page["records"]}
    while not page["done"]:
        assert page["nextRecordsUrl"].startswith("/services/data/v67.0/tooling/query/0r8")
        assert simulator.orgs(org_id=org["org_id"])[0]["read"] is False
        page = api.call("GET", page["nextRecordsUrl"]).json()
        sizes.append(len(page["records"]))
        ids |= {row["Id"] for row in page["records"]}
    assert sizes == [2_000, 2_000, 504]
    assert len(ids) == 4_504
    assert simulator.orgs(org_id=org["org_id"])[0]["read"] is True


def test_a_locator_is_for_its_own_user_and_ends(simulator: Simulator, api: Api) -> None:
    org = simulator.create_orgs(components=2_001)[0]
    owner = Api(simulator, simulator.login_as(org["org_id"])["access_token"])
    more = owner.query("SELECT Id FROM SourceMember", tooling=True).json()["nextRecordsUrl"]
    assert api.call("GET", more).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    simulator.edit(org["org_id"], "ApexClass", "Mine", "NEW", person="colleague@example.com")
    colleague = Api(simulator, owner.jwt("colleague@example.com").json()["access_token"])
    assert colleague.call("GET", more).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert owner.call("GET", more.replace("-2000", "-4000")).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    for _ in range(10):
        owner.query("SELECT Id FROM SourceMember", tooling=True)
    assert owner.call("GET", more).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_a_late_row_becomes_visible_by_the_clock_after_rows_with_higher_counters(api: Api, org: dict[str, Any]) -> None:
    late = api.simulator.edit(org["org_id"], "ApexClass", "Late", "NEW", visible_after_seconds=30)
    early = api.simulator.edit(org["org_id"], "ApexClass", "Early", "NEW")
    assert early["revision"] > late["revision"]
    assert api.names() == ["Early"]
    api.simulator.step(29)
    assert api.names() == ["Early"]
    api.simulator.step(1)
    assert api.names() == ["Late", "Early"]


def test_while_a_change_is_late_the_old_state_stays_visible(api: Api, org: dict[str, Any]) -> None:
    api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "NEW", revision=5)
    hidden = api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "DELETE", revision=9, visible=False)
    assert hidden["visible_at"] is None
    [row] = api.source_members()
    assert (row["RevisionCounter"], row["IsNameObsolete"]) == (5, False)
    now = api.simulator.step(1)
    assert api.simulator.reveal(org["org_id"]) == 1
    [row] = api.source_members()
    assert (row["RevisionCounter"], row["IsNameObsolete"]) == (9, True)
    [entry] = [entry for entry in api.simulator.journal() if entry["seq"] == hidden["seq"]]
    assert entry["visible_at"] == now


def test_a_late_row_does_not_undo_a_later_edit(api: Api, org: dict[str, Any]) -> None:
    api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "NEW", visible_after_seconds=10)
    latest = api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "CHANGE")
    api.simulator.step(11)
    assert [row["RevisionCounter"] for row in api.source_members()] == [latest["revision"]]


def test_the_fault_late_rows_delays_some_rows_and_loses_none(api: Api, org: dict[str, Any]) -> None:
    api.simulator.fault([org["org_id"]], "late_rows", seconds=60)
    edits = [
        {"org_id": org["org_id"], "member_type": "ApexClass", "member_name": f"C{n}", "kind": "NEW"} for n in range(40)
    ]
    entries = api.simulator.edits(edits)
    visible = [entry["member_name"] for entry in entries if entry["visible_at"] == entry["at"]]
    assert api.names() == visible
    assert 0 < len(visible) < 40
    api.simulator.step(60)
    assert len(api.names()) == 40


def test_a_tracking_reset_empties_the_feed_and_counts_from_1(api: Api, org: dict[str, Any]) -> None:
    for _ in range(5):
        api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "CHANGE")
    api.simulator.edit(org["org_id"], "ApexClass", "Hidden", "NEW", visible_after_seconds=5)
    api.simulator.reset_tracking(org["org_id"])
    api.simulator.step(10)
    assert api.source_members() == []
    assert api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "CHANGE")["revision"] < 7
    assert api.names() == ["Invoice"]


def test_a_null_counter_and_a_doubled_row_on_demand(api: Api, org: dict[str, Any]) -> None:
    api.simulator.edit(org["org_id"], "ApexClass", "Null", "NEW", null_counter=True)
    api.simulator.edit(org["org_id"], "ApexClass", "Twice", "NEW", duplicate=True)
    rows = [(row["MemberName"], row["RevisionCounter"] is None) for row in api.source_members()]
    assert rows == [("Null", True), ("Twice", False), ("Twice", False)]
    api.simulator.edit(org["org_id"], "ApexClass", "Null", "CHANGE")
    before = api.source_members()[0]["RevisionCounter"]
    again = api.simulator.edit(org["org_id"], "ApexClass", "Twice", "CHANGE", duplicate=True)
    twice = [row["RevisionCounter"] for row in api.source_members() if row["MemberName"] == "Twice"]
    assert twice == [before, again["revision"]]
    api.simulator.edit(org["org_id"], "ApexClass", "Twice", "CHANGE")
    assert api.names() == ["Null", "Twice"]


def test_another_person_can_edit_in_an_org(api: Api, org: dict[str, Any]) -> None:
    entry = api.simulator.edit(org["org_id"], "ApexClass", "Invoice", "NEW", person="ana.lima@example.com")
    changed_by = api.source_members()[0]["ChangedBy"]
    [user] = api.records(f"SELECT Id, Name, Username FROM User WHERE Id IN ('{changed_by}')")
    assert user == {"Id": entry["user_id"], "Name": "Ana Lima", "Username": "ana.lima@example.com"}


def test_an_edit_up_to_the_second_of_the_first_reading_is_baseline(api: Api, org: dict[str, Any]) -> None:
    before = api.simulator.edit(org["org_id"], "ApexClass", "Before", "NEW")
    api.query("SELECT COUNT() FROM SourceMember", tooling=True)
    assert api.simulator.orgs(org_id=org["org_id"])[0]["read"] is False
    api.source_members()
    same_second = api.simulator.edit(org["org_id"], "ApexClass", "Same", "NEW")
    api.simulator.step(1)
    after = api.simulator.edit(org["org_id"], "ApexClass", "After", "NEW")
    assert [entry["baseline"] for entry in (before, same_second, after)] == [True, True, False]


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C", "D"]),
        st.sampled_from(["NEW", "CHANGE", "DELETE"]),
        st.sampled_from([0, 0, 0, 3, 8]),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=15,
)


@given(EDITS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_visible_is_always_the_newest_visible_revision_of_the_journal(
    simulator: Simulator, history: Any
) -> None:
    org = simulator.create_orgs()[0]
    api = Api(simulator, simulator.login_as(org["org_id"])["access_token"])
    start = simulator.state()["edits"]
    now = simulator.step(0)
    for name, kind, late, wait in history:
        simulator.edit(org["org_id"], "ApexClass", name, kind, visible_after_seconds=late)
        now = simulator.step(wait)
    for _ in range(2):
        newest: dict[str, dict[str, Any]] = {}
        for entry in simulator.journal(after=start):
            if entry["visible_at"] <= now:
                known = newest.get(entry["member_name"], entry)
                newest[entry["member_name"]] = max(entry, known, key=lambda entry: entry["revision"])
        seen = {row["MemberName"]: (row["RevisionCounter"], row["IsNameObsolete"]) for row in api.source_members()}
        assert seen == {name: (entry["revision"], entry["kind"] == "DELETE") for name, entry in newest.items()}
        now = simulator.step(10)
