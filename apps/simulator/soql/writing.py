"""How a query's columns become JSON: flat fields, and the records that paths lead through, nested."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from apps.simulator.data.entities import Entity
from apps.simulator.soql.conditions import Path, Record

Writer = Callable[[Record, str], dict[str, Any]]


def writer(entity: Entity, paths: Sequence[Path], depth: int = 0) -> Writer:
    """Turns a record into its JSON object; the second argument is the URL of the version's sobjects."""
    flat = [path.field for path in paths if len(path.hops) == depth]
    names = [field.name for field in flat]
    keys = [field.key for field in flat]
    pick: Callable[[Record], Sequence[Any]] = (
        itemgetter(*keys) if len(keys) > 1 else lambda record: [record[key] for key in keys]
    )
    parents = _parents([path for path in paths if len(path.hops) > depth], depth)
    name = entity.name
    id_of: Callable[[Record], str] | None = itemgetter(entity.fields["id"].key) if "id" in entity.fields else None

    def write(record: Record, base_url: str) -> dict[str, Any]:
        attributes = {"type": name}
        if id_of is not None:
            attributes["url"] = f"{base_url}/{name}/{id_of(record)}"
        written: dict[str, Any] = {"attributes": attributes}
        written.update(zip(names, pick(record), strict=True))
        for hop, follow, write_parent in parents:
            parent = follow(record)
            written[hop] = None if parent is None else write_parent(parent, base_url)
        return written

    return write


def _parents(paths: list[Path], depth: int) -> list[tuple[str, Callable[[Record], Record], Writer]]:
    by_hop: dict[str, list[Path]] = {}
    for path in paths:
        by_hop.setdefault(path.hops[depth].name, []).append(path)
    return [
        (hop, through[0].hops[depth].follow, writer(through[0].hops[depth].entity, through, depth + 1))
        for hop, through in by_hop.items()
    ]
