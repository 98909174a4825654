"""GET /api/analytics/changes: how much, by day, type, kind, org or person."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.changes.models import DailyChangeCount
from apps.orgs.models import ScratchOrg
from tests.changes.walking import get, refused
from tests.conftest import Cast
from tests.factories import FIRST_EDIT, PersonFactory, ScratchOrgFactory, SourceChangeFactory, salesforce_id

URL = "/api/analytics/changes"
MARCH = {"since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture
def org(cast: Cast) -> ScratchOrg:
    org: ScratchOrg = ScratchOrgFactory(dev_hub__team=cast.team)
    return org


def counted(cast: Cast, day: date, member_type: str, change_type: str, count: int) -> None:
    DailyChangeCount.objects.create(
        team=cast.team, day=day, member_type=member_type, change_type=change_type, count=count
    )


@pytest.fixture
def counts(cast: Cast) -> None:
    counted(cast, date(2026, 3, 1), "ApexClass", "NEW", 1)
    counted(cast, date(2026, 3, 1), "ApexClass", "CHANGE", 2)
    counted(cast, date(2026, 3, 1), "Flow", "CHANGE", 4)
    counted(cast, date(2026, 3, 30), "Flow", "CHANGE", 8)
    counted(cast, date(2026, 3, 31), "Flow", "CHANGE", 16)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [("2026-03-01", "ApexClass", 3), ("2026-03-01", "Flow", 4), ("2026-03-30", "Flow", 8)]),
        ({"by": "day"}, [("2026-03-01", 7), ("2026-03-30", 8)]),
        ({"by": "member_type"}, [("ApexClass", 3), ("Flow", 12)]),
        ({"by": "change_type"}, [("CHANGE", 14), ("NEW", 1)]),
        ({"by": "day", "member_type": "Flow"}, [("2026-03-01", 4), ("2026-03-30", 8)]),
        ({"by": "member_type", "change_type": "NEW"}, [("ApexClass", 1)]),
    ],
)
def test_days_types_and_kinds_come_from_the_rollup(
    cast: Cast, counts: None, query: dict[str, str], expected: list[tuple[Any, ...]]
) -> None:
    page = get(cast.bob.client, URL, **MARCH, **query)

    assert [tuple(row.values()) for row in page["counts"]] == expected
    assert (page["since"], page["until"], page["next"]) == ("2026-03-01", "2026-03-31", None)
    assert get(cast.charlie.client, URL, **MARCH, **query)["counts"] == []


def test_thirty_days_up_to_today_if_nothing_is_said(cast: Cast) -> None:
    today = timezone.now().date()
    for days_ago in (-1, 0, 29, 30):
        counted(cast, today - timedelta(days=days_ago), "Flow", "NEW", 1)

    assert len(get(cast.alice.client, URL)["counts"]) == 2


def test_orgs_and_people_are_counted_from_the_changes(cast: Cast, org: ScratchOrg) -> None:
    second = ScratchOrgFactory(dev_hub=org.dev_hub)
    for each, user in ((org, 7), (second, 8)):
        PersonFactory(scratch_org=each, user_id=salesforce_id("005", user), name="Ana Ruiz")
    for each, user, name in ((org, 7, "A"), (org, 9, "A"), (org, 9, "B"), (second, 8, "A")):
        SourceChangeFactory(scratch_org=each, changed_by=salesforce_id("005", user), member_name=name)
    SourceChangeFactory(scratch_org=org, last_modified_date=FIRST_EDIT - timedelta(days=2))

    def found(**query: str) -> list[tuple[Any, int]]:
        """The most first; those with as many in the order of their names."""
        rows = get(cast.alice.client, URL, **MARCH, **query)["counts"]
        return [(row.get("person") or row["org"]["org_id"], row["count"]) for row in rows]

    assert found(by="org") == [(org.org_id, 3), (second.org_id, 1)]
    assert found(by="person") == [(salesforce_id("005", 9), 2), ("Ana Ruiz", 2)]
    assert found(by="person", org=org.org_id) == [(salesforce_id("005", 9), 2), ("Ana Ruiz", 1)]
    assert found(by="org", changed_by="Ana Ruiz") == [(org.org_id, 1), (second.org_id, 1)]
    assert found(by="org", member_name="B") == [(org.org_id, 1)]


def test_one_orgs_days_are_utc_days_and_noise_counts(cast: Cast, org: ScratchOrg) -> None:
    for text in ("2026-03-02T00:00:00+00:00", "2026-03-02T23:59:59+00:00", "2026-03-03T00:30:00+02:00"):
        at = datetime.fromisoformat(text)
        SourceChangeFactory(scratch_org=org, last_modified_date=at, member_type="Profile", member_name="Admin")

    page = get(cast.alice.client, URL, by="day", org=org.username, **MARCH)

    assert page["counts"] == [{"day": "2026-03-02", "count": 3}]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"since": "2026-03-02", "until": "2026-03-02"}, "since"),
        ({"since": "2025-03-01", "until": "2026-03-03"}, "since"),
        ({"by": "org", "since": "2026-03-01", "until": "2026-04-02"}, "since"),
        ({"by": "person", "since": "2026-01-01", "until": "2026-03-02"}, "since"),
        ({"by": "hour"}, "by"),
        ({"since": "2026-03-01T10:00:00Z"}, "since"),
        ({"since": "0001-01-01"}, "since"),
        ({"by": "org", "org": "nobody"}, "org"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_what_is_unknown_or_too_long_is_refused_by_name(cast: Cast, query: dict[str, str], field: str) -> None:
    status, _code, details = refused(cast.alice.client, URL, **query)

    assert (status, details["field"]) == (400, field)
