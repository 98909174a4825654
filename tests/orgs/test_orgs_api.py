"""/api/orgs: every org with its health, why it is not watched, and what was counted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.changes.models import GapMark
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.factories import DevHubFactory, ScratchOrgFactory

URL = "/api/orgs"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def hub(cast: Cast) -> DevHub:
    hub: DevHub = DevHubFactory(team=cast.team, name="Example Inc.")
    return hub


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [org["username"] for org in answer.json()["orgs"]]


def test_alice_sees_an_org_whole(cast: Cast, hub: DevHub) -> None:
    org = ScratchOrgFactory(dev_hub=hub, last_polled_at=NOW, api_used=12, api_max=15000, changes_total=7)

    seen = cast.alice.client.get(URL).json()["orgs"]

    assert len(seen) == 1
    assert seen[0]["org_id"] == org.org_id
    assert seen[0]["dev_hub"] == {"id": hub.pk, "name": "Example Inc."}
    assert (seen[0]["health"], seen[0]["watched"], seen[0]["reason"]) == ("ok", True, "")
    assert seen[0]["last_polled_at"] == "2026-03-02T12:00:00Z"
    assert seen[0]["budget"] == {"used": 12, "max": 15000}
    assert seen[0]["changes_total"] == 7


def test_no_token_is_in_any_answer(cast: Cast, hub: DevHub) -> None:
    org = ScratchOrgFactory(
        dev_hub=hub, access_token="canary-1", refresh_token="canary-2", refresh_client_secret="canary-3"
    )
    DevHub.objects.filter(pk=hub.pk).update(private_key="canary-4", access_token="canary-5")
    for url in (URL, f"{URL}/{org.org_id}", "/api/coverage", "/api/devhubs", f"/api/devhubs/{hub.pk}"):
        assert "canary" not in cast.alice.client.get(url).content.decode(), url


def test_an_org_says_why_it_is_not_watched_and_what_to_do(cast: Cast, hub: DevHub) -> None:
    ScratchOrgFactory(dev_hub=hub, watched=False, unwatched_reason="not_enrolled", connected_app="PlatformCLI")

    org = cast.bob.client.get(URL).json()["orgs"][0]

    assert (org["health"], org["watched"], org["reason"]) == ("unwatched", False, "not_enrolled")
    assert "PlatformCLI" in org["why"]
    assert "enrol" in org["what_to_do"]


def test_what_does_not_pass_by_itself_is_not_said_to(cast: Cast, hub: DevHub) -> None:
    ScratchOrgFactory(dev_hub=hub, consecutive_failures=1, last_error_code="redirected", last_error="It redirects.")
    assert "Enrol" in cast.bob.client.get(URL).json()["orgs"][0]["what_to_do"]


def make_one_of_each(hub: DevHub) -> dict[str, ScratchOrg]:
    return {
        "ok": ScratchOrgFactory(dev_hub=hub, username="ok", last_polled_at=NOW),
        "waiting": ScratchOrgFactory(dev_hub=hub, username="waiting"),
        "failing": ScratchOrgFactory(dev_hub=hub, username="failing", last_polled_at=NOW, consecutive_failures=2),
        "unwatched": ScratchOrgFactory(dev_hub=hub, username="unwatched", watched=False),
        "ended": ScratchOrgFactory(dev_hub=hub, username="ended", status="Expired", watched=False),
    }


def test_health_is_the_same_in_the_filter_and_in_the_answer(cast: Cast, hub: DevHub) -> None:
    for health in make_one_of_each(hub):
        orgs = cast.alice.client.get(URL, {"health": health}).json()["orgs"]
        assert [(org["username"], org["health"]) for org in orgs] == [(health, health)]


def test_orgs_are_filtered(cast: Cast, hub: DevHub) -> None:
    make_one_of_each(hub)
    other_hub = DevHubFactory(team=cast.team)
    ScratchOrgFactory(dev_hub=other_hub, username="elsewhere")
    client = cast.alice.client

    assert names(client.get(URL, {"watched": "true"})) == ["ok"]
    assert names(client.get(URL, {"status": "Expired"})) == ["ended"]
    assert names(client.get(URL, {"dev_hub": other_hub.pk})) == ["elsewhere"]
    assert names(client.get(URL, {"watched": "false", "dev_hub": str(hub.pk), "status": "Active"})) == [
        "unwatched",
        "failing",
        "waiting",
    ]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"statu": "Active"}, "statu"),
        ({"status": "active"}, "status"),
        ({"watched": "yes"}, "watched"),
        ({"dev_hub": "one"}, "dev_hub"),
        ({"dev_hub": "99999999999999999999"}, "dev_hub"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"limit": ["1", "2"]}, "limit"),
        ({"health": "a\x00"}, "health"),
        ({"cursor": "nonsense"}, "cursor"),
        ({"cursor": "Ä"}, "cursor"),
        ({"cursor": "x" * 3000}, "cursor"),
    ],
)
def test_what_is_unknown_is_refused_by_name(cast: Cast, query: dict[str, Any], named: str) -> None:
    answer = cast.alice.client.get(URL, query)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["field"] == named


def test_pages_follow_each_other_to_the_end(cast: Cast, hub: DevHub) -> None:
    made = [ScratchOrgFactory(dev_hub=hub).username for _ in range(7)]

    seen: list[str] = []
    query = {"limit": "3"}
    while True:
        page = cast.alice.client.get(URL, query).json()
        seen += [org["username"] for org in page["orgs"]]
        ScratchOrgFactory(dev_hub=hub, username="found while paging")
        if page["next"] is None:
            break
        query["cursor"] = page["next"]

    assert seen == made[::-1]


def test_a_cursor_is_good_for_its_team_list_and_filters_alone(cast: Cast, hub: DevHub) -> None:
    for _ in range(3):
        ScratchOrgFactory(dev_hub=hub)
    cursor = cast.alice.client.get(URL, {"limit": 1}).json()["next"]
    altered = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")

    assert cast.bob.client.get(URL, {"limit": 2, "cursor": cursor}).status_code == 200
    for client, url, query in (
        (cast.charlie.client, URL, {"cursor": cursor}),
        (cast.alice.client, URL, {"cursor": cursor, "status": "Active"}),
        (cast.alice.client, "/api/members", {"cursor": cursor}),
        (cast.alice.client, URL, {"cursor": altered}),
    ):
        answer = client.get(url, query)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_cursor"


def test_an_org_is_found_by_its_id_of_15_or_18_characters_or_its_username(cast: Cast, hub: DevHub) -> None:
    org = ScratchOrgFactory(dev_hub=hub, username="test-k3v9@example.com")

    for named in (org.org_id, org.org_id[:15], "test-k3v9@example.com"):
        assert cast.bob.client.get(f"{URL}/{named}").json()["org"]["org_id"] == org.org_id
    for named in ("00D000000099999", "nobody@example.com", "a%00b", "x" * 300):
        assert cast.bob.client.get(f"{URL}/{named}").status_code == 404


def test_an_org_tells_of_spans_in_which_nobody_looked(cast: Cast, hub: DevHub) -> None:
    org = ScratchOrgFactory(dev_hub=hub)
    GapMark.objects.create(
        team=cast.team, scratch_org=org, reason="not_watched", from_at=NOW - timedelta(hours=2), to_at=NOW
    )

    assert cast.bob.client.get(f"{URL}/{org.org_id}").json()["org"]["gaps"] == [
        {"reason": "not_watched", "from": "2026-03-02T10:00:00Z", "to": "2026-03-02T12:00:00Z"}
    ]


def test_charlie_sees_nothing_and_anonymous_is_asked_who_they_are(cast: Cast, hub: DevHub) -> None:
    org = ScratchOrgFactory(dev_hub=hub)

    assert names(cast.charlie.client.get(URL)) == []
    assert names(cast.charlie.client.get(URL, {"dev_hub": hub.pk})) == []
    assert cast.charlie.client.get(f"{URL}/{org.org_id}").status_code == 404
    assert cast.charlie.client.get(f"{URL}/{org.username}").status_code == 404
    assert cast.anonymous.get(URL).status_code == 401
    assert cast.anonymous.get(f"{URL}/{org.org_id}").status_code == 401
