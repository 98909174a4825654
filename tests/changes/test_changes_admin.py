"""The admin's pages of changes and components: to look at, quick at any size."""

import re
from datetime import UTC, datetime

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import User
from apps.changes.admin import SourceChangeAdmin
from apps.changes.models import SourceChange
from apps.core import admin as core_admin
from tests.factories import (
    PersonFactory,
    ScratchOrgFactory,
    SourceChangeFactory,
    TeamFactory,
    TrackedComponentFactory,
    salesforce_id,
)

CHANGES = "/admin/changes/sourcechange/"
COMPONENTS = "/admin/changes/trackedcomponent/"


@pytest.fixture
def root(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "x" * 20))
    return client


def page(root: Client, url: str, **query: str) -> str:
    answer = root.get(url, query)
    assert answer.status_code == 200, answer.headers.get("Location")
    return answer.content.decode()


def names(html: str) -> list[str]:
    return re.findall(r'field-member_name">(?:<a [^>]*>)?([^<]+)<', html)


def test_the_newest_changes_come_first_one_team_at_a_time(root: Client) -> None:
    ours, theirs = ScratchOrgFactory(), ScratchOrgFactory()
    for name in ("First", "Second"):
        SourceChangeFactory(scratch_org=ours, member_name=name)
    SourceChangeFactory(scratch_org=theirs, member_name="Theirs")

    assert names(page(root, CHANGES)) == ["Second", "First"]
    assert names(page(root, CHANGES, team=str(theirs.team_id))) == ["Theirs"]


@pytest.mark.parametrize(
    "query",
    [
        {"org": "wanted@example.com"},
        {"member_type": "Flow"},
        {"member_name": "Wanted"},
        {"changed_by": salesforce_id("005", 77)},
        {"change_type__exact": "DELETE"},
        {"member_type": "Flow", "member_name": "Wanted", "org": "wanted@example.com"},
    ],
)
def test_changes_are_filtered_by_a_value(root: Client, query: dict[str, str]) -> None:
    other = ScratchOrgFactory()
    org = ScratchOrgFactory(dev_hub=other.dev_hub, username="wanted@example.com")
    SourceChangeFactory(
        scratch_org=org,
        member_type="Flow",
        member_name="Wanted",
        changed_by=salesforce_id("005", 77),
        change_type="DELETE",
    )
    SourceChangeFactory(scratch_org=other)

    html = page(root, CHANGES, **query)

    assert names(html) == ["Wanted"]
    for name, value in query.items():
        assert html.count(f'name="{name}" value="{value}"') >= 1 or name == "change_type__exact", "goes along"


def test_an_org_goes_by_15_characters_too_and_an_unknown_one_has_nothing(root: Client) -> None:
    change = SourceChangeFactory()

    assert names(page(root, CHANGES, org=change.scratch_org.org_id[:15])) == [change.member_name]
    assert names(page(root, CHANGES, org="nobody@example.com")) == []


def test_nothing_is_counted_beyond_the_first_pages(root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core_admin, "ROWS_TO_PAGE_THROUGH", 6)  # instead of making 5,000 rows
    monkeypatch.setattr(SourceChangeAdmin, "list_per_page", 2)
    org = ScratchOrgFactory()
    SourceChangeFactory.create_batch(9, scratch_org=org)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        html = page(root, CHANGES, p="3")

    assert len(names(html)) == 2
    assert 'p=4"' not in html
    counts = [each["sql"] for each in asked if "COUNT(" in each["sql"]]
    assert counts
    assert all("LIMIT 6" in each for each in counts)


@pytest.mark.parametrize("query", [{}, {"member_type": "ApexClass"}, {"member_name": "Class1"}, {"changed_by": "x"}])
def test_changes_are_read_along_an_index(root: Client, query: dict[str, str]) -> None:
    SourceChangeFactory()
    with CaptureQueriesContext(connection) as asked:
        page(root, CHANGES, **query)

    statements = [each["sql"] for each in asked if 'FROM "source_changes"' in each["sql"]]
    assert len(statements) == 2, "the count of the first pages, and a page"
    with connection.cursor() as cursor:
        # Of a table this small any way is as cheap: what is left is whether there is an index in the page's order.
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "using source_changes_" in plan
            assert "Sort" not in plan


def test_no_page_asks_once_per_row(root: Client) -> None:
    TeamFactory()
    org = ScratchOrgFactory()
    SourceChangeFactory.create_batch(3, scratch_org=org)
    TrackedComponentFactory.create_batch(3, scratch_org=org)
    for url in (CHANGES, COMPONENTS):
        with CaptureQueriesContext(connection) as few:
            page(root, url, team=str(org.team_id)) if url == CHANGES else page(root, url)
        for number in range(5):
            new = ScratchOrgFactory(dev_hub=org.dev_hub)
            SourceChangeFactory(scratch_org=new)
            TrackedComponentFactory(scratch_org=new, member_name=str(number))
        with CaptureQueriesContext(connection) as more:
            page(root, url, team=str(org.team_id)) if url == CHANGES else page(root, url)
        assert len(more) == len(few), url


def test_people_go_by_their_names_and_times_to_the_second(root: Client) -> None:
    at = datetime(2026, 11, 21, 9, 28, 11, tzinfo=UTC)
    known = SourceChangeFactory(changed_by=salesforce_id("005", 1), last_modified_date=at)
    PersonFactory(scratch_org=known.scratch_org, user_id=known.changed_by, name="Ana Ruiz")
    unknown = SourceChangeFactory(scratch_org=known.scratch_org, changed_by=salesforce_id("005", 2))

    html = page(root, CHANGES)

    assert re.findall(r'field-who">([^<]+)<', html) == ["Ana Ruiz", unknown.changed_by]
    assert "2026-11-21 09:28:11" in html


def test_components_of_an_org_stand_by_type_and_name(root: Client) -> None:
    org = ScratchOrgFactory()
    for name in ("b", "a"):
        TrackedComponentFactory(scratch_org=org, member_name=name)
    TrackedComponentFactory(scratch_org=org, member_type="Aaa", member_name="z", is_deleted=True)
    TrackedComponentFactory(member_name="newest")

    assert names(page(root, COMPONENTS))[0] == "newest"
    assert names(page(root, COMPONENTS, org=org.org_id)) == ["z", "a", "b"]
    assert names(page(root, COMPONENTS, org=org.org_id, member_type="ApexClass", member_name="a")) == ["a"]
    assert names(page(root, COMPONENTS, org=org.org_id, is_deleted__exact="1")) == ["z"]


def test_rows_are_to_look_at_only(root: Client) -> None:
    change = SourceChangeFactory()

    html = page(root, f"{CHANGES}{change.pk}/change/")

    assert change.member_name in html
    assert 'type="submit" value="Save' not in html
    assert root.post(f"{CHANGES}{change.pk}/change/", {"member_name": "Other"}).status_code == 403
    assert root.post(f"{CHANGES}{change.pk}/delete/", {"post": "yes"}).status_code == 403
    assert root.get(f"{CHANGES}add/").status_code == 403
    assert SourceChange.objects.get().member_name == change.member_name


def test_who_is_no_superuser_sees_no_page(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("staff@example.com", "x" * 20, is_staff=True))
    for model in (SourceChange,):
        assert site.is_registered(model)
    for url in (CHANGES, COMPONENTS):
        assert client.get(url).status_code == 403
