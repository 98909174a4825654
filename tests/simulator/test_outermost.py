"""What the door does with an error that nobody thought of."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.responses import JSONResponse

from apps.simulator.app import Simulator
from apps.simulator.clock import Clock
from apps.simulator.tokens import Session, Sessions
from apps.simulator.world import World


class _Broken(Sessions):
    def find(self, token: str, now: float) -> Session | None:
        raise KeyError(token)


def test_it_is_logged_and_answered_as_salesforce_would(capsys: pytest.CaptureFixture[str]) -> None:
    app = Simulator(World(Clock("stepped"), 1), _Broken(), JSONResponse({}))
    path = "/services/data/v67.0/limits"
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 500
    assert orjson.loads(sent[1]["body"])[0]["errorCode"] == "UNKNOWN_EXCEPTION"
    assert "KeyError: ''" in capsys.readouterr().err
