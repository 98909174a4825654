"""A CometD client for tests: one message at a time, as long polling clients send them."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.simulator.conftest import Api

EVENT = "Scratcher_Change__e"
CHANNEL = f"/event/{EVENT}"
EVENT_OBJECT = {
    "name": EVENT,
    "fields": [
        {"name": "Kind__c", "type": "string", "length": 20},
        {"name": "Component__c", "type": "string", "length": 255, "required": True},
    ],
}


@dataclass
class Listener:
    api: Api
    version: str = "67.0"
    client_id: str | None = None
    _numbers: Any = field(default_factory=lambda: count(1))

    def send(self, *messages: dict[str, Any], timeout: float = 10) -> list[dict[str, Any]]:
        """The raw messages of the answer. Cookies are kept, as Salesforce demands."""
        headers = {"Authorization": f"Bearer {self.api.token}"} if self.api.token else {}
        url = f"{self.api.simulator.url}/cometd/{self.version}"
        answer = self.api.http.post(url, json=list(messages), headers=headers, timeout=timeout)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    def ask(self, channel: str, **more: Any) -> dict[str, Any]:
        """One message's one reply."""
        message = {"channel": f"/meta/{channel}", "id": str(next(self._numbers)), "clientId": self.client_id, **more}
        [reply] = self.send({name: value for name, value in message.items() if value is not None})
        assert reply["id"] == message["id"]
        return reply

    def open(self) -> "Listener":
        """Shakes hands and connects for the first time, which is answered at once."""
        reply = self.ask("handshake", version="1.0", supportedConnectionTypes=["long-polling"])
        assert reply["successful"], reply
        self.client_id = reply["clientId"]
        assert self.ask("connect", connectionType="long-polling")["successful"]
        return self

    def subscribe(self, replay: Any = None, channel: str = CHANNEL) -> dict[str, Any]:
        more = {} if replay is None else {"ext": {"replay": {channel: replay}}}
        return self.ask("subscribe", subscription=channel, **more)

    def wait(self, timeout: float = 10) -> list[dict[str, Any]]:
        """The events that the next long poll brings."""
        message = {"channel": "/meta/connect", "clientId": self.client_id, "connectionType": "long-polling", "id": "c"}
        *events, reply = self.send(message, timeout=timeout)
        assert (reply["channel"], reply["successful"]) == ("/meta/connect", True)
        return events


def publish(api: Api, **values: Any) -> str:
    """The uuid of a new event."""
    answer = api.call("POST", f"/services/data/v67.0/sobjects/{EVENT}", json=values)
    assert answer.status_code == 201, answer.text
    return answer.json()["errors"][0]["message"]  # type: ignore[no-any-return]


def told(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["payload"]["Component__c"] for event in events]
