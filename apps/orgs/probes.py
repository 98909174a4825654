"""What machines ask: is it alive, can it serve, and how does it stand (Prometheus)."""

from hmac import compare_digest
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.api import render
from apps.core.throttling import redis_answers
from apps.orgs import metrics
from apps.orgs.health import with_silence
from apps.orgs.models import DevHub


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. It asks nobody else."""
    return _json({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """503 only when nothing can be served. Degraded (200): Redis is away, or no poll ends; `checks` says which."""
    try:
        silent = _silent_hubs()
    except (DatabaseError, InterfaceError):
        return _json({"status": "unavailable", "checks": {"database": "away"}}, status=503)
    checks = {
        "database": "ok",
        "redis": "ok" if redis_answers() else "away: polls wait for it, and rate limits are off",
        "polls": f"due for an interval, and none ends: {', '.join(silent)}" if silent else "ok",
    }
    return _json({"status": "ready" if set(checks.values()) == {"ok"} else "degraded", "checks": checks})


@never_cache
@require_safe
def prometheus(request: HttpRequest) -> HttpResponse:
    """What rows tell, over all teams. Behind `Authorization: Bearer METRICS_TOKEN`; without one set it is shut."""
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not settings.METRICS_TOKEN or not compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse("a bearer token is needed: METRICS_TOKEN\n", status=401, content_type="text/plain")
    return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _silent_hubs() -> list[str]:
    hubs = with_silence(DevHub.objects.order_by("name"))
    return [hub.name for hub in hubs if hub.silent_since]  # type: ignore[attr-defined]  # annotated


def _json(answer: dict[str, Any], status: int = 200) -> HttpResponse:
    return HttpResponse(render(answer), status=status, content_type="application/json")
