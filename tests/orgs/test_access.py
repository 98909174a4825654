"""How an org is entered, and what becomes of its tokens, against the simulated Salesforce."""

import threading
from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from apps.core import crypto
from apps.orgs import access
from apps.orgs.coverage import coverage
from apps.orgs.enrolment import enrol
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.auth import refresh_token
from apps.salesforce.errors import LoginRefused, SessionExpired
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def org(watch: Watch) -> ScratchOrg:
    """An org that JWT enters; nobody has logged in to it."""
    watch.sync()
    return ScratchOrg.objects.filter(watched=True).order_by("pk")[0]


@pytest.fixture
def cli_org(watch: Watch) -> ScratchOrg:
    """An org of the sf CLI's, enrolled with a refresh token; its access token is not stored."""
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    org = watch.org(made["org_id"])
    enrol(org, refresh_token=made["refresh_token"])
    ScratchOrg.objects.filter(pk=org.pk).update(access_token="")
    return watch.org(made["org_id"])


def logins(simulator: Simulator) -> int:
    return int(simulator.state()["requests"].get("token", 0))


def reread(org: ScratchOrg) -> ScratchOrg:
    return ScratchOrg.objects.get(pk=org.pk)


def test_a_cold_org_is_entered_by_jwt_and_its_token_is_kept_encrypted(org: ScratchOrg) -> None:
    access.client_for(org).source_members(0)
    stored = reread(org)
    assert stored.access_token.startswith("v1:k1:")
    token = access.unseal(stored, "access_token")
    assert token.startswith("00D")
    assert token not in stored.access_token


