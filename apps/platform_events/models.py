"""What is to be told to a DevHub's pages, and how the telling stands."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from apps.core.claims import Claimable
from apps.orgs.models import DevHub


class Channel(Claimable):
    """A DevHub that is told of changes. `due_at`: when it is told next what waits; null while nothing waits."""

    dev_hub = models.OneToOneField(DevHub, on_delete=models.CASCADE, related_name="+", verbose_name="DevHub")
    # When events were sent of late, whether they arrived or not: what PLATFORM_EVENTS_PER_MINUTE counts.
    attempted_at = ArrayField(models.DateTimeField(), default=list, db_default=[])
    # What the DevHub said of its event deliveries of the last 24 hours, to all who listen there; null: it did not.
    deliveries_used = models.IntegerField(null=True)
    deliveries_max = models.IntegerField(null=True)
    deliveries_read_at = models.DateTimeField(null=True)
    sent_since_read = models.IntegerField(default=0, db_default=0)
    last_published_at = models.DateTimeField(null=True)
    consecutive_failures = models.IntegerField(default=0, db_default=0)
    last_error_code = models.CharField(max_length=50, blank=True, db_default="")
    last_error = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        db_table = "platform_event_channels"
        verbose_name = "platform event channel"

    def __str__(self) -> str:
        return str(self.dev_hub)


class Delivery(models.Model):
    """One event of ours that a DevHub is to be told of, with others in one platform event if need be."""

    class Outcome(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        DROPPED = "dropped"  # too old to be of use

    event_id = models.BigIntegerField()  # of `events`, whose rows go after a week
    dev_hub = models.ForeignKey(DevHub, on_delete=models.CASCADE, related_name="+")
    org_id = models.CharField(max_length=18)
    change_count = models.IntegerField()
    feed_from = models.BigIntegerField()
    feed_to = models.BigIntegerField()
    happened_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.WAITING)

    class Meta:
        db_table = "platform_event_deliveries"
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event_id", "dev_hub"], name="platform_event_deliveries_once"),
        ]
        indexes = [
            models.Index(fields=["dev_hub"], name="platform_events_waiting", condition=models.Q(outcome="waiting")),
            models.Index(fields=["happened_at"], name="platform_events_happened"),
        ]

    def __str__(self) -> str:
        return f"{self.change_count} changes in {self.org_id}"
