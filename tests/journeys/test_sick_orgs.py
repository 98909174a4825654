"""Of two hundred orgs some are sick, each in its own way: the others do not notice, and each sick one says why."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now

from apps.accounts.keys import Scope, create_api_key
from apps.changes.models import SourceChange
from apps.orgs import enrolment
from apps.orgs.models import ScratchOrg
from tests.processes import scratcher, wait_until, web
from tests.watching import Watch

pytestmark = pytest.mark.journey

# What the simulator does to an org → the reason that coverage gives.
SICKNESSES: list[tuple[dict[str, dict[str, Any]], str]] = [
    ({"hang": {}}, "timed_out"),
    ({"drip": {"bytes_per_second": 5}}, "timed_out"),
    ({"endless": {}}, "body_too_large"),
    ({"reset": {}}, "unreachable"),
    ({"html": {}}, "malformed_answer"),
    ({"malformed_json": {}}, "malformed_answer"),
    ({"wrong_shape": {}}, "malformed_answer"),
    ({"redirect": {}}, "redirected"),
    ({"unavailable": {}}, "unavailable"),
    ({"gone": {}}, "org_gone"),
    ({"quota": {}}, "quota_exceeded"),
    ({"unauthorized": {}}, "session_expired"),
    ({"unauthorized": {}, "login_refused": {}}, "login_refused"),
    ({"no_tracking": {}}, "no_source_tracking"),
]
SLOW: dict[str, Any] = {"median": 2.0, "sigma": 0.5}
INTERVAL_SECONDS = 45
PROCESSES = {"worker": 1, "upkeep": 1, "beat": 1}


def test_the_healthy_are_up_to_date_after_one_interval_and_each_sick_one_says_why(
    watched: Callable[..., Watch],
) -> None:
    watch = watched(orgs=200, clock="running", components=5)
    refreshed = _enrolled_by_refresh_token(watch)
    orgs = list(watch.orgs_watched().exclude(pk=refreshed.pk).values_list("org_id", flat=True))
    expected = {refreshed.org_id: "login_refused"}
    watch.simulator.fault([refreshed.org_id], "unauthorized")
    watch.simulator.fault([refreshed.org_id], "refresh_refused")
    for sickness, reason in SICKNESSES:
        for org in (orgs.pop(), orgs.pop()):
            expected[org] = reason
            for fault, options in sickness.items():
                watch.simulator.fault([org], fault, **options)
    watch.simulator.fault(orgs[:20], "latency", **SLOW)
    watch.simulator.fault(orgs[20:30], "late_rows", seconds=5)
    everybody = [*orgs, *expected]
    watch.simulator.edits(
        [{"org_id": org, "member_type": "ApexClass", "member_name": "Edited", "kind": "NEW"} for org in everybody]
    )
    watch.orgs_watched().update(next_poll_at=Now())
    _, key = create_api_key(team=watch.team, name="journey", scopes=[Scope.READ])
    settings: dict[str, Any] = {"WORKER_THREADS": "40", "POLL_INTERVAL_MINUTES": str(INTERVAL_SECONDS / 60)}
    with (
        scratcher(watch.simulator, {"worker": 1, "upkeep": 1, "beat": 1}, **settings) as running,
        web(running, key) as api,
    ):
        wait_until(lambda: _told(watch) == set(orgs), INTERVAL_SECONDS + 10, "that the healthy are up to date")
        wait_until(lambda: _reasons(api) == expected, INTERVAL_SECONDS + 40, "that each sick one says why")
        coverage = api.get("/api/coverage")["coverage"]
        assert coverage["watched"] == len(orgs)
        assert all(org["why"] and org["what_to_do"] for org in coverage["orgs"])


def test_a_hundred_polls_hang_on_twenty_connections_and_the_feed_answers(watched: Callable[..., Watch]) -> None:
    watch = watched(orgs=100, clock="running", components=5)
    [known, *_] = watch.orgs_watched().values_list("org_id", flat=True)
    watch.simulator.edit(known, "ApexClass", "Known", "NEW")
    watch.sweep()
    watch.simulator.fault("all", "hang", seconds=20)
    watch.orgs_watched().update(next_poll_at=Now())
    _, key = create_api_key(team=watch.team, name="journey", scopes=[Scope.READ])
    settings: dict[str, Any] = {"WORKER_THREADS": "100", "DATABASE_CONNECTIONS": "20"}
    with (
        scratcher(watch.simulator, {"worker": 1, "upkeep": 1, "beat": 1}, **settings) as running,
        web(running, key) as api,
    ):
        polled = watch.orgs_watched().count()
        wait_until(lambda: ScratchOrg.objects.filter(lease_taken=True).count() == polled >= 98, 30, "that all hang")
        assert _connections() <= 4 * 20
        assert [each["member_name"] for each in api.get("/api/changes")["changes"]] == ["Known"]
        assert ScratchOrg.objects.filter(lease_taken=True).count() == polled


def _enrolled_by_refresh_token(watch: Watch) -> ScratchOrg:
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    org = watch.org(made["org_id"])
    enrolment.enrol(org, refresh_token=made["refresh_token"], client_id="PlatformCLI")
    watch.sweep(org)
    return watch.org(made["org_id"])


def _told(watch: Watch) -> set[str]:
    changes = SourceChange.objects.filter(team=watch.team, member_name="Edited")
    return set(changes.values_list("scratch_org__org_id", flat=True))


def _reasons(api: Any) -> dict[str, str]:
    orgs = api.get("/api/coverage")["coverage"]["orgs"]
    born_so = {"not_enrolled"}  # the one that carries PlatformCLI
    return {org["org_id"]: org["reason"] for org in orgs if org["reason"] not in born_so and org["last_polled_at"]}


def _connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
