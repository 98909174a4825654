"""SALESFORCE_HOSTS: no token leaves for anywhere else. The corpus counts connections at a sink and attempts to resolve
a name."""

import socket
from collections.abc import Callable

import pytest

from apps.salesforce.auth import refresh_token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.errors import HostNotAllowed, MalformedAnswer
from apps.salesforce.hosts import AllowedHosts, is_public
from apps.salesforce.transport import Transport
from tests.salesforce.conftest import Server, http, page, source_member

Serve = Callable[..., Server]
DEFAULT = ("*.salesforce.com", "*.force.com")

# PORT is where the sink listens.
BAD_URLS = [
    "http://acme.my.salesforce.com",
    "HTTP://127.0.0.1:PORT",
    "ftp://acme.my.salesforce.com",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_GET",
    "//127.0.0.1:PORT",
    "acme.my.salesforce.com",
    "",
    "https://",
    "https:///services",
    "https://127.0.0.1:PORT",
    "https://localhost:PORT",
    "https://localhost.:PORT",
    "https://127.1:PORT",
    "https://2130706433:PORT",
    "https://0x7f000001:PORT",
    "https://0x7f.0.0.1:PORT",
    "https://0177.0.0.1:PORT",
    "https://017700000001:PORT",
    "https://0:PORT",
    "https://0.0.0.0:PORT",
    "https://[::1]:PORT",
    "https://[::]:PORT",
    "https://[::ffff:127.0.0.1]:PORT",
    "https://[::ffff:7f00:1]:PORT",
    "https://[0:0:0:0:0:ffff:127.0.0.1]:PORT",
    "https://[64:ff9b::7f00:1]:PORT",
    "https://[fe80::1%25lo]:PORT",
    "https://①②⑦.⓪.⓪.①:PORT",
    "https://127。0。0。1:PORT",
    "https://169.254.169.254/latest/meta-data/",
    "https://metadata.google.internal",
    "https://acme.my.salesforce.com@127.0.0.1:PORT",
    "https://user:password@acme.my.salesforce.com",
    "https://127.0.0.1:PORT@acme.my.salesforce.com",
    "https://acme.my.salesforce.com:443@127.0.0.1:PORT",
    "https://127.0.0.1:PORT\\@acme.my.salesforce.com",
    "https://127.0.0.1:PORT\\.salesforce.com",
    "https://127.0.0.1:PORT/.salesforce.com",
    "https://127.0.0.1:PORT#.salesforce.com",
    "https://127.0.0.1:PORT?.salesforce.com",
    "https://127.0.0.1:PORT%2f.salesforce.com",
    "https://127.0.0.1:PORT%00.salesforce.com",
    "https://127.0.0.1:PORT\x00.salesforce.com",
    "https://127.0.0.1:PORT\r\n.salesforce.com",
    "https://127.0.0.1:PORT \r\nHost: acme.my.salesforce.com",
    "https://acme.my.salesforce.com\r\nX-Injected: 1",
    "https://acme.my.salesforce.com/\r\nX-Injected: 1",
    "https://acme.my.salesforce.com/ HTTP/1.1",
    "https://acme.my.salesforce.com\n",
    " https://acme.my.salesforce.com",
    "https://acme.my.salesforce.com:PORT",
    "https://acme.my.salesforce.com:0443",
    "https://acme.my.salesforce.com:",
    "https://acme.my.salesforce.com:443:PORT",
    "https://acme.my.salesforce.com:99999",
    "https://evilsalesforce.com",
    "https://salesforce.com.evil.example",
    "https://acme.my.salesforce.com.evil.example",
    "https://salesforce.com",
    "https://.salesforce.com",
    "https://a..salesforce.com",
    "https://-a.salesforce.com",
    "https://acme.my.salesforce.com.",
    "https://acme_x.salesforce.com",
    "https://acme.sаlesforce.com",  # noqa: RUF001 - a Cyrillic letter
    "https://xn--acme-5cd.salesforce.com",
    "https://acme.my.ſalesforce.com",  # noqa: RUF001 - a long s, which lower() keeps and IDNA folds
    "https://acme.my.salesforce.com/#fragment",
    "https://acme.my.salesforce.com/\\evil.example",
    "https://" + "a" * 64 + ".salesforce.com",
]


@pytest.fixture
def sink(serve: Serve) -> Server:
    return serve(lambda plain, _: plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), plain=True)


@pytest.fixture(scope="module")
def defaults() -> Transport:
    return Transport(DEFAULT, None)


