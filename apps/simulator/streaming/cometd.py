"""/cometd/<version>: the Bayeux protocol as Salesforce's Streaming API speaks it, long polling only.

Errors and their words are those of the Streaming API Developer Guide ("Streaming API Error Codes"). All of them come
with HTTP status 200, inside the reply to the message they are about.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from apps.simulator.answers import JSON_TYPE, Answer, html_answer, json_answer
from apps.simulator.data.catalogue import find
from apps.simulator.streaming.bayeux import (
    EXTENSIONS,
    GIVE_UP,
    HANDSHAKE_AGAIN,
    RETRY,
    Message,
    Refused,
    channels_of,
    check_connection,
    check_path,
    deny,
    hold_seconds,
    read_messages,
    refuse,
    refuse_unauthorized,
    reply_to,
    version_of,
)
from apps.simulator.streaming.clients import MAX_SUBSCRIPTIONS, Client, Clients
from apps.simulator.streaming.events import Event, EventBus
from apps.simulator.tokens import Session
from apps.simulator.wire import Exchange
from apps.simulator.world import World

CHECK_SECONDS = 1  # a connected client's token is looked at again and again
MAX_REQUEST_BYTES = 32_768
MAX_EVENTS_PER_ANSWER = 500
MAX_SUBSCRIBERS = {"hub": 1_000, "scratch org": 20}
EVENT_UUID_FROM = 52.0
NEW_EVENTS, ALL_EVENTS = -1, -2
COOKIE = "BAYEUX_BROWSER"

_BUSY = (
    "403::To protect all customers from excessive use and Denial of Service attacks, we limit the number of "
    "simultaneous connections per server. Your request has been denied because this limit has been exceeded. Please "
    "try your request again later."
)


_USED_UP = Refused("403::Organization total events daily limit exceeded", GIVE_UP)


@dataclass(frozen=True, slots=True)
class Request:
    """One authorised HTTP request: messages are answered for its user, in the form of its API version."""

    session: Session
    version: float
    cookie: str
    now: float


class CometD:
    """One per simulator."""

    def __init__(self, world: World, events: EventBus) -> None:
        self._world = world
        self._events = events
        self._clients = Clients()
        events.listen(self._clients.wake)
        self._replies: dict[str, Callable[[Request, Message], Message]] = {
            "/meta/connect": self._connect_among_others,
            "/meta/subscribe": self._subscribe,
            "/meta/unsubscribe": self._unsubscribe,
            "/meta/disconnect": self._disconnect,
        }

    async def respond(self, exchange: Exchange, session: Session | None, body: bytes) -> Answer | None:
        """The answer, perhaps after a long poll; None if the client hung up meanwhile."""
        refused = check_path(exchange.path)
        if refused is not None:
            return refused
        if len(body) > MAX_REQUEST_BYTES:
            return json_answer([{"error": "413::Maximum Request Size Exceeded", "successful": False}], 413)
        messages = read_messages(body)
        if messages is None:
            return html_answer(400, "Bad Request")
        if session is None:
            given = bool(exchange.bearer)
            return json_answer([refuse_unauthorized(message, given=given) for message in messages])
        cookie = exchange.cookie(COOKIE)
        request = Request(session, version_of(exchange.path), cookie, self._world.clock.now())
        if len(messages) == 1 and messages[0].get("channel") == "/meta/connect":
            return await self._connect(exchange, request, messages[0])
        answer = json_answer([])
        answer.body = orjson.dumps([self._answer(request, message, answer) for message in messages])
        return answer

    def _answer(self, request: Request, message: Message, answer: Answer) -> Message:
        channel = message.get("channel")
        if channel == "/meta/handshake":
            return self._handshake(request, message, answer)
        reply = self._replies.get(str(channel), _refuse_to_publish)
        try:
            return reply(request, message)
        except Refused as refused:
            return refuse(message, refused)

    def _handshake(self, request: Request, message: Message, answer: Answer) -> Message:
        client = self._clients.add(request.session.org, request.session.user, request.cookie)
        if client is None:
            return deny(message, _BUSY)
        if client.browser != request.cookie:
            secure = "; Secure" if self._world.origin.startswith("https") else ""
            cookie = f"{COOKIE}={client.browser}; Path=/; HttpOnly{secure}"
            answer.headers.append((b"set-cookie", cookie.encode()))
        return reply_to(
            message,
            successful=True,
            clientId=client.id,
            version="1.0",
            minimumVersion="1.0",
            supportedConnectionTypes=["long-polling"],
            ext=EXTENSIONS,
        )

    def _connect_among_others(self, request: Request, message: Message) -> Message:
        """Not held, since the other messages of its request have answers already."""
        client = self._client(request, message)
        check_connection(message)
        client.poll += 1
        return reply_to(message, successful=True, clientId=client.id, advice=RETRY)

    async def _connect(self, exchange: Exchange, request: Request, message: Message) -> Answer | None:
        """The first one is answered at once, with the advice; later ones when there are events, or nothing came for so
        long."""
        try:
            client = self._client(request, message)
            check_connection(message)
        except Refused as refused:
            return json_answer([refuse(message, refused)])
        client.poll += 1
        if client.poll == 1:
            return json_answer([reply_to(message, successful=True, clientId=client.id, advice=RETRY)])
        events = await self._hold(exchange, request.session, client, hold_seconds(message))
        if exchange.gone:
            return None
        if events and not request.session.org.deliveries_left(self._world.clock.now()):
            return json_answer([refuse(message, _USED_UP)])
        request.session.org.deliveries += len(events)
        parts = [_delivery(event, request.version) for event in events]
        parts.append(orjson.dumps(_after_hold(message, request.session, client)))
        for event in events:
            client.subscriptions[event.channel] = event.replay_id
        return Answer(200, b"[" + b",".join(parts) + b"]", [JSON_TYPE])

    async def _hold(self, exchange: Exchange, session: Session, client: Client, seconds: float) -> list[Event]:
        client.wake.set()  # an older request of this client is answered now
        poll, until = client.poll, time.monotonic() + seconds
        client.held += 1
        try:
            while not client.ended and client.poll == poll and _is_authorised(session):
                events = self._pending(session, client)
                remaining = until - time.monotonic()
                if events or remaining <= 0:
                    return events
                client.wake.clear()
                if not await exchange.wait_for(client.wake, min(remaining, CHECK_SECONDS)):
                    return []
            return []
        finally:
            client.held -= 1
            client.seen_at = time.monotonic()
            session.last_used = self._world.clock.now()  # a connected client's session does not idle out

    def _pending(self, session: Session, client: Client) -> list[Event]:
        now = self._world.clock.now()
        events = [
            event
            for channel, after in client.subscriptions.items()
            for event in self._events.after(session.org, channel, after, now)
        ]
        return sorted(events, key=lambda event: event.replay_id)[:MAX_EVENTS_PER_ANSWER]

    def _subscribe(self, request: Request, message: Message) -> Message:
        client = self._client(request, message)
        channels = channels_of(message)
        starts = {channel: self._start(request, message, channel) for channel in channels}
        org = request.session.org
        limit = MAX_SUBSCRIBERS["hub" if org.is_hub else "scratch org"]
        if not client.subscriptions and self._clients.subscribers(org) >= limit:
            raise Refused("403::Organization concurrent user limit exceeded")
        if len(client.subscriptions.keys() | starts.keys()) > MAX_SUBSCRIPTIONS:
            raise Refused("403::Organization concurrent user limit exceeded")
        client.subscriptions.update(starts)
        client.wake.set()
        return reply_to(message, successful=True, clientId=client.id, subscription=message["subscription"])

    def _start(self, request: Request, message: Message, channel: str) -> int:
        """After which replay id the subscription begins."""
        org = request.session.org
        _check_channel(request, channel)
        extensions = message.get("ext")
        if not isinstance(extensions, dict) or "replay" not in extensions:
            return self._events.last(org)
        replay = extensions["replay"]
        if not isinstance(replay, dict) or channel not in replay:
            raise Refused(
                f"400::The replayId for channel {{{channel}}} wasn't found using the provided replay ID map "
                f"{{{_as_map(replay)}}}. Ensure that the channel name you provided in the replay map is valid and "
                "matches the channel name used for subscribing."
            )
        wanted = replay[channel]
        if wanted == NEW_EVENTS:
            return self._events.last(org)
        if wanted == ALL_EVENTS:
            return 0
        if (
            not isinstance(wanted, int)
            or isinstance(wanted, bool)
            or not self._events.retains(org, channel, wanted, request.now)
        ):
            raise Refused(
                f"400::The replayId {{{wanted}}} you provided was invalid.  Please provide a valid ID, -2 to replay "
                "all events, or -1 to replay only new events."
            )
        return wanted

    def _unsubscribe(self, request: Request, message: Message) -> Message:
        client = self._client(request, message)
        for channel in channels_of(message):
            client.subscriptions.pop(channel, None)
        return reply_to(message, successful=True, clientId=client.id, subscription=message["subscription"])

    def _disconnect(self, request: Request, message: Message) -> Message:
        client = self._client(request, message)
        self._clients.end(request.session.org, client)
        return reply_to(message, successful=True, clientId=client.id)

    def _client(self, request: Request, message: Message) -> Client:
        client_id = message.get("clientId")
        if client_id is None:
            raise Refused("403::Client has not completed handshake", HANDSHAKE_AGAIN)
        client = self._clients.find(request.session.org, str(client_id))
        if client is None:
            raise Refused("403::Unknown client", HANDSHAKE_AGAIN)
        if client.user.Id != request.session.user.Id:
            raise Refused("400::Authenticated user id does not match the session's user id")
        if request.cookie != client.browser:
            raise Refused(f"400::Client {client.id} has established a session, but no {COOKIE} cookie present")
        return client


def _is_authorised(session: Session) -> bool:
    return session.org.alive and "unauthorized" not in session.org.faults


def _after_hold(message: Message, session: Session, client: Client) -> Message:
    if not _is_authorised(session):
        return refuse(message, Refused("401::Authentication invalid", GIVE_UP))
    if client.ended:
        return reply_to(message, successful=True, clientId=client.id, advice=GIVE_UP)
    return reply_to(message, successful=True, clientId=client.id)


def _check_channel(request: Request, channel: str) -> None:
    """Only platform events have channels here; their names' case counts."""
    kind, _, name = channel[1:].partition("/")
    if kind == "event" and name.endswith("__e"):
        found = find(request.session.org, name)
        if found is not None and found.name == name:
            return
    elif kind == "u":
        raise Refused("404::Unknown channel")
    elif kind not in ("topic", "data"):
        raise Refused("403:denied_by_security_policy:create_denied")
    raise Refused(f"400::The channel you requested to subscribe to does not exist {{{channel}}}")


def _refuse_to_publish(_: Request, message: Message) -> Message:
    channel = message.get("channel")
    if not isinstance(channel, str) or not channel:
        raise Refused("400::Channel name not specified")
    if channel.startswith("/meta/"):
        raise Refused("404::Unknown channel")
    raise Refused("403:denied_by_security_policy:publish_denied")


def _as_map(replay: Any) -> str:
    if not isinstance(replay, dict):
        return ""
    return "{" + ", ".join(f"{channel}={value}" for channel, value in replay.items()) + "}"


def _delivery(event: Event, version: float) -> bytes:
    about: Message = {"replayId": event.replay_id}
    if version >= EVENT_UUID_FROM:
        about["EventUuid"] = event.uuid
    data = {"schema": event.schema, "payload": orjson.Fragment(event.payload), "event": about}
    return orjson.dumps({"data": data, "channel": event.channel})
