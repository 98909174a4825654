"""/api/coverage: how much is watched, and why not the rest."""

from datetime import UTC, datetime, timedelta

from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.factories import DevHubFactory, ScratchOrgFactory

URL = "/api/coverage"


def test_bob_reads_how_much_is_watched(cast: Cast) -> None:
    hub = DevHubFactory(team=cast.team)
    ScratchOrgFactory(dev_hub=hub, last_polled_at=datetime.now(UTC))
    lost = ScratchOrgFactory(dev_hub=hub, watched=False, unwatched_reason="not_enrolled", connected_app="PlatformCLI")

    coverage = cast.bob.client.get(URL).json()["coverage"]

    assert coverage["summary"] == "1 of 2 active orgs watched"
    assert [(org["org_id"], org["reason"]) for org in coverage["orgs"]] == [(lost.org_id, "not_enrolled")]
    assert [(found["orgs_watched"], found["orgs_active"]) for found in coverage["dev_hubs"]] == [(1, 2)]


def test_nothing_is_watched_while_no_poll_ends(cast: Cast) -> None:
    hub = DevHubFactory(team=cast.team, poll_interval_minutes=10, last_synced_at=datetime.now(UTC))
    working = DevHubFactory(team=cast.team, poll_interval_minutes=10, last_synced_at=datetime.now(UTC))
    for org in (ScratchOrgFactory(dev_hub=each, last_polled_at=datetime.now(UTC)) for each in (hub, hub, working)):
        ended_at = datetime.now(UTC) - timedelta(minutes=21 if org.dev_hub == hub else 19)
        ScratchOrg.objects.filter(pk=org.pk).update(
            last_attempted_at=ended_at, updated_at=ended_at, next_poll_at=ended_at + timedelta(minutes=10)
        )

    coverage = cast.bob.client.get(URL).json()["coverage"]

    assert coverage["summary"] == "1 of 3 active orgs watched"
    told = {found["org_id"]: (found["orgs_watched"], found["reason"]) for found in coverage["dev_hubs"]}
    assert told == {hub.org_id: (0, "no_polls"), working.org_id: (1, "")}

    ScratchOrgFactory(dev_hub=hub)  # by a sync, which goes on
    assert cast.bob.client.get(URL, {"dev_hub": hub.pk}).json()["coverage"]["watched"] == 0

    DevHub.objects.filter(pk=hub.pk).update(consecutive_failures=1, last_error_code="host_not_found")
    [found] = cast.bob.client.get(URL, {"dev_hub": hub.pk}).json()["coverage"]["dev_hubs"]
    assert (found["orgs_watched"], found["reason"]) == (0, "host_not_found")


def test_coverage_of_one_hub(cast: Cast) -> None:
    hub, other = DevHubFactory(team=cast.team), DevHubFactory(team=cast.team)
    ScratchOrgFactory(dev_hub=hub)

    assert cast.bob.client.get(URL, {"dev_hub": hub.pk}).json()["coverage"]["active"] == 1
    assert cast.bob.client.get(URL, {"dev_hub": other.pk}).json()["coverage"]["active"] == 0
    assert cast.charlie.client.get(URL, {"dev_hub": hub.pk}).status_code == 404


def test_charlie_counts_nothing_of_alices_team_and_anonymous_is_asked_who_they_are(cast: Cast) -> None:
    ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team))

    assert cast.charlie.client.get(URL).json()["coverage"]["active"] == 0
    assert cast.anonymous.get(URL).status_code == 401
