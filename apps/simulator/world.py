"""Everything the simulator holds: the clock and what is due by it, the DevHub, its scratch orgs, who is logged in, the
journal."""

import heapq
import random
from array import array
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

from apps.simulator.clock import Clock
from apps.simulator.journal import Journal
from apps.simulator.orgs import Org
from apps.simulator.records import ActiveScratchOrg, ScratchOrgInfo, User
from apps.simulator.tracking import ComponentNames

Action = Callable[[float], None]


class Scenario(Protocol):
    """What makes things happen by itself. `was_read` is told of every complete reading of an org's
    SourceMember: when its first page was answered, and its last."""

    @property
    def pending(self) -> int:
        """Edits known to come that did not happen yet."""
        ...

    def was_read(self, org: Org, started: float, finished: float) -> None: ...


class Quiet:
    """Nothing happens but what the control API asks for."""

    pending = 0

    def was_read(self, org: Org, started: float, finished: float) -> None:
        """Nobody waits to be read."""


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """`public_key` (PEM) verifies its JWTs; None for an app without a certificate, which PlatformCLI is."""

    client_id: str
    public_key: str | None


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """An event as it was published: the values of its own fields, and the uuid that its publisher was told."""

    by: User
    object_name: str
    values: dict[str, Any]
    uuid: str
    at: float


EventListener = Callable[[Org, PlatformEvent], None]


class World:
    """Things due by the clock happen when somebody looks (`catch_up`), in order and each at its own time."""

    def __init__(self, clock: Clock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.random = random.Random(seed)
        self.origin = ""
        self.components = ComponentNames()
        self.journal = Journal()
        self.scenario: Scenario = Quiet()
        self.hub: Org
        self.hub_app: ConnectedApp
        self.apps: dict[str, ConnectedApp] = {"PlatformCLI": ConnectedApp("PlatformCLI", None)}
        self.scratch_orgs: dict[str, Org] = {}
        self.requested: dict[str, ScratchOrgInfo] = {}
        self.users: dict[str, tuple[Org, User]] = {}
        self.refresh_tokens: dict[str, tuple[Org, User]] = {}
        self.rotate_refresh_tokens = False
        self.event_listeners: list[EventListener] = []
        self.requests: Counter[str] = Counter()
        self.serials = count(1)
        self._due: list[tuple[float, int, Action]] = []
        self._order = count()

    def at(self, due: float, action: Action) -> None:
        """Lets the action happen when the clock gets there; it is given that time."""
        heapq.heappush(self._due, (due, next(self._order), action))

    def catch_up(self) -> float:
        """Lets happen what is due, and returns now."""
        now = self.clock.now()
        due = self._due
        while due and due[0][0] <= now:
            at, _, action = heapq.heappop(due)
            action(at)
        return now

    def org(self, org_id: str) -> Org | None:
        """The DevHub or a scratch org, by an id of 15 or 18 characters."""
        return self.hub if org_id[:15] == self.hub.id[:15] else self.scratch_orgs.get(org_id[:15])

    def active_orgs(self) -> list[Org]:
        return [org for org in self.scratch_orgs.values() if org.active is not None]

    def active_rows(self) -> Iterable[ActiveScratchOrg]:
        return (org.active for org in self.scratch_orgs.values() if org.active is not None)

    def infos(self) -> Iterable[ScratchOrgInfo]:
        """Of every scratch org that ever was, and those asked for."""
        yield from (org.info for org in self.scratch_orgs.values() if org.info is not None)
        yield from self.requested.values()

    def baseline(self, components: Iterable[tuple[str, str]]) -> "array[int]":
        """What an org may be born with; orgs can share one."""
        return array("I", sorted({self.components.number(*component) for component in components}))

    def add_user(self, org: Org, user: User) -> None:
        """Where two orgs have a user of one name, a login by that name enters the first."""
        org.users.append(user)
        self.users.setdefault(user.Username.lower(), (org, user))

    def replace_user(self, org: Org, before: User, user: User) -> None:
        """The user as changed takes the place of the one before, wherever logins look."""
        org.users[next(place for place, each in enumerate(org.users) if each.Id == user.Id)] = user
        if self.users.get(before.Username.lower(), (None,))[0] is org:
            del self.users[before.Username.lower()]
        self.users.setdefault(user.Username.lower(), (org, user))
        for token in org.refresh_tokens:
            if self.refresh_tokens[token][1].Id == user.Id:
                self.refresh_tokens[token] = org, user
