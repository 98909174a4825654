"""The door: one ASGI application for the token endpoint, the identity service, the REST API, the Metadata API,
streaming and, beside them, the control API.

The Salesforce side is a plain function per request instead of a framework's routes: the hot query is what benchmarks
lean on.
"""

import asyncio
from typing import IO
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from apps.simulator import answers, faults, identity, rest, tokens
from apps.simulator.answers import Answer, Headers, RestError, json_answer
from apps.simulator.bulk.jobs import Jobs, scratch_file
from apps.simulator.identity import IdentityRefused
from apps.simulator.metadata import door, soap
from apps.simulator.orgs import Org
from apps.simulator.queries import Page, Queries, finish
from apps.simulator.routing import Call
from apps.simulator.streaming.cometd import CometD
from apps.simulator.streaming.events import EventBus
from apps.simulator.tokens import GrantRefused, Sessions
from apps.simulator.wire import Exchange
from apps.simulator.world import World

MAX_UPLOADS = 4  # at a time


class Simulator:
    """The ASGI application. `control` answers everything below /control."""

    def __init__(self, world: World, sessions: Sessions, control: ASGIApp) -> None:
        self._world = world
        self._sessions = sessions
        self._queries = Queries(world)
        self._metadata_api = door.MetadataApi(world)
        self._jobs = Jobs()
        self._uploads = asyncio.Semaphore(MAX_UPLOADS)
        events = EventBus(world.seed)
        world.event_listeners.append(events.publish)
        self._cometd = CometD(world, events)
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith("/control"):
            await self._control(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        try:
            if path == "/services/oauth2/token":
                await self._token(exchange)
            elif path.startswith(door.PATH):
                await self._metadata(exchange)
            elif identity.is_identity(path):
                await self._identity(exchange)
            elif path == "/cometd" or path.startswith("/cometd/"):
                await self._streaming(exchange)
            else:
                await self._rest(exchange)
        except RestError as error:
            await exchange.send(error.answer(), self._world.clock.now())

    async def _token(self, exchange: Exchange) -> None:
        world = self._world
        world.requests["token"] += 1
        if exchange.method != "POST":
            raise answers.method_not_allowed(exchange.method, ("POST",))
        form = dict(parse_qsl((await exchange.body()).decode("latin-1")))
        now = world.catch_up()
        org = tokens.org_meant_by(world, form)
        instead = await self._interfere(org, exchange, now, login=True)
        if exchange.gone:
            return
        now = world.catch_up()
        try:
            answer = instead or tokens.grant(world, self._sessions, form, now)
        except GrantRefused as refused:
            answer = refused.answer()
        await self._send(org, exchange, answer, now, login=True)

    async def _identity(self, exchange: Exchange) -> None:
        """Counts against no limit."""
        world = self._world
        world.requests["identity"] += 1
        if exchange.method not in ("GET", "POST"):
            raise answers.method_not_allowed(exchange.method, ("GET", "POST"))
        try:
            token = identity.token_of(exchange, await exchange.body())
            session = self._open_session(token)
            if session is None:
                raise identity.bad_token()
            instead = await self._interfere(session.org, exchange, world.clock.now(), login=False)
            if exchange.gone:
                return
            if not session.org.alive:
                instead = answers.data_not_available()
            answer = instead or identity.identify(exchange, session, world.origin)
        except IdentityRefused as refused:
            await exchange.send(refused.answer(), world.clock.now())
            return
        await self._send(session.org, exchange, answer, world.clock.now())

    def _open_session(self, token: str) -> tokens.Session | None:
        """For those who say in words of their own that a token is not accepted."""
        session = self._sessions.find(token, self._world.catch_up())
        return None if session is None or "unauthorized" in session.org.faults else session

    async def _streaming(self, exchange: Exchange) -> None:
        """Its errors about sessions are messages of its own; its calls count against no limit of requests."""
        world = self._world
        world.requests["cometd"] += 1
        if exchange.method != "POST":
            raise answers.method_not_allowed(exchange.method, ("POST",))
        session = self._open_session(exchange.bearer)
        body = await exchange.body()
        instead = None
        if session is not None:
            instead = await self._interfere(session.org, exchange, world.clock.now(), login=False)
            if not session.org.alive:
                instead = answers.data_not_available()
        if exchange.gone:
            return
        answer = instead or await self._cometd.respond(exchange, session, body)
        if answer is not None:
            await self._send(session.org if session else None, exchange, answer, world.clock.now())

    async def _rest(self, exchange: Exchange) -> None:
        world = self._world
        if exchange.path.rstrip("/") == "/services/data":
            world.requests["versions"] += 1
            await exchange.send(rest.versions(), world.catch_up())
            return
        found = rest.find_route(exchange.path)
        world.requests[found.route.name if found else "other"] += 1
        session = self._sessions.find(exchange.bearer, world.catch_up())
        if session is None:
            raise answers.invalid_session()
        org = session.org
        received = await self._receive(exchange, found)
        instead = await self._interfere(org, exchange, world.clock.now(), login=False)
        if exchange.gone:
            return
        now = world.catch_up()
        if not org.alive:
            await exchange.send(answers.data_not_available(), now)
            return
        result = instead or self._result(exchange, session, found, received, now)
        answer = json_answer(result.content) if isinstance(result, Page) else result
        usage = (b"sforce-limit-info", b"api-usage=%d/%d" % (org.calls, org.max_calls))
        await self._send(org, exchange, answer, now, extra=[usage])
        if isinstance(result, Page) and not exchange.gone:
            finish(world, result, now)

    async def _receive(self, exchange: Exchange, found: rest.Found | None) -> bytes | IO[bytes]:
        """The body; of a route for uploads as a file, and only some at a time."""
        if exchange.method == "GET":
            return b""
        if found is None or found.route.max_upload is None:
            return await exchange.body()
        async with self._uploads:
            file = scratch_file()
            await exchange.body_into(file, found.route.max_upload)
            return file

    def _result(
        self,
        exchange: Exchange,
        session: tokens.Session,
        found: rest.Found | None,
        received: bytes | IO[bytes],
        now: float,
    ) -> Answer | Page:
        try:
            if not session.org.count_call(now):
                raise answers.limit_exceeded()
            call = Call(
                world=self._world,
                queries=self._queries,
                jobs=self._jobs,
                session=session,
                method=exchange.method,
                query_string=exchange.query_string,
                body=received if isinstance(received, bytes) else b"",
                now=now,
                content_type=exchange.header(b"content-type"),
                upload=None if isinstance(received, bytes) else received,
            )
            return rest.handle(found, call)
        except RestError as error:
            return error.answer()

    async def _metadata(self, exchange: Exchange) -> None:
        world = self._world
        world.requests["metadata"] += 1
        if exchange.method != "POST":
            raise answers.method_not_allowed(exchange.method, ("POST",))
        try:
            request = await door.read(exchange)
            if exchange.gone:
                return
            session = self._sessions.find(request.session_id, world.catch_up())
            if session is None:
                raise soap.invalid_session()
        except soap.SoapFault as fault:
            await exchange.send(fault.answer(), world.catch_up())
            return
        org = session.org
        instead = await self._interfere(org, exchange, world.clock.now(), login=False)
        if exchange.gone:
            return
        now = world.catch_up()
        if instead is None:
            instead = self._metadata_api.answer(exchange.path, session, request, now)
        elif instead.status == 401:
            instead = soap.invalid_session().answer()
        await self._send(org, exchange, instead if org.alive else answers.data_not_available(), now)

    async def _interfere(self, org: Org | None, exchange: Exchange, now: float, *, login: bool) -> Answer | None:
        if org is None or not org.faults:
            return None
        return await faults.interfere(org.faults, exchange, now, login=login, rng=self._world.random)

    async def _send(
        self,
        org: Org | None,
        exchange: Exchange,
        answer: Answer,
        now: float,
        *,
        login: bool = False,
        extra: Headers | None = None,
    ) -> None:
        speed = faults.dripping(org.faults, login=login) if org is not None and org.faults else None
        if speed is not None:
            await faults.drip(exchange, answer, now, speed)
        else:
            await exchange.send(answer, now, extra)
