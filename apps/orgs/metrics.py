"""What the rows tell Prometheus, read at each scrape. What a worker did is on its own WORKER_METRICS_PORT."""

from collections.abc import Iterable

from django.db import connection
from django.db.models import Count
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily

from apps.orgs import health
from apps.orgs.models import ScratchOrg

# One pass over the orgs; the changes are counted as they are stored, never here.
_SUMS = """
    SELECT coalesce(extract(epoch FROM now() - min(o.next_poll_at)
               FILTER (WHERE o.watched AND h.active AND o.next_poll_at <= now()
                   AND NOT (o.lease_taken AND o.lease_until >= now()))), 0)::float8,
           coalesce(sum(o.changes_total), 0)::float8,
           coalesce(extract(epoch FROM now() - min(o.last_attempted_at)
               FILTER (WHERE o.watched AND h.active)), 0)::float8
    FROM scratch_orgs o JOIN dev_hubs h ON h.id = o.dev_hub_id"""


def text() -> bytes:
    """Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Rows())
    return generate_latest(registry)


class _Rows:
    def collect(self) -> Iterable[Metric]:
        counted = dict(ScratchOrg.objects.order_by().values_list(health.HEALTH.copy()).annotate(Count("pk")))
        orgs = GaugeMetricFamily("scratcher_orgs", "Scratch orgs by health", labels=["health"])
        for name in health.ALL:
            orgs.add_metric([name], counted.get(name, 0))
        yield orgs
        active = sum(counted.values()) - counted.get(health.ENDED, 0)
        yield GaugeMetricFamily("scratcher_orgs_active", "Orgs that are neither deleted nor expired", active)
        yield GaugeMetricFamily(
            "scratcher_orgs_watched", "Active orgs whose last poll succeeded", counted.get(health.OK, 0)
        )
        with connection.cursor() as cursor:
            cursor.execute(_SUMS)
            oldest_due, changes, longest_ago = cursor.fetchone()
        yield GaugeMetricFamily(
            "scratcher_oldest_due_poll_seconds", "Age of the oldest due poll that nobody has taken", oldest_due
        )
        yield GaugeMetricFamily(
            "scratcher_longest_unpolled_seconds", "Since the watched org that was left longest was tried", longest_ago
        )
        yield GaugeMetricFamily(
            "scratcher_changes_known", "Changes stored since the beginning, of the orgs that stand", changes
        )
