"""A platform event is sent as JSON, and never twice."""

import json
from collections.abc import Callable

import pytest

from apps.salesforce import errors
from apps.salesforce.client import SalesforceClient
from apps.salesforce.transport import Transport
from tests.salesforce.conftest import Server, http, page, source_member
from tests.simulators import Simulator

Serve = Callable[..., Server]
EVENT = "Told__e"
FIELDS = {"Text__c": "Zoë's “org” \u202e<b>", "Number__c": 9_007_199_254_740_991, "Empty__c": None}
ENQUEUED = {"id": "e00xx0000000001AAA", "success": True, "errors": [{"statusCode": "OPERATION_ENQUEUED"}]}


def test_an_event_is_one_request_in_json(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(http(201, ENQUEUED, "Sforce-Limit-Info: api-usage=7/100")))
    client = SalesforceClient(server.transport(), server.url, "00D!x")
    client.publish(EVENT, FIELDS)
    [request] = server.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /services/data/v67.0/sobjects/Told__e HTTP/1.1"
    assert [line for line in lines if line.lower().startswith(b"content-type")] == [b"Content-Type: application/json"]
    assert b"Content-Length: %d" % len(body) in lines
    assert b"Authorization: Bearer 00D!x" in lines
    assert json.loads(body) == FIELDS
    assert client.usage is not None
    assert (client.usage.used, client.usage.max) == (7, 100)


def test_it_is_never_sent_twice(serve: Serve) -> None:
    """Also where a connection that was kept open breaks: the server may have taken the event before."""

    def say(connection, request: bytes) -> bool | None:  # type: ignore[no-untyped-def]
        if request.startswith(b"POST"):
            return False
        connection.sendall(http(200, page(source_member())))
        return None

    server = serve(say)
    client = SalesforceClient(server.transport(), server.url, "00D!x")
    client.source_members(0)
    with pytest.raises(errors.Unreachable):
        client.publish(EVENT, FIELDS)
    assert [request[:4] for request in server.requests] == [b"GET ", b"POST"]


def test_a_refused_token_is_renewed_and_the_event_sent_with_the_new_one(serve: Serve) -> None:
    def say(connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        expired = [{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]
        connection.sendall(http(201, ENQUEUED) if b"00D!new" in request else http(401, expired))

    server = serve(say)
    SalesforceClient(server.transport(), server.url, "00D!old", lambda: "00D!new").publish(EVENT, FIELDS)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}], "EventNotInstalled"),
        (400, [{"errorCode": "INVALID_TYPE", "message": "no such type"}], "EventNotInstalled"),
        (400, [{"errorCode": "INVALID_FIELD", "message": "No such column 'Text__c'"}], "QueryRefused"),
        (403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "x"}], "QuotaExceeded"),
        (503, [{"errorCode": "SERVER_UNAVAILABLE", "message": "x"}], "Unavailable"),
        (201, ENQUEUED | {"success": False}, "MalformedAnswer"),
        (201, [ENQUEUED], "MalformedAnswer"),
        (200, b"<html>", "MalformedAnswer"),
        (204, b"", "MalformedAnswer"),
    ],
)
def test_anything_but_an_enqueued_event_is_an_error(serve: Serve, status: int, answer: object, error: str) -> None:
    server = serve(lambda connection, _: connection.sendall(http(status, answer)))
    with pytest.raises(errors.SalesforceError) as caught:
        SalesforceClient(server.transport(), server.url, "00D!x").publish(EVENT, FIELDS)
    assert type(caught.value).__name__ == error
    assert len(server.requests) == 1


def test_the_simulator_takes_it_as_salesforce_does(salesforce: Simulator, transport: Transport) -> None:
    session = salesforce.login_as(salesforce.hub.org_id)
    client = SalesforceClient(transport, session["instance_url"], session["access_token"])
    with pytest.raises(errors.EventNotInstalled, match="package is not installed in this DevHub"):
        client.publish("Missing__e", FIELDS)
    fields = [
        {"name": "Text__c", "type": "string", "length": 255},
        {"name": "Number__c", "type": "double", "precision": 18, "scale": 0},
        {"name": "Empty__c", "type": "string", "length": 18},
    ]
    salesforce.declare("hub", {"name": EVENT, "fields": fields})
    client.publish(EVENT, FIELDS)


def test_a_login_is_still_a_form(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, {})))
    with server.transport().deadline() as deadline:
        server.transport().session.request("POST", f"{server.url}/x", data={"a": "b c"}, deadline=deadline)
    assert b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n" in server.requests[0]
    assert server.requests[0].endswith(b"\r\n\r\na=b+c")
