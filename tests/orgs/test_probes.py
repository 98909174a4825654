"""/healthz, /readyz and /metrics."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.changes import pacing
from apps.orgs.models import ScratchOrg
from tests.conftest import Cast
from tests.factories import DevHubFactory, ScratchOrgFactory


def polls(client: Client) -> str:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    said: str = answer.json()["checks"]["polls"]
    assert answer.json()["status"] == ("ready" if said == "ok" else "degraded")
    return said


def moved_back(org: ScratchOrg, **ago: float) -> None:
    ScratchOrg.objects.filter(pk=org.pk).update(
        **{name: timezone.now() - timedelta(minutes=minutes) for name, minutes in ago.items()}
    )


def test_it_is_alive_without_asking_anybody(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_it_is_ready_while_nothing_is_watched(client: Client, db: None) -> None:
    assert polls(client) == "ok"


def test_polls_that_are_due_for_an_interval_while_none_ends_are_degraded(client: Client, cast: Cast) -> None:
    hub = DevHubFactory(team=cast.team, name="Example Inc.", poll_interval_minutes=10)
    org = ScratchOrgFactory(dev_hub=hub)
    moved_back(org, created_at=60, updated_at=19, last_attempted_at=19, next_poll_at=9)
    assert polls(client) == "ok"

    moved_back(org, updated_at=21, last_attempted_at=1, next_poll_at=11)  # taken up again and again, never ended
    assert "Example Inc." in polls(client)

    added = ScratchOrgFactory(dev_hub=hub)
    assert "Example Inc." in polls(client), "a sync's end is no poll's"

    moved_back(added, created_at=60, updated_at=1, last_attempted_at=1)
    assert polls(client) == "ok"


def test_orgs_that_were_never_polled_are_degraded_after_an_interval(client: Client, cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team, poll_interval_minutes=10))
    assert polls(client) == "ok"

    moved_back(org, created_at=11, updated_at=11, next_poll_at=11)
    assert polls(client) != "ok"

    ScratchOrg.objects.update(watched=False)
    assert polls(client) == "ok"


@pytest.mark.parametrize(
    ("minutes", "ago"),
    [
        (5, {"updated_at": 40, "last_attempted_at": 40, "next_poll_at": -20}),  # few calls left, or a long pause
        (5, {"created_at": 9999, "updated_at": 9999, "next_poll_at": 0}),  # listed long ago, enrolled now
        (0.05, {"updated_at": 1.9, "last_attempted_at": 1.9, "next_poll_at": 1.8}),  # one poll may take so long
    ],
)
def test_who_is_polled_rarely_is_no_sign_of_dead_workers(
    client: Client, cast: Cast, minutes: float, ago: dict[str, float]
) -> None:
    moved_back(ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team, poll_interval_minutes=minutes)), **ago)
    assert polls(client) == "ok"


def metrics(client: Client) -> dict[str, float]:
    answer = client.get("/metrics", headers={"Authorization": "Bearer canary"})
    assert answer.status_code == 200
    lines = [line for line in answer.content.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_metrics_tell_what_the_rows_tell(client: Client, cast: Cast, settings: Settings) -> None:
    settings.METRICS_TOKEN = "canary"
    hub = DevHubFactory(team=cast.team)
    for org in (
        ScratchOrgFactory(dev_hub=hub, last_polled_at=datetime.now(UTC), changes_total=5),
        ScratchOrgFactory(dev_hub=hub, consecutive_failures=1, changes_total=2),
    ):
        moved_back(org, next_poll_at=-5, last_attempted_at=1)
    due = ScratchOrgFactory(dev_hub=hub)
    moved_back(due, next_poll_at=2)

    told = metrics(client)

    assert told['scratcher_orgs{health="ok"}'] == told["scratcher_orgs_watched"] == 1
    assert told['scratcher_orgs{health="failing"}'] == told['scratcher_orgs{health="waiting"}'] == 1
    assert told['scratcher_orgs{health="ended"}'] == 0
    assert told["scratcher_orgs_active"] == 3
    assert told["scratcher_changes_known"] == 7
    assert 119 <= told["scratcher_oldest_due_poll_seconds"] <= 130


def test_a_poll_stays_overdue_while_its_messages_find_no_worker(client: Client, cast: Cast, settings: Settings) -> None:
    settings.METRICS_TOKEN = "canary"
    org = ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team))
    moved_back(org, next_poll_at=2)

    [message] = pacing.claim_due()
    assert metrics(client)["scratcher_oldest_due_poll_seconds"] >= 119

    assert pacing.take(*message)
    assert metrics(client)["scratcher_oldest_due_poll_seconds"] == 0


@pytest.mark.parametrize(
    "sent", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}, {"X-API-Key": "c"}]
)
def test_metrics_are_behind_their_token(client: Client, settings: Settings, sent: dict[str, str]) -> None:
    for token in ("canary", ""):
        settings.METRICS_TOKEN = token
        assert client.get("/metrics", headers=sent).status_code == 401
