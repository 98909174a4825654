"""Scratcher itself, as `make run` starts it, while somebody works with the real `sf`: what was done is in the feed.

Both have one HOME, so that Scratcher may also use the logins that `sf` holds; and a simulator of their own, so that no
other client's orgs and faults are in the way.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest

from apps.launcher import children
from apps.salesforce.auth.sf_cli import SfCli
from apps.salesforce.errors import SfCliError
from apps.salesforce.transport import Transport
from tests.conformance.operations import operation, perform, simulator
from tests.conformance.sf_command import HOME, QUIETLY, SF, login_to_hub, sf, version
from tests.processes import Api, wait_until
from tests.simulators import ROOT, start_simulator

PROJECT = HOME / "project"
CLASS = PROJECT / "force-app/main/default/classes/Moon.cls"
SESSIONS_PER_ORG = 50  # apps/simulator/tokens.py: one more ends the oldest
PATIENCE_SECONDS = 60

api: Api
made: dict[str, Any] = {}  # the scratch org that `sf` makes, and its person


def org(org_id: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/orgs/{org_id}")["org"]
    return found


def knows(org_id: str, **wanted: Any) -> bool:
    """Whether Scratcher has the org, and says this of it."""
    answer = api.ask("GET", f"/api/orgs/{org_id}")
    return answer.ok and {name: answer.json()["org"][name] for name in wanted} == wanted


def changes(org_id: str) -> list[tuple[str, str, str]]:
    """Kind, type and name of each change of the org, in order."""
    told, _ = api.changes(after=0)
    return [
        (each["change_type"], each["member_type"], each["member_name"])
        for each in told
        if each["org"]["org_id"] == org_id
    ]


def wait_for_changes(org_id: str, *expected: tuple[str, str, str]) -> None:
    wait_until(lambda: len(changes(org_id)) >= len(expected), PATIENCE_SECONDS, f"{expected[-1]} in the feed")
    assert changes(org_id) == list(expected), changes(org_id)


@operation
def a_scratch_org_that_sf_creates_is_watched() -> None:
    """By JWT: a person who is logged in with the hub's app makes it."""
    login_to_hub()
    people = sf("data", "query", "--target-org", "hub", "--query", "SELECT Username, Name FROM User ORDER BY Username")
    person = next(each for each in people["records"] if each["Username"] != simulator().hub.username)
    login_to_hub("person", username=person["Username"])
    wanted = ("--edition", "developer", "--duration-days", "1", "--alias", "made", "--wait", "5", "--set-default")
    created = sf("org", "create", "scratch", "--target-dev-hub", "person", *wanted)
    made.update(created, person=person["Name"])
    wait_until(lambda: knows(made["orgId"], health="ok"), PATIENCE_SECONDS, "the first poll of the new org")
    told = org(made["orgId"])
    assert (told["credential"], told["username"], told["status"]) == ("jwt", made["username"], "Active"), told
    assert told["owner"]["name"] == person["Name"], told


@operation
def a_class_that_sf_deploys_is_new_in_the_feed() -> None:
    sf("project", "generate", "--name", PROJECT.name)
    sf("apex", "generate", "class", "--name", "Moon", "--output-dir", str(CLASS.parent), folder=PROJECT)
    deploy()
    wait_for_changes(made["orgId"], ("NEW", "ApexClass", "Moon"))


@operation
def a_class_that_sf_changes_is_changed_in_the_feed() -> None:
    CLASS.write_text(f"{CLASS.read_text()}// waning\n")
    deploy()
    wait_for_changes(made["orgId"], ("NEW", "ApexClass", "Moon"), ("CHANGE", "ApexClass", "Moon"))


@operation
def a_class_that_sf_deletes_is_deleted_in_the_feed() -> None:
    words = ("--metadata", "ApexClass:Moon", "--target-org", "made", "--no-prompt")
    sf("project", "delete", "source", *words, folder=PROJECT)
    kinds = ("NEW", "CHANGE", "DELETE")
    wait_for_changes(made["orgId"], *((kind, "ApexClass", "Moon") for kind in kinds))


