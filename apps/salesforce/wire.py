"""One HTTP/1.1 exchange over TLS, bounded in time and size.

Why not urllib3 below requests: its read timeout starts again with every byte, so a server that drips outlasts it by
hours, and it costs 1.7 ms of CPU a call. Here each system call gets the time that is left until one fixed moment, so
nothing can outlast it, without a watchdog.
"""

import socket
import ssl
import time
import zlib

from httptools import HttpResponseParser
from requests.structures import CaseInsensitiveDict

from apps.salesforce.errors import BodyTooLarge, HostNotAllowed, MalformedAnswer
from apps.salesforce.hosts import Origin, is_public

# What may surround a body: status line, headers, informational answers, chunk sizes, trailers.
_FRAMING_BYTES = 256 * 1024


def connect(origin: Origin, tls: ssl.SSLContext, ends_at: float) -> ssl.SSLSocket:
    """A verified TLS connection, made before ends_at (time.monotonic). Raises OSError (TimeoutError, gaierror, SSLError
    among them), HostNotAllowed.

    The name is resolved once and that very address is connected to: a name that only matches a pattern must not lead
    into a private network.
    """
    host = origin.host.strip("[]")
    addresses = socket.getaddrinfo(host.encode(), origin.port, type=socket.SOCK_STREAM)
    failure: OSError = ConnectionError("no address")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        if not origin.listed and not is_public(str(address[0])):
            raise HostNotAllowed(
                "The org's name leads into a private network. If that is intended, an administrator can name this "
                "host, without a *, in SALESFORCE_HOSTS."
            )
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(seconds_left(ends_at) / (len(addresses) - index))
            plain.connect(address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.settimeout(seconds_left(ends_at))
            return tls.wrap_socket(plain, server_hostname=host)
        except OSError as error:
            plain.close()
            failure = error
    raise failure


def seconds_left(ends_at: float) -> float:
    """Raises TimeoutError when nothing is left."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class Reply:
    """One HTTP answer, filled by the parser's callbacks. status is 0 until the answer is complete."""

    __slots__ = ("_begun", "_parts", "body_size", "complete", "headers", "status")

    def __init__(self) -> None:
        self.on_message_begin()
        self.body_size = 0

    def on_message_begin(self) -> None:
        # An informational answer (1xx) may come first; what follows takes its place.
        self.status = 0
        self.headers: CaseInsensitiveDict[str] = CaseInsensitiveDict()
        self._parts: list[bytes] = []
        self._begun = self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        self._begun = True

    def on_body(self, part: bytes) -> None:
        self._parts.append(part)
        self.body_size += len(part)

    def on_message_complete(self) -> None:
        self.complete = True

    @property
    def ends_with_connection(self) -> bool:
        return self._begun and "content-length" not in self.headers and "transfer-encoding" not in self.headers

    @property
    def reusable(self) -> bool:
        return not self.ends_with_connection and self.headers.get("connection", "").lower() != "close"

    def body(self, body_bytes: int) -> bytes:
        """The body, unpacked. Raises BodyTooLarge, MalformedAnswer."""
        packed = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding == "identity" or not packed:
            return packed
        if encoding != "gzip":
            raise MalformedAnswer
        gzip = zlib.decompressobj(wbits=31)
        try:
            plain = gzip.decompress(packed, body_bytes + 1)
        except zlib.error:
            raise MalformedAnswer from None
        if len(plain) > body_bytes:
            raise BodyTooLarge
        return plain


def exchange(connection: ssl.SSLSocket, request: bytes, ends_at: float, body_bytes: int) -> Reply:
    """Sends the request and reads the whole answer. Raises OSError (TimeoutError among them), HttpParserError,
    BodyTooLarge, and EOFError when the connection ends first."""
    connection.settimeout(seconds_left(ends_at))
    connection.sendall(request)
    reply = Reply()
    parser = HttpResponseParser(reply)
    received = 0
    while not reply.complete:
        connection.settimeout(seconds_left(ends_at))
        data = connection.recv(16_384)
        if not data:
            if reply.ends_with_connection:
                break
            raise EOFError
        received += len(data)
        parser.feed_data(data)
        if reply.body_size > body_bytes or received - reply.body_size > _FRAMING_BYTES:
            raise BodyTooLarge
        if reply.complete and parser.get_status_code() < 200:
            reply.complete = False
    reply.status = parser.get_status_code()
    return reply
