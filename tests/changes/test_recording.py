"""One reading is stored whole, once, under its lease."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection
from django.db.models.functions import Now
from django.utils import timezone

from apps.accounts.models import Team
from apps.changes import pacing, recording
from apps.changes.cursor import Cursor
from apps.changes.diff import Found
from apps.changes.models import DailyChangeCount, GapMark, Person, SourceChange, TrackedComponent
from apps.changes.pacing import Turn
from apps.changes.reading import Reading
from apps.core.models import Event
from apps.orgs.models import ScratchOrg
from apps.salesforce import errors, records
from apps.salesforce.records import ApiUsage, SourceMember
from tests.factories import ScratchOrgFactory, salesforce_id

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANA = salesforce_id("005", 7)


def a_turn(**values: Any) -> Turn:
    org = ScratchOrgFactory(next_poll_at=timezone.now() - timedelta(seconds=1), **values)
    return next_turn(org)


def next_turn(org: ScratchOrg) -> Turn:
    ScratchOrg.objects.filter(pk=org.pk).update(next_poll_at=timezone.now() - timedelta(seconds=1))
    [(org_id, token)] = pacing.claim_due()
    turn = pacing.take(org_id, token)
    assert turn is not None
    return turn


def member(name: str, revision: int, **values: Any) -> SourceMember:
    row = SourceMember(salesforce_id("0MZ", hash(name) % 1000), "ApexClass", name, revision, False, False, ANA, NOON)
    return replace(row, **values)


def store(turn: Turn, reading: Reading) -> int | None:
    return recording.store(turn, reading, seconds=0.5)


def edit(name: str, revision: int, change_type: str = "CHANGE", **values: Any) -> Found:
    return Found(member(name, revision, **values), change_type, is_baseline=False)


def reading(*found: Found, cursor: Cursor | None = None, **values: Any) -> Reading:
    given = Reading(cursor or Cursor(safe_counter=1, baselined_at=NOON), found, usage=ApiUsage(10, 100))
    return replace(given, **values)


def feed() -> Sequence[tuple[str, int, str]]:
    return list(
        SourceChange.objects.order_by("feed_position").values_list("member_name", "revision_num", "change_type")
    )


def test_changes_are_stored_numbered_counted_and_told() -> None:
    turn = a_turn()
    assert store(turn, reading(edit("A", 5, "NEW"), edit("B", 6))) == 2

    assert feed() == [("A", 5, "NEW"), ("B", 6, "CHANGE")]
    assert list(SourceChange.objects.order_by("id").values_list("feed_position", flat=True)) == [1, 2]
    assert set(DailyChangeCount.objects.values_list("day", "change_type", "count")) == {
        (NOON.date(), "NEW", 1),
        (NOON.date(), "CHANGE", 1),
    }
    org = ScratchOrg.objects.get()
    assert (org.changes_total, org.last_change_at, org.api_used, org.lease_token) == (2, NOON, 10, None)
    event = Event.objects.get()
    assert event.title == f"2 changes in {org.alias}"
    assert event.data | {"feed_from": 1, "feed_to": 2, "count": 2} == event.data


def test_a_stale_lease_writes_nothing() -> None:
    turn = a_turn()
    assert store(replace(turn, lease_token=uuid4()), reading(edit("A", 5))) is None
    assert store(replace(turn, lease_token=uuid4()), reading()) is None
    assert not SourceChange.objects.exists()
    assert not TrackedComponent.objects.exists()
    assert not Event.objects.exists()
    assert ScratchOrg.objects.get().last_polled_at is None


def test_a_revision_that_is_stored_already_is_not_stored_again() -> None:
    turn = a_turn()
    store(turn, reading(edit("A", 5)))
    assert store(next_turn(turn.org), reading(edit("A", 5), edit("A", 6))) == 1
    assert feed() == [("A", 5, "CHANGE"), ("A", 6, "CHANGE")]
    assert DailyChangeCount.objects.get().count == 2
    assert ScratchOrg.objects.get().changes_total == 2


def test_a_position_that_is_taken_is_an_error_and_loses_no_change() -> None:
    turn = a_turn()
    store(turn, reading(edit("A", 5)))
    Team.objects.update(feed_position=0)  # as after a careless restore
    with pytest.raises(IntegrityError):
        store(next_turn(turn.org), reading(edit("B", 6)))
    assert not TrackedComponent.objects.filter(member_name="B").exists()  # so the next poll finds it again


def test_baseline_stands_among_the_components_and_never_in_the_feed() -> None:
    turn = a_turn()
    baseline = Found(member("A", 5), "CHANGE", is_baseline=True)
    assert store(turn, reading(baseline, edit("B", 6))) == 1
    assert feed() == [("B", 6, "CHANGE")]
    components = {each.member_name: each for each in TrackedComponent.objects.all()}
    assert components["A"].is_baseline
    assert components["A"].edited_at is None
    assert components["B"].edited_at == NOON


def test_a_deployment_on_top_of_somebodys_edit_keeps_whose_edit_it_was() -> None:
    turn = a_turn()
    store(turn, reading(edit("A", 5)))
    bulk = Found(member("A", 6, changed_by=salesforce_id("005", 8)), "CHANGE", False, batch_id=uuid4())
    store(next_turn(turn.org), reading(bulk))
    component = TrackedComponent.objects.get()
    assert (component.revision_num, component.edited_by, component.edit_type) == (6, ANA, "CHANGE")
    assert SourceChange.objects.get(revision_num=6).is_bulk


def test_a_component_that_changed_twice_in_one_read_keeps_its_latest_state() -> None:
    store(a_turn(), reading(edit("A", 5, "NEW"), edit("A", 6, "DELETE", is_name_obsolete=True)))
    component = TrackedComponent.objects.get()
    assert (component.revision_num, component.is_deleted, component.edit_type) == (6, True, "DELETE")
    assert len(feed()) == 2


def test_a_poll_asked_for_while_one_runs_comes_right_after_it() -> None:
    turn = a_turn()
    ScratchOrg.objects.update(next_poll_at=timezone.now())
    store(turn, reading())
    assert [pk for pk, _ in pacing.claim_due()] == [turn.org.pk]


def test_the_next_poll_is_at_a_phase_point_of_the_interval() -> None:
    turn = a_turn()
    store(turn, reading())
    org = ScratchOrg.objects.get()
    offset = (org.next_poll_at.timestamp() / 300 - pacing.phase(org.pk)) % 1
    assert min(offset, 1 - offset) == pytest.approx(0, abs=1e-4)
    assert timedelta(0) < org.next_poll_at - timezone.now() <= timedelta(minutes=5)


def test_a_failed_poll_keeps_what_was_known_and_says_why() -> None:
    turn = a_turn()
    store(turn, reading(edit("A", 5), cursor=Cursor(safe_counter=4, highest_counter=5, baselined_at=NOON)))
    recording.fail(next_turn(turn.org), errors.TimedOut(), 30.0)
    org = ScratchOrg.objects.get()
    assert (org.consecutive_failures, org.last_error_code) == (1, errors.TimedOut().code)
    assert org.last_error
    assert (org.safe_counter, org.highest_counter, org.watched) == (4, 5, True)
    assert feed() == [("A", 5, "CHANGE")]
    store(next_turn(turn.org), reading())
    org.refresh_from_db()
    assert (org.consecutive_failures, org.last_error_code, org.last_error) == (0, "", "")


def test_retry_after_wins_over_the_backoff() -> None:
    turn = a_turn(consecutive_failures=3)
    recording.fail(turn, errors.Unavailable(retry_after_seconds=1234), 1.0)
    wait = ScratchOrg.objects.get().next_poll_at - timezone.now()
    assert wait.total_seconds() == pytest.approx(1234, abs=5)


def test_a_refused_login_stops_the_polling_and_is_told_once() -> None:
    turn = a_turn()
    recording.fail(turn, errors.LoginRefused(), 1.0)
    org = ScratchOrg.objects.get()
    assert (org.watched, org.unwatched_reason) == (False, "login_refused")
    assert Event.objects.get().kind == "orgs.login_refused"
    recording.fail(turn, errors.LoginRefused(), 1.0)
    assert Event.objects.count() == 1


def test_a_refused_login_does_not_undo_what_was_decided_meanwhile() -> None:
    for decided in (
        {"watched": False, "unwatched_reason": "stopped"},
        {"watched": False, "unwatched_reason": "ended", "status": "Deleted"},
        {"watched": True, "unwatched_reason": "", "next_poll_at": Now()},  # enrolled anew, or asked for
    ):
        turn = a_turn()
        org = ScratchOrg.objects.filter(pk=turn.org.pk)
        org.update(**decided)
        recording.fail(turn, errors.LoginRefused(), 1.0)
        assert org.values_list("watched", "unwatched_reason").get() == (decided["watched"], decided["unwatched_reason"])
    assert not Event.objects.exists()


def test_a_stale_lease_leaves_no_gap_mark() -> None:
    turn = a_turn(last_polled_at=timezone.now() - timedelta(hours=2))
    assert store(replace(turn, lease_token=uuid4()), reading(edit("A", 5))) is None
    assert not GapMark.objects.exists()


def test_a_hole_of_more_than_three_intervals_leaves_a_gap_mark() -> None:
    turn = a_turn()
    store(turn, reading())
    store(next_turn(turn.org), reading())
    assert not GapMark.objects.exists()
    before = timezone.now() - timedelta(minutes=16)
    ScratchOrg.objects.update(last_polled_at=before)
    store(next_turn(turn.org), reading())
    gap = GapMark.objects.get()
    assert (gap.reason, gap.from_at) == ("not_watched", before)


def test_a_tracking_reset_is_marked_and_told() -> None:
    turn = a_turn()
    store(turn, reading())
    store(next_turn(turn.org), reading(was_reset=True, cursor=Cursor(tracking_epoch=1, baselined_at=NOON)))
    assert GapMark.objects.get().reason == "tracking_reset"
    assert Event.objects.get().kind == "changes.tracking_reset"
    assert ScratchOrg.objects.get().tracking_epoch == 1


def test_components_of_an_older_epoch_count_as_revision_minus_one() -> None:
    turn = a_turn()
    store(turn, reading(edit("A", 5)))
    known, _ = recording.what_is_known(turn.org.pk, 1, [member("A", 6), member("B", 7)])
    assert {key: (each.revision_num, each.is_deleted) for key, each in known.items()} == {
        ("ApexClass", "A"): (-1, False)
    }


def test_the_default_admin_goes_by_the_name_of_the_orgs_owner() -> None:
    turn = a_turn(owner_name="Ana Lopez")
    people = [
        records.Person(ANA, "User User", "test@example.com"),
        records.Person(salesforce_id("005", 8), "Ben", "ben@x"),
    ]
    recording.remember_people(turn, people)
    assert set(Person.objects.values_list("name", flat=True)) == {"Ana Lopez", "Ben"}
    seen = [member("A", 5), member("B", 6, changed_by=salesforce_id("005", 9))]
    assert recording.what_is_known(turn.org.pk, 0, seen) == ({}, {ANA})


def test_numbers_follow_commits_even_when_two_polls_of_a_team_overlap() -> None:
    first = a_turn()
    second = next_turn(ScratchOrgFactory(dev_hub=first.org.dev_hub, team=first.org.team))
    store(first, reading(edit("A", 5)))
    store(second, reading(edit("B", 5), edit("C", 6)))
    with connection.cursor() as cursor:
        cursor.execute("SELECT feed_position FROM teams WHERE id = %s", [first.org.team_id])
        assert cursor.fetchone() == (3,)
    assert [name for name, *_ in feed()] == ["A", "B", "C"]
