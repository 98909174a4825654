import threading
import time
import uuid
from typing import Any

import pytest

from tests.simulator.bayeux import CHANNEL, EVENT, EVENT_OBJECT, Listener, publish, told
from tests.simulator.conftest import Api
from tests.simulator.test_rest import error
from tests.simulators import Simulator

HOURS = 3_600
PATH = f"/services/data/v67.0/sobjects/{EVENT}"


@pytest.fixture(autouse=True)
def _event_object(simulator: Simulator, org: dict[str, Any]) -> None:
    simulator.declare([org["org_id"]], EVENT_OBJECT)


def test_a_published_event_is_enqueued_under_a_uuid(api: Api) -> None:
    answer = api.call("POST", PATH, json={"Component__c": "ApexClass:Foo"})
    assert answer.status_code == 201
    body = answer.json()
    assert (body["id"][0], len(body["id"]), body["success"]) == ("e", 18, True)
    assert (body["errors"][0]["statusCode"], body["errors"][0]["fields"]) == ("OPERATION_ENQUEUED", [])
    uuid.UUID(body["errors"][0]["message"])


def test_what_the_day_has_used_up_is_not_delivered(api: Api, simulator: Simulator, org: dict[str, Any]) -> None:
    def left() -> int:
        limit: dict[str, int] = api.call("GET", "/services/data/v67.0/limits").json()["DailyDeliveredPlatformEvents"]
        return limit["Remaining"]

    simulator.fault([org["org_id"]], "event_deliveries", used=8, max=10)
    listeners = [Listener(api).open() for _ in range(2)]
    for listener in listeners:
        listener.subscribe()
    publish(api, Component__c="x")
    assert [told(listener.wait()) for listener in listeners] == [["x"], ["x"]]
    assert left() == 0

    publish(api, Component__c="y")
    reply = listeners[0].ask("connect", connectionType="long-polling")
    assert (reply["successful"], reply["error"]) == (False, "403::Organization total events daily limit exceeded")


def test_what_the_object_does_not_allow_is_refused(api: Api) -> None:
    for values, code in (
        ({"Component__c": "x", "Nope__c": "x"}, "INVALID_FIELD"),
        ({"Kind__c": "x"}, "REQUIRED_FIELD_MISSING"),
        ({"Component__c": "x" * 256}, "STRING_TOO_LONG"),
        ({"Component__c": 3}, "JSON_PARSER_ERROR"),
        (["x"], "JSON_PARSER_ERROR"),
    ):
        answer = api.call("POST", PATH, json=values)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert error(api.call("POST", "/services/data/v67.0/sobjects/Nope__e", json={})) == (404, "NOT_FOUND")


def test_a_subscriber_hears_what_is_published_afterwards(api: Api, org: dict[str, Any]) -> None:
    publish(api, Component__c="before")
    listener = Listener(api).open()
    assert listener.subscribe()["subscription"] == CHANNEL
    known_by = publish(api, Component__c="after")
    [event] = listener.wait()
    assert event["channel"] == CHANNEL
    payload = event["data"]["payload"]
    assert payload["Component__c"] == "after"
    assert payload["CreatedById"] == api.records("SELECT Id FROM User")[0]["Id"]
    assert payload["CreatedDate"].endswith("Z")
    assert payload["Kind__c"] is None
    assert event["data"]["event"]["EventUuid"] == known_by
    assert len(event["data"]["schema"]) == 22


def test_older_versions_know_no_event_uuid(api: Api) -> None:
    listener = Listener(api, version="45.0").open()
    listener.subscribe()
    publish(api, Component__c="x")
    assert set(listener.wait()[0]["data"]["event"]) == {"replayId"}


def test_a_held_connection_is_answered_when_an_event_comes(api: Api) -> None:
    listener = Listener(api).open()
    listener.subscribe()
    heard: list[tuple[float, list[str]]] = []

    def listen() -> None:
        heard.append((time.monotonic(), told(listener.wait(timeout=20))))

    waiting = threading.Thread(target=listen)
    waiting.start()
    time.sleep(0.4)
    assert heard == []
    publish(Api(api.simulator, api.token), Component__c="now")
    waiting.join(5)
    assert [names for _, names in heard] == [["now"]]