@operation
def the_feed_names_the_person_who_did_it() -> None:
    people = [each["changed_by"] for each in api.get("/api/changes", org=made["orgId"])["changes"]]
    assert {(each["name"], each["username"]) for each in people} == {(made["person"], made["username"])}, people


@operation
def a_scratch_org_that_sf_deletes_is_over() -> None:
    sf("org", "delete", "scratch", "--target-org", "made", "--no-prompt")
    wait_until(lambda: knows(made["orgId"], status="Deleted"), PATIENCE_SECONDS, "that the org is over")
    told = org(made["orgId"])
    assert (told["watched"], told["reason"], told["health"]) == (False, "ended", "ended"), told
    assert len(changes(made["orgId"])) == 3


@operation
def an_org_of_a_plain_login_is_watched_once_sf_is_logged_in_to_it() -> None:
    """By nothing that is stored: its app is the CLI's own."""
    [plain] = simulator().create_orgs(connected_app="PlatformCLI", refresh_token=True)
    made["plain"] = plain["org_id"]
    wait_until(lambda: knows(plain["org_id"], reason="not_enrolled"), PATIENCE_SECONDS, "that the org is found")
    assert "sf org login web" in org(plain["org_id"])["what_to_do"]
    login_by_auth_url(plain, "plain")
    wait_until(lambda: knows(plain["org_id"], health="ok"), PATIENCE_SECONDS, "a poll through the CLI")
    assert org(plain["org_id"])["credential"] == "sf_cli"
    time.sleep(1.1)  # what was edited in the second of the first poll counts as there before
    simulator().edit(plain["org_id"], "ApexClass", "Sun", "NEW")
    wait_for_changes(plain["org_id"], ("NEW", "ApexClass", "Sun"))


@operation
def a_token_of_sf_that_has_expired_is_renewed_by_sf() -> None:
    end_sessions(made["plain"])
    simulator().edit(made["plain"], "ApexClass", "Sun", "CHANGE")
    wait_for_changes(made["plain"], ("NEW", "ApexClass", "Sun"), ("CHANGE", "ApexClass", "Sun"))
    assert knows(made["plain"], health="ok", credential="sf_cli")


@operation
def an_org_that_sf_has_only_an_access_token_of_is_watched_until_it_expires() -> None:
    [token_only] = simulator().create_orgs(connected_app="PlatformCLI")
    token = simulator().login_as(token_only["org_id"])["access_token"]
    where = ("--instance-url", simulator().url, "--no-prompt", "--alias", "token-only")
    sf("org", "login", "access-token", *where, SF_ACCESS_TOKEN=token)
    wait_until(lambda: knows(token_only["org_id"], health="ok"), PATIENCE_SECONDS, "a poll through the CLI")
    assert org(token_only["org_id"])["credential"] == "sf_cli"
    end_sessions(token_only["org_id"])
    expired = {"watched": False, "reason": "session_expired"}
    wait_until(lambda: knows(token_only["org_id"], **expired), PATIENCE_SECONDS, "that the token has expired")
    assert "sf org login web" in org(token_only["org_id"])["what_to_do"]


@operation
def an_org_that_sf_is_logged_out_of_says_how_to_go_on() -> None:
    sf("org", "logout", "--target-org", "plain", "--no-prompt")
    wait_until(lambda: knows(made["plain"], watched=False), PATIENCE_SECONDS, "that watching ends")
    told = org(made["plain"])
    assert told["reason"] == "not_enrolled", told
    assert "sf org login web" in told["what_to_do"], told
    assert len(changes(made["plain"])) == 2


