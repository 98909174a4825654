"""A wire that can be cut, between a process and its server: `with Wire(real_address) as wire: … wire.cut()`."""

import socket
import threading
from contextlib import suppress
from typing import Self

Address = str | tuple[str, int]  # a unix socket's path, or host and port


class Wire:
    """Listens at `port` of 127.0.0.1 and passes bytes on to `server`.

    `cut()`: connections break, new ones are refused. `hang()`: nothing is passed on and nothing breaks. `mend()`:
    new connections work again. `forget()`, while it hangs: new connections work again, and those of before stay silent
    for ever, as behind a router that has lost its memory.
    """

    def __init__(self, server: Address = "") -> None:
        self._server = server
        self._flowing = threading.Event()
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.mend()

    def lead_to(self, server: Address) -> None:
        self._server = server

    def mend(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self.port = self._listener.getsockname()[1]
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        self._flowing.set()

    def hang(self) -> None:
        self._flowing.clear()

    def forget(self) -> None:
        self._flowing = threading.Event()
        self._flowing.set()

    def cut(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for end in self._open:
            _break(end)
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flowing.set()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX if isinstance(self._server, str) else socket.AF_INET)
            far.connect(self._server)
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(one, other, self._flowing), daemon=True).start()


def _pass_on(one: socket.socket, other: socket.socket, flowing: threading.Event) -> None:
    with suppress(OSError):  # cut
        while data := one.recv(65536):
            flowing.wait()
            other.sendall(data)
    flowing.wait()
    _break(one)
    _break(other)


def _break(end: socket.socket) -> None:
    with suppress(OSError):  # broken already
        end.shutdown(socket.SHUT_RDWR)
    end.close()
