"""`manage.py demo` as a whole: from the command to the first change, twice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psutil
import pytest

from apps.launcher import local_env
from apps.launcher.up import ROOT
from tests.launcher.processes import command_lines, is_gone, processes_on, wait_until
from tests.launcher.test_up import MADE_BY_UP, free_port

NAMES = {
    "SCRATCHER_URL",
    "SCRATCHER_API_KEY",
    "SCRATCHER_ADMIN_USER",
    "SCRATCHER_ADMIN_PASSWORD",
    "SIMULATOR_URL",
    "SIMULATOR_CA",
    "FLOWER_URL",
}


def start_demo(data_dir: Path, *flags: str) -> tuple[subprocess.Popen[bytes], Path]:
    said = data_dir / "said"
    env = {name: value for name, value in os.environ.items() if name not in MADE_BY_UP}
    env |= {"SCRATCHER_DATA_DIR": str(data_dir), "FLOWER_PORT": str(free_port()), "WORKER_THREADS": "10"}
    command = [sys.executable, "manage.py", "demo", "--port", str(free_port()), *flags]
    with said.open("w") as output:
        return subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output), said


def get(access: dict[str, str], path: str) -> dict[str, Any]:
    request = Request(access["SCRATCHER_URL"] + path, headers={"X-API-Key": access["SCRATCHER_API_KEY"]})
    with urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


@pytest.mark.journey
def test_the_demo_serves_changes_and_begins_anew_at_each_start(data_dir: Path) -> None:
    keys = []
    for _ in range(2):
        demo, said = start_demo(data_dir, "--orgs", "12")
        try:
            wait_until(lambda demo=demo, said=said: has_said(demo, said, "Ctrl-C stops everything"), 150)  # type: ignore[misc]
            access = local_env.read(data_dir / "demo.env")
            assert set(access) == NAMES
            assert (data_dir / "demo.env").stat().st_mode & 0o777 == 0o600
            assert get(access, "/api/changes?limit=1")["changes"]
            assert get(access, "/api/coverage")["coverage"]["summary"] == "10 of 12 active orgs watched"
            assert all(access[name] in said.read_text() for name in NAMES - {"SIMULATOR_CA"})
            lines = command_lines()
            secrets = [access["SCRATCHER_API_KEY"], access["SCRATCHER_ADMIN_PASSWORD"]]
            secrets.append(local_env.read(data_dir / "demo" / "local.env")["FLOWER_PASSWORD"])
            assert not [line for line in lines for secret in secrets if secret in line]
            keys.append(access["SCRATCHER_API_KEY"])
            pids = [child.pid for child in psutil.Process(demo.pid).children(recursive=True)]
            demo.terminate()
            assert demo.wait(40) == 0
            assert all(map(is_gone, pids))
        finally:
            demo.kill()
            demo.wait()
    assert keys[0] != keys[1]
    assert processes_on(data_dir) == []


def test_a_history_that_is_not_there_is_said_at_once(data_dir: Path) -> None:
    demo, said = start_demo(data_dir, "--replay", "nowhere.jsonl.gz")
    assert demo.wait(20) == 1
    assert "There is no file nowhere.jsonl.gz" in said.read_text()


def has_said(demo: subprocess.Popen[bytes], said: Path, text: str) -> bool:
    found = text in said.read_text()
    assert found or demo.poll() is None, said.read_text()
    return found
