"""The DevHub's people and the scratch orgs that exist when the simulator starts (team, quiet)."""

import random
from array import array

from apps.simulator.lifecycle import DAY_SECONDS, PLATFORM_CLI, Signup, create_scratch_org, make_hub
from apps.simulator.orgs import Org
from apps.simulator.people import Person, make_people, make_user
from apps.simulator.records import User
from apps.simulator.scenarios.catalogue import product_components
from apps.simulator.world import World

HUB_AGE_DAYS = 900
ORGS_PER_PERSON = 2
MAX_PEOPLE = 500
TRAPS_FROM_ORGS = 10
_FEATURES = (
    None,
    None,
    "Communities;ServiceCloud",
    "FieldService:25;ServiceCloud",
    "MultiCurrency",
    "Communities;EinsteinAssistant",
)
_EDITIONS = ("Developer", "Developer", "Developer", "Enterprise", "Partner Developer")
_TICKETS = (
    "Invoice rounding",
    "Crew calendar",
    "Warranty claims",
    "Offline visits",
    "Permit checklist",
    "Tariff import",
    "Panel inventory",
)


def populate(world: World, orgs: int, components: int) -> None:
    """Makes the DevHub, one person for every two orgs, and the orgs. From ten orgs on the last but one carries
    PlatformCLI, so that our connected app cannot enter it (its refresh token can), and the last has no source
    tracking."""
    rng = random.Random(f"{world.seed}:population")
    now = world.clock.now()
    people = make_people(min(MAX_PEOPLE, max(2, orgs // ORGS_PER_PERSON)), rng)
    hub = make_hub(world, people, now - HUB_AGE_DAYS * DAY_SECONDS)
    baselines = [
        world.baseline(product_components(components + extra)) for extra in (0, components // 10, components // 4)
    ]
    for number in range(orgs):
        place = number % len(people)
        with_traps = orgs >= TRAPS_FROM_ORGS
        signup = _signup(
            world,
            rng,
            hub.users[1 + place],
            people[place],
            now=now,
            number=number,
            baseline=rng.choice(baselines),
            connected_app=PLATFORM_CLI if with_traps and number == orgs - 2 else world.hub_app.client_id,
            source_tracking=not (with_traps and number == orgs - 1),
        )
        org = create_scratch_org(world, signup)
        if number % 8 == 5:
            add_second_editor(world, org, people[(place + 1) % len(people)], now)


def _signup(
    world: World,
    rng: random.Random,
    owner: User,
    person: Person,
    *,
    now: float,
    number: int,
    baseline: "array[int]",
    connected_app: str,
    source_tracking: bool,
) -> Signup:
    """Expirations lie 1 to 30 days ahead, a few within the day. Real default admins are called "User User"; a third
    are."""
    days = rng.randint(7, 30)
    left = rng.uniform(0.3, 0.9) if number % 9 == 4 else rng.uniform(1, days - 1)
    created = now - (days - left) * DAY_SECONDS
    nameless = number % 3 == 2
    if nameless:
        username = f"test-{rng.getrandbits(48):012x}@example.com"
    else:
        username = f"{person.mailbox}.{rng.getrandbits(24):06x}@helios.scratch"
    ticket = rng.choice(_TICKETS)
    return Signup(
        owner=owner,
        created=created,
        username=username,
        first="User" if nameless else person.first,
        last="User" if nameless else person.last,
        days=days,
        edition=rng.choice(_EDITIONS),
        features=rng.choice(_FEATURES),
        description=f"HEL-{1000 + number}: {ticket}",
        org_name=f"Helios {ticket}",
        connected_app=connected_app,
        source_tracking=source_tracking,
        refresh_token=connected_app == PLATFORM_CLI,
        baseline=baseline,
    )


def add_second_editor(world: World, org: Org, person: Person, at: float) -> User:
    """Somebody else who edits in the org, under a name of their own."""
    username = f"{person.mailbox}.{next(world.serials):06x}@helios.scratch"
    user = make_user(
        next(world.serials), username=username, first=person.first, last=person.last, email=username, created=at
    )
    world.add_user(org, user)
    return user
