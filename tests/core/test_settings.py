"""A setting that cannot work stops the start, with its name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POLL_INTERVAL_MINUTES", "0"),
        ("SYNC_INTERVAL_MINUTES", "-5"),
        ("ENCRYPTION_KEYS", "k1:too-short"),
        ("SECRET_KEY", ""),
    ],
)
def test_a_setting_that_cannot_work_is_refused_by_name(name: str, value: str, tmp_path: Path) -> None:
    env = os.environ | {"SCRATCHER_DATA_DIR": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert name in done.stderr.splitlines()[-1]


def test_the_sf_cli_is_used_where_it_is_found_unless_it_is_switched_off(tmp_path: Path) -> None:
    program = tmp_path / "sf"
    program.touch(0o700)

    def setting(**environment: str) -> str:
        env = {name: value for name, value in os.environ.items() if name != "SF_CLI"} | environment
        command = [sys.executable, "-c", "from config import settings; print(settings.SF_CLI, end='')"]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout

    assert setting(PATH=str(tmp_path)) == str(program)
    assert setting(PATH="/nowhere") == setting(PATH=str(tmp_path), SF_CLI="") == ""
    assert setting(PATH="/nowhere", SF_CLI="/opt/sf") == "/opt/sf"
