"""A made-up team at work: single edits at a steady mean rate, now and then a deployment, now and then two people on
one component."""

import random
from collections import deque
from dataclasses import replace

from apps.simulator.edits import Change, Edit, apply_edit
from apps.simulator.orgs import Org
from apps.simulator.scenarios.catalogue import KINDS, component_of, invented_thing, product_components
from apps.simulator.world import World

SHARE_DEPLOYMENT = 1 / 200
SHARE_OVERLAP = 1 / 10
SHARE_NEW = 0.2
SHARE_DELETE = 0.07
SHARE_LATE = 0.03
SHARE_SECOND_EDITOR = 0.4
DEPLOYMENT_SIZE = (250, 400)
LATE_SECONDS = (2, 20)
_REMEMBERED = 40


class Team:
    """Edits happen for ever, each org as busy as its place in a random order says."""

    pending = 0

    def __init__(self, world: World, edits_per_minute: float) -> None:
        self._world = world
        self._rng = random.Random(f"{world.seed}:team")
        self._mean_seconds = 60 / edits_per_minute
        self._recent: deque[tuple[Org, str, str]] = deque(maxlen=_REMEMBERED)
        self._deployments = 0
        self._schedule(world.clock.now())

    def was_read(self, org: Org, started: float, finished: float) -> None:
        """Nobody waits to be read here."""

    def _schedule(self, after: float) -> None:
        self._world.at(after + self._rng.expovariate(1 / self._mean_seconds), self._happen)

    def _happen(self, at: float) -> None:
        self._schedule(at)
        org = self._busy_org()
        if org is None:
            return
        chance = self._rng.random()
        if chance < SHARE_DEPLOYMENT:
            self._deploy(org, at)
        elif chance < SHARE_DEPLOYMENT + SHARE_OVERLAP:
            self._overlap(org, at)
        else:
            self._edit(org, self._choose(org), at)

    def _busy_org(self) -> Org | None:
        """Of the orgs that can be edited, the first ones more often: a tenth of them does about a third of the work."""
        orgs = [org for org in self._world.active_orgs() if org.tracking is not None]
        return orgs[int(len(orgs) * self._rng.random() ** 2)] if orgs else None

    def _choose(self, org: Org) -> Edit:
        chance = self._rng.random()
        if chance < SHARE_NEW:
            thing = invented_thing(self._rng)
            return self._of("NEW", component_of(thing, self._rng.randrange(KINDS)))
        kind: Change = "DELETE" if chance < SHARE_NEW + SHARE_DELETE else "CHANGE"
        return self._of(kind, self._existing(org))

    def _existing(self, org: Org) -> tuple[str, str]:
        """A live component of the org: half of the time one that was edited before, as people stay with their work."""
        tracking = org.tracking
        if tracking is None:
            raise ValueError(f"{org.id} has no source tracking")
        edited = list(tracking.latest)
        for _ in range(20):
            pool = edited if edited and (not tracking.baseline or self._rng.random() < 0.5) else tracking.baseline
            if pool and tracking.is_live(component := self._rng.choice(pool)):
                return self._world.components.name(component)
        return "ApexClass", f"{invented_thing(self._rng)}Service"

    def _edit(self, org: Org, edit: Edit, at: float) -> None:
        late = self._rng.uniform(*LATE_SECONDS) if self._rng.random() < SHARE_LATE else 0
        other = len(org.users) > 1 and self._rng.random() < SHARE_SECOND_EDITOR
        person = org.users[1 if other else 0].Username
        apply_edit(self._world, org, replace(edit, person=person, visible_after_seconds=late), at)
        if edit.kind != "DELETE":
            self._recent.append((org, edit.member_type, edit.member_name))

    def _overlap(self, org: Org, at: float) -> None:
        """Changes what somebody else changed in another org a while ago."""
        others = [recent for recent in self._recent if recent[0].person != org.person]
        if not others:
            self._edit(org, self._choose(org), at)
            return
        _, member_type, member_name = self._rng.choice(others)
        component = self._world.components.number(member_type, member_name)
        known = org.tracking is not None and org.tracking.is_live(component)
        self._edit(org, self._of("CHANGE" if known else "NEW", (member_type, member_name)), at)

    def _deploy(self, org: Org, at: float) -> None:
        """Some hundred components at once, some visible late; the Admin profile changes with every deployment."""
        self._deployments += 1
        size = self._rng.randint(*DEPLOYMENT_SIZE)
        components = self._rng.sample(product_components(max(600, size)), size - 1)
        for component in [*components, ("Profile", "Admin")]:
            late = self._rng.uniform(0, LATE_SECONDS[1]) if self._rng.random() < 0.2 else 0
            known = org.tracking is not None and org.tracking.is_live(self._world.components.number(*component))
            edit = self._of("CHANGE" if known or component[0] == "Profile" else "NEW", component)
            bulk_id = f"deployment-{self._deployments}"
            apply_edit(self._world, org, replace(edit, visible_after_seconds=late, bulk_id=bulk_id), at)

    @staticmethod
    def _of(kind: Change, component: tuple[str, str]) -> Edit:
        return Edit(*component, kind)