def test_no_bad_url_leads_to_a_connection(sink: Server, defaults: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    resolved: list[object] = []

    def resolve(*args: object, **_: object) -> list[object]:
        resolved.append(args)
        return []

    # What is spied on is outside of us: a resolver that was asked is a leak even where nothing listens.
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = sink.host.rpartition(":")[2]
    assert len(BAD_URLS) >= 40
    for bad in BAD_URLS:
        url = bad.replace("PORT", port)
        with pytest.raises(HostNotAllowed):
            defaults.check_host(url)
        with pytest.raises(HostNotAllowed):
            SalesforceClient(defaults, url, "00D!token")
        with pytest.raises(HostNotAllowed):
            refresh_token.login(defaults, login_url=url, client_id="c", refresh_token="r")
        with pytest.raises(HostNotAllowed):
            defaults.session.request("GET", url)
    assert resolved == []
    assert sink.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://login.salesforce.com",
        "https://acme--dev.sandbox.my.salesforce.com/",
        "https://ACME.my.Salesforce.com:443/services/data/v67.0/query/?q=SELECT+Id%2C+Name",
        "https://acme.force.com/customers",
    ],
)
def test_salesforce_s_own_hosts_are_allowed(defaults: Transport, url: str) -> None:
    defaults.check_host(url)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "192.168.1.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"]
)
def test_a_name_that_resolves_into_a_private_network_gets_no_connection(
    defaults: Transport, monkeypatch: pytest.MonkeyPatch, sink: Server, address: str
) -> None:
    """DNS rebinding: the name matches the pattern, its address is ours."""
    port = int(sink.host.rpartition(":")[2])
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # A resolver that lies cannot be had without owning the machine's DNS.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, port))])
    with pytest.raises(HostNotAllowed):
        defaults.session.request("GET", "https://acme.my.salesforce.com/services/data")
    assert sink.connections == 0


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "100.64.0.1", "224.0.0.1", "fe80::1%eth0", "fc00::1", "64:ff9b::a00:1", "2002:7f00:1::"]
)
def test_special_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["13.110.54.1", "2606:4700::1111", "::ffff:13.110.54.1", "64:ff9b::d6e:3601"])
def test_ordinary_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_an_entry_with_a_port_allows_that_port_only() -> None:
    hosts = AllowedHosts(("127.0.0.1:8443", "*.corp.example:444"))
    hosts.split("https://127.0.0.1:8443/services")
    hosts.split("https://a.corp.example:444/services")
    for url in ("https://127.0.0.1", "https://127.0.0.1:8444", "https://a.corp.example", "https://corp.example:444"):
        with pytest.raises(HostNotAllowed):
            hosts.split(url)


@pytest.mark.parametrize(
    "entry", ["*", "", "https://a.example", "a.*.example", "*.", "a.example:0", "a.example/x", "a@b.example"]
)
def test_an_entry_that_is_no_host_is_refused_at_once(entry: str) -> None:
    with pytest.raises(ValueError, match="SALESFORCE_HOSTS"):
        AllowedHosts((entry,))


@pytest.mark.parametrize(
    "next_page",
    [
        "https://127.0.0.1/services/data/v67.0/query/0r8-2000",
        "//evil.example/services/data/v67.0/query/0r8-2000",
        "@evil.example/services/data/v67.0/query/0r8-2000",
        "0/services/data/v67.0/query/0r8-2000",
        "/services/data/v67.0/query/../../oauth2/revoke?token=x",
        "/services/data/v67.0/query/0r8-2000\r\nX-Injected: 1",
        "/services/apexrest/anything",
        "",
        None,
        7,
    ],
)
def test_the_next_page_is_a_query_s_path_on_the_same_host(serve: Serve, next_page: object) -> None:
    first = page(source_member()) | {"done": False, "nextRecordsUrl": next_page}
    server = serve(lambda connection, _: connection.sendall(http(200, first)))
    with pytest.raises(MalformedAnswer):
        SalesforceClient(server.transport(), server.url, "00D!token").source_members(since=0)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "instance_url",
    ["https://evil.example", "http://acme.my.salesforce.com", "https://acme.my.salesforce.com@evil.example"],
)
def test_an_instance_url_that_the_login_returns_is_checked(serve: Serve, instance_url: str) -> None:
    token = {
        "access_token": "00D!x",
        "instance_url": instance_url,
        "id": "https://x/id/00D000000000001/005000000000001",
    }
    server = serve(lambda connection, _: connection.sendall(http(200, token)))
    with pytest.raises(HostNotAllowed):
        refresh_token.login(server.transport(), login_url=server.url, client_id="c", refresh_token="r")


def test_a_line_break_in_a_token_becomes_no_header(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(http(200, page())))
    with pytest.raises(HostNotAllowed):
        SalesforceClient(server.transport(), server.url, "00D!x\r\nX-Injected: 1").source_members(since=0)
    assert server.connections == 0
