"""Which platform events an org has."""

from dataclasses import dataclass

from apps.simulator.orgs import Org


@dataclass(frozen=True, slots=True)
class EventObject:
    """`fields` are the API names of its own fields, with their greatest length."""

    name: str
    fields: dict[str, int]


_SCRATCHER_CHANGE = EventObject("Scratcher_Change__e", {"Kind__c": 255, "Component__c": 255, "Org_Id__c": 18})


def find_event_object(org: Org, name: str) -> EventObject | None:
    """By its name, whatever the case."""
    return _SCRATCHER_CHANGE if name.lower() == _SCRATCHER_CHANGE.name.lower() else None
