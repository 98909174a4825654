"""What Salesforce refuses with, in our words."""

from collections.abc import Callable

import pytest

from apps.salesforce import errors
from apps.salesforce.auth import refresh_token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import SalesforceError
from tests.salesforce.conftest import Server, http, page, source_member

Serve = Callable[..., Server]


def said(code: str, message: str = "What Salesforce says.") -> list[dict[str, str]]:
    return [{"message": message, "errorCode": code}]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http(401, said("INVALID_SESSION_ID")), errors.SessionExpired),
        (http(401, b""), errors.SessionExpired),
        (http(403, said("REQUEST_LIMIT_EXCEEDED")), errors.QuotaExceeded),
        (http(503, said("REQUEST_LIMIT_EXCEEDED")), errors.QuotaExceeded),
        (http(403, said("API_DISABLED_FOR_ORG")), errors.QueryRefused),
        (http(400, said("INVALID_FIELD")), errors.QueryRefused),
        (http(400, said("MALFORMED_QUERY")), errors.QueryRefused),
        (http(404, said("NOT_FOUND")), errors.QueryRefused),
        (http(420, b"<html>Data Not Available</html>"), errors.OrgGone),
        (http(429, b""), errors.Unavailable),
        (http(500, said("UNKNOWN_EXCEPTION")), errors.Unavailable),
        (http(502, b"<html>Bad Gateway</html>"), errors.Unavailable),
        (http(503, said("SERVER_UNAVAILABLE")), errors.Unavailable),
        (http(300, b"[]"), errors.Redirected),
        (http(304, b""), errors.Redirected),
        (http(403, b"<html>Blocked by your company</html>"), errors.MalformedAnswer),
        (http(400, b'[{"errorCode": 7}]'), errors.MalformedAnswer),
        (http(400, b"[[]]"), errors.MalformedAnswer),
        (http(404, b""), errors.MalformedAnswer),
    ],
)
def test_each_refusal_has_its_error(serve: Serve, answer: bytes, error: type[SalesforceError]) -> None:
    server = serve(lambda connection, _: connection.sendall(answer))
    with pytest.raises(error) as caught:
        SalesforceClient(server.transport(), server.url, "00D!token").source_members(since=0)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Retry-After: 120", 120),
        ("Retry-After: Sat, 21 Nov 2026 12:05:00 GMT", 300),
        ("Retry-After: Sat, 21 Nov 2026 11:00:00 GMT", 0),
        ("Retry-After: 99999999999999999999", 86_400),
        ("Retry-After: soon", None),
        ("Retry-After: -5", None),
        ("X: y", None),
    ],
)
def test_salesforce_s_wish_when_to_come_back_is_kept(serve: Serve, header: str, seconds: int | None) -> None:
    server = serve(lambda connection, _: connection.sendall(http(503, b"", header)))
    with pytest.raises(errors.Unavailable) as caught:
        SalesforceClient(server.transport(), server.url, "00D!token").source_members(since=0)
    assert caught.value.retry_after_seconds == seconds


def test_a_refused_query_says_what_salesforce_said(serve: Serve) -> None:
    answer = http(400, said("INVALID_FIELD", "No such column 'Foo'\non entity\x1b[31m 'User'"))
    server = serve(lambda connection, _: connection.sendall(answer))
    with pytest.raises(errors.QueryRefused) as caught:
        SalesforceClient(server.transport(), server.url, "00D!token").source_members(since=0)
    assert "(INVALID_FIELD): No such column 'Foo' on entity [31m 'User'" in str(caught.value)
    assert caught.value.salesforce_code == "INVALID_FIELD"


class Renewing:
    """An org that takes only the newest of its tokens, as many of them as it has."""

    def __init__(self, serve: Serve, good: set[str]) -> None:
        self.renewed = 0
        self.good = good
        self.server = serve(self.say)
        self.client = SalesforceClient(self.server.transport(), self.server.url, "00D!0", renew=self.renew)

    def renew(self) -> str:
        self.renewed += 1
        return f"00D!{self.renewed}"

    def say(self, connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        token = request.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
        good = http(200, page(source_member()))
        connection.sendall(good if token in self.good else http(401, said("INVALID_SESSION_ID")))


def test_an_expired_token_is_renewed_once_and_the_new_one_kept(serve: Serve) -> None:
    org = Renewing(serve, good={"00D!1"})
    assert len(org.client.source_members(since=0).rows) == 1
    assert len(org.client.source_members(since=0).rows) == 1
    assert org.renewed == 1


def test_a_new_token_that_is_refused_too_is_the_end_of_it(serve: Serve) -> None:
    org = Renewing(serve, good=set())
    with pytest.raises(errors.SessionExpired):
        org.client.source_members(since=0)
    assert (org.renewed, len(org.server.requests)) == (1, 2)


def test_a_renewal_that_fails_is_what_the_caller_hears(serve: Serve) -> None:
    org = Renewing(serve, good=set())

    def refuse() -> str:
        raise errors.LoginRefused

    org.client._renew = refuse
    with pytest.raises(errors.LoginRefused):
        org.client.source_members(since=0)


@pytest.mark.parametrize(
    ("error", "description", "advice"),
    [
        ("invalid_grant", "user hasn't approved this consumer", "pre-authorized"),
        ("invalid_app_access", "user is not admin approved to access this app", "pre-authorized"),
        ("invalid_grant", "audience validation failed", "My Domain"),
        ("invalid_grant", "expired access/refresh token", "Enrol the org again"),
        ("invalid_grant", "token validity expired", "Enrol the org again"),
        ("invalid_grant", "expired authorization code", "Enrol the org again"),
        ("invalid_grant", "inactive user", "Activate the user"),
        ("invalid_grant", "ip restricted", "IP ranges"),
        ("inactive_org", "inactive organization", "expired or been deleted"),
        ("invalid_grant", "invalid assertion", "private key"),
        ("invalid_client", "invalid client credentials", "consumer key or secret"),
        ("invalid_client_id", "client identifier invalid", "ten minutes"),
        ("invalid_grant", "something new", "something new"),
    ],
)
def test_a_refused_login_says_what_to_do(serve: Serve, error: str, description: str, advice: str) -> None:
    says = {"error": error, "error_description": description}
    server = serve(lambda connection, _: connection.sendall(http(400, says)))
    with pytest.raises(errors.LoginRefused, match=advice) as caught:
        refresh_token.login(server.transport(), login_url=server.url, client_id="c", refresh_token="r")
    assert caught.value.permanent
    assert caught.value.salesforce_code == error


@pytest.mark.parametrize("description", ["login rate exceeded", "retry your request"])
def test_a_login_that_comes_too_often_is_tried_again(serve: Serve, description: str) -> None:
    says = {"error": "invalid_grant", "error_description": description}
    server = serve(lambda connection, _: connection.sendall(http(400, says)))
    with pytest.raises(errors.Unavailable):
        refresh_token.login(server.transport(), login_url=server.url, client_id="c", refresh_token="r")


def test_every_error_has_a_code_of_its_own_and_a_sentence() -> None:
    kinds = SalesforceError.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds) == 18
    assert errors.__doc__ is not None
    for kind in kinds:
        drawn = next(line for line in errors.__doc__.splitlines() if f"─ {kind.__name__} " in line).split()
        assert kind.code in drawn
        assert ("permanent" in drawn) is kind.permanent
        assert str(kind()).endswith((".", ")"))
