"""Long-running jobs: one row each, with progress, log and cancel."""

from django.db import models
from django.db.models.functions import Now

from apps.accounts.models import Team
from apps.core.claims import Claimable


class Operation(Claimable):
    """A job that a worker advances step by step until its handler says it is done (see `apps.operations.running`)."""

    class Status(models.TextChoices):
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    kind = models.CharField(max_length=50)
    arguments = models.JSONField(default=dict)
    started_by = models.CharField(max_length=255)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RUNNING)
    phase = models.CharField(max_length=50, blank=True)
    current = models.IntegerField(default=0)
    total = models.IntegerField(default=0)
    message = models.CharField(max_length=500, blank=True)
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "operations"
        indexes = [
            models.Index(fields=["team", "-id"], name="operations_newest"),
            models.Index(fields=["due_at"], name="operations_due", condition=models.Q(finished_at__isnull=True)),
        ]
        constraints = [
            # A second call while one runs returns the same one.
            models.UniqueConstraint(
                fields=["team", "kind", "arguments"],
                condition=models.Q(finished_at__isnull=True),
                name="operations_one_running",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}: {self.status}"


class OperationLog(models.Model):
    operation = models.ForeignKey(Operation, on_delete=models.CASCADE, related_name="logs")
    at = models.DateTimeField(db_default=Now())
    message = models.CharField(max_length=1000)

    class Meta:
        db_table = "operation_logs"

    def __str__(self) -> str:
        return self.message
