"""Changes are told in the DevHub: what its pages hear, how often, and what happens where it cannot be told."""

from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now
from pytest_django.fixtures import Settings

from apps.accounts.models import Team
from apps.core import events
from apps.core.models import Event
from apps.orgs import access
from apps.orgs.models import DevHub
from apps.platform_events import publishing
from apps.platform_events.models import Channel, Delivery
from apps.salesforce import errors
from apps.salesforce.client import SalesforceClient
from tests.changes.walking import get
from tests.conftest import key_client
from tests.factories import TeamFactory
from tests.platform_events.conftest import (
    PACKAGE,
    Page,
    channel,
    due_in,
    edit,
    later,
    orgs_of,
    outcomes,
    page_in,
    tick,
)
from tests.simulators import Simulator
from tests.watching import Watch, simulated, watch

pytestmark = pytest.mark.django_db(transaction=True)


def feed(team: Team, after: int) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = get(key_client(team), "/api/changes", after=after)["changes"]
    return changes


def test_a_page_in_the_devhub_hears_of_an_edit_and_finds_it_in_the_feed(watched: Watch, page: Page) -> None:
    org = orgs_of(watched)[0]
    edit(watched, org, count=3)

    assert tick() == 1

    [told] = page.told()
    assert told == {
        "Org_Id__c": org.org_id,
        "Org_Name__c": org.org_name or org.username,
        "Dev_Hub_Id__c": watched.hub.org_id,
        "Change_Count__c": 3,
        "Feed_From__c": told["Feed_From__c"],
        "Feed_To__c": told["Feed_From__c"] + 2,
    }
    found = feed(watched.team, after=int(told["Feed_From__c"]) - 1)
    assert [change["org"]["org_id"] for change in found] == [org.org_id] * 3
    assert feed(watched.team, after=int(told["Feed_To__c"])) == []
    assert outcomes() == ["sent"]
    assert channel().last_published_at
    assert channel().due_at is None
    assert tick() == 0


def test_what_waits_of_an_org_is_told_at_once(watched: Watch, page: Page) -> None:
    first, second, *_ = orgs_of(watched)
    edit(watched, first, count=2)
    edit(watched, second)
    edit(watched, first, count=3)
    tick()
    told = page.told()
    assert [(each["Org_Id__c"], each["Change_Count__c"]) for each in told] == [(first.org_id, 5), (second.org_id, 1)]
    assert told[0]["Feed_To__c"] - told[0]["Feed_From__c"] == 5
    assert outcomes() == ["sent"] * 3


def test_where_the_minute_has_too_little_left_the_last_event_carries_everything(
    watched: Watch, page: Page, settings: Settings
) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 2
    orgs = orgs_of(watched)
    for count, org in enumerate(orgs, 1):
        edit(watched, org, count=count)
    tick()
    alone, everything = page.told()
    assert alone["Org_Id__c"] == orgs[0].org_id
    assert (everything["Org_Id__c"], everything["Org_Name__c"]) == (None, None)
    assert everything["Change_Count__c"] == sum(range(2, len(orgs) + 1))
    assert everything["Feed_From__c"] == alone["Feed_To__c"] + 1
    assert feed(watched.team, after=int(everything["Feed_To__c"])) == []
    assert set(outcomes()) == {"sent"}


def test_no_more_than_so_many_go_out_in_any_minute(watched: Watch, page: Page, settings: Settings) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 2
    first, second, third, *_ = orgs_of(watched)
    edit(watched, first)
    tick()
    later(30)
    edit(watched, second)
    tick()
    edit(watched, third)
    edit(watched, first)
    assert tick() == 1, "it is looked at, and put off"
    assert tick() == 0
    assert len(page.told()) == 2
    assert 25 < due_in() <= 30

    later(30)
    assert tick() == 1
    [everything] = page.told()
    assert (everything["Org_Id__c"], everything["Change_Count__c"]) == (None, 2)


def test_off_which_is_the_default_nothing_is_written(watched: Watch, settings: Settings) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 0
    edit(watched, *orgs_of(watched))
    assert tick() == 0
    assert not Event.objects.filter(dispatched_at=None).exists()
    assert not Delivery.objects.exists()
    assert not Channel.objects.exists()


