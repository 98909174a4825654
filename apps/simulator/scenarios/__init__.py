"""What makes things happen: a made-up team, a real project's history, or nobody."""

import argparse

from apps.simulator.scenarios import population
from apps.simulator.world import World


def begin(world: World, options: argparse.Namespace) -> None:
    """Fills the world with a DevHub and orgs, and lets the chosen scenario start."""
    population.populate(world, options.orgs, options.components)
