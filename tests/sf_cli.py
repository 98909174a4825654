"""Programs that act as the `sf` CLI: small scripts, run as real processes.

cli = FakeSf(tmp_path)
cli.answer("display", {"id": …, "instanceUrl": …})
cli.does("token", "sleep 60")
"""

import json
import shlex
from pathlib import Path
from typing import Any

COMMANDS = {"list": "org list auth", "display": "org display", "token": "org auth show-access-token"}


class FakeSf:
    """`path` is the program. It notes how it was called, then does what it was told; at first, nothing at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "fake-sf"
        self._folder.mkdir()
        self.path = self._folder / "sf"
        self.calls_file, self.environment_file = self._folder / "calls", self._folder / "environment"
        cases = "".join(f'"{words}"*) . {self._folder}/{name} ;;\n' for name, words in COMMANDS.items())
        self.path.write_text(
            f'#!/bin/sh\necho "$*" >> {self.calls_file}\nenv > {self.environment_file}\ncase "$*" in\n{cases}esac\n'
        )
        self.path.chmod(0o700)
        for name in COMMANDS:
            self.does(name, ":")

    def does(self, command: str, script: str) -> None:
        (self._folder / command).write_text(f"{script}\n")

    def answer(self, command: str, result: Any) -> None:
        self.prints(command, json.dumps({"status": 0, "result": result, "warnings": ["a warning"]}))

    def refuse(self, command: str, name: str, message: str = "", status: int = 1) -> None:
        self.prints(
            command, json.dumps({"name": name, "message": message, "exitCode": status, "status": status}), status
        )

    def prints(self, command: str, text: str, status: int = 0) -> None:
        self.does(command, f"printf %s {shlex.quote(text)}; exit {status}")

    def calls(self) -> list[str]:
        """The words of each call so far."""
        return self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
