import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from apps.salesforce import errors
from apps.salesforce.auth import refresh_token
from apps.salesforce.client import SalesforceClient
from apps.salesforce.transport import Transport
from tests.salesforce.conftest import Server, http, page, source_member

Serve = Callable[..., Server]
GOOD = http(200, page(source_member()))


def test_one_poll_uses_one_connection(serve: Serve) -> None:
    """The login and every page."""

    def say(connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        if b"/oauth2/token" in request:
            token = {
                "access_token": "00D!x",
                "instance_url": server.url,
                "id": "https://x/id/00D000000000001/005000000000001",
            }
            connection.sendall(http(200, token))
        else:
            connection.sendall(http(200, page(source_member(), next_page=None if b"0r8" in request else 1)))

    server = serve(say)
    transport = server.transport()
    with transport.deadline() as deadline:
        token = refresh_token.login(
            transport, login_url=server.url, client_id="c", refresh_token="r", deadline=deadline
        )
        read = SalesforceClient(transport, token.instance_url, token.access_token, deadline=deadline).source_members(0)
    assert (read.pages, len(server.requests), server.connections) == (2, 3, 1)


def test_connections_do_not_outlive_their_polls(serve: Serve) -> None:
    servers = [serve(lambda connection, _: connection.sendall(GOOD)) for _ in range(20)]
    transport = Transport(tuple(server.host for server in servers), servers[0].ca_file)
    for index, server in enumerate(servers):
        deadline = transport.deadline()
        SalesforceClient(transport, server.url, "00D!x", deadline=deadline).source_members(0)
        if index % 2:
            deadline.close()
        del deadline  # a caller that forgets to close loses nothing
    ports = {int(s.host.rpartition(":")[2]) for s in servers}
    ours = [c for c in psutil.Process(os.getpid()).net_connections() if c.raddr and c.raddr.port in ports]
    assert [c for c in ours if c.status == psutil.CONN_ESTABLISHED] == []


@pytest.mark.parametrize("closing", ["Connection: close", "X: y"])
def test_a_connection_that_the_server_closed_meanwhile_is_replaced(serve: Serve, closing: str) -> None:
    def say(connection, _: bytes) -> bool:  # type: ignore[no-untyped-def]
        last = len(server.requests) == 3
        connection.sendall(http(200, page(source_member(), next_page=None if last else 1), closing))
        return False

    server = serve(say)
    assert SalesforceClient(server.transport(), server.url, "00D!x").source_members(0).pages == 3
    assert server.connections == 3


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next(serve: Serve) -> None:
    def say(connection, _: bytes) -> None:  # type: ignore[no-untyped-def]
        number = len(server.requests)
        time.sleep(0.5 if number == 1 else 0)
        connection.sendall(http(200, page(source_member(RevisionCounter=number))))

    server = serve(say)
    client = SalesforceClient(server.transport(request_seconds=0.3), server.url, "00D!x")
    with pytest.raises(errors.TimedOut):
        client.source_members(0)
    time.sleep(0.3)
    assert client.source_members(0).rows[0].revision_counter == 2


def test_a_connection_is_not_reused_for_another_host(serve: Serve) -> None:
    one, other = (serve(lambda connection, _: connection.sendall(GOOD)) for _ in range(2))
    transport = Transport((one.host, other.host), one.ca_file)
    with transport.deadline() as deadline:
        for server in (one, other):
            SalesforceClient(transport, server.url, "00D!x", deadline=deadline).source_members(0)
    assert (len(one.requests), len(other.requests)) == (1, 1)


def test_redirects_are_errors_and_lead_nowhere(serve: Serve) -> None:
    sink = serve(lambda connection, _: connection.sendall(GOOD))
    for status in (301, 302, 303, 307, 308):
        answer = http(status, b"", f"Location: {sink.url}/?secret")
        server = serve(lambda connection, _, answer=answer: connection.sendall(answer))
        with pytest.raises(errors.Redirected) as caught:
            SalesforceClient(server.transport(), server.url, "00D!x").source_members(0)
        assert sink.host not in str(caught.value)
    assert sink.connections == 0


def test_cookies_are_not_kept(serve: Serve) -> None:
    answer = http(200, page(source_member()), "Set-Cookie: sid=1", "Set-Cookie: BrowserId=2; Domain=127.0.0.1")
    server = serve(lambda connection, _: connection.sendall(answer))
    transport = server.transport()
    for _ in range(2):
        SalesforceClient(transport, server.url, "00D!x").source_members(0)
    assert b"cookie" not in b"".join(server.requests).lower()


def test_the_environment_changes_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sink = serve(lambda plain, _: plain.recv(1), plain=True)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTPS_PROXY", sink.url)
    monkeypatch.setenv("ALL_PROXY", sink.url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", os.devnull)
    server = serve(lambda connection, _: connection.sendall(GOOD))
    SalesforceClient(server.transport(), server.url, "00D!x").source_members(0)
    assert sink.connections == 0
    assert b"Authorization: Bearer 00D!x\r\n" in server.requests[0]


def test_threads_that_share_the_transport_get_their_own_answers(serve: Serve) -> None:
    def say(connection, request: bytes) -> None:  # type: ignore[no-untyped-def]
        token = request.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
        connection.sendall(http(200, page(source_member(MemberName=token))))

    server = serve(say)
    transport = server.transport()
    wrong: list[str] = []

    def poll(name: str) -> None:
        for _ in range(5):
            with transport.deadline() as deadline:
                read = SalesforceClient(transport, server.url, name, deadline=deadline).source_members(0)
            wrong.extend(m.member_name for m in read.rows if m.member_name != name)

    threads = [threading.Thread(target=poll, args=(f"00D!{n}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(server.requests) == 80