def test_switched_off_what_waits_stays_untold(watched: Watch, page: Page, settings: Settings) -> None:
    edit(watched, orgs_of(watched)[0])
    claimed = publishing.claim_due()
    settings.PLATFORM_EVENTS_PER_MINUTE = 0
    publishing.publish(*claimed[0])
    assert page.told() == []
    assert outcomes() == ["dropped"]


def test_an_event_that_is_dispatched_twice_is_one_delivery(watched: Watch, page: Page) -> None:
    edit(watched, orgs_of(watched)[0])
    Event.objects.update(dispatched_at=None)
    events.dispatch()
    tick()
    Event.objects.update(dispatched_at=None)
    events.dispatch()
    tick()
    assert len(page.told()) == 1
    assert outcomes() == ["sent"]


def test_another_team_cannot_speak_in_our_devhub(watched: Watch) -> None:
    edit(watched, orgs_of(watched)[0])
    Delivery.objects.all().delete()
    theirs = Event.objects.get(kind=events.Kind.CHANGES_STORED)
    Event.objects.create(team_id=TeamFactory().pk, kind=theirs.kind, title="theirs", data=theirs.data)
    assert events.dispatch() == 1
    assert not Delivery.objects.exists()


def test_two_teams_that_watch_one_devhub_are_told_apart(watched: Watch, page: Page, settings: Settings) -> None:
    other = watch(watched.simulator, settings)
    other.sweep()
    watched.simulator.step(60)
    edit(watched, orgs_of(watched)[0])
    assert tick() == 1
    assert list(Channel.objects.values_list("dev_hub", flat=True)) == [watched.hub.pk]
    assert len(page.told()) == 1
    edit(other, orgs_of(other)[0])
    assert tick() == 1
    assert Delivery.objects.filter(dev_hub=other.hub, outcome="sent").count() == 1


@pytest.mark.parametrize("removed", [True, False])
def test_a_devhub_that_was_removed_or_switched_off_is_told_nothing(watched: Watch, removed: bool) -> None:
    org = orgs_of(watched)[0]
    watched.simulator.edit(org.org_id, "ApexClass", "Late", "NEW")
    watched.sweep(org)
    if removed:
        watched.hub.delete()
    else:
        DevHub.objects.update(active=False)
    events.dispatch()
    assert not Event.objects.filter(dispatched_at=None).exists()
    assert not Delivery.objects.exists()


def test_without_the_package_the_row_says_so_until_it_is_there(tmp_path: Path, settings: Settings) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 20
    with simulated(tmp_path / "simulator", orgs=1) as simulator:
        watched = watch(simulator, settings)
        watched.sweep()
        simulator.step(60)
        edit(watched, orgs_of(watched)[0])
        for failures in (1, 2):
            Channel.objects.update(due_at=Now())
            tick()
            row = channel()
            assert (row.last_error_code, row.consecutive_failures) == ("event_not_installed", failures)
        assert "The Scratcher package is not installed in this DevHub" in row.last_error
        assert outcomes() == ["waiting"]

        simulator.declare("hub", PACKAGE)
        page = page_in(simulator)
        Channel.objects.update(due_at=Now())
        tick()
        assert len(page.told()) == 1
        row = channel()
        assert (row.last_error_code, row.last_error, row.consecutive_failures) == ("", "", 0)


def test_pauses_grow_to_an_hour_and_no_further(watched: Watch, simulator: Simulator) -> None:
    simulator.fault("hub", "unavailable")
    edit(watched, orgs_of(watched)[0])
    tick()
    assert due_in() <= publishing.RETRY_SECONDS
    Channel.objects.update(consecutive_failures=50, due_at=Now())
    tick()
    assert -1 < due_in() <= 3600
    assert channel().last_error_code == "unavailable"


def test_salesforce_says_when_to_come_back(watched: Watch, page: Page, simulator: Simulator) -> None:
    simulator.fault("hub", "unavailable", retry_after=120)
    edit(watched, orgs_of(watched)[0])
    tick()
    assert 110 < due_in() <= 120
    assert outcomes() == ["waiting"]
    simulator.clear_faults("hub")
    later(120)
    tick()
    assert len(page.told()) == 1
    assert outcomes() == ["sent"]


