from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.changes.pruning import prune


class Command(BaseCommand):
    help = (
        "Deletes changes older than RETENTION_DAYS (0 keeps all) and events older than a week. "
        "The hourly task does the same."
    )

    def handle(self, **_: Any) -> None:
        gone = prune()
        kept = (
            f"changes older than {settings.RETENTION_DAYS} days"
            if settings.RETENTION_DAYS
            else "no changes: RETENTION_DAYS is 0"
        )
        self.stdout.write(f"{gone} rows deleted ({kept}; events older than {settings.EVENT_RETENTION_DAYS} days).")