def test_every_event_comes_once_and_in_order(api: Api) -> None:
    listener = Listener(api).open()
    listener.subscribe()
    names = [f"class-{number}" for number in range(20)]
    for name in names:
        publish(api, Component__c=name)
    events = listener.wait()
    publish(api, Component__c="last")
    events += listener.wait()
    assert told(events) == [*names, "last"]
    ids = [event["data"]["event"]["replayId"] for event in events]
    assert ids == sorted(set(ids))


def test_replay_begins_where_it_is_told(api: Api) -> None:
    for name in ("one", "two", "three"):
        publish(api, Component__c=name)
    everything = Listener(api).open()
    everything.subscribe(replay=-2)
    events = everything.wait()
    assert told(events) == ["one", "two", "three"]
    later = Listener(api).open()
    later.subscribe(replay=events[0]["data"]["event"]["replayId"])
    assert told(later.wait()) == ["two", "three"]
    new = Listener(api).open()
    new.subscribe(replay=-1)
    publish(api, Component__c="four")
    assert told(new.wait()) == ["four"]


@pytest.mark.parametrize("replay", [1, -3, "1", 1.5, None, True, [], {"a": 1}])
def test_a_replay_id_that_is_none_is_refused_by_name(api: Api, replay: Any) -> None:
    publish(api, Component__c="x")
    listener = Listener(api).open()
    reply = listener.ask("subscribe", subscription=CHANNEL, ext={"replay": {CHANNEL: replay}})
    assert reply["successful"] is False
    assert reply["error"].startswith(
        f"400::The replayId {{{replay}}} you provided was invalid.  Please provide a valid"
    )


def test_a_replay_map_that_lacks_the_channel_is_refused(api: Api) -> None:
    listener = Listener(api).open()
    for given in ({}, {"/event/Other__e": -1}, 3):
        reply = listener.ask("subscribe", subscription=CHANNEL, ext={"replay": given})
        assert f"400::The replayId for channel {{{CHANNEL}}} wasn't found" in reply["error"]


def test_events_are_kept_for_72_hours(api: Api) -> None:
    publish(api, Component__c="old")
    listener = Listener(api).open()
    listener.subscribe(replay=-2)
    old = listener.wait()[0]["data"]["event"]["replayId"]
    api.simulator.step(71 * HOURS)
    later = Api(api.simulator, api.simulator.login_as(api.token[:15])["access_token"])
    publish(later, Component__c="young")
    assert Listener(later).open().subscribe(replay=old)["successful"]
    api.simulator.step(2 * HOURS - 60)
    again = Listener(later).open()
    assert again.subscribe(replay=old)["error"].startswith(f"400::The replayId {{{old}}} you provided was invalid.")
    again.subscribe(replay=-2)
    assert told(again.wait()) == ["young"]


def test_unsubscribed_and_disconnected_clients_hear_nothing(api: Api) -> None:
    listener = Listener(api).open()
    listener.subscribe(replay=-2)
    assert listener.ask("unsubscribe", subscription=CHANNEL)["successful"]
    publish(api, Component__c="x")
    listener.subscribe(replay=-1)
    publish(api, Component__c="y")
    assert told(listener.wait()) == ["y"]
    assert listener.ask("disconnect")["successful"]
    reply = listener.ask("connect", connectionType="long-polling")
    assert (reply["error"], reply["advice"]["reconnect"]) == ("403::Unknown client", "handshake")


def test_an_org_hears_its_own_events_only(api: Api, simulator: Simulator) -> None:
    other_id = simulator.create_orgs()[0]["org_id"]
    simulator.declare([other_id], EVENT_OBJECT)
    other = Api(simulator, simulator.login_as(other_id)["access_token"])
    listener = Listener(api).open()
    listener.subscribe()
    publish(other, Component__c="theirs")
    publish(api, Component__c="ours")
    assert told(listener.wait()) == ["ours"]
