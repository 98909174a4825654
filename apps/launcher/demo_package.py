"""The DevHub package's platform event, as the simulated DevHub of the demo has it: as if the package were deployed."""

import json
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from xml.etree import ElementTree

from apps.launcher.errors import LauncherError

EVENT = Path(__file__).parents[2] / "salesforce/force-app/main/default/objects/Scratcher_Change__e"
TYPES = {"Text": "string", "Number": "double"}
ANSWER_SECONDS = 10


def declaration() -> dict[str, Any]:
    """What the package's metadata says of the event, in the words of the simulator's control API."""
    fields = [_field(file) for file in sorted((EVENT / "fields").glob("*.field-meta.xml"))]
    return {"name": EVENT.name, "fields": fields}


def declare(world: Mapping[str, Any]) -> None:
    """`world`: what the simulator says of itself. Raises LauncherError."""
    command = json.dumps({"orgs": "hub", "objects": [declaration()]}).encode()
    headers = {"X-Control-Token": world["control_token"], "Content-Type": "application/json"}
    request = Request(f"{world['control']}/objects", data=command, headers=headers)  # noqa: S310 - the address is ours
    trusted = ssl.create_default_context(cafile=world["ca"])
    try:
        urlopen(request, timeout=ANSWER_SECONDS, context=trusted).close()  # noqa: S310 - as above
    except OSError as error:
        raise LauncherError(f"The simulated DevHub did not take the package's event: {error}") from error


def _field(file: Path) -> dict[str, Any]:
    told = {each.tag.rpartition("}")[2]: each.text or "" for each in ElementTree.parse(file).getroot()}  # noqa: S314
    sizes: dict[str, Any] = {name: int(told[name]) for name in ("length", "precision", "scale") if name in told}
    return {"name": told["fullName"], "type": TYPES[told["type"]], **sizes}
