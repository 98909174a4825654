"""What Salesforce's REST API says: an answer as status, body and headers, and its errors, JSON arrays of message and
errorCode."""

from dataclasses import dataclass, field
from typing import IO, Any

import orjson

Headers = list[tuple[bytes, bytes]]
JSON_TYPE = (b"content-type", b"application/json;charset=UTF-8")
HTML_TYPE = (b"content-type", b"text/html;charset=UTF-8")


@dataclass(slots=True)
class Answer:
    """The whole body is known, or lies in a file; Date, length and Sforce-Limit-Info are added when it is sent."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=lambda: [JSON_TYPE])
    file: IO[bytes] | None = None

    @property
    def length(self) -> int:
        return len(self.body) if self.file is None else self.file.seek(0, 2)

    def piece(self, start: int, size: int) -> bytes:
        """So many bytes of the body, or less at its end."""
        if self.file is None:
            return self.body[start : start + size]
        self.file.seek(start)
        return self.file.read(size)


class RestError(Exception):
    """An error that the REST API answers with. `fields` are named where a change to a record was refused."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        headers: Headers | None = None,
        *,
        fields: tuple[str, ...] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or []
        self.fields = fields

    def answer(self) -> Answer:
        error: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = self.fields
        return Answer(self.status, orjson.dumps([error]), [JSON_TYPE, *self.headers])


def json_answer(value: Any, status: int = 200) -> Answer:
    return Answer(status, orjson.dumps(value), [JSON_TYPE])


def html_answer(status: int, title: str) -> Answer:
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1></body></html>\n"
    return Answer(status, page.encode(), [HTML_TYPE])


def not_found() -> RestError:
    return RestError(404, "NOT_FOUND", "The requested resource does not exist")


def method_not_allowed(method: str, allowed: tuple[str, ...]) -> RestError:
    names = ",".join(allowed)
    message = f"HTTP Method '{method}' not allowed. Allowed are {names}"
    return RestError(405, "METHOD_NOT_ALLOWED", message, [(b"allow", names.encode())])


def invalid_session() -> RestError:
    return RestError(401, "INVALID_SESSION_ID", "Session expired or invalid", [(b"www-authenticate", b"Token")])


def limit_exceeded() -> RestError:
    return RestError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


def unavailable(headers: Headers | None = None) -> RestError:
    return RestError(
        503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable. Please try again later.", headers
    )


def data_not_available() -> Answer:
    """What a deleted or expired org answers."""
    return html_answer(420, "Data Not Available")
