"""/api/operations/{id}: how far a job is, what it said, and a way to end it."""

import pytest

from apps.accounts.models import AuditEntry, Role
from apps.core.claims import claim_due
from apps.operations import running
from apps.operations.models import Operation, OperationLog
from tests.conftest import Cast
from tests.factories import OperationFactory


@pytest.fixture
def operation(cast: Cast) -> Operation:
    operation: Operation = OperationFactory(team=cast.team, current=1, total=3, phase="polling", message="1 of 3")
    return operation


def test_bob_sees_how_far_it_is(cast: Cast, operation: Operation) -> None:
    url = f"/api/operations/{operation.pk}"
    progress = {"phase": "polling", "current": 1, "total": 3, "message": "1 of 3"}

    shown = cast.bob.client.get(url).json()["operation"]
    assert (shown["id"], shown["status"], shown["progress"]) == (operation.pk, "running", progress)
    assert cast.bob.client.get(f"{url}/progress").json() == {"success": True, "progress": progress}


def test_bob_reads_its_log_page_by_page(cast: Cast, operation: Operation) -> None:
    url = f"/api/operations/{operation.pk}/logs"
    for n in range(3):
        OperationLog.objects.create(operation=operation, message=f"line {n}")
    other = OperationFactory(team=cast.team)
    OperationLog.objects.create(operation=other, message="another operation's")

    first = cast.bob.client.get(url, {"limit": 2}).json()
    second = cast.bob.client.get(url, {"limit": 2, "cursor": first["next"]}).json()

    assert [line["message"] for line in first["logs"] + second["logs"]] == ["line 2", "line 1", "line 0"]
    elsewhere = f"/api/operations/{other.pk}/logs"
    assert cast.bob.client.get(elsewhere, {"limit": 2, "cursor": first["next"]}).status_code == 400


@pytest.mark.django_db(transaction=True)  # within one transaction, now() stands still and nothing falls due
def test_alice_cancels_and_it_ends_before_its_next_step(cast: Cast, operation: Operation) -> None:
    url = f"/api/operations/{operation.pk}"

    assert cast.alice.client.post(f"{url}/cancel").json()["operation"]["cancel_requested"] is True
    for pk, token in claim_due(Operation, 10):
        running.advance(pk, token)

    assert cast.alice.client.get(url).json()["operation"]["status"] == "cancelled"
    assert AuditEntry.objects.get().action == "operation.cancelled"


def test_what_has_ended_stays_as_it_is(cast: Cast, operation: Operation) -> None:
    Operation.objects.filter(pk=operation.pk).update(status="succeeded", finished_at=operation.created_at)

    answer = cast.alice.client.post(f"/api/operations/{operation.pk}/cancel")

    assert answer.json()["operation"]["cancel_requested"] is False
    assert not AuditEntry.objects.exists()


def test_viewers_cancel_nothing_and_developers_may(cast: Cast, operation: Operation) -> None:
    url = f"/api/operations/{operation.pk}/cancel"

    assert cast.bob.client.post(url).status_code == 403
    assert cast.as_role(Role.DEVELOPER).client.post(url).status_code == 202


@pytest.mark.parametrize("door", ["", "/progress", "/logs"])
def test_charlie_finds_nothing_and_anonymous_is_asked_who_they_are(cast: Cast, operation: Operation, door: str) -> None:
    url = f"/api/operations/{operation.pk}"

    assert cast.charlie.client.get(f"{url}{door}").status_code == 404
    assert cast.charlie.client.post(f"{url}/cancel").status_code == 404
    assert cast.anonymous.get(f"{url}{door}").status_code == 401
    operation.refresh_from_db()
    assert not operation.cancel_requested
