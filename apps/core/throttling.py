"""How often a caller may knock: counters in Redis, one round trip a request.

They fail open: while Redis is away nobody is counted, and after one failure nobody even tries for a few seconds, so
that a request does not wait for Redis's time limit.
"""

import ipaddress
import time
from functools import lru_cache

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
# Different ones, from one address: a client that was left with an old key must not shut out its neighbours, and all of
# Salesforce's callouts come from a few addresses.
WRONG_KEYS_PER_WINDOW = 20
TIMEOUT_SECONDS = 0.5
PAUSE_SECONDS = 5  # without Redis, after it failed

# Both live for ARGV[1] seconds from their first entry on. Atomic, as all scripts are.
_COUNT = """
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {n, redis.call('TTL', KEYS[1]), redis.call('SCARD', KEYS[2]), redis.call('TTL', KEYS[2])}
"""
_REMEMBER = """
redis.call('SADD', KEYS[1], ARGV[2])
if redis.call('TTL', KEYS[1]) < 0 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
"""
_resume_at = 0.0


def admit(caller: str, address: str) -> None:
    """Counts one request of `caller` from `address`. Raises TooManyRequests (429)."""
    counted = _run(_COUNT, [f"scratcher:requests:{caller}", _wrong(address)])
    if counted is None:
        return
    requests, seconds_left, wrong, wrong_seconds_left = counted
    if wrong >= WRONG_KEYS_PER_WINDOW:
        raise TooManyRequests("too many wrong API keys came from this address", wrong_seconds_left)
    if 0 < settings.REQUESTS_PER_MINUTE < requests:
        raise TooManyRequests(f"more than {settings.REQUESTS_PER_MINUTE} requests in a minute: slow down", seconds_left)


def remember_wrong_key(caller: str, address: str) -> None:
    _run(_REMEMBER, [_wrong(address)], caller)


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


def _run(script: str, keys: list[str], *arguments: str) -> list[int] | None:
    """The script's answer; None while Redis is away. One request in PAUSE_SECONDS finds out whether it is."""
    global _resume_at  # noqa: PLW0603 - the breaker is the process's
    now = time.monotonic()
    if now < _resume_at:
        return None
    was_away = _resume_at > 0
    if was_away:
        _resume_at = now + PAUSE_SECONDS  # nobody else tries while this one may be waiting
    try:
        answer: list[int] | None = _redis().eval(script, len(keys), *keys, str(WINDOW_SECONDS), *arguments)
    except RedisError as error:
        _resume_at = time.monotonic() + PAUSE_SECONDS
        log.warning("rate_limits_off", error=type(error).__name__)
        return None
    if was_away:
        _resume_at = 0.0
        log.info("rate_limits_on")
    return answer


def _wrong(address: str) -> str:
    return f"scratcher:wrong:{address}"


@lru_cache(maxsize=1)
def _redis() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),  # redis-py's own three, with pauses, would hold a request for seconds
    )
