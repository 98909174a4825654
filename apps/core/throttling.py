"""How often a caller may knock: counters in Redis, one round trip a request.

They fail open: while Redis is away nobody is counted, and after one failure nobody even tries for a few seconds, so
that a request does not wait for Redis's time limit.
"""

import ipaddress
import time
from functools import lru_cache
from typing import Any

import structlog
from django.conf import settings
from django.http import HttpRequest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from apps.core.errors import TooManyRequests

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60
WRONG_KEYS_PER_WINDOW = 20  # from one address
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 5  # without Redis, after it failed

# Counts one request of a caller and tells how many keys were wrong lately from its address. Atomic, as all scripts are.
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, tonumber(redis.call('GET', KEYS[2]) or '0')}
"""
_resume_at = 0.0


def admit(caller: str, address: str) -> None:
    """Counts one request of `caller` from `address`. Raises TooManyRequests (429)."""
    window = int(time.time()) // WINDOW_SECONDS
    counted = _ask("eval", _COUNT, 2, _key("requests", caller, window), _key("wrong", address, window), WINDOW_SECONDS)
    if counted is None:
        return
    requests, wrong = counted
    if wrong >= WRONG_KEYS_PER_WINDOW:
        raise TooManyRequests("too many wrong API keys came from this address", _seconds_left())
    if 0 < settings.REQUESTS_PER_MINUTE < requests:
        raise TooManyRequests(
            f"more than {settings.REQUESTS_PER_MINUTE} requests in a minute: slow down", _seconds_left()
        )


def count_wrong_key(address: str) -> None:
    window = int(time.time()) // WINDOW_SECONDS
    _ask("eval", _COUNT, 2, _key("wrong", address, window), _key("wrong", address, window), WINDOW_SECONDS)


def address_of(request: HttpRequest) -> str:
    """Who is counted as one: an IPv4 address, or an IPv6 network of 64 bits, which one customer gets whole.

    Behind a proxy uvicorn puts the client's address here, if it trusts the proxy (FORWARDED_ALLOW_IPS).
    """
    raw = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(raw)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(getattr(address, "ipv4_mapped", None) or address)


def redis_answers() -> bool:
    """Asks now, whatever was found before."""
    try:
        return bool(_redis().ping())
    except RedisError:
        return False


def _ask(command: str, *args: Any) -> Any:
    """Redis's answer; None while it is away. Only one request in PAUSE_SECONDS finds out whether it is back."""
    global _resume_at  # noqa: PLW0603 - the breaker is the process's
    now = time.monotonic()
    if now < _resume_at:
        return None
    was_away, _resume_at = _resume_at > 0, now + PAUSE_SECONDS if _resume_at else 0.0
    try:
        answer = getattr(_redis(), command)(*args)
    except RedisError as error:
        _resume_at = now + PAUSE_SECONDS
        log.warning("rate_limits_off", error=type(error).__name__)
        return None
    if was_away:
        log.info("rate_limits_on")
    _resume_at = 0.0
    return answer


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),  # redis-py's own three, with pauses, would hold a request for seconds
    )


def _key(what: str, who: str, window: int) -> str:
    return f"scratcher:{what}:{who}:{window}"


def _seconds_left() -> int:
    return WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS
