"""The protocol below platform events: who may speak, what is refused, and in which words."""

import contextlib
import json
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.bayeux import CHANNEL, EVENT_OBJECT, Listener, publish, told
from tests.simulator.conftest import Api
from tests.simulators import Simulator, simulator

HANDSHAKE = {"channel": "/meta/handshake", "version": "1.0", "supportedConnectionTypes": ["long-polling"], "id": "1"}


@pytest.fixture(autouse=True)
def _event_object(simulator: Simulator, org: dict[str, Any]) -> None:
    simulator.declare([org["org_id"]], EVENT_OBJECT)


def post(api: Api, data: str | bytes, version: str = "/67.0") -> requests.Response:
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/json"}
    return api.http.post(f"{api.simulator.url}/cometd{version}", data=data, headers=headers, timeout=60)


def test_a_handshake_names_the_client_and_what_is_spoken(api: Api) -> None:
    answer = post(api, json.dumps(HANDSHAKE))
    [reply] = answer.json()
    assert reply["supportedConnectionTypes"] == ["long-polling"]
    assert reply["ext"] == {"replay": True, "payload.format": True}
    assert reply["clientId"]
    assert "BAYEUX_BROWSER" in answer.cookies


def test_the_first_connect_brings_the_advice(api: Api) -> None:
    listener = Listener(api)
    listener.client_id = listener.ask("handshake")["clientId"]
    reply = listener.ask("connect", connectionType="long-polling")
    assert reply["advice"] == {"interval": 0, "timeout": 110_000, "reconnect": "retry"}


@pytest.mark.parametrize(
    ("token", "reason"), [("", "401::Request requires authentication"), ("00D!bad", "401::Authentication invalid")]
)
def test_without_a_good_token_the_handshake_is_denied(simulator: Simulator, token: str, reason: str) -> None:
    listener = Listener(Api(simulator, token))
    reply = listener.ask("handshake")
    assert (reply["successful"], reply["error"]) == (False, "403::Handshake denied")
    assert reply["ext"]["sfdc"]["failureReason"] == reason
    assert reply["advice"]["reconnect"] == "none"
    reply = listener.ask("connect", clientId="x", connectionType="long-polling")
    assert (reply["error"], reply["advice"]["reconnect"]) == (reason, "none")


def test_a_token_that_died_ends_a_connection(api: Api, org: dict[str, Any]) -> None:
    listener = Listener(api).open()
    api.simulator.fault([org["org_id"]], "unauthorized")
    assert listener.ask("connect", connectionType="long-polling")["error"] == "401::Authentication invalid"
    api.simulator.clear_faults([org["org_id"]])
    assert listener.subscribe()["successful"]


def test_who_is_unknown_is_told_to_shake_hands(api: Api) -> None:
    listener = Listener(api, client_id="3ks9nonsense")
    for channel in ("connect", "subscribe", "unsubscribe", "disconnect"):
        reply = listener.ask(channel, connectionType="long-polling", subscription=CHANNEL)
        assert (reply["error"], reply["advice"]["reconnect"]) == ("403::Unknown client", "handshake")
    listener.client_id = None
    assert listener.subscribe()["error"] == "403::Client has not completed handshake"


def test_a_client_without_its_cookie_is_refused(api: Api) -> None:
    listener = Listener(api).open()
    api.http.cookies.clear()
    reply = listener.subscribe()
    assert reply["error"] == (
        f"400::Client {listener.client_id} has established a session, but no BAYEUX_BROWSER cookie present"
    )


def test_one_browser_may_be_several_clients(api: Api) -> None:
    first, second = Listener(api).open(), Listener(api).open()
    assert first.subscribe()["successful"]
    assert second.subscribe()["successful"]
    publish(api, Component__c="x")
    assert told(first.wait()) == told(second.wait()) == ["x"]


@pytest.mark.parametrize(
    ("channel", "refusal"),
    [
        ("/event/Nope__e", "400::The channel you requested to subscribe to does not exist {/event/Nope__e}"),
        (CHANNEL.lower(), f"400::The channel you requested to subscribe to does not exist {{{CHANNEL.lower()}}}"),
        ("/topic/Nope", "400::The channel you requested to subscribe to does not exist {/topic/Nope}"),
        ("/u/nope", "404::Unknown channel"),
        ("/elsewhere", "403:denied_by_security_policy:create_denied"),
        ("event/Nope__e", "400::Channel subscriptions must start with a leading '/'"),
        ("", "400::Channel name not specified"),
        ([], "400::Channel name not specified"),
        ([CHANNEL, 3], "400::Channel name not specified"),
    ],
)
def test_channels_that_cannot_be_subscribed_to(api: Api, channel: Any, refusal: str) -> None:
    reply = Listener(api).open().ask("subscribe", subscription=channel)
    assert (reply["successful"], reply["error"]) == (False, refusal)


def test_several_channels_may_be_named_at_once(api: Api) -> None:
    listener = Listener(api).open()
    assert listener.ask("subscribe", subscription=[CHANNEL])["subscription"] == [CHANNEL]
    publish(api, Component__c="x")
    assert told(listener.wait()) == ["x"]


def test_other_transports_and_publishing_are_refused(api: Api) -> None:
    listener = Listener(api).open()
    assert listener.ask("connect", connectionType="websocket")["error"] == "400::Invalid connection type {websocket}"
    [reply] = listener.send({"channel": CHANNEL, "clientId": listener.client_id, "data": {}})
    assert reply["error"] == "403:denied_by_security_policy:publish_denied"
    assert listener.ask("nonsense")["error"] == "404::Unknown channel"


