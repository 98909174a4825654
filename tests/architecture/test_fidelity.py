"""docs/fidelity.md names all that the simulator serves, and no operation that real clients do not perform."""

import re
from pathlib import Path

from apps.simulator import rest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/fidelity.md").read_text()
CONFORMANCE = ROOT / "tests/conformance"


def operations() -> set[str]:
    """As `make conformance` names them."""
    python = [
        name for file in CONFORMANCE.glob("*.py") for name in re.findall(r"@operation\ndef (\w+)", file.read_text())
    ]
    node = re.findall(r"^async function (\w+)", (CONFORMANCE / "jsforce/operations.mjs").read_text(), re.MULTILINE)
    words = (re.sub(r"([A-Z]|(?<=[a-z])\d{2,})", r" \1", name).lower() for name in node)
    return {name.replace("_", " ") for name in python} | set(words)


def test_every_endpoint_is_accounted_for() -> None:
    metadata = re.findall(r'^ +"(\w+)": self\._', (ROOT / "apps/simulator/metadata/door.py").read_text(), re.MULTILINE)
    counted = re.findall(r'requests\["(\w+)"\]', (ROOT / "apps/simulator/app.py").read_text())
    assert {"deploy", "retrieve"} <= set(metadata)
    assert {"token", "versions"} <= set(counted)
    served = {route.name for route in rest.ROUTES} | set(metadata) | set(counted)
    assert sorted(served - set(re.findall(r"`([\w/]+)`", PAGE))) == []


def test_every_operation_named_is_performed_and_none_is_forgotten() -> None:
    named = set(re.findall(r"(?<!\*)\*([a-z][\w ]+)\*(?!\*)", PAGE)) - {"the operation"}
    performed = operations()
    assert sorted(named - performed) == []
    assert sorted(performed - named) == []
