"""A DevHub's pages are told of changes as they come, by platform events published in the DevHub.

    listening.listen   a delivery row for each event of ours, as it is dispatched
    claim_due          wakes the channels of DevHubs for which something waits; one message each
    publish            take the channel → coalesce what waits by org → what the DevHub has left (network, now and
                       then) → publish (network) → store

An event is a nudge: whoever hears it reads the feed on from a position of its own. So a lost or doubled one does no
harm, one that is late is dropped, and where there are too many the last one of the minute stands for all.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from apps.core import claims
from apps.core.errors import ScratcherError
from apps.orgs import access
from apps.orgs.models import DevHub
from apps.platform_events import allowance, deliveries
from apps.platform_events.deliveries import Nudge
from apps.platform_events.models import Channel
from apps.salesforce.errors import SalesforceError
from apps.salesforce.records import Limit

EVENT = "Scratcher_Change__e"
DELIVERIES = "DailyDeliveredPlatformEvents"
CHANNELS_PER_TICK = 20
LIMITS_SECONDS = 15
PUBLISH_SECONDS = 30
LEASE_SECONDS = LIMITS_SECONDS + PUBLISH_SECONDS + 30
LIMITS_STAY = timedelta(minutes=10)  # Salesforce tells them to within five
LIMITS_STAY_EVENTS = 20
RETRY_SECONDS = 30  # about so long after the first failure; the pauses grow

# In the order of the hubs, so that two ticks never wait for one another crosswise.
_WAKE = """
    INSERT INTO platform_event_channels (dev_hub_id)
    SELECT DISTINCT dev_hub_id FROM platform_event_deliveries WHERE outcome = 'waiting' ORDER BY dev_hub_id
    ON CONFLICT (dev_hub_id) DO UPDATE SET due_at = now() WHERE platform_event_channels.due_at IS NULL"""

log = structlog.get_logger(__name__)


class Unexpected(ScratcherError):
    """A fault of ours, or an answer that nobody thought of; the traceback is in the log."""

    code = "unexpected"


@dataclass
class Turn:
    """A worker's turn with a channel."""

    channel: Channel
    hub: DevHub
    began_at: datetime  # the database's time
    began: float = field(default_factory=time.monotonic)
    attempts: int = 0
    sent: list[Nudge] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def claim_due() -> list[tuple[int, str]]:
    """Leases the channels that are due; (id, lease token) of each."""
    if not settings.PLATFORM_EVENTS_PER_MINUTE:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WAKE)
    return claims.claim_due(Channel, CHANNELS_PER_TICK)


def publish(channel_id: int, lease_token: str) -> None:
    """Afterwards the DevHub has been told what waits, or the channel's row says why not, and when it will be.

    A message that came twice or late finds nothing to do. Expected errors end on the channel's row; the unexpected
    ones do too, and are raised again.
    """
    turn = _take(channel_id, lease_token)
    if turn is None:
        return
    try:
        due_at = _publish(turn)
    except (SalesforceError, ScratcherError) as error:
        _fail(turn, error)
        log.info("publishing_failed", dev_hub=turn.hub.org_id, code=error.code, error=str(error), ms=_ms(turn))
    except Exception:
        _fail(turn, Unexpected("something unexpected happened; the log of the worker has it"))
        raise
    else:
        _finish(turn, due_at)
        log.info("publishing_finished", dev_hub=turn.hub.org_id, events=len(turn.sent), ms=_ms(turn))


def _take(channel_id: int, lease_token: str) -> Turn | None:
    channel = claims.take(Channel, channel_id, lease_token, LEASE_SECONDS)
    if channel is None:
        return None
    until = cast("datetime", channel.lease_until)  # just written
    return Turn(channel, channel.dev_hub, until - timedelta(seconds=LEASE_SECONDS))


def _publish(turn: Turn) -> datetime | None:
    """Sends what may be sent; when the next is due, None: when something new waits."""
    hub, attempted_at, most = turn.hub, turn.channel.attempted_at, settings.PLATFORM_EVENTS_PER_MINUTE
    if hub.active and most:
        deliveries.drop_old(hub)
    else:
        deliveries.drop_all(hub)
    nudges = deliveries.waiting(hub)
    if not nudges:
        return None
    period = allowance.period(max(allowance.calls_share(hub), _deliveries_share(turn)))
    left = allowance.left(attempted_at, turn.began_at, most, period)
    if not left:
        return allowance.again_at(attempted_at, most, period)
    nudges = deliveries.within(nudges, left)
    if _count(turn, len(nudges)):
        _send(turn, nudges)
    return None


