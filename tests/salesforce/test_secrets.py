"""No token, key or assertion in a message, a repr, a log or a traceback, whatever goes wrong and however much the
server helps."""

import gzip
import logging
import traceback
from collections.abc import Callable
from urllib.parse import parse_qs, quote, quote_plus

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from apps.salesforce.auth import jwt, refresh_token, sfdx_url
from apps.salesforce.auth.token import Token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import InvalidPrivateKey, SalesforceError
from apps.salesforce.records import ScratchOrgInfo
from tests.salesforce.conftest import Server, http

Serve = Callable[..., Server]

TOKEN = "00D000000000001!AQEAQCanaryAccessTokenxyzCanaryAccessToken.abcdefghijklmnopqrstuvwxyz"
REFRESH = "5Aep861CanaryRefreshTokenabcdefghijklmnopqrstuvwxyzCanaryRefreshToken=="
SECRET = "CAFEBABE0CANARY0CONSUMER0SECRET0CAFEBABE0123456789ABCDEF01234567"
PEM = (
    rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)


def shown(error: BaseException) -> str:
    """All that a log could hold of it: the chain, with every exception's text, repr and attributes."""
    text = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        text += f"{seen!r} {seen!s} {vars(seen)!r} {getattr(seen, 'doc', '')!r}"
        seen = seen.__cause__ or seen.__context__
    return text


def echo(status: int, template: bytes, *headers: str) -> Callable[..., None]:
    """A server that answers with what it was sent."""

    def say(connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        head, _, body = request.partition(b"\r\n\r\n")
        authorization = head.partition(b"Bearer ")[2].partition(b"\r\n")[0]
        form = b" ".join(v.encode() for values in parse_qs(body.decode()).values() for v in values)
        content = template.replace(b"ECHO", authorization + b" " + body + b" " + form)
        content = gzip.compress(content)[:-4] if "Content-Encoding: gzip" in headers else content
        connection.sendall(http(status, content, *headers))

    return say


ECHOES = [
    echo(200, b"<html>ECHO</html>"),
    echo(200, b'{"access_token": "ECHO", "instance_url": "https://evil.example", "id": "x"}'),
    echo(200, b'{"access_token": "ECHO"'),
    echo(200, b'{"records": [{"Id": "ECHO"}], "done": true}'),
    echo(200, b'{"records": [], "done": false, "nextRecordsUrl": "ECHO"}'),
    echo(200, b"ECHO", "Content-Encoding: gzip"),
    echo(302, b"ECHO"),
    echo(400, b'[{"errorCode": "INVALID_FIELD", "message": "You sent ECHO"}]'),
    echo(400, b'{"error": "invalid_grant", "error_description": "You sent ECHO"}'),
    echo(400, b'{"error": "ECHO", "error_description": "ECHO"}'),
    echo(401, b'[{"errorCode": "INVALID_SESSION_ID", "message": "ECHO"}]'),
    echo(403, b"ECHO"),
    echo(500, b"ECHO"),
    echo(200, b"", "X: \x00"),
]


@pytest.mark.parametrize("say", ECHOES)
def test_a_server_that_echoes_gets_no_secret_into_an_error(
    serve: Serve, say: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = serve(say)
    transport = server.transport()
    attempts: list[Callable[[], object]] = [
        lambda: SalesforceClient(transport, server.url, TOKEN).source_members(0),
        lambda: SalesforceClient(transport, server.url, TOKEN).limits(),
        lambda: refresh_token.login(
            transport, login_url=server.url, client_id="c", client_secret=SECRET, refresh_token=REFRESH
        ),
        lambda: jwt.login(transport, login_url=server.url, client_id="c", username="u", private_key_pem=PEM),
    ]
    text = ""
    for attempt in attempts:
        with pytest.raises(SalesforceError) as caught:
            attempt()
        text += shown(caught.value)
    assertion = parse_qs(server.requests[-1].partition(b"\r\n\r\n")[2].decode())["assertion"][0]
    for secret in (TOKEN, REFRESH, SECRET, assertion, *assertion.split("."), PEM.splitlines()[3]):
        for form in (secret, quote(secret), quote_plus(secret), secret[10:40]):
            assert form not in text
            assert form not in caplog.text


@pytest.mark.parametrize(
    "not_a_key",
    [
        "",
        "no key at all, but a canary",
        PEM.replace("PRIVATE", "PUBLIC"),
        PEM[:300],
        PEM.replace("M", "N"),
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode(),
        rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
        .decode(),
        rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    ],
    ids=["empty", "text", "label", "cut", "garbled", "elliptic", "passphrase", "public"],
)
def test_what_is_no_private_key_is_refused_before_anything_is_sent(serve: Serve, not_a_key: str) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, {})))
    with pytest.raises(InvalidPrivateKey) as caught:
        jwt.login(server.transport(), login_url=server.url, client_id="c", username="u", private_key_pem=not_a_key)
    assert server.connections == 0
    for line in not_a_key.splitlines()[1:-1]:
        assert line not in shown(caught.value)


def test_tokens_and_auth_urls_do_not_show_themselves() -> None:
    token = Token(TOKEN, "https://acme.my.salesforce.com", REFRESH, "00D000000000001AAA", "005000000000001AAA")
    url = sfdx_url.parse(f"force://PlatformCLI:{SECRET}:{REFRESH}@acme.my.salesforce.com")
    info = ScratchOrgInfo.of(
        {
            "Id": "2SR000000000001",
            "ScratchOrg": "00D000000000001",
            "Status": "Active",
            "CreatedDate": "2026-11-21T05:58:58.000+0000",
            "SfdxAuthUrl__c": f"force://PlatformCLI::{REFRESH}@acme.my.salesforce.com",
        }
    )
    assert (url.client_id, url.client_secret, url.refresh_token) == ("PlatformCLI", SECRET, REFRESH)
    assert info.sfdx_auth_url is not None
    for value in (token, url, info, SalesforceClient.__repr__, [token], {"t": url}):
        for secret in (TOKEN, REFRESH, SECRET):
            assert secret not in f"{value!r} {value!s}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "force://",
        f"https://{REFRESH}@acme.my.salesforce.com",
        f"force://{REFRESH}@acme.my.salesforce.com",
        f"force://PlatformCLI::{REFRESH}",
        "[REDACTED] force://a:b:c@d.salesforce.com",
        f"force://a:b:{REFRESH} @x.salesforce.com",
        f"force://a:b:{REFRESH}@x.salesforce.com/../@y",
    ],
)
def test_what_is_no_sfdx_auth_url_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="show-sfdx-auth-url") as caught:
        sfdx_url.parse(text)
    assert REFRESH not in shown(caught.value)


def test_a_client_does_not_show_its_token(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, {})))
    assert TOKEN not in repr(SalesforceClient(server.transport(), server.url, TOKEN))
