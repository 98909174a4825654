from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from apps.orgs.models import DevHub
from tests.conftest import Cast
from tests.simulators import Simulator
from tests.watching import Watch, add_hub, allow, simulated


@pytest.fixture
def simulator(tmp_path: Path, settings: Settings) -> Iterator[Simulator]:
    """A DevHub with 24 scratch orgs, whose time stands still."""
    with simulated(tmp_path / "simulator", orgs=24, scenario="team", edits_per_minute=0) as running:
        allow(running, settings)
        yield running


@pytest.fixture
def watch(cast: Cast, simulator: Simulator) -> Watch:
    """Alice's team watches the hub, which is not synced yet."""
    return Watch(simulator, cast.team, add_hub(cast.team, simulator))


@pytest.fixture
def hub(watch: Watch) -> DevHub:
    return watch.hub
