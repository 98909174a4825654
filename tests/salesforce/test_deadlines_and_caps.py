"""What a broken or hostile server can do with bytes and time, over a real TLS socket. Each server would end by itself
after some seconds with an answer, so a deadline or cap that does not work shows as another outcome."""

import gzip
import socket
import ssl
import struct
import time
import tracemalloc
from collections.abc import Callable
from itertools import repeat

import pytest
import trustme

from apps.salesforce import errors
from apps.salesforce.client import SalesforceClient
from tests.salesforce.conftest import Server, drip, http, page, source_member

Serve = Callable[..., Server]
GOOD = http(200, page(source_member()))


def read(server: Server, **limits: float) -> int:
    """Number of rows that a poll of this server finds; short of time unless told."""
    transport = server.transport(**{"request_seconds": 0.6, "poll_seconds": 5, "body_bytes": 100_000} | limits)
    with transport.deadline() as deadline:
        client = SalesforceClient(transport, server.url, "00D!token", deadline=deadline)
        return len(client.source_members(since=0).rows)


def test_a_good_answer_is_read(serve: Serve) -> None:
    assert read(serve(lambda connection, _: connection.sendall(GOOD)), request_seconds=10) == 1


def test_headers_that_drip_end_at_the_deadline(serve: Serve) -> None:
    server = serve(lambda connection, _: drip(connection, GOOD, every_seconds=0.02))
    with pytest.raises(errors.TimedOut):
        read(server)


def test_a_body_that_drips_ends_at_the_deadline(serve: Serve) -> None:
    def say(connection: ssl.SSLSocket, _: bytes) -> None:
        connection.sendall(GOOD[:-200])
        drip(connection, GOOD[-200:], every_seconds=0.02)

    with pytest.raises(errors.TimedOut):
        read(serve(say))


def test_a_tls_record_that_drips_ends_at_the_deadline(serve: Serve, authority: trustme.CA) -> None:
    """The bytes of one encrypted record come one at a time: the TLS library alone would wait for the whole of it."""

    def say(plain: socket.socket, _: bytes) -> None:
        incoming, outgoing, secured = _tls_in_memory(authority)
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                incoming.write(plain.recv(65_536))
        plain.sendall(outgoing.read())
        incoming.write(plain.recv(65_536))
        secured.write(GOOD)
        drip(plain, outgoing.read(), every_seconds=0.01)

    with pytest.raises(errors.TimedOut):
        read(serve(say, plain=True))


def test_a_tls_handshake_that_drips_ends_at_the_deadline(serve: Serve, authority: trustme.CA) -> None:
    def say(plain: socket.socket, _: bytes) -> None:
        incoming, outgoing, secured = _tls_in_memory(authority)
        incoming.write(plain.recv(65_536))
        with pytest.raises(ssl.SSLWantReadError):
            secured.do_handshake()
        drip(plain, outgoing.read(), every_seconds=0.01)

    with pytest.raises(errors.TimedOut):
        read(serve(say, plain=True))


def test_a_server_that_accepts_and_says_nothing_ends_at_the_deadline(serve: Serve) -> None:
    with pytest.raises(errors.TimedOut):
        read(serve(lambda plain, _: time.sleep(3), plain=True))


def test_a_server_that_takes_the_request_and_says_nothing_ends_at_the_deadline(serve: Serve) -> None:
    with pytest.raises(errors.TimedOut):
        read(serve(lambda connection, _: time.sleep(3)))


def test_pages_share_the_poll_s_deadline(serve: Serve) -> None:
    def say(connection: ssl.SSLSocket, _: bytes) -> None:
        time.sleep(0.2)
        done = len(server.requests) == 20
        connection.sendall(http(200, page(source_member(), next_page=None if done else len(server.requests))))

    server = serve(say)
    with pytest.raises(errors.TimedOut):
        read(server, request_seconds=1, poll_seconds=1)
    assert len(server.requests) > 2


def test_a_poll_that_has_no_time_left_connects_nowhere(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(GOOD))
    with pytest.raises(errors.TimedOut):
        read(server, poll_seconds=0)
    assert server.connections == 0


def endless_chunks(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ignored in range(200):
        connection.sendall(b"2710\r\n" + b" " * 10_000 + b"\r\n")
    connection.sendall(b"0\r\n\r\n")


def endless_until_closed(connection: ssl.SSLSocket, _: bytes) -> bool:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 2_000_000)
    return False


