"""Orgs that only the login of the machine's sf CLI can enter. What acts as `sf` here hands out the simulator's tokens;
the real one is in tests/conformance."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from apps.orgs import access, checkup, enrolment
from apps.orgs.coverage import OrgCoverage, coverage
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.errors import SessionExpired
from tests.sf_cli import FakeSf
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sf(tmp_path: Path, settings: Settings) -> Iterator[FakeSf]:
    """Nobody is logged in with it yet."""
    fake = FakeSf(tmp_path)
    fake.answer("list", [])
    settings.SF_CLI = str(fake.path)
    access.sf_cli.cache_clear()
    yield fake
    access.sf_cli.cache_clear()


@pytest.fixture
def made(watch: Watch) -> dict[str, Any]:
    """An org of the sf CLI's, which nothing stored can enter."""
    return dict(watch.simulator.create_orgs(count=1, connected_app="PlatformCLI")[0])


def log_in(sf: FakeSf, simulator: Simulator, made: dict[str, Any]) -> str:
    """As `sf org login web` would; returns the token that it then holds."""
    session = simulator.login_as(made["org_id"])
    sf.answer("list", [{"username": made["username"], "orgId": made["org_id"]}])
    sf.answer("display", {"id": made["org_id"], "instanceUrl": simulator.url, "username": made["username"]})
    sf.answer("token", {"accessToken": session["access_token"]})
    return str(session["access_token"])


def logins(sf: FakeSf) -> int:
    return sum("show-access-token" in call for call in sf.calls())


def told(watch: Watch, org_id: str) -> OrgCoverage:
    [found] = [org for org in coverage(watch.team).orgs if org.org_id == org_id]
    return found


def test_an_org_is_watched_through_the_cli_and_its_token_is_kept(
    watch: Watch, sf: FakeSf, made: dict[str, Any]
) -> None:
    token = log_in(sf, watch.simulator, made)
    watch.sync()
    org = watch.org(made["org_id"])
    assert (org.watched, org.credential) == (True, "sf_cli")
    watch.sweep(org)
    org.refresh_from_db()
    assert org.last_polled_at is not None
    assert token not in org.access_token
    assert access.unseal(org, "access_token") == token
    watch.sweep(org)
    assert logins(sf) == 1


def test_an_org_that_jwt_enters_does_not_start_the_cli(watch: Watch, sf: FakeSf) -> None:
    watch.sync()
    watch.sweep()
    assert set(sf.calls()) == {"org list auth --json"}


