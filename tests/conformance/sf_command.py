"""The real `sf`: one command at a time, in JSON, under a time limit."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.conformance.operations import simulator

COMMAND_SECONDS = 120
HERE = Path(__file__).parent
SF = HERE / "node_modules/.bin/sf"
HOME = Path(os.environ["HOME"])
API = "67.0"
QUIETLY = (
    "SF_DISABLE_TELEMETRY",
    "SF_AUTOUPDATE_DISABLE",
    "SF_DISABLE_AUTOUPDATE",
    "SF_SKIP_NEW_VERSION_CHECK",
    "SF_USE_GENERIC_UNIX_KEYCHAIN",
    "SF_DISABLE_LOG_FILE",
)


def version() -> str:
    """The version of @salesforce/cli that is installed."""
    package = json.loads((HERE / "node_modules/@salesforce/cli/package.json").read_text())
    return str(package["version"])


def sf(*words: str, folder: Path = HOME, **environment: str) -> Any:
    """What the command returned (`result` of its JSON); AssertionError with its own words if it failed."""
    command = [str(SF), *words, "--json"]
    given = {**os.environ, **dict.fromkeys(QUIETLY, "true"), **environment}
    ended = subprocess.run(
        command, capture_output=True, text=True, env=given, cwd=folder, timeout=COMMAND_SECONDS, check=False
    )
    assert ended.stdout.startswith("{"), f"{' '.join(words)}: {ended.returncode} {ended.stdout} {ended.stderr}"
    answer = json.loads(ended.stdout)
    told = answer.get("message") or answer.get("result")
    assert (ended.returncode, answer["status"]) == (0, 0), f"{' '.join(words)}: {answer.get('name', '')} {told}"
    return answer["result"]


def login_to_hub(alias: str = "hub", username: str = "") -> dict[str, Any]:
    """By JWT, as the hub's integration user unless another one is named."""
    hub = simulator().hub
    user = username or hub.username
    words = ("--client-id", hub.client_id, "--jwt-key-file", str(hub.private_key_file), "--username", user)
    where = ("--instance-url", hub.login_url, "--alias", alias, "--set-default-dev-hub")
    found: dict[str, Any] = sf("org", "login", "jwt", *words, *where)
    return found


def login_to_org(org: dict[str, Any], alias: str) -> dict[str, Any]:
    """By JWT, as the admin of a scratch org that was made with the hub's connected app."""
    hub = simulator().hub
    words = ("--client-id", hub.client_id, "--jwt-key-file", str(hub.private_key_file), "--username", org["username"])
    found: dict[str, Any] = sf("org", "login", "jwt", *words, "--instance-url", hub.login_url, "--alias", alias)
    return found