def declared_too_long(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(http(200, b" " * 2_000_000))


def endless_headers(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"Content-Length: 2\r\n\r\n{}")


def one_endless_header(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\nContent-Length: 2\r\n\r\n{}")


def endless_informational_answers(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20_000 + GOOD)


def endless_trailers(connection: ssl.SSLSocket, _: bytes) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n" + b"X: y\r\n" * 100_000 + b"\r\n"
    )


@pytest.mark.parametrize(
    "say",
    [
        endless_chunks,
        endless_until_closed,
        declared_too_long,
        endless_headers,
        one_endless_header,
        endless_informational_answers,
        endless_trailers,
    ],
)
def test_what_has_no_end_is_cut_off(serve: Serve, say: Callable[[ssl.SSLSocket, bytes], object]) -> None:
    with pytest.raises(errors.BodyTooLarge):
        read(serve(say), request_seconds=10)


def test_a_bomb_is_not_unpacked(serve: Serve) -> None:
    bomb = http(200, gzip.compress(b" " * 50_000_000), "Content-Encoding: gzip")
    server = serve(lambda connection, _: connection.sendall(bomb))
    tracemalloc.start()
    try:
        with pytest.raises(errors.BodyTooLarge):
            read(server, request_seconds=10)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_pages_without_end_are_refused(serve: Serve) -> None:
    """Each page promises another and is full, but of the same row."""
    answer = http(200, page(*repeat(source_member(), 2_000), next_page=1))
    with pytest.raises(errors.MalformedAnswer, match="no end"):
        read(
            serve(lambda connection, _: connection.sendall(answer)),
            body_bytes=10_000_000,
            request_seconds=10,
            poll_seconds=60,
        )


def test_pages_without_rows_are_refused(serve: Serve) -> None:
    with pytest.raises(errors.MalformedAnswer, match="no end"):
        read(serve(lambda connection, _: connection.sendall(http(200, page(next_page=1)))), request_seconds=10)


@pytest.mark.parametrize(
    "encoded",
    [
        http(200, gzip.compress(GOOD.partition(b"\r\n\r\n")[2]), "Content-Encoding: gzip"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD,
        GOOD.replace(b"Content-Length", b"X-Length", 1),
        b"HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 12:00:00 GMT\r\nTransfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"1\r\n" + bytes([byte]) + b"\r\n" for byte in GOOD.partition(b"\r\n\r\n")[2])
        + b"0\r\nTrailer: x\r\n\r\n",
    ],
    ids=["gzip", "informational", "until-closed", "chunked"],
)
def test_every_way_to_frame_an_answer_is_read(serve: Serve, encoded: bytes) -> None:
    def say(connection: ssl.SSLSocket, _: bytes) -> bool:
        connection.sendall(encoded)
        return False

    assert read(serve(say), request_seconds=10) == 1


def reset(connection: ssl.SSLSocket, _: bytes) -> bool:
    connection.sendall(GOOD[:80])
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def half_a_body(connection: ssl.SSLSocket, _: bytes) -> bool:
    connection.sendall(GOOD[:-20])
    return False


def nothing(_connection: ssl.SSLSocket, _: bytes) -> bool:
    return False


@pytest.mark.parametrize("say", [reset, half_a_body, nothing])
def test_a_connection_that_breaks_is_unreachable(serve: Serve, say: Callable[[ssl.SSLSocket, bytes], object]) -> None:
    with pytest.raises(errors.Unreachable):
        read(serve(say), request_seconds=10)


def test_a_server_that_speaks_no_tls_is_unreachable(serve: Serve) -> None:
    with pytest.raises(errors.Unreachable):
        read(serve(lambda plain, _: plain.sendall(b"HTTP/1.1 200 OK\r\n\r\n"), plain=True), request_seconds=10)


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(errors.Unreachable):
        read(Server(url, ""))


def test_a_certificate_of_an_unknown_authority_is_not_accepted(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(GOOD))
    server.ca_file = ""
    with pytest.raises(errors.Unreachable, match="SALESFORCE_CA_FILE"):
        read(server, request_seconds=10)
    assert server.requests == []


def test_a_certificate_of_another_host_is_not_accepted(serve: Serve) -> None:
    server = serve(lambda connection, _: connection.sendall(GOOD), name="acme.my.salesforce.com")
    with pytest.raises(errors.Unreachable, match="certificate"):
        read(server, request_seconds=10)
    assert server.requests == []


def test_a_host_that_dns_does_not_know_is_not_found() -> None:
    with pytest.raises(errors.HostNotFound):
        read(Server("https://no-such-org.invalid", ""), request_seconds=20)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nxyz",
        http(200, b"not gzip", "Content-Encoding: gzip"),
        http(200, gzip.compress(GOOD)[:-9], "Content-Encoding: gzip"),
        http(200, page(), "Content-Encoding: br"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    ],
)
def test_what_is_not_http_is_malformed(serve: Serve, answer: bytes) -> None:
    def say(connection: ssl.SSLSocket, _: bytes) -> bool:
        connection.sendall(answer)
        return False

    with pytest.raises(errors.MalformedAnswer):
        read(serve(say), request_seconds=10)


def _tls_in_memory(authority: trustme.CA) -> tuple[ssl.MemoryBIO, ssl.MemoryBIO, ssl.SSLObject]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    return incoming, outgoing, context.wrap_bio(incoming, outgoing, server_side=True)