def test_a_refused_token_is_thrown_away_and_asked_for_once_more(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    org = watch.org(made["org_id"])
    access.client_for(org)
    ScratchOrg.objects.filter(pk=org.pk).update(access_token=access.seal(org, "access_token", "00Dxx!stale"))
    fresh = log_in(sf, watch.simulator, made)
    access.client_for(watch.org(made["org_id"])).source_members(0)
    assert logins(sf) == 2
    assert access.unseal(watch.org(made["org_id"]), "access_token") == fresh


def test_a_login_that_the_org_no_longer_takes_is_not_asked_for_without_end(
    watch: Watch, sf: FakeSf, made: dict[str, Any]
) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    watch.simulator.fault([made["org_id"]], "unauthorized")
    with pytest.raises(SessionExpired):
        access.client_for(watch.org(made["org_id"])).source_members(0)
    assert logins(sf) == 2
    watch.sweep(watch.org(made["org_id"]))
    standing = told(watch, made["org_id"]).standing
    assert (standing.reason, "sf org login web" in standing.what_to_do) == ("session_expired", True)


def test_whoever_logs_out_stops_the_watching_and_coverage_says_why(
    watch: Watch, sf: FakeSf, made: dict[str, Any]
) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    sf.refuse("display", "NamedOrgNotFoundError")
    watch.sweep(watch.org(made["org_id"]))
    standing = told(watch, made["org_id"]).standing
    assert (standing.watched, standing.reason) == (False, "sf_cli_logged_out")
    assert "sf org login web" in standing.what_to_do
    sf.answer("list", [])
    watch.sync()
    standing = told(watch, made["org_id"]).standing
    assert standing.reason == "not_enrolled"
    assert "sf org login web" in standing.what_to_do


def test_an_old_cli_is_named_in_coverage(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    sf.does("token", "exit 127")
    watch.sync()
    watch.sweep(watch.org(made["org_id"]))
    standing = told(watch, made["org_id"]).standing
    assert (standing.reason, "sf update" in standing.what_to_do) == ("sf_cli_outdated", True)


def test_a_missing_cli_is_named_and_what_it_told_before_counts(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    sf.path.unlink()
    watch.sync()
    [hub] = coverage(watch.team).dev_hubs
    assert (hub.standing.watched, hub.standing.reason) == (True, "sf_cli_missing")
    assert "SF_CLI" in hub.standing.what_to_do
    assert watch.org(made["org_id"]).watched
    watch.sweep(watch.org(made["org_id"]))
    assert told(watch, made["org_id"]).standing.reason == "sf_cli_missing"


def test_a_sync_on_a_machine_without_the_cli_says_nothing_about_its_logins(
    watch: Watch, sf: FakeSf, made: dict[str, Any], settings: Settings
) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    settings.SF_CLI = ""
    access.sf_cli.cache_clear()
    watch.sync()
    assert DevHub.objects.get().sf_cli_error == ""
    assert watch.org(made["org_id"]).watched
    watch.sweep(watch.org(made["org_id"]))  # where the worker has none, too, that is what the poll says
    standing = told(watch, made["org_id"]).standing
    assert (standing.watched, standing.reason, "switched off" in standing.why) == (False, "sf_cli_missing", True)
    assert "enrol" in standing.what_to_do
    settings.SF_CLI = str(sf.path)
    access.sf_cli.cache_clear()
    watch.sweep(watch.org(made["org_id"]))
    assert watch.org(made["org_id"]).last_error_code == ""


def test_an_org_backs_off_while_the_cli_stumbles_though_all_else_is_refused(watch: Watch, sf: FakeSf) -> None:
    [made] = watch.simulator.create_orgs(count=1)
    log_in(sf, watch.simulator, made)
    watch.sync()
    watch.simulator.fault([made["org_id"]], "login_refused")
    sf.does("display", "exit 1")
    watch.sweep(watch.org(made["org_id"]))
    org = watch.org(made["org_id"])
    assert (org.watched, org.last_error_code, org.consecutive_failures) == (True, "sf_cli_failed", 1)
    log_in(sf, watch.simulator, made)
    watch.sweep(org)
    org = watch.org(made["org_id"])
    assert (org.credential, org.last_error_code) == ("sf_cli", "")


def test_an_address_that_is_not_allowed_leaves_the_other_credentials(
    watch: Watch, sf: FakeSf, made: dict[str, Any]
) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    org = watch.org(made["org_id"])
    org.refresh_token = access.seal(org, "refresh_token", "5Aep")
    org.credential, org.refresh_login_url = "refresh_token", "https://elsewhere.example.com"
    org.save()
    access.client_for(org).source_members(0)
    assert watch.org(made["org_id"]).credential == "sf_cli"


def test_a_login_into_another_org_is_refused(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    [other] = watch.simulator.create_orgs(count=1)
    sf.answer("display", {"id": other["org_id"], "instanceUrl": watch.simulator.url})
    watch.sync()
    with pytest.raises(access.WrongOrg):
        access.client_for(watch.org(made["org_id"]))
    assert watch.org(made["org_id"]).access_token == ""


def test_a_new_login_of_the_cli_ends_a_refusal(watch: Watch, sf: FakeSf) -> None:
    [made] = watch.simulator.create_orgs(count=1)
    watch.sync()
    watch.simulator.fault([made["org_id"]], "login_refused")
    watch.sweep(watch.org(made["org_id"]))
    assert told(watch, made["org_id"]).standing.reason == "login_refused"
    log_in(sf, watch.simulator, made)
    watch.sync()
    watch.sweep(watch.org(made["org_id"]))
    org = watch.org(made["org_id"])
    assert (org.watched, org.credential, org.last_error_code) == (True, "sf_cli", "")


def test_an_org_can_be_stopped_and_started(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    this = ScratchOrg.objects.filter(org_id=made["org_id"])
    enrolment.stop_watching(this)
    watch.sync()
    assert this.get().unwatched_reason == "stopped"
    assert enrolment.start_watching(this) == 1


def test_the_doctor_asks_the_cli_too(watch: Watch, sf: FakeSf, made: dict[str, Any]) -> None:
    log_in(sf, watch.simulator, made)
    watch.sync()
    said = {finding.what: (finding.mark, finding.how) for finding in checkup.whole()}
    assert said["sf CLI"] == ("good", "holds 1 logins on this machine")
    assert "1 by the sf CLI, 1 not at all" in said["Helios: orgs"][1]
    sf.does("list", "exit 127")
    [(mark, how)] = [(finding.mark, finding.how) for finding in checkup.whole() if finding.what == "sf CLI"]
    assert (mark, "could not be started" in how) == ("bad", True)


def test_neither_token_nor_output_is_logged(
    watch: Watch, sf: FakeSf, made: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    token = log_in(sf, watch.simulator, made)
    watch.sync()
    with caplog.at_level("DEBUG"):
        watch.sweep(watch.org(made["org_id"]))
        sf.prints("token", f"{token} and no JSON")
        sf.prints("list", f"{token} and no JSON")
        ScratchOrg.objects.update(access_token="")
        watch.sync()
        watch.sweep(watch.org(made["org_id"]))
    assert "sf_cli_failed" in caplog.text
    assert token not in caplog.text
