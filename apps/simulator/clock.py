"""The simulator's own time: standing still until stepped, or running at a rate. Every date that Salesforce would
answer comes from here."""

import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal

Mode = Literal["stepped", "running"]


class Clock:
    """Times are seconds since 1970 (float, UTC). It never goes back."""

    def __init__(self, mode: Mode = "running", rate: float = 1.0) -> None:
        self.mode: Mode = mode
        self.rate = rate
        self._anchor = time.time()
        self._anchor_monotonic = time.monotonic()

    def now(self) -> float:
        if self.mode == "stepped":
            return self._anchor
        return self._anchor + (time.monotonic() - self._anchor_monotonic) * self.rate

    def step(self, seconds: float) -> float:
        """Moves the clock on, running or not; returns the new now."""
        self._anchor_here()
        self._anchor += seconds
        return self.now()

    def set_rate(self, rate: float) -> None:
        self._anchor_here()
        self.rate = rate

    def set_mode(self, mode: Mode) -> None:
        self._anchor_here()
        self.mode = mode

    def _anchor_here(self) -> None:
        self._anchor = self.now()
        self._anchor_monotonic = time.monotonic()


@lru_cache(maxsize=4096)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat()[:19]  # strftime would not fill up the year 999


def salesforce_datetime(at: float) -> str:
    """2026-11-21T05:47:47.000+0000: whole seconds, always UTC, so that text order is time order."""
    return _second(int(at)) + ".000+0000"


def salesforce_date(at: float) -> str:
    return _second(int(at))[:10]


def iso(at: float) -> str:
    """2026-11-21T05:47:47.250000Z, for the control API."""
    return f"{_second(int(at))}.{int(at % 1 * 1_000_000):06d}Z"


@lru_cache(maxsize=64)
def _http_date(second: int) -> bytes:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(second)).encode()


def http_date(at: float) -> bytes:
    """The value of a Date header."""
    return _http_date(int(at))