def test_an_access_token_that_ran_out_is_renewed_once(watched: Watch, page: Page, simulator: Simulator) -> None:
    hub = DevHub.objects.get(pk=watched.hub.pk)
    hub.access_token = access.seal(hub, "access_token", f"{hub.org_id}!ran_out")
    hub.save(update_fields=["access_token"])
    edit(watched, orgs_of(watched)[0])
    tick()
    assert len(page.told()) == 1

    simulator.fault("hub", "unauthorized")
    edit(watched, orgs_of(watched)[0])
    tick()
    assert channel().last_error_code == "session_expired"


def test_what_could_not_be_told_for_ten_minutes_is_dropped(watched: Watch, page: Page) -> None:
    first, second, *_ = orgs_of(watched)
    edit(watched, first)
    later(11 * 60)
    edit(watched, second)
    tick()
    assert [told["Org_Id__c"] for told in page.told()] == [second.org_id]
    assert outcomes() == ["dropped", "sent"]


def test_a_killed_worker_costs_a_lease_and_its_events_count(
    watched: Watch, page: Page, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Nothing of ours is done afterwards."""

    def dies(*_: Any) -> None:
        raise Killed

    settings.PLATFORM_EVENTS_PER_MINUTE = 2
    edit(watched, orgs_of(watched)[0])
    with monkeypatch.context() as patched:
        patched.setattr(SalesforceClient, "publish", dies)  # a process that is killed would take the test along
        with pytest.raises(Killed):
            tick()
    assert tick() == 0, "the lease is its own"

    later(publishing.LEASE_SECONDS + 1)
    edit(watched, orgs_of(watched)[1])
    assert tick() == 1
    [everything] = page.told()
    assert (everything["Org_Id__c"], everything["Change_Count__c"]) == (None, 2), "one of two was left"


def test_a_worker_that_wakes_up_after_its_lease_writes_nothing(
    watched: Watch, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = SalesforceClient.publish

    def sleeps_meanwhile(*_: Any) -> None:
        monkeypatch.setattr(SalesforceClient, "publish", really)
        later(publishing.LEASE_SECONDS + 1)
        assert tick() == 1, "another worker has the channel"
        raise errors.Unavailable

    monkeypatch.setattr(SalesforceClient, "publish", sleeps_meanwhile)
    edit(watched, orgs_of(watched)[0])
    tick()
    assert len(page.told()) == 1
    row = channel()
    assert (row.last_error_code, row.consecutive_failures, row.due_at) == ("", 0, None)


def test_a_message_that_comes_twice_finds_nothing_to_do(watched: Watch, page: Page) -> None:
    edit(watched, orgs_of(watched)[0])
    [claimed] = publishing.claim_due()
    for _ in range(2):
        publishing.publish(*claimed)
    assert len(page.told()) == 1


def test_what_was_sent_before_a_failure_is_not_sent_again(
    watched: Watch, page: Page, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = SalesforceClient.publish

    def fails_after_one(self: SalesforceClient, event: str, fields: Any) -> None:
        really(self, event, fields)
        simulator.fault("hub", "unavailable")

    # The simulator's faults begin between two requests, not between two of ours.
    monkeypatch.setattr(SalesforceClient, "publish", fails_after_one)
    first, second, *_ = orgs_of(watched)
    edit(watched, first, second)
    tick()
    assert outcomes() == ["sent", "waiting"]
    assert len(channel().attempted_at) == 2

    monkeypatch.undo()
    simulator.clear_faults("hub")
    Channel.objects.update(due_at=Now())
    tick()
    assert [told["Org_Id__c"] for told in page.told()] == [first.org_id, second.org_id]


def test_what_nobody_thought_of_stands_on_the_row_and_in_the_log(
    watched: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(access, "hub_client", breaks)  # nothing from outside can make it break
    edit(watched, orgs_of(watched)[0])
    with pytest.raises(RuntimeError):
        tick()
    assert channel().last_error_code == "unexpected"
    assert channel().lease_token is None


def test_an_org_name_may_be_anything(watched: Watch, page: Page) -> None:
    org = orgs_of(watched)[0]
    org.alias = "<script>\"'\u202e" + "ü" * 240
    org.save(update_fields=["alias"])
    edit(watched, org)
    tick()
    assert page.told()[0]["Org_Name__c"] == org.alias
