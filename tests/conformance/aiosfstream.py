"""aiosfstream-ng: platform events over CometD, new ones and those that were missed."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import Any

import aiohttp
import jwt
import requests
from aiosfstream_ng import Client, ReplayOption
from aiosfstream_ng.auth import AuthenticatorBase
from aiosfstream_ng.exceptions import ServerError

from tests.conformance.operations import must_equal, operation, perform, simulator

EVENT = "Note__e"
CHANNEL = f"/event/{EVENT}"
SECONDS = 30


class ByJwt(AuthenticatorBase):
    """The library knows passwords and refresh tokens, each at Salesforce's own host; this is its way to add another."""

    async def _authenticate(self) -> tuple[int, dict[str, Any]]:
        hub = simulator().hub
        claims = {"iss": hub.client_id, "sub": hub.username, "aud": hub.login_url, "exp": int(time.time()) + 180}
        assertion = jwt.encode(claims, hub.private_key, "RS256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{simulator().url}/services/oauth2/token", data=form) as answer,
        ):
            return answer.status, await answer.json()


def publish(*notes: str) -> None:
    """An event of each note, by REST."""
    login = simulator().login_as(simulator().hub.org_id)
    for note in notes:
        answer = requests.post(
            f"{login['instance_url']}/services/data/v67.0/sobjects/{EVENT}",
            json={"Text__c": note},
            headers={"Authorization": f"Bearer {login['access_token']}"},
            timeout=SECONDS,
        )
        assert answer.status_code == 201, answer.text


async def next_notes(client: Client, count: int) -> list[str]:
    return [(await client.receive())["data"]["payload"]["Text__c"] for _ in range(count)]


def within_time(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), SECONDS))


@operation
def new_events() -> None:
    async def story() -> None:
        publish("before")
        async with Client(ByJwt(), replay=ReplayOption.NEW_EVENTS) as client:
            await client.subscribe(CHANNEL)
            await asyncio.to_thread(publish, "first", "second")
            must_equal(await next_notes(client, 2), ["first", "second"])

    within_time(story)


@operation
def replay_of_all_events() -> None:
    async def story() -> None:
        publish("long ago")
        async with Client(ByJwt(), replay=ReplayOption.ALL_EVENTS) as client:
            await client.subscribe(CHANNEL)
            while await next_notes(client, 1) != ["long ago"]:
                pass
            await asyncio.to_thread(publish, "just now")
            must_equal(await next_notes(client, 1), ["just now"])

    within_time(story)


@operation
def replay_from_the_last_event_seen() -> None:
    """A client that was away gets what it missed, once, and nothing that it has seen."""

    async def story() -> None:
        seen: dict[str, Any] = {}
        async with Client(ByJwt(), replay=seen) as client:
            await client.subscribe(CHANNEL)
            await asyncio.to_thread(publish, "seen")
            must_equal(await next_notes(client, 1), ["seen"])
        publish("missed 1", "missed 2")
        async with Client(ByJwt(), replay=seen) as client:
            await client.subscribe(CHANNEL)
            must_equal(await next_notes(client, 2), ["missed 1", "missed 2"])

    within_time(story)


@operation
def an_unknown_channel_is_refused() -> None:
    async def story() -> None:
        async with Client(ByJwt()) as client:
            try:
                await client.subscribe("/event/Nothing__e")
            except ServerError:
                return
            raise AssertionError("the subscription was taken")

    within_time(story)


if __name__ == "__main__":
    simulator().declare("hub", {"name": EVENT, "fields": [{"name": "Text__c", "type": "string"}]})
    perform("aiosfstream-ng", version("aiosfstream-ng"))
