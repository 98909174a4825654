"""A made-up team at work: single edits at a steady mean rate, now and then a deployment, now and then two people on
one component."""

import random
from collections import deque
from dataclasses import replace

from apps.simulator.edits import Edit, apply_edit
from apps.simulator.orgs import Org
from apps.simulator.scenarios.catalogue import KINDS, component_of, invented_thing, product_components
from apps.simulator.tracking import Tracking
from apps.simulator.world import World

SHARE_DEPLOYMENT = 1 / 200
SHARE_OVERLAP = 1 / 10
SHARE_NEW = 0.2
SHARE_DELETE = 0.07
SHARE_LATE = 0.03
SHARE_LATE_DEPLOYED = 0.2
SHARE_SECOND_EDITOR = 0.4
DEPLOYMENT_SIZE = (250, 400)
LATE_SECONDS = (2, 20)
_REMEMBERED = 40
_TRIES = 20


class Team:
    """Edits happen for ever, each org as busy as its place among the orgs says."""

    pending = 0

    def __init__(self, world: World, edits_per_minute: float) -> None:
        self._world = world
        self._rng = random.Random(f"{world.seed}:team")
        self._edits_per_second = edits_per_minute / 60
        self._orgs: list[Org] = []
        self._recent: deque[tuple[Org, str, str]] = deque(maxlen=_REMEMBERED)
        self._deployments = 0
        self._schedule(world.clock.now())

    def was_read(self, org: Org, started: float, finished: float) -> None:
        """Nobody waits to be read here."""

    def _schedule(self, after: float) -> None:
        self._world.at(after + self._rng.expovariate(self._edits_per_second), self._happen)

    def _happen(self, at: float) -> None:
        self._schedule(at)
        org = self._busy_org()
        if org is None or org.tracking is None:
            return
        chance = self._rng.random()
        if chance < SHARE_DEPLOYMENT:
            self._deploy(org, org.tracking, at)
            return
        others = [recent for recent in self._recent if recent[0].person != org.person]
        if chance < SHARE_DEPLOYMENT + SHARE_OVERLAP and others:
            _, *component = self._rng.choice(others)
            self._edit(org, self._put(org.tracking, *component), at)
        else:
            self._edit(org, self._choose(org.tracking), at)

    def _busy_org(self) -> Org | None:
        """One that can be edited, the first ones more often: a tenth of the orgs does about a third of the work."""
        if len(self._orgs) != len(self._world.scratch_orgs):
            self._orgs = list(self._world.scratch_orgs.values())
        for _ in range(_TRIES if self._orgs else 0):
            org = self._orgs[int(len(self._orgs) * self._rng.random() ** 2)]
            if org.tracking is not None:
                return org
        return None

    def _choose(self, tracking: Tracking) -> Edit:
        chance = self._rng.random()
        invented = component_of(invented_thing(self._rng), self._rng.randrange(KINDS))
        component = None if chance < SHARE_NEW else self._existing(tracking)
        if component is None:
            return Edit(*invented, "NEW")
        return Edit(*component, "DELETE" if chance < SHARE_NEW + SHARE_DELETE else "CHANGE")

    def _existing(self, tracking: Tracking) -> tuple[str, str] | None:
        """A live component: half of the time one that was edited before, as people stay with their work."""
        edited = list(tracking.latest)
        for _ in range(_TRIES):
            pool = edited if edited and self._rng.random() < 0.5 else tracking.baseline
            if pool and tracking.is_live(component := self._rng.choice(pool)):
                return self._world.components.name(component)
        return None

    def _put(self, tracking: Tracking, member_type: str, member_name: str) -> Edit:
        """The component is changed where it is, made where it is not."""
        live = tracking.is_live(self._world.components.number(member_type, member_name))
        return Edit(member_type, member_name, "CHANGE" if live else "NEW")

    def _edit(self, org: Org, edit: Edit, at: float) -> None:
        late = self._rng.uniform(*LATE_SECONDS) if self._rng.random() < SHARE_LATE else 0
        other = len(org.users) > 1 and self._rng.random() < SHARE_SECOND_EDITOR
        person = org.users[1 if other else 0].Username
        apply_edit(self._world, org, replace(edit, person=person, visible_after_seconds=late), at)
        if edit.kind != "DELETE":
            self._recent.append((org, edit.member_type, edit.member_name))

    def _deploy(self, org: Org, tracking: Tracking, at: float) -> None:
        """Some hundred components at once, some visible late; the Admin profile changes with every deployment."""
        self._deployments += 1
        bulk_id = f"deployment-{self._deployments}"
        size = self._rng.randint(*DEPLOYMENT_SIZE)
        edits = [self._put(tracking, *component) for component in self._rng.sample(product_components(600), size - 1)]
        for edit in [*edits, Edit("Profile", "Admin", "CHANGE")]:
            late = self._rng.uniform(0, LATE_SECONDS[1]) if self._rng.random() < SHARE_LATE_DEPLOYED else 0
            apply_edit(self._world, org, replace(edit, visible_after_seconds=late, bulk_id=bulk_id), at)
