"""What the control API's commands mean: edits and new orgs, read from JSON and checked."""

from collections.abc import Callable
from typing import Any

from apps.simulator.edits import Edit
from apps.simulator.lifecycle import PLATFORM_CLI, Signup
from apps.simulator.scenarios.catalogue import product_components
from apps.simulator.world import World


class BadCommand(Exception):
    """Says what is wrong with a command; answered as 400."""


_EDIT_FIELDS: dict[str, Callable[[Any], bool]] = {
    "member_type": lambda v: isinstance(v, str) and v != "",
    "member_name": lambda v: isinstance(v, str) and v != "",
    "kind": lambda v: v in ("NEW", "CHANGE", "DELETE"),
    "person": lambda v: v is None or (isinstance(v, str) and v != ""),
    "revision": lambda v: v is None or (isinstance(v, int) and not isinstance(v, bool) and v > 0),
    "visible_after_seconds": lambda v: isinstance(v, int | float) and v >= 0,
    "visible": lambda v: isinstance(v, bool),
    "null_counter": lambda v: isinstance(v, bool),
    "duplicate": lambda v: isinstance(v, bool),
    "bulk_id": lambda v: v is None or isinstance(v, str),
}
_REQUIRED = ("member_type", "member_name", "kind")
_SIGNUP_FIELDS: dict[str, Callable[[Any], bool]] = {
    "count": lambda v: isinstance(v, int) and 1 <= v <= 10_000,
    "person": lambda v: v is None or isinstance(v, str),
    "connected_app": lambda v: v in ("hub", PLATFORM_CLI),
    "source_tracking": lambda v: isinstance(v, bool),
    "refresh_token": lambda v: isinstance(v, bool),
    "days": lambda v: isinstance(v, int) and 1 <= v <= 30,
    "components": lambda v: isinstance(v, int) and 0 <= v <= 100_000,
}


def read_edit(command: dict[str, Any]) -> Edit:
    """The edit without its org_id."""
    fields = {name: value for name, value in command.items() if name != "org_id"}
    _check("an edit", fields, _EDIT_FIELDS)
    for name in _REQUIRED:
        if name not in fields:
            raise BadCommand(f"an edit needs {name}")
    edit = Edit(**fields)
    late = not edit.visible or edit.visible_after_seconds > 0
    if (edit.null_counter or edit.duplicate) and (late or edit.null_counter == edit.duplicate):
        raise BadCommand("null_counter or duplicate is for a row that is visible at once, one of the two")
    return edit


def read_signups(world: World, command: dict[str, Any], now: float) -> list[Signup]:
    """The scratch orgs to make: for the DevHub user `person` (a username), or else for its people in turn."""
    _check("the command", command, _SIGNUP_FIELDS)
    people = [user for user in world.hub.users if command.get("person") in (None, user.Username)]
    if not people:
        raise BadCommand(f"no user of the hub is called {command['person']!r}")
    people = people[1:] or people  # the integration user makes no orgs, unless asked for
    baseline = world.baseline(product_components(command.get("components", 0)))
    signups = []
    for number in range(command.get("count", 1)):
        owner = people[number % len(people)]
        signups.append(
            Signup(
                owner=owner,
                created=now,
                username=f"test-{next(world.serials):06d}{world.random.getrandbits(24):06x}@example.com",
                days=command.get("days", 7),
                connected_app=world.hub_app.client_id if command.get("connected_app", "hub") == "hub" else PLATFORM_CLI,
                source_tracking=command.get("source_tracking", True),
                refresh_token=command.get("refresh_token", False),
                baseline=baseline,
            )
        )
    return signups


def _check(what: str, fields: dict[str, Any], rules: dict[str, Callable[[Any], bool]]) -> None:
    for name, value in fields.items():
        if name not in rules:
            raise BadCommand(f"{what} has no {name!r}")
        if not rules[name](value):
            raise BadCommand(f"{name} cannot be {value!r}")
