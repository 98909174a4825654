"""How many events may be sent now: so many a minute, and fewer where the DevHub's daily API calls or event
deliveries run short."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from apps.core.errors import ScratcherError
from apps.orgs.enrolment import HOURLY_SHARE
from apps.orgs.models import DevHub
from apps.platform_events.models import Channel

MINUTE_SECONDS = 60
LONGEST_PERIOD = timedelta(seconds=4 * MINUTE_SECONDS)


class RunsShort(ScratcherError):
    """What is left is for people and pipelines. It is looked at again soon."""

    retry_after_seconds = MINUTE_SECONDS
    sentence: str


class CallsRunShort(RunsShort):
    code = "api_calls_run_short"
    sentence = (
        "The DevHub has used {share:.0%} of its API calls of the last 24 hours, so no platform events are published. "
        "They go on when it has more again."
    )


class DeliveriesRunShort(RunsShort):
    code = "event_deliveries_run_short"
    sentence = (
        "The DevHub has used {share:.0%} of its event deliveries of the last 24 hours, so no platform events are "
        "published. They go on when it has more again."
    )


def calls_share(hub: DevHub) -> float:
    """Raises CallsRunShort from 95 % on."""
    return _share(hub.api_used, hub.api_max, CallsRunShort)


def deliveries_share(channel: Channel) -> float:
    """Raises DeliveriesRunShort from 95 % on."""
    return _share(channel.deliveries_used, channel.deliveries_max, DeliveriesRunShort)


def _share(used: int | None, most: int | None, short: type[RunsShort]) -> float:
    """0 where it is not known."""
    share = used / most if used and most else 0.0
    if share >= HOURLY_SHARE:
        raise short(short.sentence.format(share=share))
    return share


def period(share: float) -> timedelta:
    """In which the events of one minute may be sent: from 80 % of an allocation on two minutes, from 90 % on four."""
    factor = 4 if share >= 0.90 else 2 if share >= 0.80 else 1
    return timedelta(seconds=factor * MINUTE_SECONDS)


def left(attempted_at: Sequence[datetime], now: datetime, most: int, period: timedelta) -> int:
    """How many of `most` in any `period` may be sent now."""
    return max(0, most - sum(moment > now - period for moment in attempted_at))


def again_at(attempted_at: Sequence[datetime], most: int, period: timedelta) -> datetime:
    """When the next one may be sent, if none is left now."""
    return sorted(attempted_at)[-most] + period


def recent(attempted_at: Sequence[datetime], now: datetime) -> list[datetime]:
    """Those that may still count."""
    return [moment for moment in attempted_at if moment > now - LONGEST_PERIOD]