def _deliveries_share(turn: Turn) -> float:
    """As the DevHub told of late, whoever used them: each event counts once for every page that hears it."""
    channel = turn.channel
    is_old = channel.deliveries_read_at is None or channel.deliveries_read_at < turn.began_at - LIMITS_STAY
    if is_old or channel.sent_since_read >= LIMITS_STAY_EVENTS:
        limit = _read_deliveries(turn)
        channel.deliveries_used = limit.max - limit.remaining if limit else None
        channel.deliveries_max = limit.max if limit else None
        channel.deliveries_read_at, channel.sent_since_read = turn.began_at, 0
        fields = ("deliveries_used", "deliveries_max", "deliveries_read_at", "sent_since_read")
        ours = Channel.objects.filter(pk=channel.pk, lease_token=channel.lease_token)
        ours.update(**{name: getattr(channel, name) for name in fields})
    return allowance.deliveries_share(channel)


def _read_deliveries(turn: Turn) -> Limit | None:
    """None where it cannot be told, for instance because the user lacks View Setup and Configuration: then nobody
    counts, and what keeps all calls from working is told by the one that publishes."""
    try:
        return access.hub_client(turn.hub, LIMITS_SECONDS).limits().get(DELIVERIES)
    except SalesforceError as error:
        log.info("deliveries_unknown", dev_hub=turn.hub.org_id, code=error.code, error=str(error))
        return None


def _count(turn: Turn, events: int) -> bool:
    """Counts them before the network, at the latest moment at which they can be sent: a killed worker's count, too.
    False if the channel is somebody else's by now."""
    latest = turn.began_at + timedelta(seconds=LIMITS_SECONDS + PUBLISH_SECONDS)
    counted = [*allowance.recent(turn.channel.attempted_at, turn.began_at), *[latest] * events]
    ours = Channel.objects.filter(pk=turn.channel.pk, lease_token=turn.channel.lease_token)
    return ours.update(attempted_at=counted) == 1


def _send(turn: Turn, nudges: list[Nudge]) -> None:
    client = access.hub_client(turn.hub, PUBLISH_SECONDS)  # the database connection is back in the pool
    for nudge in nudges:
        turn.attempts += 1
        client.publish(EVENT, nudge.fields(turn.hub))
        turn.sent.append(nudge)
    if usage := client.usage:
        DevHub.objects.filter(pk=turn.hub.pk).update(api_used=usage.used, api_max=usage.max)


def _finish(turn: Turn, due_at: datetime | None) -> None:
    news = {"consecutive_failures": 0, "last_error_code": "", "last_error": ""} if turn.sent else {}
    _end(turn, due_at=due_at, **news)


def _fail(turn: Turn, error: SalesforceError | ScratcherError) -> None:
    """What was not sent waits for the next try: after a growing pause, or when Salesforce said (Retry-After)."""
    asked: int | None = getattr(error, "retry_after_seconds", None)
    wait = asked or claims.backoff_seconds(RETRY_SECONDS, turn.channel.consecutive_failures)
    _end(
        turn,
        due_at=Now() + timedelta(seconds=wait),
        consecutive_failures=F("consecutive_failures") + 1,
        last_error_code=error.code,
        last_error=str(error)[:500],
    )


def _end(turn: Turn, **values: Any) -> None:
    now = turn.began_at + timedelta(seconds=turn.seconds)
    attempted_at = allowance.recent(turn.channel.attempted_at, now) + [now] * turn.attempts
    if turn.sent:
        values |= {"last_published_at": Now(), "sent_since_read": F("sent_since_read") + len(turn.sent)}
    with transaction.atomic():
        deliveries.mark_sent(turn.sent)
        claims.finish(turn.channel, attempted_at=attempted_at, **values)


def _ms(turn: Turn) -> int:
    return round(turn.seconds * 1000)
