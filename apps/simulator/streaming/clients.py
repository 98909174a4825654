"""Who listens: the CometD clients of each org, with what they subscribed to and how far they got.

The times are real seconds, not the clock's: they are about connections.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from apps.simulator.orgs import Org
from apps.simulator.records import User

IDLE_SECONDS = 40  # Streaming API Developer Guide: after an answer, a client must connect again within 40 seconds
MAX_CLIENTS_PER_ORG = 2_000
MAX_SUBSCRIPTIONS = 100
MAX_COOKIE_CHARACTERS = 100


@dataclass(slots=True)
class Client:
    """`subscriptions` maps channels to the last replay id delivered. `poll` numbers its /meta/connect requests: only
    the newest is held."""

    id: str
    user: User
    browser: str
    seen_at: float
    subscriptions: dict[str, int] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    poll: int = 0
    held: int = 0
    ended: bool = False


class Clients:
    """Bounded per org; who is silent for too long is forgotten."""

    def __init__(self) -> None:
        self._of_org: dict[str, dict[str, Client]] = {}

    def add(self, org: Org, user: User, browser: str) -> Client | None:
        """A new client, or None where the org has too many. `browser` is the cookie that it came with, if any; one
        browser may be several clients."""
        clients = self._of_org.setdefault(org.id, {})
        for client in [client for client in clients.values() if _idle(client)]:
            self._drop(clients, client)
        if len(clients) >= MAX_CLIENTS_PER_ORG:
            return None
        known = browser if len(browser) <= MAX_COOKIE_CHARACTERS else ""
        client = Client(secrets.token_hex(14), user, known or secrets.token_hex(16), time.monotonic())
        clients[client.id] = client
        return client

    def find(self, org: Org, client_id: str) -> Client | None:
        """The client, seen now."""
        clients = self._of_org.get(org.id, {})
        client = clients.get(client_id)
        if client is None:
            return None
        if _idle(client):
            self._drop(clients, client)
            return None
        client.seen_at = time.monotonic()
        return client

    def end(self, org: Org, client: Client) -> None:
        """Its held connection, if any, is answered."""
        self._drop(self._of_org.get(org.id, {}), client)

    def subscribers(self, org: Org) -> int:
        return sum(bool(client.subscriptions) for client in self._of_org.get(org.id, {}).values())

    def wake(self, org: Org) -> None:
        """Lets the held connections of an org look for events."""
        for client in self._of_org.get(org.id, {}).values():
            client.wake.set()

    def _drop(self, clients: dict[str, Client], client: Client) -> None:
        clients.pop(client.id, None)
        client.ended = True
        client.wake.set()


def _idle(client: Client) -> bool:
    return client.held == 0 and time.monotonic() - client.seen_at > IDLE_SECONDS
