"""What a client can do: one function for each operation, marked @operation, in the order in which they run.

A client's file is a program that ends with `perform(...)`. It says on stdout what it will do, then of each operation
how it went, in lines that `__main__` reads: MARK and a JSON object.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.simulators import Control, connect

MARK = "conformance: "
Operation = Callable[[], None]
_operations: list[Operation] = []


def operation(function: Operation) -> Operation:
    """The function asserts on what the client returned; its name, in words, is the operation's name in the table."""
    _operations.append(function)
    return function


def must_equal(found: object, wanted: object) -> None:
    """AssertionError that shows both if they differ."""
    assert found == wanted, f"\n found: {found!r:.2000}\nwanted: {wanted!r:.2000}"


def simulator() -> Control:
    """The running simulator's control API."""
    return connect(Path(os.environ["SIMULATOR_DIR"]))


def perform(client: str, version: str) -> None:
    """Runs every operation; one that fails does not keep the next from running."""
    names = {function: function.__name__.replace("_", " ") for function in _operations}
    _tell(client=client, version=version, operations=list(names.values()))
    for function, name in names.items():
        started, error = time.monotonic(), ""
        try:
            function()
        except Exception:
            error = traceback.format_exc(limit=-3)
        _tell(operation=name, error=error, seconds=round(time.monotonic() - started, 1))


def _tell(**facts: object) -> None:
    sys.stdout.write(f"{MARK}{json.dumps(facts)}\n")
    sys.stdout.flush()
