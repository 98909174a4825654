"""Credentials that people give for an org that JWT cannot enter."""

from typing import Any

import pytest

from apps.core.errors import Gone, InvalidInput, ScratcherError, Unavailable
from apps.orgs import access
from apps.orgs.enrolment import enrol, start_watching, stop_watching
from apps.orgs.models import ScratchOrg
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def made(watch: Watch) -> dict[str, Any]:
    """An org of the sf CLI's, as the simulator describes it; its row is known and not watched."""
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    assert watch.org(made["org_id"]).unwatched_reason == "not_enrolled"
    return dict(made)


@pytest.fixture
def org(watch: Watch, made: dict[str, Any]) -> ScratchOrg:
    return watch.org(made["org_id"])


def auth_url(simulator: Simulator, refresh_token: str) -> str:
    return f"force://PlatformCLI::{refresh_token}@{simulator.url.removeprefix('https://')}"


def refusal(org: ScratchOrg, **given: str) -> ScratcherError:
    before = ScratchOrg.objects.values().get(pk=org.pk)
    with pytest.raises(ScratcherError) as refused:
        enrol(org, **given)
    assert ScratchOrg.objects.values().get(pk=org.pk) == before
    return refused.value


def test_an_sfdx_auth_url_enrols_an_org(watch: Watch, org: ScratchOrg, made: dict[str, Any]) -> None:
    enrol(org, sfdx_auth_url=auth_url(watch.simulator, made["refresh_token"]))
    stored = ScratchOrg.objects.get(pk=org.pk)
    assert (stored.watched, stored.unwatched_reason, stored.credential) == (True, "", "refresh_token")
    assert made["refresh_token"] not in stored.refresh_token
    assert access.unseal(stored, "refresh_token") == made["refresh_token"]
    watch.sync()
    watch.sweep(stored)
    stored.refresh_from_db()
    assert (stored.watched, stored.last_error) == (True, "")
    assert stored.last_polled_at is not None


def test_a_refresh_token_enrols_an_org(org: ScratchOrg, made: dict[str, Any]) -> None:
    enrol(org, refresh_token=made["refresh_token"])
    assert ScratchOrg.objects.get(pk=org.pk).watched


def test_a_token_of_another_org_is_refused(watch: Watch, org: ScratchOrg) -> None:
    [other] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    assert refusal(org, refresh_token=other["refresh_token"]).code == "wrong_org"


def test_what_cannot_work_is_refused_and_changes_nothing(watch: Watch, org: ScratchOrg, made: dict[str, Any]) -> None:
    token = made["refresh_token"]
    assert refusal(org).code == "invalid_input"
    assert refusal(org, sfdx_auth_url="force://nonsense").code == "invalid_input"
    assert refusal(org, sfdx_auth_url=f"force://PlatformCLI::{token}@evil.example.com").code == "host_not_allowed"
    assert refusal(org, refresh_token="5Aepunknown").code == "login_refused"
    error = refusal(org, sfdx_auth_url="force://PlatformCLI::[REDACTED]x@test.salesforce.com")
    assert isinstance(error, InvalidInput)
    watch.simulator.fault([org.org_id], "unavailable", on="login")
    error = refusal(org, refresh_token=token)
    assert isinstance(error, Unavailable)
    assert token not in str(error)


def test_an_org_that_is_over_cannot_be_enrolled(watch: Watch, org: ScratchOrg, made: dict[str, Any]) -> None:
    watch.simulator.delete(org.org_id)
    watch.sync()
    assert isinstance(refusal(watch.org(org.org_id), refresh_token=made["refresh_token"]), Gone)


def test_enrolling_starts_a_stopped_org_and_one_whose_login_was_refused(org: ScratchOrg, made: dict[str, Any]) -> None:
    for reason in ("stopped", "login_refused"):
        ScratchOrg.objects.filter(pk=org.pk).update(watched=False, unwatched_reason=reason, last_error_code="x")
        enrol(org, refresh_token=made["refresh_token"])
        stored = ScratchOrg.objects.get(pk=org.pk)
        assert (stored.watched, stored.unwatched_reason, stored.last_error_code) == (True, "", "")


def test_an_org_that_nothing_can_enter_cannot_be_started(org: ScratchOrg) -> None:
    this = ScratchOrg.objects.filter(pk=org.pk)
    assert stop_watching(this) == 1
    assert start_watching(this) == 0
    assert (this.get().watched, this.get().unwatched_reason) == (False, "not_enrolled")


def test_a_refused_login_stops_polling_until_somebody_starts_it(watch: Watch) -> None:
    watch.sync()
    org = ScratchOrg.objects.filter(watched=True).order_by("pk")[0]
    this = ScratchOrg.objects.filter(pk=org.pk)
    watch.simulator.fault([org.org_id], "login_refused")
    watch.sweep(org)
    assert (this.get().watched, this.get().unwatched_reason) == (False, "login_refused")
    watch.simulator.clear_faults()
    watch.sync()
    assert this.get().watched is False
    assert start_watching(this) == 1
    watch.sweep(this.get())
    assert this.get().consecutive_failures == 0
