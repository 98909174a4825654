"""A TLS server that answers byte by byte as a test tells it: what is wrong with bytes cannot be had from a well-made
simulator."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import pytest
import trustme

from apps.salesforce.transport import Transport
from tests.simulators import Simulator, simulator

Say = Callable[[ssl.SSLSocket, bytes], object]


@dataclass
class Server:
    """requests holds the head of each request with its body. connections counts those accepted, TLS or not."""

    url: str
    ca_file: str
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("https://")

    def transport(self, **limits: float) -> Transport:
        return Transport((self.host,), self.ca_file, **limits)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def serve(authority: trustme.CA, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """serve(say, …): say(connection, request) is called for each request. With plain=True say(socket, b"") gets the
    bare TCP socket instead."""
    listeners: list[socket.socket] = []
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))

    def start(say: Say, *, plain: bool = False, name: str = "127.0.0.1") -> Server:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(tls)
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        server = Server(f"https://127.0.0.1:{listener.getsockname()[1]}", str(ca_file))
        threading.Thread(target=_accept, args=(listener, None if plain else tls, server, say), daemon=True).start()
        return server

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _accept(listener: socket.socket, tls: ssl.SSLContext | None, server: Server, say: Say) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=_talk, args=(connection, tls, server, say), daemon=True).start()


def _talk(connection: socket.socket, tls: ssl.SSLContext | None, server: Server, say: Say) -> None:
    try:
        if tls is None:
            say(connection, b"")  # type: ignore[arg-type]
            return
        with tls.wrap_socket(connection, server_side=True) as secured:
            while request := _read(secured):
                server.requests.append(request)
                if say(secured, request) is False:
                    return
    except OSError:
        pass  # the client hung up, as it should in most of these tests
    finally:
        connection.close()


def _read(connection: ssl.SSLSocket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        part = connection.recv(65_536)
        if not part:
            return b""
        request += part
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].partition(b":")[2]):
        body += connection.recv(65_536)
    return head + b"\r\n\r\n" + body


def http(status: int, body: object, *headers: str, date: str = "Sat, 21 Nov 2026 12:00:00 GMT") -> bytes:
    """A whole answer; body is bytes, or what becomes JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    lines = [f"HTTP/1.1 {status} X", f"Date: {date}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


def drip(connection: socket.socket, data: bytes, every_seconds: float) -> None:
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(every_seconds)


def source_member(**fields: object) -> dict[str, object]:
    """A record as the Tooling API gives it."""
    return {
        "attributes": {"type": "SourceMember", "url": "/services/data/v67.0/tooling/sobjects/SourceMember/0MZ"},
        "Id": "0MZ000000000001AAA",
        "MemberType": "ApexClass",
        "MemberName": "Invoice",
        "RevisionCounter": 7,
        "IsNewMember": True,
        "IsNameObsolete": False,
        "ChangedBy": "005000000000001",
        "LastModifiedDate": "2026-11-21T05:58:58.000+0000",
    } | fields


def page(*records: object, next_page: int | None = None) -> dict[str, object]:
    """One page of a query's answer; next_page names the one that follows."""
    answer: dict[str, object] = {"size": len(records), "totalSize": len(records), "done": next_page is None}
    if next_page is not None:
        answer["nextRecordsUrl"] = f"/services/data/v67.0/tooling/query/0r8xx0000000000-{next_page}"
    return answer | {"records": list(records)}


@pytest.fixture(scope="session")
def _one_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with simulator(tmp_path_factory.mktemp("simulator"), orgs=12, clock="stepped", edits_per_minute=0) as running:
        yield running


@pytest.fixture
def salesforce(_one_simulator: Simulator) -> Iterator[Simulator]:
    """A simulated DevHub with its scratch orgs, in good health; what a test makes stays, so each makes its own."""
    yield _one_simulator
    _one_simulator.clear_faults("all")
    _one_simulator.clear_faults("hub")


@pytest.fixture
def transport(salesforce: Simulator) -> Transport:
    return Transport((salesforce.url.removeprefix("https://"),), salesforce.ca)
