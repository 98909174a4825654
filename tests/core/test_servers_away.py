"""PostgreSQL away: 503, and back by itself. Redis away: no request notices, but for the rate limits, which are off."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
from django.conf import settings
from django.db import connection

from apps.accounts.keys import create_api_key
from tests.conftest import Cast
from tests.factories import DevHubFactory, ScratchOrgFactory
from tests.proxies import Wire
from tests.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Web:
    """A web process whose wires to PostgreSQL and Redis can be cut."""

    url: str
    postgres: Wire
    redis: Wire
    key: str
    log: Path

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, headers={"X-API-Key": self.key}, timeout=30)

    def post(self, path: str) -> requests.Response:
        return requests.post(self.url + path, headers={"X-API-Key": self.key}, timeout=30)


@pytest.fixture
def postgres() -> Iterator[Wire]:
    connection.ensure_connection()
    server = connection.connection.info
    with Wire(
        f"{server.host}/.s.PGSQL.{server.port}" if server.host.startswith("/") else (server.host, server.port)
    ) as wire:
        yield wire


@pytest.fixture
def redis() -> Iterator[Wire]:
    url = urlsplit(settings.REDIS_URL)
    with Wire((str(url.hostname), url.port or 6379)) as wire:
        yield wire


def database_url(wire: Wire) -> str:
    """The test's database by way of the wire."""
    server = connection.connection.info
    return f"postgres://{server.user}:{quote(server.password)}@127.0.0.1:{wire.port}/{server.dbname}"


def redis_url(wire: Wire) -> str:
    password = urlsplit(settings.REDIS_URL).password or ""
    return f"redis://:{password}@127.0.0.1:{wire.port}/0"


@pytest.fixture
def web(cast: Cast, tmp_path: Path, postgres: Wire, redis: Wire) -> Iterator[Web]:
    ScratchOrgFactory(dev_hub=DevHubFactory(team=cast.team))
    _row, key = create_api_key(team=cast.team, name="LWC", scopes=["read", "poll"])
    log = tmp_path / "web.log"
    urls = {"DATABASE_URL": database_url(postgres), "REDIS_URL": redis_url(redis)}
    with web_process(log, LOG_FORMAT="json", **urls) as url:
        yield Web(url, postgres, redis, key, log)


def test_postgresql_away_is_503_and_it_comes_back_by_itself(web: Web) -> None:
    assert web.get("/api/orgs").status_code == 200

    web.postgres.cut()
    for path in ("/api/orgs", "/api/coverage"):
        answer = web.get(path)
        assert answer.status_code == 503
        assert answer.json()["error"]["code"] == "database_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
    assert web.post("/api/poll").status_code == 503
    assert web.get("/readyz").status_code == 503
    assert web.get("/healthz").status_code == 200

    web.postgres.mend()
    assert comes_back(web, "/api/orgs")
    assert web.get("/readyz").json()["checks"]["database"] == "ok"


def test_redis_away_turns_no_request_into_an_error(web: Web) -> None:
    web.redis.cut()

    assert [web.get("/api/orgs").status_code for _ in range(5)] == [200] * 5
    assert web.post("/api/poll").status_code == 202
    assert web.get("/api/orgs?limit=0").status_code == 400
    ready = web.get("/readyz")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert "rate_limits_off" in web.log.read_text()

    web.redis.mend()
    assert web.get("/readyz").json()["checks"]["redis"] == "ok"


def test_a_redis_that_says_nothing_holds_up_one_request_not_each(web: Web) -> None:
    assert web.get("/api/orgs").status_code == 200
    web.redis.hang()

    began = time.monotonic()
    assert [web.get("/api/orgs").status_code for _ in range(20)] == [200] * 20

    # Not a measure of speed: without the pause each of the twenty would wait out Redis's half second.
    assert time.monotonic() - began < 20 * 0.5
    assert web.log.read_text().count("rate_limits_off") <= 3


def comes_back(web: Web, path: str) -> bool:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if web.get(path).status_code == 200:
            return True
    return False