def test_an_address_without_a_known_version_is_refused(api: Api) -> None:
    for path, words in (("", "mandatory"), ("/", "mandatory"), ("/99.0", "Unsupported"), ("/36.0", "Unsupported")):
        answer = post(api, json.dumps(HANDSHAKE), path)
        assert answer.status_code == 400
        assert words in answer.json()[0]["error"]
        assert "URI format: '/cometd/67.0'" in answer.json()[0]["error"]
    assert post(api, json.dumps(HANDSHAKE), "/67.0/handshake").json()[0]["successful"]
    assert api.call("GET", "/cometd/67.0").status_code == 405


def test_a_request_has_a_greatest_size(api: Api) -> None:
    assert post(api, json.dumps({"channel": "/meta/handshake", "x": "x" * 33_000})).status_code == 413


def test_a_newer_connect_releases_the_older(api: Api) -> None:
    listener = Listener(api).open()
    listener.subscribe()
    released: list[list[dict[str, Any]]] = []
    older = threading.Thread(target=lambda: released.append(listener.wait(20)))
    older.start()
    time.sleep(0.3)
    newer = Listener(api, client_id=listener.client_id)
    younger = threading.Thread(target=lambda: newer.wait(20))
    younger.start()
    older.join(5)
    assert released == [[]]
    publish(Api(api.simulator, api.token), Component__c="x")
    younger.join(5)
    assert not younger.is_alive()


def test_a_client_may_ask_for_an_answer_at_once(api: Api) -> None:
    listener = Listener(api).open()
    asked = time.monotonic()
    for advice in ({"timeout": 0}, {"timeout": 200}):
        assert listener.ask("connect", connectionType="long-polling", advice=advice)["successful"]
    assert 0.2 <= time.monotonic() - asked < 5


def test_connect_and_subscribe_may_come_together(api: Api) -> None:
    publish(api, Component__c="x")
    listener = Listener(api)
    listener.client_id = listener.ask("handshake")["clientId"]
    known = {"clientId": listener.client_id}
    replies = listener.send(
        {"channel": "/meta/connect", "connectionType": "long-polling", "id": "1", **known},
        {"channel": "/meta/subscribe", "subscription": CHANNEL, "id": "2", "ext": {"replay": {CHANNEL: -2}}, **known},
    )
    assert [(reply["id"], reply["successful"]) for reply in replies] == [("1", True), ("2", True)]
    assert told(listener.wait()) == ["x"]


def test_the_end_of_the_org_ends_its_connections(api: Api, org: dict[str, Any]) -> None:
    Listener(api).open()
    api.simulator.delete(org["org_id"])
    assert post(api, json.dumps(HANDSHAKE)).status_code == 420


def test_a_held_connection_notices_that_its_token_died(api: Api, org: dict[str, Any]) -> None:
    listener = Listener(api).open()
    listener.subscribe()
    replies: list[dict[str, Any]] = []
    holding = threading.Thread(
        target=lambda: replies.append(
            listener.ask("connect", connectionType="long-polling", clientId=listener.client_id)
        )
    )
    holding.start()
    time.sleep(0.3)
    api.simulator.delete(org["org_id"])
    holding.join(5)
    assert (replies[0]["error"], replies[0]["advice"]["reconnect"]) == ("401::Authentication invalid", "none")


def test_a_scratch_org_has_20_subscribers_at_most(api: Api) -> None:
    listeners = []
    for _ in range(20):
        listeners.append(Listener(Api(api.simulator, api.token)).open())
        assert listeners[-1].subscribe()["successful"]
    last = Listener(Api(api.simulator, api.token)).open()
    assert last.subscribe()["error"] == "403::Organization concurrent user limit exceeded"
    listeners[0].ask("disconnect")
    assert last.subscribe()["successful"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**20) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
MESSAGE = st.fixed_dictionaries(
    {
        "channel": st.sampled_from([f"/meta/{n}" for n in ("handshake", "subscribe", "unsubscribe", "disconnect")])
        | JSON
    },
    optional={
        "clientId": JSON,
        "connectionType": JSON,
        "advice": JSON | st.fixed_dictionaries({"timeout": JSON}),
        "subscription": JSON,
        "id": JSON,
        "ext": JSON | st.fixed_dictionaries({"replay": JSON}),
    },
)
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@RELAXED
@given(messages=st.lists(MESSAGE, min_size=1, max_size=3), known=st.booleans())
def test_any_messages_get_a_reply_each(hub: Api, messages: list[dict[str, Any]], known: bool) -> None:
    if known:
        listener = Listener(hub).open()
        messages = [{**message, "clientId": listener.client_id} for message in messages]
    body = json.dumps(messages).encode("utf-8", "surrogatepass")
    answer = post(hub, body)
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert len(answer.json()) == len(messages)


@RELAXED
@given(body=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_any_body_gets_an_answer(hub: Api, body: bytes) -> None:
    assert post(hub, body).status_code in (200, 400)


def test_held_connections_end_with_the_simulator(tmp_path: Path) -> None:
    with simulator(tmp_path, scenario="quiet", orgs=1) as running:
        api = Api(running, running.login_as(running.orgs()[0]["org_id"])["access_token"])
        listener = Listener(api).open()

        def hold() -> None:
            with contextlib.suppress(requests.ConnectionError):
                message = {"channel": "/meta/connect", "connectionType": "long-polling"}
                post(api, json.dumps({**message, "clientId": listener.client_id}))

        holding = threading.Thread(target=hold)
        holding.start()
        while running.state()["requests"].get("cometd") != 3:
            pass
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(2) == 0
        holding.join(5)
        assert not holding.is_alive()
