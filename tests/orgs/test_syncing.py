"""What a sync does to the rows, against the simulated DevHub and real PostgreSQL."""

import threading
import time
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.core import claims
from apps.core.events import Kind
from apps.core.models import Event
from apps.orgs import reconciling, syncing
from apps.orgs.coverage import coverage
from apps.orgs.enrolment import start_watching, stop_watching
from apps.orgs.holding import hold
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.simulators import Simulator
from tests.watching import Watch, add_hub

pytestmark = pytest.mark.django_db(transaction=True)

ACTIVE = ScratchOrg.Status.ACTIVE


def sync(hub: DevHub) -> DevHub:
    """The hub after one more sync."""
    DevHub.objects.filter(pk=hub.pk).update(due_at="1970-01-01T00:00:00Z")
    for pk, token in syncing.claim_due():
        syncing.sync_dev_hub(pk, token)
    hub.refresh_from_db()
    return hub


def org_of(simulated: dict[str, Any]) -> ScratchOrg:
    """The row of an org of the simulator's state."""
    return ScratchOrg.objects.get(org_id=simulated["org_id"])


def test_a_sync_finds_every_org_and_enrols_those_our_app_can_enter(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    rows = {row.org_id: row for row in ScratchOrg.objects.all()}
    assert rows.keys() == {org["org_id"] for org in simulator.orgs()}
    refused = [row for row in rows.values() if not row.watched]
    assert [(row.unwatched_reason, row.connected_app) for row in refused] == [("not_enrolled", "PlatformCLI")]
    row = next(row for row in rows.values() if row.watched)
    assert (row.credential, row.instance_url, row.status) == ("jwt", simulator.url, "Active")
    assert row.owner_username
    assert row.username
    assert row.created_date
    assert row.expiration_date
    assert row.next_poll_at <= timezone.now()


def test_22_of_24_orgs_are_watched_and_the_two_others_say_why(watch: Watch) -> None:
    sync(watch.hub)
    watch.sweep()
    told = coverage(watch.team)
    assert told.summary == "22 of 24 active orgs watched"
    assert sorted(org.standing.reason for org in told.orgs) == ["no_source_tracking", "not_enrolled"]
    assert all(org.standing.why and org.standing.what_to_do for org in told.orgs)


def test_new_orgs_are_told_once(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    simulator.create_orgs(count=1)
    sync(hub)
    sync(hub)
    events = Event.objects.filter(kind=Kind.ORG_FOUND).order_by("id")
    assert [event.data["count"] for event in events] == [24, 1]


def test_a_deleted_org_ends(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    gone = simulator.orgs()[0]
    simulator.delete(gone["org_id"])
    sync(hub)
    row = org_of(gone)
    assert (row.status, row.watched, row.unwatched_reason) == ("Deleted", False, "ended")
    assert Event.objects.get(kind=Kind.ORG_ENDED).data["orgs"][0]["org_id"] == gone["org_id"]
    assert ScratchOrg.objects.filter(status=ACTIVE).count() == 23


def test_an_expired_org_ends(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    gone = simulator.orgs()[0]
    simulator.expire(gone["org_id"])
    sync(hub)
    assert (org_of(gone).status, org_of(gone).watched) == ("Expired", False)


def test_without_view_all_no_org_is_ended(watch: Watch, simulator: Simulator) -> None:
    hub = sync(watch.hub)
    watch.sweep()
    simulator.fault("hub", "lost_view_all")
    for _ in range(3):
        sync(hub)
    watch.sweep()
    assert hub.can_view_all is False
    assert ScratchOrg.objects.filter(status=ACTIVE).count() == 24
    told = coverage(watch.team)
    assert told.watched == 22
    assert {org.standing.reason for org in told.orgs} >= {"not_visible"}
    assert told.dev_hubs[0].standing.reason == "no_view_all"
    simulator.clear_faults("hub")
    sync(hub)
    assert hub.can_view_all is True
    assert ScratchOrg.objects.filter(visible_to_hub=True).count() == 24


def test_many_endings_at_once_need_a_second_sync(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    for org in simulator.orgs()[:10]:
        simulator.delete(org["org_id"])
    sync(hub)
    assert ScratchOrg.objects.filter(status=ACTIVE).count() == 24
    assert len(hub.doubted_endings) == 10
    assert Event.objects.filter(kind=Kind.SYNC_DOUBTED).count() == 1
    sync(hub)
    assert ScratchOrg.objects.filter(status=ACTIVE).count() == 14
    assert hub.doubted_endings == []


def test_an_org_that_comes_back_is_active_again(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    org = org_of(simulator.orgs()[0])
    ScratchOrg.objects.filter(pk=org.pk).update(
        status=ScratchOrg.Status.DELETED, watched=False, unwatched_reason="ended", visible_to_hub=False
    )
    sync(hub)
    org.refresh_from_db()
    assert (org.status, org.watched, org.unwatched_reason, org.visible_to_hub) == ("Active", True, "", True)


def test_stop_watching_outlasts_syncs(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    org = ScratchOrg.objects.filter(org_id=simulator.orgs()[0]["org_id"])
    stop_watching(org)
    sync(hub)
    assert (org.get().watched, org.get().unwatched_reason) == (False, "stopped")
    start_watching(org)
    assert (org.get().watched, org.get().unwatched_reason) == (True, "")


def test_a_stop_in_the_middle_of_a_sync_wins(watch: Watch) -> None:
    watch.sync()
    org = ScratchOrg.objects.filter(watched=True).order_by("pk")[:1].get()
    this = ScratchOrg.objects.filter(pk=org.pk)
    this.update(watched=False, unwatched_reason="not_enrolled")  # so the sync means to watch it again

    syncing_thread = threading.Thread(target=sync_in_a_thread, args=[watch])
    with transaction.atomic():
        stop_watching(this)
        syncing_thread.start()
        wait_until_somebody_waits_for_a_lock()  # the sync has read the row, and is about to write it
    syncing_thread.join(30)
    assert (this.get().watched, this.get().unwatched_reason) == (False, "stopped")


def sync_in_a_thread(watch: Watch) -> None:
    watch.sync()
    connection.close()


def wait_until_somebody_waits_for_a_lock() -> None:
    for _ in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits for a lock")


def test_an_org_that_stays_as_it_is_does_not_hold_up_a_sync(watch: Watch) -> None:
    sync(watch.hub)
    same, renamed = ScratchOrg.objects.filter(watched=True).order_by("pk")[:2]
    ScratchOrg.objects.filter(pk=renamed.pk).update(org_name="before")
    syncing_thread = threading.Thread(target=sync_in_a_thread, args=[watch])
    with transaction.atomic():
        ScratchOrg.objects.select_for_update().get(pk=same.pk)
        syncing_thread.start()
        syncing_thread.join(10)
        assert not syncing_thread.is_alive()
    assert ScratchOrg.objects.get(pk=renamed.pk).org_name == renamed.org_name


def test_a_login_while_a_sync_compares_is_not_overwritten(hub: DevHub, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(hub)
    org = ScratchOrg.objects.filter(watched=True).order_by("pk")[0]
    ScratchOrg.objects.filter(pk=org.pk).update(org_name="before")

    def hold_after_a_login(rows: QuerySet[ScratchOrg]) -> list[int]:
        login = {"access_token": "sealed", "instance_url": "https://told-by-the-login.example.com"}
        ScratchOrg.objects.filter(pk=org.pk).update(**login)
        return hold(rows)

    monkeypatch.setattr(reconciling, "hold", hold_after_a_login)
    sync(hub)
    stored = ScratchOrg.objects.get(pk=org.pk)
    assert (stored.org_name, stored.instance_url) == (org.org_name, "https://told-by-the-login.example.com")


def test_a_stopped_org_stays_stopped_even_if_it_ends_and_comes_back(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    org = ScratchOrg.objects.filter(org_id=simulator.orgs()[0]["org_id"])
    stop_watching(org)
    simulator.delete(org.get().org_id)
    sync(hub)
    assert (org.get().status, org.get().unwatched_reason) == ("Deleted", "stopped")


def sync_with_auth_url(watch: Watch, org_id: str, auth_url: str) -> None:
    """A sync of a hub whose ScratchOrgInfo has SfdxAuthUrl__c, a field of pools that the simulator's hub lacks."""
    DevHub.objects.filter(pk=watch.hub.pk).update(due_at="1970-01-01T00:00:00Z")
    [(pk, token)] = syncing.claim_due()
    hub = claims.take(DevHub, pk, token, 300)
    assert hub is not None
    listing = syncing._read(hub)
    orgs = [
        replace(org, info=replace(org.info, sfdx_auth_url=auth_url)) if org.org_id == org_id and org.info else org
        for org in listing.orgs
    ]
    assert syncing._store(hub, replace(listing, orgs=orgs)) is not None


@pytest.mark.parametrize("known_before", [True, False])
def test_a_pools_auth_url_enrols_an_org_that_jwt_cannot_enter(watch: Watch, *, known_before: bool) -> None:
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    if known_before:
        watch.sync()
    auth_url = f"force://PlatformCLI::{made['refresh_token']}@{watch.simulator.url.removeprefix('https://')}"
    sync_with_auth_url(watch, made["org_id"], auth_url)
    org = watch.org(made["org_id"])
    assert (org.watched, org.credential) == (True, "refresh_token")
    assert made["refresh_token"] not in org.refresh_token
    watch.sweep(org)
    watch.sync()
    org = watch.org(made["org_id"])
    assert (org.watched, org.consecutive_failures) == (True, 0)
    assert org.last_polled_at is not None


def test_an_auth_url_to_a_foreign_host_is_not_kept(watch: Watch) -> None:
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    sync_with_auth_url(watch, made["org_id"], "force://PlatformCLI::secret@evil.example.com")
    org = watch.org(made["org_id"])
    assert (org.watched, org.unwatched_reason, org.refresh_token) == (False, "not_enrolled", "")


def test_what_changes_in_the_hub_changes_here(hub: DevHub) -> None:
    sync(hub)
    org = ScratchOrg.objects.order_by("pk")[0]
    name = org.org_name
    ScratchOrg.objects.filter(pk=org.pk).update(org_name="an older name", expiration_date="2020-01-01")
    sync(hub)
    org.refresh_from_db()
    assert org.org_name == name
    assert org.expiration_date is not None
    assert org.expiration_date.year > 2020


@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ("unavailable", {"retry_after": 1234}, "unavailable"),
        ("html", {}, "malformed_answer"),
        ("wrong_shape", {}, "malformed_answer"),
        ("reset", {}, "unreachable"),
        ("quota", {}, "quota_exceeded"),
        ("gone", {}, "org_gone"),
    ],
)
def test_a_failed_sync_keeps_what_was_known(
    hub: DevHub, simulator: Simulator, fault: str, options: dict[str, int], code: str
) -> None:
    sync(hub)
    before = list(ScratchOrg.objects.order_by("pk").values())
    simulator.fault("hub", fault, **options)
    sync(hub)
    assert (hub.last_error_code, hub.consecutive_failures) == (code, 1)
    assert hub.last_error
    assert list(ScratchOrg.objects.order_by("pk").values()) == before
    assert hub.due_at is not None
    if fault == "unavailable":
        assert 1200 < (hub.due_at - timezone.now()).total_seconds() <= 1234
    simulator.clear_faults("hub")
    sync(hub)
    assert (hub.last_error_code, hub.last_error, hub.consecutive_failures) == ("", "", 0)


def test_a_hub_whose_login_is_refused_says_so_once(hub: DevHub, simulator: Simulator) -> None:
    sync(hub)
    simulator.fault("hub", "login_refused")
    simulator.fault("hub", "unauthorized")
    sync(hub)
    sync(hub)
    assert (hub.last_error_code, hub.consecutive_failures) == ("login_refused", 2)
    assert Event.objects.filter(kind=Kind.LOGIN_REFUSED).count() == 1


def test_the_next_sync_is_at_the_hubs_own_point_of_the_interval(hub: DevHub, settings: object) -> None:
    sync(hub)
    first = hub.due_at
    sync(hub)
    assert first is not None
    assert hub.due_at is not None
    apart = (hub.due_at - first).total_seconds()
    assert apart % 300 == pytest.approx(0, abs=0.001) or apart % 300 == pytest.approx(300, abs=0.001)
    assert 0 < (hub.due_at - timezone.now()).total_seconds() <= 300


def test_a_doubled_message_syncs_once(hub: DevHub) -> None:
    [(pk, token)] = syncing.claim_due()
    syncing.sync_dev_hub(pk, token)
    found = Event.objects.count()
    ScratchOrg.objects.all().delete()
    syncing.sync_dev_hub(pk, token)
    assert (ScratchOrg.objects.count(), Event.objects.count()) == (0, found)


def test_a_sync_that_lost_its_lease_writes_nothing(hub: DevHub) -> None:
    [(pk, token)] = syncing.claim_due()
    taken = claims.take(DevHub, pk, token, 300)
    assert taken is not None
    listing = syncing._read(taken)
    DevHub.objects.filter(pk=pk).update(lease_token="00000000-0000-0000-0000-000000000001")
    assert syncing._store(taken, listing) is None
    assert ScratchOrg.objects.count() == 0


def test_a_hub_that_is_switched_off_is_not_synced_until_it_is_on_again(hub: DevHub) -> None:
    DevHub.objects.filter(pk=hub.pk).update(active=False)
    sync(hub)
    assert ScratchOrg.objects.count() == 0
    DevHub.objects.filter(pk=hub.pk).update(active=True)
    sync(hub)
    assert ScratchOrg.objects.count() == 24


def test_two_teams_may_watch_the_same_hub(cast: Cast, hub: DevHub, simulator: Simulator) -> None:
    other = add_hub(cast.other_team, simulator)
    sync(hub)
    sync(other)
    assert ScratchOrg.objects.filter(team=cast.team).count() == 24
    assert ScratchOrg.objects.filter(team=cast.other_team).count() == 24
