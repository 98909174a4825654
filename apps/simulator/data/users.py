"""Users are made and changed like other records, but live with their org: logins look there. None is ever deleted."""

import re
from typing import Any

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.data.entities import Entity
from apps.simulator.data.errors import DmlError, MissingFields
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.world import World

_USERNAME = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def insert(world: World, org: Org, by: User, entity: Entity, values: dict[str, Any], now: float) -> str:
    """`values` are checked; returns the new user's id."""
    missing = [field.name for field in entity.fields.values() if field.required and values.get(field.name) is None]
    if missing:
        raise MissingFields(missing)
    _check_username(world, values["Username"])
    blank: dict[str, Any] = dict.fromkeys(User._fields)
    stamp = salesforce_datetime(now)
    blank.update(IsActive=False, UserType="Standard", CreatedDate=stamp, CreatedById=by.Id)
    user = _named(User(**{**blank, **values, "Id": ids.make_id(ids.USER, next(world.serials))}), by, stamp)
    world.add_user(org, user)
    return user.Id


def update(world: World, org: Org, by: User, entity: Entity, user_id: str, values: dict[str, Any], now: float) -> None:
    """`values` are checked."""
    before = next((user for user in org.users if user.Id[:15] == user_id[:15]), None)
    if before is None:
        raise DmlError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    required = (field.name for field in entity.fields.values() if field.required)
    missing = [name for name in required if name in values and values[name] is None]
    if missing:
        raise MissingFields(missing)
    if values.get("Username", before.Username).lower() != before.Username.lower():
        _check_username(world, values["Username"])
    world.replace_user(org, before, _named(before._replace(**values), by, salesforce_datetime(now)))


def _named(user: User, by: User, stamp: str) -> User:
    name = " ".join(part for part in (user.FirstName, user.LastName) if part)
    return user._replace(Name=name, LastModifiedDate=stamp, LastModifiedById=by.Id, SystemModstamp=stamp)


def _check_username(world: World, username: str) -> None:
    """A username has the form of an e-mail address and is taken once over all orgs."""
    if not _USERNAME.fullmatch(username):
        message = "Username: The Username must be in the form of an email address (for example, john@acme.com)."
        raise DmlError("INVALID_EMAIL_ADDRESS", message, ("Username",))
    if username.lower() in world.users:
        message = "Duplicate Username.The username already exists in this or another Salesforce organization."
        raise DmlError("DUPLICATE_USERNAME", message, ("Username",))
