"""After a journey, secrets are looked for wherever they must not be: logs, messages, rows, answers, pages."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.accounts.keys import Scope, create_api_key
from apps.accounts.models import User
from apps.orgs import access, enrolment
from apps.orgs.models import ScratchOrg
from tests.processes import scratcher, wait_until, web
from tests.watching import Watch

pytestmark = pytest.mark.journey

DOORS = ("changes", "orgs", "coverage", "overlaps", "devhubs", "keys", "audit", "schema")
PAGES = ("orgs_scratchorg", "orgs_devhub", "accounts_apikey", "accounts_user", "accounts_auditentry")


def test_no_secret_is_anywhere_after_a_journey(watched: Callable[..., Watch]) -> None:
    watch = watched(orgs=12, clock="running", components=5)
    [made] = watch.simulator.create_orgs(count=1, connected_app="PlatformCLI", refresh_token=True)
    watch.sync()
    enrolment.enrol(watch.org(made["org_id"]), refresh_token=made["refresh_token"])
    sick = watch.orgs_watched().exclude(org_id=made["org_id"]).values_list("org_id", flat=True)[:2]
    watch.simulator.fault(list(sick), "unauthorized")
    watch.simulator.fault(list(sick)[:1], "login_refused")
    ScratchOrg.objects.update(access_token="")  # each logs in anew
    _, key = create_api_key(team=watch.team, name="journey", scopes=list(Scope))
    processes = {"worker": 1, "upkeep": 1, "beat": 1}
    with (
        scratcher(watch.simulator, processes, POLL_INTERVAL_MINUTES="0.05", SYNC_INTERVAL_MINUTES="0.05") as running,
        _overheard(running.valkey.url) as messages,
        web(running, key) as api,
    ):
        api.sweep(60)
        answers = "".join(api.ask("GET", f"/api/{door}").text for door in DOORS)
        answers += api.ask("POST", f"/api/orgs/{made['org_id']}/enrol").text
        wait_until(lambda: "workers.polling.poll_org" in "".join(messages), 20, "a message")
        logs = "".join(file.read_text() for file in Path(running.folder).glob("*.log"))
    secrets = {"the API key": key, "the refresh token": made["refresh_token"]} | _stored_secrets(watch)
    places = {"the logs": logs, "Redis": "".join(messages), "the API": answers, "the admin": _pages(), "rows": _rows()}
    assert all(places.values())
    assert len(secrets) > 12
    found = [(name, place) for name, secret in secrets.items() for place, text in places.items() if secret in text]
    assert found == []


def _stored_secrets(watch: Watch) -> dict[str, str]:
    """In clear: what the rows hold encrypted."""
    line = watch.simulator.hub.private_key.splitlines()[3]
    assert len(line) == 64
    orgs = ScratchOrg.objects.exclude(access_token="")
    tokens = {f"the access token of {org}": access.unseal(org, "access_token") for org in orgs}
    return {"the private key": line} | tokens


def _pages() -> str:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "not shown either"))
    texts = []
    for name in PAGES:
        page = client.get(reverse(f"admin:{name}_changelist"))
        assert page.status_code == 200
        texts.append(page.content.decode())
    for org in ScratchOrg.objects.all()[:3]:
        texts.append(client.get(reverse("admin:orgs_scratchorg_change", args=[org.pk])).content.decode())
    return "".join(texts)


def _rows() -> str:
    """Every row of every table as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        texts = []
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(to_jsonb(t)::text, ' '), '') FROM \"{table}\" AS t")
            texts.append(cursor.fetchone()[0])
    return "".join(texts)


@contextmanager
def _overheard(url: str) -> Iterator[list[str]]:
    """Every command that Valkey gets meanwhile."""
    heard: list[str] = []
    client = redis.Redis.from_url(url)
    with client.monitor() as monitor:

        def listen() -> None:
            with suppress(OSError, ValueError, redis.ConnectionError):  # it is closed under the listener at the end
                for command in monitor.listen():
                    heard.append(command["command"])

        threading.Thread(target=listen, daemon=True).start()
        yield heard
