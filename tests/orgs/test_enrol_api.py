"""POST /api/orgs/{org_id}/enrol and POST /api/devhubs against a simulated DevHub: what goes in never comes out."""

import logging
from typing import Any

import pytest

from apps.accounts.models import AuditEntry, Role
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast, key_client
from tests.orgs.test_enrolment import auth_url
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(watch: Watch) -> dict[str, Any]:
    """An org that only its refresh token enters."""
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    return dict(made)


def test_developers_enrol_an_org_and_the_secret_stays_inside(
    cast: Cast, watch: Watch, made: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url, secret = f"/api/orgs/{made['org_id']}/enrol", made["refresh_token"]
    body = {"sfdx_auth_url": auth_url(watch.simulator, secret)}

    answer = cast.as_role(Role.DEVELOPER).client.post(url, body, format="json")

    assert answer.status_code == 200, answer.content
    assert (answer.json()["org"]["credential"], answer.json()["org"]["health"]) == ("refresh_token", "waiting")
    assert watch.org(made["org_id"]).watched
    entry = AuditEntry.objects.get(action="org.enrolled")
    for where in (answer.content.decode(), caplog.text, repr(vars(entry)), repr(vars(watch.org(made["org_id"])))):
        assert secret not in where


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "invalid_input"),
        ({"sfdx_auth_url": "canary-nonsense"}, "invalid_input"),
        ({"refresh_token": "canary-unknown"}, "login_refused"),
        ({"sfdx_auth_url": "force://PlatformCLI::canary@evil.example.com"}, "host_not_allowed"),
        ({"refresh_token": "canary", "colour": "canary"}, "invalid_input"),
    ],
)
def test_what_does_not_work_changes_nothing_and_is_not_repeated(
    cast: Cast, watch: Watch, made: dict[str, Any], body: dict[str, str], code: str
) -> None:
    before = vars(watch.org(made["org_id"])) | {"_state": None}

    answer = cast.alice.client.post(f"/api/orgs/{made['org_id']}/enrol", body, format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code), answer.content
    assert "canary" not in answer.content.decode()
    assert vars(watch.org(made["org_id"])) | {"_state": None} == before
    assert not AuditEntry.objects.exists()


def test_who_may_not_enrols_nothing(cast: Cast, watch: Watch, made: dict[str, Any]) -> None:
    url, body = f"/api/orgs/{made['org_id']}/enrol", {"refresh_token": made["refresh_token"]}

    assert cast.bob.client.post(url, body, format="json").status_code == 403
    assert key_client(cast.team, "read", "poll").post(url, body, format="json").status_code == 403
    assert cast.charlie.client.post(url, body, format="json").status_code == 404
    assert cast.anonymous.post(url, body, format="json").status_code == 401
    assert not watch.org(made["org_id"]).watched


def test_a_maintainer_adds_a_hub_once(cast: Cast, simulator: Simulator) -> None:
    client = cast.as_role(Role.MAINTAINER).client
    body = {
        "login_url": simulator.hub.login_url,
        "client_id": simulator.hub.client_id,
        "username": simulator.hub.username,
        "private_key": simulator.hub.private_key,
    }

    added = client.post("/api/devhubs", body, format="json")
    assert added.status_code == 201, added.content
    assert added.json()["dev_hub"]["org_id"] == simulator.hub.org_id
    assert "PRIVATE KEY" not in added.content.decode()
    assert "PRIVATE KEY" not in repr(AuditEntry.objects.values())

    assert client.post("/api/devhubs", body, format="json").status_code == 409
    refused = client.post("/api/devhubs", body | {"username": "nobody@example.com"}, format="json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "login_refused")
    assert DevHub.objects.count() == 1
    assert not ScratchOrg.objects.exists()
