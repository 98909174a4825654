"""describeMetadata and listMetadata."""

from typing import Any

from apps.simulator.metadata.documents import Node
from apps.simulator.metadata.inventory import Inventory
from apps.simulator.metadata.registry import TYPES, Key, is_type
from apps.simulator.metadata.soap import SoapFault

MAX_QUERIES = 3


def describe() -> dict[str, Any]:
    """The DescribeMetadataResult: the same in every org."""
    return {
        "metadataObjects": [
            {
                "childXmlNames": list(kind.children.values()),
                "directoryName": kind.directory,
                "inFolder": kind.in_folder,
                "metaFile": kind.with_meta,
                "suffix": kind.suffix or None,
                "xmlName": kind.name,
            }
            for kind in TYPES.values()
        ],
        "organizationNamespace": "",
        "partialSaveAllowed": True,
        "testRequired": False,
    }


def list_metadata(inventory: Inventory, queries: list[Node]) -> list[dict[str, Any]]:
    """The FileProperties of every component of up to three types, those in folders one folder at a time."""
    if len(queries) > MAX_QUERIES:
        raise SoapFault("sf:EXCEEDED_MAX_TYPES_LIMIT", f"The limit of {MAX_QUERIES} types was exceeded")
    found: list[dict[str, Any]] = []
    for query in queries:
        kind, folder = query.value("type"), query.value("folder")
        if not is_type(kind):
            raise SoapFault("sf:INVALID_TYPE", f"Unknown type:{kind}")
        names = inventory.names(kind)
        if kind in TYPES and TYPES[kind].in_folder:
            names = [name for name in names if folder and name.startswith(f"{folder}/")]
        found += [inventory.properties(Key(kind, name)) for name in names]
    return found