@operation
def sf_that_renews_refused_tokens_without_end_is_stopped() -> None:
    """`sf` asks for a token as long as one is granted and refused."""
    [refusing] = simulator().create_orgs(connected_app="PlatformCLI", refresh_token=True)
    login_by_auth_url(refusing, "refusing")
    simulator().fault([refusing["org_id"]], "unauthorized")
    transport = Transport((urlsplit(simulator().url).netloc,), simulator().ca)
    with TemporaryDirectory() as locks, transport.deadline() as deadline:
        cli = SfCli(str(SF), locks_folder=Path(locks), command_seconds=6)
        with pytest.raises(SfCliError, match="in time"):
            cli.login(transport, refusing["username"], deadline)
    simulator().delete(refusing["org_id"])


@operation
def no_token_is_in_the_log() -> None:
    log = (HOME / "scratcher.log").read_text()
    assert "poll_finished" in log
    assert re.findall(r"00D\w{12}!\w|5Aep861|force://", log) == []


def login_by_auth_url(org: dict[str, Any], alias: str) -> None:
    """`sf` holds the org's refresh token from then on."""
    file = HOME / "auth-url"
    file.write_text(f"force://PlatformCLI::{org['refresh_token']}@{urlsplit(simulator().url).netloc}")
    sf("org", "login", "sfdx-url", "--sfdx-url-file", str(file), "--alias", alias)


def end_sessions(org_id: str) -> None:
    """Every token of the org that was given out has expired."""
    for _ in range(SESSIONS_PER_ORG):
        simulator().login_as(org_id)


def deploy() -> None:
    words = ("--metadata", "ApexClass:Moon", "--target-org", "made")
    result = sf("project", "deploy", "start", *words, folder=PROJECT)
    assert result["success"], result


@contextmanager
def scratcher(data: Path) -> Iterator[Api]:
    """`manage.py up` with a team that watches the simulator's hub; afterwards every process of it has ended."""
    port, flower_port = free_port(), free_port()
    environment = {
        **os.environ,
        **dict.fromkeys(QUIETLY, "true"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "SCRATCHER_DATA_DIR": str(data),
        "SALESFORCE_HOSTS": urlsplit(simulator().url).netloc,
        "SALESFORCE_CA_FILE": simulator().ca,
        "SF_CLI": str(SF),
        "POLL_INTERVAL_MINUTES": "0.05",
        "SYNC_INTERVAL_MINUTES": "0.15",
        "WORKER_THREADS": "8",
        "FLOWER_PORT": str(flower_port),
        "LOG_FORMAT": "json",
    }
    data.mkdir()
    with (HOME / "scratcher.log").open("wb") as log:
        command = [sys.executable, "manage.py", "up", "--port", str(port)]
        up = children.start(command, output=log, env=environment, cwd=ROOT)
    try:
        wait_until(lambda: _serves(up, port), PATIENCE_SECONDS, "the start of Scratcher")
        hub = simulator().hub
        manage(environment, "create_team", "Journey", "--owner", "alice@example.com")
        named = ("--username", hub.username, "--client-id", hub.client_id, "--login-url", hub.login_url)
        manage(environment, "add_devhub", *named, "--private-key-file", str(hub.private_key_file))
        key = manage(environment, "create_api_key", "journey", "--scopes", "read").strip()
        yield Api(f"http://127.0.0.1:{port}", key)
    finally:
        children.stop(up, (signal.SIGTERM, 30))
    assert up.returncode == 0, f"Scratcher did not stop by itself: {up.returncode}"


def _serves(up: subprocess.Popen[bytes], port: int) -> bool:
    assert up.poll() is None, (HOME / "scratcher.log").read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def manage(environment: dict[str, str], *words: str) -> str:
    """What the command prints."""
    command = [sys.executable, "manage.py", *words]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, f"{words[0]}: {ended.stdout}\n{ended.stderr}"
    return ended.stdout


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


if __name__ == "__main__":
    own = start_simulator(HOME / "simulator", scenario="quiet", orgs=0)
    os.environ |= {"SIMULATOR_DIR": str(own.data_dir), "NODE_EXTRA_CA_CERTS": own.ca}
    try:
        with scratcher(HOME / "scratcher") as api:
            perform("scratcher", version())
    finally:
        own.stop()
