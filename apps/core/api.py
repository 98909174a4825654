"""The envelope of every answer under /api/, and the one place where an error becomes one.

{"success": true, "orgs": [...], "next": null}
{"success": false, "error": {"code": "not_found", "message": "a sentence for people", "details": {...}}}
"""

import sys
from typing import Any

import orjson
import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.functional import Promise
from rest_framework import exceptions, serializers
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.response import Response

from apps.core.errors import InvalidInput, NotFound, ScratcherError, Unavailable

log = structlog.get_logger(__name__)

_RENDER = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def ok(status: int = 200, headers: dict[str, str] | None = None, /, **content: Any) -> Response:
    """The envelope around `content`: dicts, lists, texts, numbers and aware times, which become ISO 8601 in UTC."""
    return Response({"success": True, **content}, status=status, headers=headers)


class Renderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, media_type: str | None = None, context: Any = None) -> bytes:
        return b"" if data is None else render(data)


def render(data: Any) -> bytes:
    return orjson.dumps(data, default=_lazy_text, option=_RENDER)


class Parser(BaseParser):
    """JSON, at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes of it."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, context: Any = None) -> Any:
        body = context["request"]._request.body  # Django minds the size here, and only here
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"the body is not JSON: {error}", code="broken_json") from None


class Body(serializers.Serializer[Any]):
    """What a door takes in its body. A field that it does not know is refused by name."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({str(name)[:100]: ["unknown field"] for name in unknown})
        return super().to_internal_value(data)

    @classmethod
    def read(cls, data: Any) -> dict[str, Any]:
        """The validated fields of a request's body. Raises DRF's ValidationError, a 400 that names them."""
        body = cls(data=data)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = body.validated_data
        return values


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None: nobody foresaw it; Django logs it with its traceback and calls `server_error`."""
    shaped = _shape(error)
    if shaped is None:
        return None
    status, body, headers = shaped
    return Response(body, status=status, headers=headers)


# Django's handlers (config/urls.py) for what fails outside a view of DRF's: JSON under /api/, a line of text elsewhere.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request.path, _shape(exception) or _error(400, "bad_request", "the request could not be understood"))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(request.path, _error(403, "csrf_failed", reason or "the CSRF token is missing or wrong"))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request.path, _error(403, "not_allowed", "this is not allowed"))


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request.path, _error(404, "not_found", "there is nothing at this address"))


def body_too_large(path: str) -> HttpResponse:
    return _page(path, _too_large())


def server_error(request: HttpRequest) -> HttpResponse:
    """Also what a middleware meets when PostgreSQL is away, before any view."""
    error = sys.exc_info()[1]
    shaped = _shape(error) if isinstance(error, Exception) else None
    unforeseen = _error(500, "internal_error", "something went wrong here; our log has it", _request_id())
    return _page(request.path, shaped or unforeseen)


_Shaped = tuple[int, dict[str, Any], dict[str, str]]


def _shape(error: Exception) -> _Shaped | None:  # noqa: PLR0911 - a table
    match error:
        case ScratcherError():
            seconds = getattr(error, "retry_after_seconds", None)
            return _error(error.status, error.code, str(error), error.details, _retry_after(seconds))
        case OperationalError() | InterfaceError():
            log.error("database_unreachable", error=type(error).__name__)
            return _shape(Unavailable("the database is away; this passes by itself", code="database_unavailable"))
        case RequestDataTooBig():
            return _too_large()
        case Http404():
            return _shape(NotFound("there is nothing at this address"))
        case PermissionDenied():
            return _error(403, "not_allowed", "this is not allowed")
        case exceptions.ValidationError():
            return _error(400, "invalid_input", _first_complaint(error.detail), {"fields": error.detail})
        case exceptions.APIException():
            return _error(error.status_code, *_drf_words(error), {}, _drf_headers(error))
    return None


def _error(status: int, code: str, message: str, details: Any = None, headers: dict[str, str] | None = None) -> _Shaped:
    body = {"success": False, "error": {"code": code, "message": message, "details": details or {}}}
    return status, body, headers or {}


def _too_large() -> _Shaped:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return _error(413, "body_too_large", f"the body is larger than {most} bytes", {"max_bytes": most})


def _page(path: str, shaped: _Shaped) -> HttpResponse:
    status, body, headers = shaped
    if path.startswith("/api/"):
        return HttpResponse(render(body), status=status, headers=headers, content_type="application/json")
    return HttpResponse(body["error"]["message"], status=status, headers=headers, content_type="text/plain")


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, round(seconds)))}


def _request_id() -> dict[str, str]:
    bound = structlog.contextvars.get_contextvars()
    return {"request_id": bound["request_id"]} if "request_id" in bound else {}


def _drf_words(error: exceptions.APIException) -> tuple[str, str]:
    ours = {"permission_denied": "not_allowed", "authentication_failed": "not_authenticated"}
    code = str(error.get_codes())
    return ours.get(code, code), str(error.detail)


def _drf_headers(error: exceptions.APIException) -> dict[str, str]:
    header = getattr(error, "auth_header", None)  # set by APIView when it asks for authentication
    return {"WWW-Authenticate": header} if header else {}


def _first_complaint(detail: Any, field: str = "") -> str:
    """`name: This field is required.`"""
    match detail:
        case dict() if detail:
            name, inner = next(iter(detail.items()))
            return _first_complaint(inner, field if name == "non_field_errors" else str(name))
        case list() if detail:
            return _first_complaint(detail[0], field)
    return f"{field}: {detail}" if field else str(detail)


def _lazy_text(value: Any) -> str:
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")
