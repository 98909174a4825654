"""What is done for every request: one line in the log, and headers that tell the browser what not to do."""

import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponseBase

log = structlog.get_logger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]

ASKED_ALL_THE_TIME = ("/healthz", "/readyz", "/metrics")

# What Django's SecurityMiddleware does not say of the first seed's Helmet. No inline script or style, nothing from
# elsewhere. Swagger UI and the admin draw small pictures as data: URLs.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def request_log(get_response: Answer) -> Answer:
    """One line a request, without its query; what is logged on the way carries the same request_id."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        began = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=uuid4().hex)
        response = get_response(request)
        if request.path not in ASKED_ALL_THE_TIME:
            ms = round((time.perf_counter() - began) * 1000, 1)
            log.info("request", method=request.method, path=request.path, status=response.status_code, ms=ms)
        return response

    return middleware


def security_headers(get_response: Answer) -> Answer:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
