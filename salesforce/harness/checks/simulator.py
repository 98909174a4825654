"""Commands to the demo's simulator: who edits what."""

import json
import ssl
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen


class Simulator:
    def __init__(self, said: Path) -> None:
        world = json.loads(said.read_text())
        self._control, self._token = world["control"], world["control_token"]
        self._trust = ssl.create_default_context(cafile=world["ca"])

    def orgs(self) -> list[dict[str, Any]]:
        """Those that the service can watch."""
        state = self._ask("GET", "/state")
        return [org for org in state["orgs"] if org["alive"] and org["source_tracking"] and org["read"]]

    def edit(self, *names: str, member_type: str = "ApexClass", org: int = 0) -> None:
        """These components are made, in one org."""
        org_id = self.orgs()[org]["org_id"]
        edits = [{"org_id": org_id, "member_type": member_type, "member_name": name, "kind": "NEW"} for name in names]
        self._ask("POST", "/edits", {"edits": edits})

    def work(self) -> None:
        """Over a page of changes; one component in all orgs, so that each has work in it and shares it."""
        for org in range(len(self.orgs())):
            self.edit("SharedByAll", *[f"Opening{number}" for number in range(6)], org=org)

    def _ask(self, method: str, path: str, command: dict[str, Any] | None = None) -> dict[str, Any]:
        body = None if command is None else json.dumps(command).encode()
        headers = {"X-Control-Token": self._token, "Content-Type": "application/json"}
        request = Request(self._control + path, data=body, headers=headers, method=method)
        with urlopen(request, context=self._trust) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
