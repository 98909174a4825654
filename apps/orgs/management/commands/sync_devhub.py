from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from apps.orgs import syncing
from apps.orgs.coverage import coverage
from apps.orgs.models import DevHub


class Command(BaseCommand):
    help = (
        "Reads the scratch orgs of one DevHub, or of all, now and in this process: no worker is needed. "
        "Prints what was found, or why it failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dev_hub", nargs="?", default="", help="its org id or name; all of them if left out")

    def handle(self, *, dev_hub: str, **_: Any) -> None:
        hubs = DevHub.objects.filter(active=True).select_related("team").order_by("pk")
        if dev_hub:
            hubs = hubs.filter(Q(org_id__startswith=dev_hub[:15]) if dev_hub.startswith("00D") else Q(name=dev_hub))
        chosen = list(hubs)
        if not chosen:
            raise CommandError("There is no such DevHub; manage.py doctor lists them, manage.py add_devhub adds one.")
        failed = [hub.name for hub in chosen if not self._sync(hub)]
        if failed:
            raise CommandError(f"Not read: {', '.join(failed)}. manage.py doctor says more.")

    def _sync(self, hub: DevHub) -> bool:
        syncing.sync_here(hub)
        if hub.consecutive_failures:
            self.stderr.write(f"{hub.name}: {hub.last_error}")
            return False
        self.stdout.write(f"{hub.name}: {coverage(hub.team, hub).summary}")
        return True
