"""The one way out to Salesforce: which hosts, how long, how much.

requests.Session is simple-salesforce's seam. Ours answers request() over wire.py and has nothing else of requests'
left: no redirects, no cookies, no proxies or .netrc from the environment, no pool. It keeps no state, so all threads
share it.
"""

import ssl
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import orjson
import requests
from httptools import HttpParserError, HttpParserUpgrade

from apps.salesforce import errors, wire
from apps.salesforce.hosts import AllowedHosts, Origin


class Answer(requests.Response):
    """A 2xx answer whose body is read. json() is a dict or a list; anything else raises MalformedAnswer."""

    def __init__(self, url: str, reply: wire.Reply, body: bytes) -> None:
        super().__init__()
        self.url, self.status_code, self.headers, self.encoding = url, reply.status, reply.headers, "utf-8"
        self._content, self._content_consumed = body, True

    def json(self, **_of_the_standard_library: Any) -> Any:
        try:
            value = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            value = None  # raised below, so that no exception carries the body, which may hold a token
        if not isinstance(value, dict | list):
            raise errors.MalformedAnswer
        return value


class Deadline:
    """The time that one poll may take, and the one connection that its requests reuse; for one thread. Closes the
    connection when left.

    .answer is the last 2xx answer: its Date and Sforce-Limit-Info headers are Salesforce's own time and count of calls.
    """

    def __init__(self, seconds: float) -> None:
        self.ends_at = time.monotonic() + seconds
        self.answer: Answer | None = None
        self._origin: Origin | None = None
        self._connection: ssl.SSLSocket | None = None

    def take(self, origin: Origin | None) -> ssl.SSLSocket | None:
        """The open connection, if it leads to this origin; it is the caller's from now on. Any other is closed."""
        if self._origin != origin:
            self.close()
        connection, self._connection = self._connection, None
        return connection

    def keep(self, origin: Origin, connection: ssl.SSLSocket) -> None:
        self._origin, self._connection = origin, connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Transport:
    """Makes requests to allowed hosts. One per process: the TLS context takes 26 ms to make.

    hosts: entries of SALESFORCE_HOSTS. ca_file: a PEM file of authorities trusted besides the system's. request_seconds
    and poll_seconds count connection, TLS, headers and body; only the look-up of a name has the resolver's own limit
    (resolv.conf, usually 10 s). body_bytes caps one answer, packed or unpacked. on_request: called for each request
    that is about to be sent.
    """

    def __init__(
        self,
        hosts: tuple[str, ...],
        ca_file: str | None,
        *,
        request_seconds: float = 30,
        poll_seconds: float = 90,
        body_bytes: int = 32 * 1024 * 1024,
        api_version: str = "67.0",
        on_request: Callable[[], None] | None = None,
    ) -> None:
        self._hosts = AllowedHosts(hosts)
        self._tls = ssl.create_default_context()
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        if ca_file:
            self._tls.load_verify_locations(ca_file)
        self._request_seconds, self._poll_seconds, self._body_bytes = request_seconds, poll_seconds, body_bytes
        self.api_version = api_version
        self._on_request = on_request
        self.session = Session(self)

    def check_host(self, url: str) -> None:
        """Raises HostNotAllowed unless SALESFORCE_HOSTS allows a token to be sent to this URL. Resolves nothing."""
        self._hosts.split(url)

    def deadline(self, seconds: float | None = None) -> Deadline:
        """Begins now; poll_seconds long unless told."""
        return Deadline(self._poll_seconds if seconds is None else seconds)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, deadline: Deadline) -> Answer:
        """The 2xx answer. Raises SalesforceError for everything else. Only a GET is ever sent twice."""
        origin, target = self._hosts.split(url)
        request = _request_bytes(method, origin, target, headers, body)
        if self._on_request is not None:
            self._on_request()
        ends_at = min(deadline.ends_at, time.monotonic() + self._request_seconds)
        try:
            reply = self._exchange(method, origin, request, ends_at, deadline)
        except (OSError, EOFError, HttpParserError, HttpParserUpgrade) as failure:
            raise errors.of_failure(failure) from failure
        content = reply.body(self._body_bytes)
        if not 200 <= reply.status < 300:
            raise errors.of_answer(reply.status, reply.headers, content)
        deadline.answer = Answer(url, reply, content)
        return deadline.answer

    def _exchange(self, method: str, origin: Origin, request: bytes, ends_at: float, deadline: Deadline) -> wire.Reply:
        kept = deadline.take(origin if method == "GET" else None)
        if kept is not None:
            try:
                return self._exchange_over(kept, origin, request, ends_at, deadline)
            except (ConnectionError, ssl.SSLError, EOFError):
                pass  # the server had closed it meanwhile; a GET may be sent again over a new one
        return self._exchange_over(wire.connect(origin, self._tls, ends_at), origin, request, ends_at, deadline)

    def _exchange_over(
        self, connection: ssl.SSLSocket, origin: Origin, request: bytes, ends_at: float, deadline: Deadline
    ) -> wire.Reply:
        try:
            reply = wire.exchange(connection, request, ends_at, self._body_bytes)
        except BaseException:
            connection.close()
            raise
        deadline.keep(origin, connection)
        if not reply.reusable:
            deadline.close()
        return reply


class Session(requests.Session):
    """What simple-salesforce calls. request() takes the deadline as one more argument; without, it makes its own."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self.trust_env = False
        self.adapters.clear()
        self._transport = transport

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline | None = None,
    ) -> Answer:
        """data: a mapping is sent form-encoded, bytes are JSON. Raises SalesforceError for all but a 2xx answer."""
        if params:
            url = f"{url}?{urlencode(params)}"
        headers = dict(headers or {})
        body = b""
        if isinstance(data, bytes):
            body, headers["Content-Type"] = data, "application/json"
        elif data:
            body, headers["Content-Type"] = urlencode(data).encode(), "application/x-www-form-urlencoded"
        if deadline is not None:
            return self._transport.send(method, url, headers, body, deadline)
        with self._transport.deadline() as own:
            return self._transport.send(method, url, headers, body, own)


def _request_bytes(method: str, origin: Origin, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
    target = target if target.startswith("/") else f"/{target}"
    host = origin.host if origin.port == 443 else f"{origin.host}:{origin.port}"
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "User-Agent: Scratcher", "Accept-Encoding: gzip"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if not all(line.isascii() and line.isprintable() for line in lines):
        raise errors.HostNotAllowed  # a line break in a stored token must not become a header
    return "\r\n".join([*lines, "", ""]).encode() + body
