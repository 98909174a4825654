"""What a REST resource is given and what it is: one authorised call, and a path with its handlers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qs

import orjson

from apps.simulator.answers import Answer, RestError
from apps.simulator.bulk.jobs import Jobs
from apps.simulator.orgs import Org
from apps.simulator.queries import Page, Queries
from apps.simulator.records import User
from apps.simulator.tokens import Session
from apps.simulator.world import World

MAX_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request; `arguments` are the parts of the path that the route's pattern took out. A route with a
    `max_upload` has its body in the file `upload`."""

    world: World
    queries: Queries
    jobs: Jobs
    session: Session
    method: str
    query_string: str
    body: bytes
    now: float
    version: str = ""
    arguments: tuple[str, ...] = ()
    content_type: str = ""
    upload: IO[bytes] | None = None

    @property
    def org(self) -> Org:
        return self.session.org

    @property
    def user(self) -> User:
        return self.session.user

    @property
    def argument(self) -> str:
        """The last part of the path."""
        return self.arguments[-1]

    def parameter(self, name: str) -> str | None:
        values = parse_qs(self.query_string).get(name)
        return values[0] if values else None

    def json_object(self) -> dict[str, Any]:
        """The body; JSON_PARSER_ERROR where it is no JSON object."""
        try:
            value = orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            place = f"[line:{error.lineno}, column:{error.colno}]"
            raise RestError(400, "JSON_PARSER_ERROR", f"{error.msg} at {place}") from error
        if not isinstance(value, dict):
            raise RestError(
                400, "JSON_PARSER_ERROR", "The HTTP entity body must be a JSON object at [line:1, column:1]"
            )
        if _is_deeper(value, MAX_DEPTH):
            message = f"The HTTP entity body is nested more than {MAX_DEPTH} levels deep"
            raise RestError(400, "JSON_PARSER_ERROR", message)
        return value


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        inner = (each.values() if isinstance(each, dict) else each for each in layer)
        layer = [each for group in inner for each in group if isinstance(each, dict | list)]
        if not layer:
            return False
    return True


Handler = Callable[[Call], Answer | Page]


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is what /control/state counts the requests under; `max_upload` is in bytes."""

    name: str
    pattern: re.Pattern[str]
    handlers: Mapping[str, Handler]
    max_upload: int | None = None
