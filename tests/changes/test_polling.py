"""One poll against the simulator: what it finds, and what becomes of the org when it fails."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client import REGISTRY
from pytest_django.fixtures import Settings

from apps.changes.models import GapMark, Person, SourceChange, TrackedComponent
from apps.orgs.models import ScratchOrg
from tests.simulators import Simulator
from tests.watching import Watch, simulated, watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulated(tmp_path_factory.mktemp("simulator"), orgs=2) as running:
        yield running


@pytest.fixture
def watched(simulator: Simulator, settings: Settings) -> Iterator[Watch]:
    yield watch(simulator, settings)
    simulator.clear_faults()


@pytest.fixture
def org(watched: Watch) -> ScratchOrg:
    """A new org, read once: its baseline is known."""
    [made] = watched.simulator.create_orgs(count=1, components=5)
    watched.simulator.step(60)
    watched.sync()
    watched.sweep()
    watched.simulator.step(60)
    return watched.org(made["org_id"])


def test_what_was_there_at_the_first_poll_is_baseline_and_no_news(watched: Watch, org: ScratchOrg) -> None:
    assert TrackedComponent.objects.filter(scratch_org=org, is_baseline=True).count() == 5
    assert watched.feed(org.org_id) == []
    assert org.last_polled_at is not None


def test_an_edit_is_found_once_with_its_kind_and_person(watched: Watch, org: ScratchOrg) -> None:
    made = watched.simulator.edit(org.org_id, "ApexClass", "Invoice", "NEW")
    watched.sweep()
    watched.sweep()
    change = SourceChange.objects.get(scratch_org=org)
    assert (change.member_name, change.change_type, change.revision_num) == ("Invoice", "NEW", made["revision"])
    assert change.changed_by == made["user_id"]
    assert Person.objects.get(scratch_org=org, user_id=made["user_id"]).username == made["person"]


def test_each_request_to_salesforce_is_counted(watched: Watch, org: ScratchOrg) -> None:
    def calls() -> float:
        return REGISTRY.get_sample_value("scratcher_salesforce_calls_total") or 0

    before = calls()
    watched.sweep(org)
    assert calls() - before == 1  # a quiet org, its token warm: one query
    ScratchOrg.objects.filter(pk=org.pk).update(access_token="")
    watched.sweep(org)
    assert calls() - before == 3


def test_new_changed_and_deleted_are_told_apart(watched: Watch, org: ScratchOrg) -> None:
    for kind in ("NEW", "CHANGE", "DELETE", "NEW"):
        watched.simulator.edit(org.org_id, "ApexClass", "Invoice", kind)
        watched.simulator.step(1)
        watched.sweep(org)
    assert [kind for *_, kind in watched.feed(org.org_id)] == ["NEW", "CHANGE", "DELETE", "NEW"]


def test_a_row_that_becomes_visible_late_is_found(watched: Watch, org: ScratchOrg) -> None:
    watched.simulator.edit(org.org_id, "ApexClass", "Late", "NEW", visible_after_seconds=600)
    watched.simulator.edit(org.org_id, "ApexClass", "Early", "NEW")
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Early"]
    watched.simulator.step(601)
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Early", "Late"]


def test_a_row_later_than_the_overlap_is_found_by_the_daily_read_and_counted(watched: Watch, org: ScratchOrg) -> None:
    def counted() -> float:
        return REGISTRY.get_sample_value("scratcher_late_rows_beyond_overlap_total") or 0

    watched.simulator.edit(org.org_id, "ApexClass", "Late", "NEW", visible_after_seconds=10_000)
    watched.simulator.edit(org.org_id, "ApexClass", "Early", "NEW")
    for _ in range(3):
        watched.sweep(org)
        watched.simulator.step(2_000)
    watched.simulator.step(5_000)
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Early"]

    before = counted()
    ScratchOrg.objects.filter(pk=org.pk).update(read_from_zero_at=timezone.now() - timedelta(days=1))
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Early", "Late"]
    assert counted() - before == 1


def test_a_deployment_of_more_than_200_is_one_batch(watched: Watch, org: ScratchOrg) -> None:
    edits = [
        {"org_id": org.org_id, "member_type": "Layout", "member_name": f"L{number}", "kind": "NEW"}
        for number in range(201)
    ]
    watched.simulator.edits(edits)
    watched.sweep(org)
    changes = SourceChange.objects.filter(scratch_org=org)
    assert changes.filter(is_bulk=True).count() == 201
    assert changes.values("batch_id").distinct().count() == 1
    assert not TrackedComponent.objects.filter(scratch_org=org, edited_at__isnull=False).exists()


def test_a_tracking_reset_is_a_new_baseline_and_a_gap_mark(watched: Watch, org: ScratchOrg) -> None:
    watched.simulator.edit(org.org_id, "ApexClass", "Before", "NEW")
    watched.sweep(org)
    watched.simulator.reset_tracking(org.org_id)
    watched.simulator.step(10)
    watched.sweep(org)
    watched.simulator.step(10)
    watched.simulator.edit(org.org_id, "ApexClass", "After", "NEW")
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Before", "After"]
    assert GapMark.objects.get(scratch_org=org).reason == "tracking_reset"
    assert watched.org(org.org_id).tracking_epoch == 1


@pytest.mark.parametrize(
    ("fault", "options", "code"),
    [
        ("quota", {}, "quota_exceeded"),
        ("unavailable", {}, "unavailable"),
        ("gone", {}, "org_gone"),
        ("reset", {}, "unreachable"),
        ("html", {}, "malformed_answer"),
        ("malformed_json", {}, "malformed_answer"),
        ("wrong_shape", {}, "malformed_answer"),
        ("redirect", {}, "redirected"),
        ("no_tracking", {}, "no_source_tracking"),
        ("endless", {}, "body_too_large"),
    ],
)
def test_a_failing_org_says_why_on_its_row_and_keeps_what_was_known(
    watched: Watch, org: ScratchOrg, fault: str, options: dict[str, int], code: str
) -> None:
    watched.simulator.edit(org.org_id, "ApexClass", "Kept", "NEW")
    watched.sweep(org)
    watched.simulator.fault([org.org_id], fault, **options)
    watched.simulator.edit(org.org_id, "ApexClass", "Missed", "NEW")
    watched.sweep(org)
    failed = watched.org(org.org_id)
    assert (failed.last_error_code, failed.consecutive_failures) == (code, 1)
    assert failed.last_error.endswith(".")
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Kept"]
    watched.simulator.clear_faults([org.org_id])
    watched.sweep(org)
    assert [name for _, name, _ in watched.feed(org.org_id)] == ["Kept", "Missed"]
    assert watched.org(org.org_id).last_error_code == ""


def test_a_null_counter_fails_its_org_alone(watched: Watch, org: ScratchOrg) -> None:
    watched.simulator.edit(org.org_id, "ApexClass", "Odd", "NEW", null_counter=True)
    watched.sweep()
    assert watched.org(org.org_id).last_error_code == "malformed_answer"
    others = ScratchOrg.objects.filter(dev_hub=watched.hub, watched=True).exclude(pk=org.pk)
    assert others.exists()
    assert not others.exclude(last_error_code="").exists()


def test_a_refused_login_stops_the_polling(watched: Watch, org: ScratchOrg) -> None:
    watched.simulator.fault([org.org_id], "login_refused")
    watched.simulator.fault([org.org_id], "unauthorized")
    watched.sweep(org)
    refused = watched.org(org.org_id)
    assert (refused.watched, refused.unwatched_reason) == (False, "login_refused")


def test_an_expired_session_is_renewed_once_without_a_failure(watched: Watch, org: ScratchOrg) -> None:
    ScratchOrg.objects.filter(pk=org.pk).update(access_token="")
    watched.simulator.edit(org.org_id, "ApexClass", "Invoice", "NEW")
    watched.sweep(org)
    assert watched.feed(org.org_id) == [("ApexClass", "Invoice", "NEW")]
    watched.simulator.fault([org.org_id], "unauthorized")
    watched.sweep(org)
    assert watched.org(org.org_id).last_error_code == "session_expired"
