"""The event bus: what was published in each org, in order, for as long as Salesforce keeps it."""

import hashlib
import random
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from apps.simulator.clock import iso
from apps.simulator.orgs import Org
from apps.simulator.world import PlatformEvent

RETENTION_SECONDS = 72 * 3_600
MAX_EVENTS = 100_000
MAX_PAYLOAD_BYTES = 64_000_000
# Replay ids are opaque: clients may count on their order only, so they start anywhere and leave gaps.
_FIRST_REPLAY_ID = (10_000, 5_000_000)
_REPLAY_STEP = (1, 3)


@dataclass(frozen=True, slots=True)
class Event:
    """`payload` is JSON; `schema` changes when the fields of its object do."""

    org_id: str
    replay_id: int
    at: float
    channel: str
    uuid: str
    schema: str
    payload: bytes


class EventBus:
    """One per simulator. Events leave after 72 hours by the clock, or, oldest first, where there are too many."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}:events")
        self._in_order: deque[Event] = deque()
        self._of_org: dict[str, deque[Event]] = {}
        self._last: dict[str, int] = {}
        self._bytes = 0
        self._listeners: list[Callable[[Org], None]] = []

    def listen(self, listener: Callable[[Org], None]) -> None:
        """Tells the listener of every org in which something was published."""
        self._listeners.append(listener)

    def publish(self, org: Org, published: PlatformEvent) -> None:
        """The event goes to the channel /event/<object> of its org."""
        stamps = {"CreatedDate": f"{iso(published.at)[:-4]}Z", "CreatedById": published.by.Id}
        event = Event(
            org_id=org.id,
            replay_id=self.last(org) + self._rng.randint(*_REPLAY_STEP),
            at=published.at,
            channel=f"/event/{published.object_name}",
            uuid=published.uuid,
            schema=_schema_id(published.object_name, published.values),
            payload=orjson.dumps(stamps | published.values),
        )
        self._last[org.id] = event.replay_id
        self._in_order.append(event)
        self._of_org.setdefault(org.id, deque()).append(event)
        self._bytes += len(event.payload)
        self._forget_old(event.at)
        for listener in self._listeners:
            listener(org)

    def last(self, org: Org) -> int:
        """The newest replay id of the org; where nothing was published yet, one below all that will come."""
        if org.id not in self._last:
            self._last[org.id] = self._rng.randint(*_FIRST_REPLAY_ID)
        return self._last[org.id]

    def after(self, org: Org, channel: str, replay_id: int, now: float) -> list[Event]:
        """The retained events of a channel with higher replay ids, in order."""
        self._forget_old(now)
        found = []
        for event in reversed(self._of_org.get(org.id, ())):
            if event.replay_id <= replay_id:
                break
            if event.channel == channel:
                found.append(event)
        return found[::-1]

    def retains(self, org: Org, channel: str, replay_id: int, now: float) -> bool:
        """Whether this very event of the channel can still be replayed."""
        events = self.after(org, channel, replay_id - 1, now)
        return bool(events) and events[0].replay_id == replay_id

    def _forget_old(self, now: float) -> None:
        order = self._in_order
        while order and (
            order[0].at <= now - RETENTION_SECONDS or len(order) > MAX_EVENTS or self._bytes > MAX_PAYLOAD_BYTES
        ):
            event = order.popleft()
            self._of_org[event.org_id].popleft()
            self._bytes -= len(event.payload)


def _schema_id(event_object: str, fields: Iterable[str]) -> str:
    """22 letters, as Salesforce's fingerprints of an event's fields."""
    digest = hashlib.sha256(f"{event_object}:{','.join(fields)}".encode()).digest()
    return urlsafe_b64encode(digest[:16]).decode().rstrip("=")
