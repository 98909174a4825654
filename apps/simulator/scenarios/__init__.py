"""What makes things happen: a made-up team, a real project's history, or nobody."""

import argparse

from apps.simulator.scenarios.population import populate
from apps.simulator.scenarios.replay import Replay
from apps.simulator.scenarios.team import Team
from apps.simulator.world import World

REPLAY_SPEED = 2_000
TEAM_SPEED = 1


def begin(world: World, options: argparse.Namespace) -> None:
    """Fills the world with a DevHub and orgs, and lets the chosen scenario start. ValueError for a history that is
    none."""
    if options.scenario == "replay":
        world.scenario = Replay(world, options.replay, options.replay_edits, options.speed or REPLAY_SPEED)
        return
    populate(world, options.orgs, options.components)
    edits_per_minute = options.edits_per_minute * (options.speed or TEAM_SPEED)
    if options.scenario == "team" and edits_per_minute > 0:
        world.scenario = Team(world, edits_per_minute)
