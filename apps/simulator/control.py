"""The control API: how tests, benchmarks and the demo command the simulator. JSON; needs X-Control-Token; no fault
touches it."""

import hmac
import json
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from apps.simulator import commands, edits, faults, lifecycle
from apps.simulator.clock import iso, salesforce_date
from apps.simulator.commands import BadCommand
from apps.simulator.data.declarations import BadDeclaration
from apps.simulator.data.store import store_of
from apps.simulator.orgs import (
    HUB_CALLS_PER_DAY,
    HUB_DELIVERIES_PER_DAY,
    SCRATCH_ORG_CALLS_PER_DAY,
    SCRATCH_ORG_DELIVERIES_PER_DAY,
    Org,
)
from apps.simulator.tokens import Sessions
from apps.simulator.world import World


class UnknownOrg(Exception):
    """Answered as 404."""


def control_api(world: World, sessions: Sessions, token: str) -> ASGIApp:
    """The ASGI application below /control."""
    control = _Control(world, sessions)
    routes = [
        Route("/control/state", control.state, methods=["GET"]),
        Route("/control/clock", control.clock, methods=["POST"]),
        Route("/control/edits", control.edits, methods=["POST"]),
        Route("/control/reveal", control.reveal, methods=["POST"]),
        Route("/control/journal", control.journal, methods=["GET"]),
        Route("/control/faults", control.put_faults, methods=["PUT"]),
        Route("/control/faults", control.delete_faults, methods=["DELETE"]),
        Route("/control/objects", control.declare_objects, methods=["POST"]),
        Route("/control/orgs", control.create_orgs, methods=["POST"]),
        Route("/control/orgs/{org_id}/{verb}", control.org_verb, methods=["POST"]),
    ]
    refusals: Any = {BadCommand: _refuse(400), UnknownOrg: _refuse(404), edits.NotTracked: _refuse(409)}
    return _Guard(Starlette(routes=routes, exception_handlers=refusals), token)


def _refuse(status: int) -> Callable[[Request, Exception], JSONResponse]:
    return lambda _, error: JSONResponse({"error": f"{type(error).__name__}: {error}"}, status)


class _Guard:
    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Request(scope).headers.get("x-control-token", "")
        app = (
            self._app
            if hmac.compare_digest(given.encode(), self._token.encode())
            else JSONResponse({"error": "wrong X-Control-Token"}, 401)
        )
        await app(scope, receive, send)


