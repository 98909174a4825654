"""Pages of a list, followed to the end through the API."""

from collections.abc import Iterator
from typing import Any

from rest_framework.test import APIClient


def get(client: APIClient, url: str, **query: Any) -> dict[str, Any]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    assert body["success"] is True
    return body


def pages(client: APIClient, url: str, **query: Any) -> Iterator[dict[str, Any]]:
    page = get(client, url, **query)
    yield page
    while page["next"] is not None:
        page = get(client, url, **query, cursor=page["next"])
        yield page


def walk(client: APIClient, url: str, what: str, **query: Any) -> list[dict[str, Any]]:
    return [row for page in pages(client, url, **query) for row in page[what]]


def follow(client: APIClient, after: int, **query: Any) -> tuple[list[dict[str, Any]], int]:
    """What came in after a position, to the end, and the position that it reaches to."""
    found = []
    while True:
        page = get(client, "/api/changes", after=after, **query)
        found += page["changes"]
        after = page["latest"]
        if not page["more"]:
            return found, after


def refused(client: APIClient, url: str, **query: Any) -> tuple[int, str, dict[str, Any]]:
    """Status, code and details of an error."""
    answer = client.get(url, query)
    body = answer.json()
    assert body["success"] is False
    assert body["error"]["message"]
    return answer.status_code, body["error"]["code"], body["error"]["details"]
