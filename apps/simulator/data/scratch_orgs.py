"""The two objects of the DevHub whose records are scratch orgs: a ScratchOrgInfo is inserted to ask for one, an
ActiveScratchOrg deleted to end one."""

from typing import Any

from apps.simulator import lifecycle, permissions
from apps.simulator.data.entities import Entity
from apps.simulator.data.errors import DmlError, MissingFields
from apps.simulator.orgs import Org
from apps.simulator.records import User
from apps.simulator.world import World


def request(world: World, user: User, entity: Entity, values: dict[str, Any], now: float) -> str:
    """The id of the ScratchOrgInfo; its org comes some seconds later."""
    asked = _asked(entity, {name: value for name, value in values.items() if name != "attributes"})
    return lifecycle.request_scratch_org(world, user, asked, now).Id


def _asked(entity: Entity, values: dict[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for name, value in values.items():
        field = entity.fields.get(name.lower())
        if field is None:
            raise DmlError("INVALID_FIELD", f"No such column '{name}' on sobject of type {entity.name}")
        if not field.createable:
            message = f"Unable to create/update fields: {field.name}. Please check the security settings of this field."
            raise DmlError("INVALID_FIELD_FOR_INSERT_UPDATE", message, (field.name,))
        if value is not None and not isinstance(value, (int, bool) if field.name in _NO_TEXT else str):
            raise DmlError("JSON_PARSER_ERROR", f"Cannot deserialize instance of {field.kind.value} from {field.name}")
        asked[field.name] = value
    missing = [name for name in ("ConnectedAppConsumerKey", "ConnectedAppCallbackUrl") if not asked.get(name)]
    if missing:
        raise MissingFields(missing)
    days = asked.get("DurationDays", 7)
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= lifecycle.MAX_DAYS:
        message = f"DurationDays must be a whole number from 1 to {lifecycle.MAX_DAYS}"
        raise DmlError("FIELD_INTEGRITY_EXCEPTION", message, ("DurationDays",))
    return asked


_NO_TEXT = ("DurationDays", "HasSampleData")


def end(world: World, hub: Org, user: User, record_id: str, now: float) -> None:
    """Deletes the scratch org of an ActiveScratchOrg that the user sees."""
    everything = permissions.sees_all(hub, user)
    for org in world.active_orgs():
        row = org.active
        if row is not None and row.Id[:15] == record_id[:15] and (everything or row.OwnerId == user.Id):
            lifecycle.delete(world, org, user, now)
            return
    raise DmlError("ENTITY_IS_DELETED", "entity is deleted")
