"""The door: one ASGI application for the token endpoint, the REST API and, beside them, the control API.

The Salesforce side is a plain function per request instead of a framework's routes: the hot query is what benchmarks
lean on.
"""

from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from apps.simulator import answers, faults, rest, tokens
from apps.simulator.answers import Answer, Headers, RestError, json_answer
from apps.simulator.orgs import Org
from apps.simulator.queries import Page, Queries, finish
from apps.simulator.routing import Call
from apps.simulator.tokens import GrantRefused, Sessions
from apps.simulator.wire import Exchange
from apps.simulator.world import World


class Simulator:
    """The ASGI application. `control` answers everything below /control."""

    def __init__(self, world: World, sessions: Sessions, control: ASGIApp) -> None:
        self._world = world
        self._sessions = sessions
        self._queries = Queries(world)
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
        body = b"" if exchange.method == "GET" else await exchange.body()
        instead = await self._interfere(org, exchange, world.clock.now(), login=False)
        if exchange.gone:
            return
        now = world.catch_up()
        if not org.alive:
            await exchange.send(answers.data_not_available(), now)
            return
        result = instead or self._result(exchange, session, found, body, now)
        answer = json_answer(result.content) if isinstance(result, Page) else result
        usage = (b"sforce-limit-info", b"api-usage=%d/%d" % (org.calls, org.max_calls))
        await self._send(org, exchange, answer, now, extra=[usage])
        if isinstance(result, Page) and not exchange.gone:
            finish(world, result, now)

    def _result(
        self, exchange: Exchange, session: tokens.Session, found: rest.Found | None, body: bytes, now: float
    ) -> Answer | Page:
        try:
            if not session.org.count_call(now):
                raise answers.limit_exceeded()
            call = Call(self._world, self._queries, session, exchange.method, exchange.query_string, body, now)
            return rest.handle(found, call)
        except RestError as error:
            return error.answer()

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
