"""/api/devhubs: maintainers add, change and remove them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.models import AuditEntry, Role
from apps.changes.models import Person, SourceChange, TrackedComponent
from apps.core.claims import claim_due
from apps.operations import running
from apps.operations.models import Operation
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.factories import (
    DevHubFactory,
    PersonFactory,
    ScratchOrgFactory,
    SourceChangeFactory,
    TrackedComponentFactory,
)

URL = "/api/devhubs"


@pytest.fixture
def hub(cast: Cast) -> DevHub:
    hub: DevHub = DevHubFactory(team=cast.team, name="Example Inc.")
    return hub


def test_bob_lists_and_shows_hubs(cast: Cast, hub: DevHub) -> None:
    listed = cast.bob.client.get(URL).json()["dev_hubs"]

    assert [found["name"] for found in listed] == ["Example Inc."]
    assert cast.bob.client.get(f"{URL}/{hub.pk}").json()["dev_hub"] == listed[0]


def test_alice_changes_interval_and_activity(cast: Cast, hub: DevHub) -> None:
    changed = cast.alice.client.patch(f"{URL}/{hub.pk}", {"poll_interval_minutes": 2.5, "active": False}, format="json")

    assert changed.status_code == 200
    assert changed.json()["dev_hub"]["poll_interval_minutes"] == 2.5
    hub.refresh_from_db()
    assert (hub.poll_interval_minutes, hub.active) == (2.5, False)
    assert AuditEntry.objects.get(action="dev_hub.changed").data == {"poll_interval_minutes": 2.5, "active": False}


def test_a_shorter_interval_takes_effect_at_once(cast: Cast, hub: DevHub) -> None:
    in_an_hour, soon = timezone.now() + timedelta(hours=1), timezone.now() + timedelta(seconds=30)
    waiting = ScratchOrgFactory(dev_hub=hub, next_poll_at=in_an_hour)
    failing = ScratchOrgFactory(dev_hub=hub, next_poll_at=in_an_hour, consecutive_failures=5)
    due_soon = ScratchOrgFactory(dev_hub=hub, next_poll_at=soon)
    elsewhere = ScratchOrgFactory(next_poll_at=in_an_hour)

    cast.alice.client.patch(f"{URL}/{hub.pk}", {"poll_interval_minutes": 1}, format="json")

    for org in (waiting, failing, due_soon, elsewhere):
        org.refresh_from_db()
    assert timezone.now() - timedelta(seconds=5) < waiting.next_poll_at < timezone.now() + timedelta(seconds=61)
    assert (failing.next_poll_at, due_soon.next_poll_at, elsewhere.next_poll_at) == (in_an_hour, soon, in_an_hour)


@pytest.mark.parametrize("body", [{"poll_interval_minutes": 0}, {"active": "perhaps"}, {"private_key": "x"}, [1], "x"])
def test_a_bad_change_is_refused(cast: Cast, hub: DevHub, body: Any) -> None:
    assert cast.alice.client.patch(f"{URL}/{hub.pk}", body, format="json").status_code == 400


def test_a_key_that_is_none_is_refused_and_nothing_is_stored(cast: Cast) -> None:
    body = {"client_id": "3MVG9", "username": "hub@example.com", "private_key": "canary-no-key"}

    answer = cast.alice.client.post(URL, body, format="json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_private_key"
    assert "canary" not in answer.content.decode()
    assert not DevHub.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_below_maintainer_nobody_changes_hubs(cast: Cast, hub: DevHub, role: Role) -> None:
    client = cast.as_role(role).client

    assert client.post(URL, {}, format="json").status_code == 403
    assert client.patch(f"{URL}/{hub.pk}", {"active": False}, format="json").status_code == 403
    assert client.delete(f"{URL}/{hub.pk}").status_code == 403


def test_charlie_finds_no_hub_of_alices_and_anonymous_is_asked_who_they_are(cast: Cast, hub: DevHub) -> None:
    assert cast.charlie.client.get(URL).json()["dev_hubs"] == []
    for verb in ("get", "patch", "delete"):
        assert getattr(cast.charlie.client, verb)(f"{URL}/{hub.pk}").status_code == 404
        assert getattr(cast.anonymous, verb)(f"{URL}/{hub.pk}").status_code == 401
    hub.refresh_from_db()
    assert hub.active


@pytest.mark.django_db(transaction=True)  # within one transaction, now() stands still and nothing falls due
def test_a_removed_hub_goes_with_all_that_was_seen_and_nothing_else_does(cast: Cast, hub: DevHub) -> None:
    orgs = [ScratchOrgFactory(dev_hub=hub) for _ in range(2)]
    other = ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team))
    for org in [*orgs, other]:
        SourceChangeFactory(scratch_org=org)
        TrackedComponentFactory(scratch_org=org)
        PersonFactory(scratch_org=org)

    answer = cast.alice.client.delete(f"{URL}/{hub.pk}")

    assert answer.status_code == 202
    again = cast.alice.client.delete(f"{URL}/{hub.pk}")
    assert again.json()["operation"]["id"] == answer.json()["operation"]["id"]
    for pk, token in claim_due(Operation, 10):
        running.advance(pk, token)
    done = cast.alice.client.get(answer["Location"]).json()["operation"]
    assert (done["status"], done["progress"]["message"]) == ("succeeded", "2 orgs removed")
    assert ScratchOrg.objects.get() == other
    for model in (SourceChange, TrackedComponent, Person):
        assert model._default_manager.get().scratch_org == other
    assert cast.alice.client.get(f"{URL}/{hub.pk}").status_code == 404
