"""The outbox: what happened, written in the transaction in which it happened."""

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One thing that happened, with all that a listener needs: listeners know no feature. See `apps.core.events`."""

    team_id = models.BigIntegerField()
    kind = models.CharField(max_length=50)
    title = models.CharField(max_length=255)
    link = models.CharField(max_length=255, blank=True)
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    dispatched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "events"
        indexes = [
            models.Index(fields=["id"], name="events_undispatched", condition=models.Q(dispatched_at__isnull=True)),
            models.Index(fields=["created_at"], name="events_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.title}"
