"""A retrieve: the components that a manifest names, as a zip."""

from base64 import b64encode
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from apps.simulator.metadata.documents import Node
from apps.simulator.metadata.inventory import Inventory
from apps.simulator.metadata.packages import MAX_FILES, Manifest, pack, read_manifest
from apps.simulator.metadata.registry import Key, folder_of, is_type
from apps.simulator.metadata.soap import boolean
from apps.simulator.metadata.sources import put_together
from apps.simulator.metadata.store import Store
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.world import World

WAIT_SECONDS = 0.3
RUN_SECONDS = 0.7
_PACKAGE = "unpackaged"
_ENDED = ("Succeeded", "Failed")


@dataclass(slots=True)
class Retrieval:
    """`manifest` is None where only packages were asked for."""

    id: str
    org: Org
    user: User
    manifest: Manifest | None
    packages: list[str]
    single_package: bool
    status: str = "Pending"
    zip_file: bytes | None = None
    properties: list[dict[str, Any]] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    error: tuple[str, str] | None = None

    @property
    def done(self) -> bool:
        return self.status in _ENDED

    @property
    def weight(self) -> int:
        named = 0 if self.manifest is None else sum(map(len, chain(*self.manifest.members.values())))
        return len(self.zip_file or b"") + 700 * len(self.properties) + 200 * len(self.messages) + named


def read_request(node: Node, job_id: str, org: Org, user: User) -> Retrieval:
    """From a RetrieveRequest."""
    unpackaged = node.child("unpackaged")
    return Retrieval(
        job_id,
        org,
        user,
        None if unpackaged is None else read_manifest(unpackaged),
        [name.text.strip() for name in node.all("packageNames")],
        boolean(node, "singlePackage", False),
    )


def begin(world: World, store: Store, retrieval: Retrieval, now: float) -> None:
    """Lets it start and end by the clock."""

    def start(_: float) -> None:
        retrieval.status = "InProgress"

    world.at(now + WAIT_SECONDS, start)
    world.at(now + WAIT_SECONDS + RUN_SECONDS, lambda _: _run(world, store, retrieval))


def _run(world: World, store: Store, retrieval: Retrieval) -> None:
    inventory = Inventory(world, store, retrieval.org)
    for name in retrieval.packages:
        retrieval.messages.append((f"{name}/package.xml", f"No package named '{name}' found"))
    retrieval.status = "Succeeded"
    if retrieval.manifest is None:
        retrieval.zip_file = pack({})
        return
    prefix = "" if retrieval.single_package and not retrieval.packages else f"{_PACKAGE}/"
    keys = _wanted(retrieval, inventory, prefix)
    files = put_together({key: inventory.source(key) for key in keys})
    if len(files) > MAX_FILES:
        text = f"LIMIT_EXCEEDED: Too many files in retrieve call, limit is: {MAX_FILES}"
        retrieval.status, retrieval.error = "Failed", ("LIMIT_EXCEEDED", text)
        return
    retrieval.properties = [inventory.properties(key, prefix) for key in keys] + [
        _manifest_properties(retrieval, prefix)
    ]
    files["package.xml"] = retrieval.manifest.as_file()
    retrieval.zip_file = pack({prefix + path: content for path, content in files.items()})


def _wanted(retrieval: Retrieval, inventory: Inventory, prefix: str) -> list[Key]:
    """Each once, in the manifest's order; a parent brings its children. What is not there gives a message."""
    wanted: dict[Key, None] = {}
    for kind, members in (retrieval.manifest or Manifest()).members.items():
        if not is_type(kind):
            retrieval.messages.append((f"{prefix}package.xml", f"Unknown type name '{kind}' specified in package.xml"))
            continue
        for member in members:
            for name in inventory.names(kind) if member == "*" else [member]:
                key = Key(kind, name)
                if "/" not in name:
                    key = folder_of(key) or key
                if key in inventory.keys:
                    wanted |= dict.fromkeys([key, *inventory.children(key)])
                else:
                    text = f"Entity of type '{kind}' named '{name}' cannot be found"
                    retrieval.messages.append((f"{prefix}package.xml", text))
    return list(wanted)


def _manifest_properties(retrieval: Retrieval, prefix: str) -> dict[str, Any]:
    path = f"{prefix}package.xml"
    user = retrieval.user
    who = {"createdById": user.Id, "createdByName": user.Name}
    changed = {"lastModifiedById": user.Id, "lastModifiedByName": user.Name}
    when = "1970-01-01T00:00:00.000Z"
    names = {"fileName": path, "fullName": path, "id": ""}
    return who | {"createdDate": when} | names | changed | {"lastModifiedDate": when, "type": "Package"}


def result_of(retrieval: Retrieval, *, with_zip: bool) -> dict[str, Any]:
    """The RetrieveResult. Once given away, the zip is forgotten."""
    zip_file = None
    if retrieval.done and with_zip and retrieval.zip_file is not None:
        zip_file, retrieval.zip_file = b64encode(retrieval.zip_file).decode(), None
    code, text = retrieval.error or (None, None)
    return {
        "done": retrieval.done,
        "errorMessage": text,
        "errorStatusCode": code,
        "fileProperties": retrieval.properties,
        "id": retrieval.id,
        "messages": [{"fileName": path, "problem": problem} for path, problem in retrieval.messages],
        "status": retrieval.status,
        "success": retrieval.status == "Succeeded",
        "zipFile": zip_file,
    }