class _Control:
    def __init__(self, world: World, sessions: Sessions) -> None:
        self._world = world
        self._sessions = sessions

    async def state(self, _: Request) -> JSONResponse:
        world = self._world
        now = world.catch_up()
        hidden = sum(len(org.tracking.hidden) for org in world.scratch_orgs.values() if org.tracking is not None)
        return JSONResponse(
            {
                "now": iso(now),
                "clock": {"mode": world.clock.mode, "rate": world.clock.rate},
                "hub": {"org_id": world.hub.id, "faults": world.hub.faults, "api_used": world.hub.calls},
                "orgs": [_org_json(org) for org in world.scratch_orgs.values()],
                "requests": dict(world.requests),
                "edits": world.journal.last,
                "pending_edits": world.scenario.pending,
                "hidden_rows": hidden,
            }
        )

    async def clock(self, request: Request) -> JSONResponse:
        command = await _command(request)
        clock = self._world.clock
        self._world.catch_up()
        if "mode" in command:
            if command["mode"] not in ("stepped", "running"):
                raise BadCommand("mode must be stepped or running")
            clock.set_mode(command["mode"])
        if "rate" in command:
            clock.set_rate(_number(command, "rate", 0.001, 1_000_000))
        if "step_seconds" in command:
            clock.step(_number(command, "step_seconds", 0, 10 * 366 * 86_400))
        return JSONResponse({"now": iso(self._world.catch_up())})

    async def edits(self, request: Request) -> JSONResponse:
        command = await _command(request)
        now = self._world.catch_up()
        wanted = [(self._org(edit.get("org_id", "")), commands.read_edit(edit)) for edit in _list(command, "edits")]
        applied = [edits.apply_edit(self._world, org, edit, now) for org, edit in wanted]
        return JSONResponse({"applied": [entry.as_json() for entry in applied]})

    async def reveal(self, request: Request) -> JSONResponse:
        org = self._org((await _command(request)).get("org_id", ""))
        return JSONResponse({"revealed": edits.reveal(org, self._world.catch_up())})

    async def journal(self, request: Request) -> JSONResponse:
        self._world.catch_up()
        try:
            after, limit = int(request.query_params.get("after", 0)), int(request.query_params.get("limit", 1_000))
        except ValueError as error:
            raise BadCommand("after and limit must be whole numbers") from error
        entries = self._world.journal.after(after, limit)
        return JSONResponse({"entries": [entry.as_json() for entry in entries], "last": self._world.journal.last})

    async def put_faults(self, request: Request) -> JSONResponse:
        command = await _command(request)
        name = command.get("fault", "")
        for org in self._orgs(command):
            try:
                options = faults.check(name, command.get("options") or {}, hub=org.is_hub)
            except ValueError as error:
                raise BadCommand(str(error)) from error
            org.faults[name] = options
            self._take_effect(org, name)
        return JSONResponse({"fault": name, "options": command.get("options") or {}})

    async def delete_faults(self, request: Request) -> JSONResponse:
        command = await _command(request)
        for org in self._orgs(command):
            for name in [command["fault"]] if "fault" in command else list(org.faults):
                if org.faults.pop(name, None) is not None:
                    self._take_effect(org, name)
        return JSONResponse({})

    def _take_effect(self, org: Org, name: str) -> None:
        """For the faults that are numbers or switches elsewhere."""
        fault = org.faults.get(name)
        if name == "quota":
            org.calls_day = salesforce_date(self._world.catch_up())
            org.calls = int(fault["used"]) if fault else 0
            org.max_calls = (
                int(fault["max"]) if fault else HUB_CALLS_PER_DAY if org.is_hub else SCRATCH_ORG_CALLS_PER_DAY
            )
        elif name == "event_deliveries":
            org.deliveries_day = salesforce_date(self._world.catch_up())
            org.deliveries = int(fault["used"]) if fault else 0
            org.max_deliveries = (
                int(fault["max"]) if fault else HUB_DELIVERIES_PER_DAY if org.is_hub else SCRATCH_ORG_DELIVERIES_PER_DAY
            )
        elif name == "rotate_refresh_tokens":
            self._world.rotate_refresh_tokens = fault is not None

    async def declare_objects(self, request: Request) -> JSONResponse:
        """Custom objects, platform events and custom fields, as data/declarations.py describes them."""
        command = await _command(request)
        for org in self._orgs(command):
            try:
                store_of(org).declare(_list(command, "objects"))
            except BadDeclaration as error:
                raise BadCommand(str(error)) from error
        return JSONResponse({})

    async def create_orgs(self, request: Request) -> JSONResponse:
        command = await _command(request)
        wanted = commands.read_signups(self._world, command, self._world.catch_up())
        return JSONResponse(
            {"orgs": [_org_json(lifecycle.create_scratch_org(self._world, signup)) for signup in wanted]}
        )

    async def org_verb(self, request: Request) -> JSONResponse:
        world, verb = self._world, request.path_params["verb"]
        now = world.catch_up()
        org = self._org(request.path_params["org_id"])
        if verb == "login-as":
            user = org.users[0]
            token = self._sessions.open(org, user, now)
            return JSONResponse(
                {"access_token": token, "instance_url": world.origin, "org_id": org.id, "user_id": user.Id}
            )
        if org.is_hub:
            raise BadCommand("the hub cannot be deleted, expired or reset")
        if verb == "delete":
            lifecycle.delete(world, org, org.owner or world.hub.users[0], now)
        elif verb == "expire":
            lifecycle.expire(world, org, now)
        elif verb == "reset-tracking":
            edits.reset_tracking(org)
        else:
            raise BadCommand(f"unknown verb {verb!r}")
        return JSONResponse(_org_json(org))

    def _org(self, org_id: Any) -> Org:
        org = self._world.org(org_id) if isinstance(org_id, str) else None
        if org is None:
            raise UnknownOrg(str(org_id))
        return org

    def _orgs(self, command: dict[str, Any]) -> list[Org]:
        wanted = command.get("orgs")
        if wanted == "hub":
            return [self._world.hub]
        if wanted == "all":
            return self._world.active_orgs()
        if not isinstance(wanted, list):
            raise BadCommand("orgs must be a list of org ids, 'all' or 'hub'")
        return [self._org(org_id) for org_id in wanted]


def _org_json(org: Org) -> dict[str, Any]:
    described = {
        "org_id": org.id,
        "username": org.users[0].Username,
        "person": org.person,
        "alive": org.alive,
        "faults": org.faults,
        "read": org.read_at is not None,
        "connected_app": org.info.ConnectedAppConsumerKey if org.info else None,
        "source_tracking": org.tracking is not None,
        "expiration_date": org.info.ExpirationDate if org.info else None,
        "api_used": org.calls,
    }
    return described | ({"refresh_token": org.refresh_tokens[-1]} if org.refresh_tokens else {})


async def _command(request: Request) -> dict[str, Any]:
    try:
        command = json.loads(await request.body() or b"{}")
    except ValueError as error:
        raise BadCommand(f"no JSON: {error}") from error
    if not isinstance(command, dict):
        raise BadCommand("the command must be a JSON object")
    return command


def _list(command: dict[str, Any], name: str) -> list[dict[str, Any]]:
    values = command.get(name)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise BadCommand(f"{name} must be a list of objects")
    return values


def _number(command: dict[str, Any], name: str, lowest: float, highest: float) -> float:
    value = command[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
        raise BadCommand(f"{name} must be a number from {lowest} to {highest}")
    return float(value)
