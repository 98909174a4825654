"""What a benchmark found, as lines for people."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """`value` is a ratio, or as `unit` says; it should be no more than `target`, if there is one."""

    name: str
    what: str
    value: float
    target: float | None
    detail: str
    unit: str = ""

    @property
    def reached(self) -> bool:
        return self.target is None or self.value <= self.target


def tell(title: str, rows: Sequence[Row]) -> bool:
    """Prints the rows as a table; whether every target was reached."""
    print(f"{title}; {machine()}")
    width = max(len(row.what) for row in rows)
    for row in rows:
        target = "" if row.target is None else f"≤ {row.target:g}{row.unit}"
        verdict = "" if row.target is None else "reached" if row.reached else "MISSED"
        print(f"  {row.name:<10}{row.what:<{width}}  {row.value:7.2f}{row.unit}  {target:<9} {verdict:<8} {row.detail}")
    sys.stdout.flush()
    return all(row.reached for row in rows)


def machine() -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {version}"
