"""`local.env` in the data folder, mode 0600: this machine's secrets, and where its embedded servers are.

config/settings.py reads it without overriding the environment, so `manage.py` in a second terminal finds the database.
Lines that somebody added by hand are kept.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def read(path: Path) -> dict[str, str]:
    """The NAME=value lines of the file; empty if there is none."""
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def make_secrets(path: Path) -> None:
    """Every secret that a machine of its own needs stands in the file; those already there stay what they are."""
    fresh = {
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "FLOWER_PASSWORD": secrets.token_urlsafe(18),
    }
    update(path, {name: value for name, value in fresh.items() if name not in read(path)})


def update(path: Path, values: Mapping[str, str | None]) -> None:
    """Set the names to their values and drop those that are None; the file is replaced in one step, with mode 0600."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.split("=", 1)[0] not in values]
    added = [f"{name}={value}" for name, value in values.items() if value is not None]
    write_private(path, "".join(f"{line}\n" for line in [*kept, *added]))


def write_private(path: Path, text: str) -> None:
    """Replace the file in one step; nobody else can read it at any time."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)