def test_a_warm_token_costs_no_query_and_no_login(
    org: ScratchOrg, simulator: Simulator, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    access.client_for(org)
    before, warm = logins(simulator), reread(org)
    with django_assert_num_queries(0):
        client = access.client_for(warm)
    client.source_members(0)
    assert logins(simulator) == before


def test_the_connection_goes_back_to_the_pool_before_the_network(org: ScratchOrg) -> None:
    ScratchOrg.objects.count()
    assert connection.connection is not None
    access.client_for(org)
    assert connection.connection is None


def test_a_refused_token_is_renewed_once_and_kept(org: ScratchOrg, simulator: Simulator) -> None:
    access.client_for(org)
    ScratchOrg.objects.filter(pk=org.pk).update(access_token=access.seal(org, "access_token", "00Dxx!stale"))
    before = logins(simulator)
    access.client_for(reread(org)).source_members(0)
    assert logins(simulator) == before + 1
    access.client_for(reread(org)).source_members(0)
    assert logins(simulator) == before + 1


def test_an_org_that_refuses_every_token_is_not_logged_in_to_without_end(org: ScratchOrg, simulator: Simulator) -> None:
    simulator.fault([org.org_id], "unauthorized")
    before = logins(simulator)
    with pytest.raises(SessionExpired):
        access.client_for(org).source_members(0)
    assert logins(simulator) <= before + 2


def test_two_that_renew_at_once_end_up_with_one_token(org: ScratchOrg, simulator: Simulator) -> None:
    access.client_for(org)
    ScratchOrg.objects.filter(pk=org.pk).update(access_token=access.seal(org, "access_token", "00Dxx!stale"))
    simulator.fault([org.org_id], "latency", median=0.3, sigma=0.01, on="login")
    both_read = threading.Barrier(2)
    carried: list[str] = []

    def poll() -> None:
        mine = reread(org)
        both_read.wait()
        access.client_for(mine).source_members(0)
        carried.append(mine.access_token)
        connection.close()

    threads = [threading.Thread(target=poll) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(carried) == 2
    assert set(carried) == {reread(org).access_token}


def test_a_token_that_somebody_renewed_meanwhile_is_used_without_a_login(org: ScratchOrg, simulator: Simulator) -> None:
    access.client_for(org)
    old = reread(org)
    old.access_token = access.seal(old, "access_token", "00Dxx!stale")
    before = logins(simulator)
    access.client_for(old).source_members(0)
    assert logins(simulator) == before


def test_a_rotated_refresh_token_is_kept(cli_org: ScratchOrg, simulator: Simulator) -> None:
    simulator.fault("hub", "rotate_refresh_tokens")
    first = access.unseal(cli_org, "refresh_token")
    access.client_for(cli_org).source_members(0)
    second = access.unseal(reread(cli_org), "refresh_token")
    assert second != first
    ScratchOrg.objects.filter(pk=cli_org.pk).update(access_token="")
    access.client_for(reread(cli_org)).source_members(0)
    assert access.unseal(reread(cli_org), "refresh_token") not in {first, second}


def test_a_rotated_refresh_token_does_not_overwrite_a_newer_enrolment(
    cli_org: ScratchOrg, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator.fault("hub", "rotate_refresh_tokens")
    real_login = refresh_token.login

    def login_while_somebody_enrols(*args: Any, **options: Any) -> Any:
        """The race between the login's answer and its commit, which no fault of the simulator can time."""
        token = real_login(*args, **options)
        newer = access.seal(cli_org, "refresh_token", "newer")
        ScratchOrg.objects.filter(pk=cli_org.pk).update(refresh_token=newer)
        return token

    monkeypatch.setattr(refresh_token, "login", login_while_somebody_enrols)
    access.client_for(cli_org).source_members(0)
    assert access.unseal(reread(cli_org), "refresh_token") == "newer"


def test_a_stored_refresh_token_helps_where_jwt_is_refused(org: ScratchOrg, simulator: Simulator) -> None:
    [made] = simulator.create_orgs(count=1, connected_app="hub", refresh_token=True)
    ScratchOrg.objects.filter(pk=org.pk).update(org_id=made["org_id"], username=made["username"])
    org = reread(org)
    simulator.fault([org.org_id], "login_refused")
    with pytest.raises(LoginRefused):
        access.client_for(org)
    enrol(org, refresh_token=made["refresh_token"], client_id=simulator.hub.client_id)
    ScratchOrg.objects.filter(pk=org.pk).update(access_token="", credential="jwt")
    access.client_for(reread(org)).source_members(0)
    assert reread(org).credential == "refresh_token"


def test_a_login_into_another_org_is_refused(org: ScratchOrg) -> None:
    other = ScratchOrg.objects.filter(watched=True).order_by("pk")[1]
    ScratchOrg.objects.filter(pk=org.pk).update(username=other.username)
    with pytest.raises(access.WrongOrg):
        access.client_for(reread(org))
    assert reread(org).access_token == ""


def test_an_org_without_a_credential_says_so(watch: Watch) -> None:
    watch.sync()
    with pytest.raises(access.NoCredential):
        access.client_for(ScratchOrg.objects.get(unwatched_reason="not_enrolled"))


def test_a_token_under_a_lost_key_is_replaced_where_a_login_is_possible(org: ScratchOrg, settings: Settings) -> None:
    access.client_for(org)
    hub = DevHub.objects.get()
    private_key, first_ring = access.unseal(hub, "private_key"), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = crypto.new_key("k2")
    DevHub.objects.update(private_key=access.seal(hub, "private_key", private_key))
    assert first_ring != settings.ENCRYPTION_KEYS
    access.client_for(reread(org)).source_members(0)
    assert reread(org).access_token.startswith("v1:k2:")


def test_a_lost_key_shows_in_coverage_and_crashes_nothing(watch: Watch, org: ScratchOrg, settings: Settings) -> None:
    first_ring = settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = crypto.new_key("k2")
    watch.sync()
    watch.sweep()
    told = coverage(watch.team)
    assert told.watched == 0
    [hub] = told.dev_hubs
    assert "encryption key k1 is missing" in hub.standing.why
    reasons = {org.org_id: org.standing for org in told.orgs}
    assert reasons[org.org_id].reason == "key_missing"
    assert "k1 is missing" in reasons[org.org_id].why
    settings.ENCRYPTION_KEYS = first_ring
    watch.sync()
    watch.sweep()
    assert coverage(watch.team).watched == 22


def test_a_lost_key_of_a_refresh_token_shows_before_it_hurts(
    watch: Watch, cli_org: ScratchOrg, settings: Settings
) -> None:
    access.client_for(cli_org)
    settings.ENCRYPTION_KEYS = f"{crypto.new_key('k2')},{settings.ENCRYPTION_KEYS}"
    ScratchOrg.objects.filter(pk=cli_org.pk).update(refresh_token="v1:k0:AAAA:AAAA")
    [told] = [org for org in coverage(watch.team).orgs if org.org_id == cli_org.org_id]
    assert (told.standing.reason, "k0" in told.standing.why) == ("key_missing", True)


def test_no_secret_shows_in_a_repr(org: ScratchOrg, simulator: Simulator) -> None:
    client = access.client_for(org)
    token = access.unseal(reread(org), "access_token")
    for shown in (repr(client), repr(org), str(org), repr(vars(access.transport()))):
        assert token not in shown
        assert simulator.hub.private_key.splitlines()[1] not in shown
