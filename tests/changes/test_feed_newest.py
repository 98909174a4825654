"""GET /api/changes: the newest first, page by page."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from apps.changes.models import GapMark
from tests.changes.walking import get, pages, refused, walk
from tests.conftest import Cast
from tests.factories import FIRST_EDIT, PersonFactory, ScratchOrgFactory, SourceChangeFactory, salesforce_id

URL = "/api/changes"


def test_a_change_tells_what_where_who_and_when(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    PersonFactory(scratch_org=org, user_id=salesforce_id("005", 7), username="ana@example.com", name="Ana Ruiz")
    batch = uuid4()
    change = SourceChangeFactory(
        scratch_org=org,
        changed_by=salesforce_id("005", 7),
        last_modified_date=datetime(2026, 3, 2, 9, 30, 1, 5000, tzinfo=UTC),
        batch_id=batch,
        is_bulk=True,
    )

    page = get(cast.alice.key_client, URL)

    assert page["changes"] == [
        {
            "id": change.pk,
            "org": {
                "org_id": org.org_id,
                "name": org.org_name,
                "alias": org.alias,
                "username": org.username,
                "url": org.instance_url,
            },
            "change_id": change.change_id,
            "member_type": change.member_type,
            "member_name": change.member_name,
            "change_type": "CHANGE",
            "revision_num": change.revision_num,
            "changed_by": {"id": salesforce_id("005", 7), "username": "ana@example.com", "name": "Ana Ruiz"},
            "last_modified_date": "2026-03-02T09:30:01.005000Z",
            "seen_at": change.created_at.isoformat().replace("+00:00", "Z"),
            "is_bulk": True,
            "batch_id": str(batch),
        }
    ]
    assert (page["next"], page["latest"], page["gaps"]) == (None, 1, [])


def test_a_person_nobody_knows_yet_has_no_name(cast: Cast) -> None:
    change = SourceChangeFactory(scratch_org__dev_hub__team=cast.team)
    PersonFactory(user_id=change.changed_by, name="Somebody of another org with that id")

    [seen] = get(cast.alice.client, URL)["changes"]

    assert seen["changed_by"] == {"id": change.changed_by, "username": None, "name": None}


def test_an_empty_feed_has_a_position(cast: Cast) -> None:
    assert get(cast.alice.client, URL) == {"success": True, "changes": [], "next": None, "latest": 0, "gaps": []}


def test_bob_reads_the_feed_and_charlie_sees_nothing_in_it(cast: Cast) -> None:
    SourceChangeFactory(scratch_org__dev_hub__team=cast.team)

    assert len(get(cast.bob.client, URL)["changes"]) == 1
    assert get(cast.charlie.client, URL)["changes"] == []
    assert get(cast.charlie.key_client, URL)["latest"] == 0
    assert cast.anonymous.get(URL).status_code == 401


def test_the_newest_comes_first_and_the_later_seen_of_two_at_one_time(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    late, early, twin = (
        SourceChangeFactory(scratch_org=org, last_modified_date=FIRST_EDIT + timedelta(hours=hours))
        for hours in (2, 1, 2)
    )

    assert [row["id"] for row in get(cast.alice.client, URL)["changes"]] == [twin.pk, late.pk, early.pk]


@pytest.mark.parametrize("query", [{}, {"member_name": "Class*"}, {"changed_by": "Ana"}])
def test_paging_gives_every_row_once_while_rows_come_in(cast: Cast, query: dict[str, str]) -> None:
    """Rows come in above, where nobody looks any more, and late ones below, which are met; many share one time."""
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    users = [salesforce_id("005", number) for number in range(4)]
    for user in users:
        PersonFactory(scratch_org=org, user_id=user, name="Ana")

    def change(minutes: int) -> Any:
        at = FIRST_EDIT + timedelta(minutes=minutes)
        name, user = f"Class{minutes % 6}", users[minutes % 4]
        return SourceChangeFactory(scratch_org=org, last_modified_date=at, member_name=name, changed_by=user).pk

    there = [change(number // 3) for number in range(40)]
    late: list[int] = []
    seen: list[int] = []
    for number, page in enumerate(pages(cast.alice.client, URL, limit=7, **query)):
        seen += [row["id"] for row in page["changes"]]
        change(100 + number)
        late.append(change(-1 - number))

    assert sorted(seen) == sorted(set(there + late[:-1])), "each once: what was there, and what came in further down"
    assert seen[:7] == sorted(there, reverse=True)[:7]


@pytest.mark.parametrize("limit", [1, 3, 5, 50])
def test_one_of_many_names_may_fill_page_after_page(cast: Cast, limit: int) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    names = ["B", "C", *["A"] * 20, "B", *["A"] * 15]
    ids = [SourceChangeFactory(scratch_org=org, member_name=f"Class{name}").pk for name in names]

    seen = walk(cast.alice.client, URL, "changes", member_name="Class*", limit=limit)

    assert [row["id"] for row in seen] == ids[::-1]


def test_the_last_page_has_no_next_even_when_it_is_full(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    for _ in range(4):
        SourceChangeFactory(scratch_org=org)

    found = list(pages(cast.alice.client, URL, limit=2))

    assert [len(page["changes"]) for page in found] == [2, 2]


def test_latest_is_where_to_go_on_whatever_page_it_came_with(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    for _ in range(4):
        SourceChangeFactory(scratch_org=org)

    assert [page["latest"] for page in pages(cast.alice.client, URL, limit=2)] == [4, 4]
    assert get(cast.alice.client, URL, changed_by="nobody")["latest"] == 4


def test_noise_is_left_out_and_pages_stay_full(cast: Cast) -> None:
    cast.team.noise_rules = "Profile:Admin\n*:Temp*\n\nReport:50%_off*\nnot a rule"
    cast.team.save()
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    names = ["Admin", "TempA", "Kept", "50%_offers", "50 x_offers", "50%xoffers", "Template", "Admins", "notemp"]
    for name in names:
        SourceChangeFactory(scratch_org=org, member_type="Profile", member_name=name)
        SourceChangeFactory(scratch_org=org, member_type="Report", member_name=name)

    seen = list(pages(cast.alice.client, URL, limit=3))

    kept = [("Report", "Admin"), ("Profile", "50%_offers")]
    kept += [
        (kind, name)
        for name in ("Kept", "50 x_offers", "50%xoffers", "Admins", "notemp")
        for kind in ("Profile", "Report")
    ]
    found = [(row["member_type"], row["member_name"]) for page in seen for row in page["changes"]]
    assert sorted(found) == sorted(kept)
    assert [len(page["changes"]) for page in seen] == [3, 3, 3, 3]


@pytest.mark.parametrize(
    ("rules", "query", "found"),
    [
        ("Profile:*", {"member_type": "Profile"}, 0),
        ("Prof*:*", {"member_type": "Profile", "member_name": "Admin"}, 0),
        ("*:Adm*", {"member_type": "Profile", "member_name": "A*"}, 1),
        ("*:Adm*\nProfile:Author", {"member_type": "Profile", "member_name": "A*"}, 0),
        ("*:Adm*", {"member_type": "Profile"}, 1),
        ("Profile:Ad.in", {"member_type": "Profile", "member_name": "Admin"}, 1),
        ("Report:*", {"member_type": "Profile"}, 2),
    ],
)
def test_noise_and_filters_together(cast: Cast, rules: str, query: dict[str, str], found: int) -> None:
    cast.team.noise_rules = rules
    cast.team.save()
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    for name in ("Admin", "Author"):
        SourceChangeFactory(scratch_org=org, member_type="Profile", member_name=name)

    page = get(cast.alice.client, URL, **query)

    assert (len(page["changes"]), page["latest"]) == (found, 2)
    assert len(get(cast.alice.client, URL, after=0, **query)["changes"]) == found


def test_another_teams_noise_hides_nothing_here(cast: Cast) -> None:
    cast.other_team.noise_rules = "*:*"
    cast.other_team.save()
    SourceChangeFactory(scratch_org__dev_hub__team=cast.team)

    assert len(get(cast.alice.client, URL)["changes"]) == 1


def test_gaps_that_overlap_the_page_are_told_with_it(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team, alias="billing")
    for hours in (1, 2, 3, 4):
        SourceChangeFactory(scratch_org=org, last_modified_date=FIRST_EDIT + timedelta(hours=hours))

    def gap(org: Any, reason: str, since: float, until: float) -> None:
        since_at, until_at = FIRST_EDIT + timedelta(hours=since), FIRST_EDIT + timedelta(hours=until)
        GapMark.objects.create(team=cast.team, scratch_org=org, reason=reason, from_at=since_at, to_at=until_at)

    gap(org, "not_watched", 2.5, 3.5)
    gap(ScratchOrgFactory(dev_hub=org.dev_hub, alias="ledger"), "tracking_reset", 0, 0.5)

    first, last = pages(cast.alice.client, URL, limit=2)

    assert first["gaps"] == [
        {
            "org": first["changes"][0]["org"],
            "reason": "not_watched",
            "from": "2026-03-02T11:30:00Z",
            "to": "2026-03-02T12:30:00Z",
            "message": "billing was not watched from 2026-03-02 11:30 to 2026-03-02 12:30 UTC: only the last state is "
            "known, and each change stands for at least one edit",
        }
    ]
    assert [each["reason"] for each in last["gaps"]] == ["not_watched", "tracking_reset"]
    assert [each["reason"] for each in get(cast.alice.client, URL, org=org.org_id)["gaps"]] == ["not_watched"]
    assert get(cast.alice.client, URL, since="2026-03-03")["gaps"] == []
    assert get(cast.charlie.client, URL)["gaps"] == []


def test_a_cursor_is_good_for_its_team_and_its_filters_only(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    for _ in range(3):
        SourceChangeFactory(scratch_org=org)
    cursor = get(cast.alice.client, URL, limit=1)["next"]

    assert len(get(cast.bob.client, URL, limit=5, cursor=cursor)["changes"]) == 2, "another limit is no other list"
    for client, query in (
        (cast.charlie.client, {"cursor": cursor}),
        (cast.alice.client, {"cursor": cursor, "member_type": "ApexClass"}),
        (cast.alice.client, {"cursor": cursor[:-2]}),
        (cast.alice.client, {"cursor": "A" + cursor[1:]}),
        (cast.alice.client, {"cursor": "ä"}),
    ):
        assert refused(client, URL, **query) == (400, "invalid_cursor", {"field": "cursor"})


def test_a_cursor_to_what_was_pruned_is_gone(cast: Cast, settings: Any) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    for _ in range(3):
        SourceChangeFactory(scratch_org=org, last_modified_date=datetime.now(UTC) - timedelta(days=40))
    cursor = get(cast.alice.client, URL, limit=1)["next"]
    settings.RETENTION_DAYS = 30

    assert refused(cast.alice.client, URL, cursor=cursor)[:2] == (410, "cursor_expired")


def test_a_page_holds_up_to_a_thousand(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    SourceChangeFactory.create_batch(3, scratch_org=org)

    assert len(walk(cast.alice.client, URL, "changes", limit=1000)) == 3
