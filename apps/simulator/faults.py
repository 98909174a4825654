"""What can go wrong on demand, per org or in the DevHub. Faults on the wire happen for real: time passes, connections
break.

Names, options and their defaults (an option without a default must be given):
    unauthorized {}                      every API call is 401, whatever the token
    refresh_refused {} · login_refused {}   the token endpoint refuses this org's refresh tokens · its other logins
    quota {used, max}                    calls already used today, and allowed; 403 from there on
    event_deliveries {used, max}         events already delivered today, and allowed; none from there on
    unavailable {retry_after}            503
    gone {}                              420 and an HTML page
    hang {seconds}                       nothing for so long, then the answer
    reset {}                             the connection is reset
    drip {bytes_per_second}              the answer comes slowly
    endless {}                           an answer that never ends
    html {} · malformed_json {} · wrong_shape {}   200 with something else
    redirect {location}                  302
    latency {median, sigma, share_slow, slow, share_error}   seconds, log-normal; some slow, some 503
    late_rows {seconds}                  about half of the edits become visible up to so much later
    row_lock {share}                     so many of the changes to records meet UNABLE_TO_LOCK_ROW
    no_tracking {}                       SourceMember is no object here
    lost_view_setup {}                   nobody may read limits
    lost_view_all {}                     (DevHub) the integration user sees its own scratch orgs only
    rotate_refresh_tokens {}             (DevHub) every refresh gives a new refresh token, and the old one dies
Those that answer or delay calls take `on`: "api" (default), "login" (the token endpoint) or "both".
"""

import math
import random
from collections.abc import Callable
from typing import Any

from apps.simulator import answers
from apps.simulator.answers import Answer
from apps.simulator.orgs import HUB_DELIVERIES_PER_DAY, SCRATCH_ORG_CALLS_PER_DAY, Options
from apps.simulator.wire import Exchange

_REQUIRED = object()
_CALLS: dict[str, Options] = {
    "unauthorized": {},
    "unavailable": {"retry_after": None},
    "gone": {},
    "hang": {"seconds": 3_600},
    "reset": {},
    "drip": {"bytes_per_second": 20},
    "endless": {},
    "html": {},
    "malformed_json": {},
    "wrong_shape": {},
    "redirect": {"location": "https://redirected.invalid/services/data"},
    "latency": {"median": 1.0, "sigma": 0.5, "share_slow": 0.0, "slow": 10.0, "share_error": 0.0},
}
_STATES: dict[str, Options] = {
    "refresh_refused": {},
    "login_refused": {},
    "quota": {"used": SCRATCH_ORG_CALLS_PER_DAY, "max": SCRATCH_ORG_CALLS_PER_DAY},
    "event_deliveries": {"used": HUB_DELIVERIES_PER_DAY, "max": HUB_DELIVERIES_PER_DAY},
    "late_rows": {"seconds": _REQUIRED},
    "row_lock": {"share": 1.0},
    "no_tracking": {},
    "lost_view_setup": {},
    "lost_view_all": {},
    "rotate_refresh_tokens": {},
}
_HUB_ONLY = {"lost_view_all", "rotate_refresh_tokens"}
_ENDLESS_PIECE = b'{"attributes":{"type":"SourceMember"},"MemberName":"' + b"x" * 16_000 + b'"},'


def check(name: str, options: Options, *, hub: bool) -> Options:
    """The fault's options, complete. ValueError, saying what is wrong, for an unknown name, option or place."""
    defaults = {**_CALLS, **_STATES}.get(name)
    if defaults is None:
        raise ValueError(f"unknown fault {name!r}")
    if name in _HUB_ONLY and not hub:
        raise ValueError(f"{name} is a fault of the hub")
    allowed = dict(defaults) | ({"on": "api"} if name in _CALLS else {})
    unknown = options.keys() - allowed.keys()
    if unknown:
        raise ValueError(f"{name} has no option {sorted(unknown)[0]!r}")
    complete = allowed | options
    missing = [option for option, value in complete.items() if value is _REQUIRED]
    if missing:
        raise ValueError(f"{name} needs the option {missing[0]!r}")
    if complete.get("on", "api") not in ("api", "login", "both"):
        raise ValueError("'on' must be api, login or both")
    return complete


