"""Who is due, who gets the turn, and when it is due again."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.changes import pacing
from apps.orgs.models import DevHub, ScratchOrg
from tests.factories import DevHubFactory, ScratchOrgFactory

pytestmark = pytest.mark.django_db(transaction=True)


def due_orgs(count: int, hub: DevHub | None = None, **values: Any) -> list[ScratchOrg]:
    hub = hub or DevHubFactory()
    late = timezone.now() - timedelta(seconds=1)
    orgs: list[ScratchOrg] = ScratchOrgFactory.create_batch(
        count, dev_hub=hub, team=hub.team, next_poll_at=late, **values
    )
    return orgs


def test_each_due_org_is_claimed_once() -> None:
    orgs = due_orgs(3)
    assert sorted(pk for pk, _ in pacing.claim_due()) == sorted(org.pk for org in orgs)
    assert pacing.claim_due() == []


def test_orgs_that_are_not_due_or_not_watched_are_left_alone() -> None:
    hub = DevHubFactory()
    due_orgs(1, hub, watched=False)
    ScratchOrgFactory(dev_hub=hub, team=hub.team, next_poll_at=timezone.now() + timedelta(minutes=1))
    assert pacing.claim_due() == []


def test_an_inactive_hub_rests() -> None:
    due_orgs(2, DevHubFactory(active=False))
    assert pacing.claim_due() == []


def test_a_second_beat_finds_the_hub_locked_and_claims_nothing() -> None:
    due_orgs(2)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(pacing._LOCK_HUBS)
        assert _in_another_connection(pacing.claim_due) == []


def test_a_hub_never_has_more_polls_under_way_than_its_cap(settings: Settings) -> None:
    settings.POLLS_PER_HUB = 2
    due_orgs(5)
    due_orgs(1, DevHubFactory())
    assert len(pacing.claim_due()) == 3
    assert pacing.claim_due() == []


def test_the_slots_bound_all_hubs_together(settings: Settings) -> None:
    settings.POLL_SLOTS = 3
    due_orgs(2)
    due_orgs(2)
    assert len(pacing.claim_due()) == 3
    assert pacing.claim_due() == []


def test_nothing_is_claimed_while_as_many_messages_wait_as_there_are_slots(settings: Settings) -> None:
    due_orgs(2)
    assert pacing.claim_due(waiting=settings.POLL_SLOTS) == []
    assert len(pacing.claim_due(waiting=settings.POLL_SLOTS - 1)) == 2


def test_the_slowest_of_the_due_orgs_goes_first(settings: Settings) -> None:
    settings.POLL_SLOTS = 1
    quick, slow = due_orgs(2)
    ScratchOrg.objects.filter(pk=slow.pk).update(last_poll_seconds=20, next_poll_at=quick.next_poll_at)
    assert [pk for pk, _ in pacing.claim_due()] == [slow.pk]


def test_a_message_works_once() -> None:
    due_orgs(1)
    [(org_id, token)] = pacing.claim_due()
    turn = pacing.take(org_id, token)
    assert turn is not None
    assert turn.org.pk == org_id
    assert pacing.take(org_id, token) is None


def test_a_message_that_nobody_took_counts_for_nothing() -> None:
    [org] = due_orgs(1)
    pacing.claim_due()
    ScratchOrg.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert [pk for pk, _ in pacing.claim_due()] == [org.pk]
    org.refresh_from_db()
    assert org.consecutive_failures == 0


def test_an_org_whose_worker_was_lost_backs_off() -> None:
    due_orgs(1)
    [(org_id, token)] = pacing.claim_due()
    pacing.take(org_id, token)
    ScratchOrg.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert pacing.claim_due() == []
    org = ScratchOrg.objects.get()
    assert (org.consecutive_failures, org.last_error_code) == (1, "worker_lost")
    assert org.next_poll_at > timezone.now() - timedelta(seconds=1)


def test_a_tick_does_not_wait_for_a_lost_org_that_somebody_is_writing() -> None:
    due_orgs(1)
    [(lost, token)] = pacing.claim_due()
    pacing.take(lost, token)
    ScratchOrg.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    [other] = due_orgs(1)
    with transaction.atomic():
        ScratchOrg.objects.filter(pk=lost).update(description="a sync writes this")
        assert [pk for pk, _ in _in_another_connection(_impatient_claim)] == [other.pk]
    pacing.claim_due()
    assert ScratchOrg.objects.get(pk=lost).last_error_code == "worker_lost"


def test_the_phase_points_of_ten_thousand_orgs_never_bunch_up() -> None:
    seconds = Counter(int(pacing.phase(pk) * 300) for pk in range(10_000))
    assert max(seconds.values()) <= 3 * 10_000 / 300


@pytest.mark.parametrize(
    ("used", "interval"),
    [(None, 300), (0, 300), (79, 300), (80, 600), (90, 1200), (95, 3600), (100, 3600)],
)
def test_the_interval_spares_the_daily_api_calls(used: int | None, interval: int) -> None:
    assert pacing.within_budget(300, used, 100) == interval


def test_the_next_phase_point_is_after_now_and_within_one_interval() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT now(), {pacing.NEXT_PHASE_POINT}", {"seconds": 300.0, "phase": 0.4})
        now, then = cursor.fetchone()
    assert timedelta(0) < then - now <= timedelta(seconds=300)
    assert then.timestamp() % 300 == pytest.approx(120)


def _impatient_claim() -> list[tuple[int, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        return pacing.claim_due()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")


def _in_another_connection(claim: Callable[[], list[tuple[int, str]]]) -> list[tuple[int, str]]:
    def run() -> list[tuple[int, str]]:
        try:
            return claim()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()
