"""The ways to start Scratcher start the same commands, and no setting is a secret."""

import re
from pathlib import Path
from typing import Any

import yaml

from apps.launcher.processes import PROCESSES, RELEASE

ROOT = Path(__file__).resolve().parents[2]
NAME = "([A-Z][A-Z_]+)"


def compose_services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return services


def test_compose_starts_what_up_starts() -> None:
    commands = {name: service["command"] for name, service in compose_services().items()}
    assert set(commands) - set(PROCESSES) == {"postgres", "redis", "migrate"}
    assert {name: commands[name] for name in PROCESSES} == PROCESSES
    assert commands["migrate"] == RELEASE


def test_the_procfile_starts_what_up_starts() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert dict(line.split(": ", 1) for line in lines) == {"release": RELEASE, **PROCESSES}


def test_the_image_alone_serves_the_web() -> None:
    assert f"CMD exec {PROCESSES['web']}" in (ROOT / "Dockerfile").read_text().splitlines()


def test_no_command_shows_a_secret() -> None:
    assert not [line for line in PROCESSES.values() if re.search("PASSWORD|SECRET|KEY|_URL", line)]


def test_the_example_names_every_setting_and_no_other() -> None:
    read_by_us = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "flower.py"))
    used_to_start = "".join(PROCESSES.values()) + (ROOT / "docker-compose.yml").read_text()
    settings = set(re.findall(rf"(?:env\.\w+|secret)\(\s*[\"']{NAME}[\"']", read_by_us))
    settings |= set(re.findall(rf"\${{{NAME}", used_to_start))
    settings.add("FORWARDED_ALLOW_IPS")  # uvicorn's own
    assert {"DATABASE_URL", "SECRET_KEY", "FLOWER_PORT", "PORT", "POSTGRES_PASSWORD"} < settings  # the search finds
    named = re.findall(rf"^#?{NAME}=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(settings)