async def interfere(
    faults: dict[str, Options], exchange: Exchange, now: float, *, login: bool, rng: random.Random
) -> Answer | None:
    """Lets the org's faults happen to a call. Gives the answer to send instead of the true one; None to go on. After
    it the client may be gone (`exchange.gone`): then nothing is left to do."""
    active = {name: options for name, options in faults.items() if _applies(options, login)}
    if "hang" in active:
        await exchange.wait(float(active["hang"]["seconds"]))
    if "latency" in active:
        refused = await _latency(active["latency"], exchange, rng)
        if refused is not None:
            return refused
    if exchange.gone:
        return None
    if "reset" in active:
        await exchange.reset()
        return None
    if "endless" in active:
        await _endless(exchange, now)
        return None
    return _instead(active)


def _applies(options: Options, login: bool) -> bool:
    on = options.get("on")
    return on in ("both", "login" if login else "api")


async def _latency(options: Options, exchange: Exchange, rng: random.Random) -> Answer | None:
    seconds = rng.lognormvariate(math.log(float(options["median"])), float(options["sigma"]))
    if rng.random() < float(options["share_slow"]):
        seconds = float(options["slow"])
    refused = rng.random() < float(options["share_error"])
    await exchange.wait(seconds)
    return answers.unavailable().answer() if refused else None


def _instead(active: dict[str, Options]) -> Answer | None:
    """The answers that need no wire."""
    for name, answer in _ANSWERS.items():
        if name in active:
            return answer(active[name])
    return None


def _unavailable(options: Options) -> Answer:
    retry_after = options["retry_after"]
    headers = [] if retry_after is None else [(b"retry-after", str(retry_after).encode())]
    return answers.unavailable(headers).answer()


def _redirect(options: Options) -> Answer:
    return Answer(302, b"", [(b"location", str(options["location"]).encode())])


_ANSWERS: dict[str, Callable[[Options], Answer]] = {
    "gone": lambda _: answers.data_not_available(),
    "unavailable": _unavailable,
    "redirect": _redirect,
    "unauthorized": lambda _: answers.invalid_session().answer(),
    "html": lambda _: answers.html_answer(200, "We are down for maintenance"),
    "malformed_json": lambda _: Answer(200, b'{"totalSize":3,"done":true,"records":[{"attributes":{"type":"Sour'),
    "wrong_shape": lambda _: answers.json_answer({"totalSize": "many", "done": "yes", "records": {"Id": 17}}),
}


async def _endless(exchange: Exchange, now: float) -> None:
    await exchange.start(200, [answers.JSON_TYPE], now)
    await exchange.piece(b'{"totalSize":1,"done":true,"records":[')
    while await exchange.wait(0.001):
        await exchange.piece(_ENDLESS_PIECE)


async def drip(exchange: Exchange, answer: Answer, now: float, bytes_per_second: float) -> None:
    """The answer, a piece at a time; ends when it is all sent or the client has gone."""
    length = answer.length
    await exchange.start(answer.status, [*answer.headers, (b"content-length", b"%d" % length)], now)
    size = max(1, int(bytes_per_second // 10))
    for start in range(0, length, size):
        await exchange.piece(answer.piece(start, size))
        if not await exchange.wait(size / bytes_per_second):
            return
    await exchange.piece(b"", last=True)


def dripping(faults: dict[str, Options], *, login: bool) -> float | None:
    """Bytes per second, if answers drip."""
    options: dict[str, Any] | None = faults.get("drip")
    return float(options["bytes_per_second"]) if options is not None and _applies(options, login) else None
