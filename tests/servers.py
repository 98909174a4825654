"""A pytest plugin (`-p tests.servers`): PostgreSQL and Valkey for the tests, there before Django reads its settings.

Unless DATABASE_URL and REDIS_URL are both set, the servers run under `.data/test`; a second pytest at the same time in
the same checkout takes `.data/test-2`, and so on. With `-n 2` each of xdist's processes has servers of its own.
"""

import base64
import os
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from apps.launcher.embedded import EmbeddedServers
from apps.launcher.errors import AlreadyRunning

TEST_SECRETS = {
    "SECRET_KEY": "only-for-tests-" + "x" * 40,
    "ENCRYPTION_KEYS": "k1:" + base64.b64encode(b"only for tests, thirty-two bytes").decode(),
}


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Before pytest-django's hook of the same name, which loads the settings."""
    for name, value in TEST_SECRETS.items():
        os.environ.setdefault(name, value)
    os.environ["SF_CLI"] = ""  # whoever runs the tests may be logged in to orgs of their own
    data = early_config.rootpath / ".data"
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        os.environ.setdefault("SCRATCHER_DATA_DIR", str(data / "test"))
        _take_a_redis_database_of_our_own()
        return
    distributes = getattr(early_config.known_args_namespace, "numprocesses", None)
    if distributes and "PYTEST_XDIST_WORKER" not in os.environ:  # runs no test itself
        os.environ.setdefault("SCRATCHER_DATA_DIR", str(data / "test"))
        return
    servers, folder = _start_in_a_free_folder(data)
    early_config.add_cleanup(servers.stop)
    os.environ.update(DATABASE_URL=servers.database_url, REDIS_URL=servers.redis_url, SCRATCHER_DATA_DIR=str(folder))


def _take_a_redis_database_of_our_own() -> None:
    """pytest-django does so for PostgreSQL."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()


def _start_in_a_free_folder(data: Path) -> tuple[EmbeddedServers, Path]:
    for number in count(1):
        folder = data / ("test" if number == 1 else f"test-{number}")
        servers = EmbeddedServers(folder)
        try:
            servers.start()
        except AlreadyRunning:
            continue
        return servers, folder
    raise AssertionError("count() never ends")
