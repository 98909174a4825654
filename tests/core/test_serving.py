"""The web process itself: bodies of any kind, files, and many requests at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from django.conf import settings
from django.db import connection

from apps.accounts.keys import create_api_key
from tests.conftest import Cast
from tests.web import web_process

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    name = connection.settings_dict["NAME"]
    address = str(connection.settings_dict["OPTIONS"].get("host") or connection.settings_dict["HOST"])
    with web_process(tmp_path / "web.log", DATABASE_URL=f"postgres://scratcher@/{name}?host={address}") as url:
        yield url


def chunks(size: int) -> Iterator[bytes]:
    """A body whose length nobody says beforehand."""
    yield b'{"scopes": ["read"], "name": "'
    for _ in range(size // 1000):
        yield b"x" * 1000
    yield b'"}'


def test_bodies_files_and_many_at_once(cast: Cast, url: str) -> None:
    headers = {"X-API-Key": create_api_key(team=cast.team, name="LWC", scopes=["read", "admin"])[1]}

    in_chunks = requests.post(f"{url}/api/keys", headers={**headers, "Content-Type": "application/json"},
                              data=iter([b'{"name": "a", ', b'"scopes": ["read"]}']), timeout=10)  # fmt: skip
    assert in_chunks.status_code == 201

    for endless in (chunks(2_000_000), b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)):
        too_large = requests.post(f"{url}/api/keys", headers=headers, data=endless, timeout=10)
        assert too_large.status_code == 413
        assert too_large.json()["error"]["code"] == "body_too_large"

    bundle = requests.get(f"{url}/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js", timeout=10)
    assert bundle.status_code == 200
    assert len(bundle.content) > 1_000_000

    with ThreadPoolExecutor(40) as pool:
        asked = [pool.submit(requests.get, f"{url}/api/members", headers=headers, timeout=30) for _ in range(200)]
        assert {one.result().status_code for one in asked} == {200}
