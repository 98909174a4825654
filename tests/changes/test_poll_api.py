"""POST /api/poll and /api/orgs/{org_id}/poll: ask now, follow the operation."""

import pytest

from apps.accounts.models import Role
from apps.operations.models import Operation
from apps.orgs.models import ScratchOrg
from tests.conftest import Cast, key_client
from tests.factories import DevHubFactory, ScratchOrgFactory


@pytest.fixture
def org(cast: Cast) -> ScratchOrg:
    org: ScratchOrg = ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team))
    ScratchOrg.objects.filter(pk=org.pk).update(next_poll_at="2100-01-01T00:00Z")
    return org


def is_due(org: ScratchOrg) -> bool:
    org.refresh_from_db()
    return org.next_poll_at.year < 2100


@pytest.mark.parametrize("url", ["/api/poll", "/api/orgs/{org_id}/poll"])
def test_alice_asks_for_a_poll_and_follows_it(cast: Cast, org: ScratchOrg, url: str) -> None:
    answer = cast.alice.client.post(url.format(org_id=org.org_id[:15]))

    assert answer.status_code == 202
    assert answer.json()["operation"]["progress"]["total"] == 1
    assert cast.alice.client.get(answer["Location"]).json()["operation"] == answer.json()["operation"]
    assert is_due(org)


def test_a_second_call_while_one_runs_answers_with_the_same_operation(cast: Cast, org: ScratchOrg) -> None:
    first, second = cast.alice.client.post("/api/poll"), cast.alice.key_client.post("/api/poll")

    assert second.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert Operation.objects.count() == 1


def test_developers_may_and_viewers_may_not(cast: Cast, org: ScratchOrg) -> None:
    assert cast.bob.client.post("/api/poll").status_code == 403
    assert cast.bob.client.post(f"/api/orgs/{org.org_id}/poll").status_code == 403
    assert key_client(cast.team, "read").post("/api/poll").status_code == 403
    assert not is_due(org)
    assert cast.as_role(Role.DEVELOPER).client.post("/api/poll").status_code == 202
    assert is_due(org)


def test_charlie_polls_nothing_of_alices(cast: Cast, org: ScratchOrg) -> None:
    assert cast.charlie.client.post(f"/api/orgs/{org.org_id}/poll").status_code == 404
    assert cast.charlie.client.post("/api/poll").json()["operation"]["progress"]["total"] == 0
    assert not is_due(org)


def test_anonymous_is_asked_who_they_are(cast: Cast, org: ScratchOrg) -> None:
    assert cast.anonymous.post("/api/poll").status_code == 401
    assert cast.anonymous.post(f"/api/orgs/{org.org_id}/poll").status_code == 401
    assert not is_due(org)
