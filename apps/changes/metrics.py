"""What a worker tells Prometheus, on WORKER_METRICS_PORT. What rows tell is on the web's /metrics."""

from prometheus_client import Counter, Histogram

POLLS = Counter("scratcher_polls_total", "Polls that ended, by outcome: ok, stale, or the error's code", ["outcome"])
POLL_SECONDS = Histogram(
    "scratcher_poll_seconds",
    "From the worker's taking the org to its row being written",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 90),
)
CHANGES_STORED = Counter("scratcher_changes_stored_total", "Changes stored")
DETECTION_LAG_SECONDS = Histogram(
    "scratcher_detection_lag_seconds",
    "From Salesforce's LastModifiedDate to the change being stored",
    buckets=(1, 5, 15, 30, 60, 120, 300, 600, 1800, 7200),
)
LATE_ROWS_BEYOND_OVERLAP = Counter(
    "scratcher_late_rows_beyond_overlap_total",
    "Revisions that only the daily read from 0 found: later than LATE_ROWS_SECONDS",
)
