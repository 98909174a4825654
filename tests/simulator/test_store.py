"""The store by itself: what would take a hundred thousand requests through the front door."""

import random
from typing import Any

import pytest

from apps.simulator.clock import Clock
from apps.simulator.data import dml, store
from apps.simulator.data.store import store_of
from apps.simulator.lifecycle import make_hub
from apps.simulator.orgs import Org
from apps.simulator.people import make_people
from apps.simulator.world import ConnectedApp, World


@pytest.fixture
def world() -> World:
    world = World(Clock("stepped"), seed=1)
    world.hub_app = ConnectedApp("app", None)
    make_hub(world, make_people(1, random.Random(1)), world.clock.now())
    return world


def insert(world: World, sobject: str, **values: Any) -> str:
    return dml.insert(world, world.hub, world.hub.users[0], sobject, values, world.clock.now())


def accounts(org: Org, **more: bool) -> list[str]:
    return [row["Name"] for row in store_of(org).rows("Account", **more)]


def test_an_org_holds_as_many_records_as_it_has_storage_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_ROWS", 3)  # instead of 100,000 inserts; the standard price book is one
    insert(world, "Account", Name="A")
    insert(world, "Account", Name="B")
    with pytest.raises(dml.DmlError) as refused:
        insert(world, "Account", Name="C")
    assert refused.value.code == "STORAGE_LIMIT_EXCEEDED"


def test_the_recycle_bin_forgets_the_oldest(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_DELETED_ROWS", 2)  # instead of 5,000 deletions
    for name in "ABC":
        record_id = insert(world, "Account", Name=name)
        dml.delete(world, world.hub, world.hub.users[0], "Account", record_id, world.clock.now())
    assert (accounts(world.hub), accounts(world.hub, deleted=True)) == ([], ["B", "C"])


def test_what_is_undone_is_found_by_its_old_key_again(world: World) -> None:
    hub = world.hub
    user, now = hub.users[0], world.clock.now()
    contact = insert(world, "Contact", LastName="Bo", Email="a@b.co")

    def undone() -> None:
        with store_of(hub).all_or_none():
            dml.update(world, hub, user, "Contact", contact, {"Email": "c@d.co"}, now)
            dml.delete(world, hub, user, "Contact", contact, now)
            insert(world, "Contact", LastName="Cy", Email="a@b.co")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    entity = store_of(hub).schema.objects["contact"]
    email = entity.fields["email"]
    assert [row["Id"] for row in store_of(hub).where(entity, email, "A@b.co")] == [contact]
    assert store_of(hub).where(entity, email, "c@d.co") == []
    assert store_of(hub).rows("Contact", deleted=True) == [store_of(hub).find(contact)]


def test_records_that_refer_to_each_other_in_a_circle_can_be_deleted(world: World) -> None:
    link = {"type": "reference", "referenceTo": ["Ring__c"], "childRelationshipName": "Rings", "onDelete": "cascade"}
    store_of(world.hub).declare([{"name": "Ring__c", "fields": [{"name": "Next__c", **link}]}])
    user, now = world.hub.users[0], world.clock.now()
    ids = [insert(world, "Ring__c")]
    for _ in range(2_000):
        ids.append(insert(world, "Ring__c", Next__c=ids[-1]))
    dml.update(world, world.hub, user, "Ring__c", ids[0], {"Next__c": ids[-1]}, now)
    dml.delete(world, world.hub, user, "Ring__c", ids[7], now)
    assert store_of(world.hub).rows("Ring__c") == []
