import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.accounts.models import Team
from apps.accounts.teams import find_team
from apps.changes.manual import start_poll
from apps.core import queue
from apps.core.errors import ScratcherError
from apps.operations.models import Operation
from apps.orgs.models import ScratchOrg


class Command(BaseCommand):
    help = (
        "Polls one scratch org, or all of a team's, now, and shows how far it is. The same operation as "
        "POST /api/poll: the workers do the polling, so some must be running. Ctrl-C stops watching, not the polling."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "org", nargs="?", help="an org id (15 or 18 characters), username or alias; all orgs if left out"
        )
        parser.add_argument("--team", default="", help="the team's slug; needed when there is more than one")

    def handle(self, *, org: str | None, team: str, **_: Any) -> None:
        if not queue.workers_alive():
            raise CommandError("No worker is alive: start one with `manage.py up`, or look at its log.")
        try:
            row = find_team(team)
        except ScratcherError as error:
            raise CommandError(str(error)) from None
        operation = start_poll(row, _find_org(row, org) if org else None, started_by="manage.py poll")
        try:
            _follow(operation)
        except KeyboardInterrupt:
            self.stdout.write(f"\nThe polling goes on as operation {operation.pk}.")
            return
        self.stdout.write(operation.message)
        if operation.status != Operation.Status.SUCCEEDED:
            raise CommandError(f"operation {operation.pk} ended as {operation.status}")


def _find_org(team: Team, name: str) -> ScratchOrg:
    orgs = ScratchOrg.objects.filter(team=team)
    if len(name) in (15, 18) and name.startswith("00D"):
        orgs = orgs.filter(org_id__startswith=name[:15])
    else:
        orgs = orgs.filter(username=name) | orgs.filter(alias=name)
    org = orgs.order_by("-id").first()
    if org is None:
        raise CommandError(f"{team} has no org {name}; give its id, username or alias.")
    if not org.watched:
        raise CommandError(
            f"{name} is not watched: {org.get_unwatched_reason_display() or 'it waits for the next sync'}."
        )
    return org


def _follow(operation: Operation) -> None:
    columns = (TextColumn("Polling"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress:
        bar = progress.add_task("", total=operation.total or None)
        while operation.finished_at is None:
            time.sleep(0.3)
            operation.refresh_from_db()
            progress.update(bar, completed=operation.current)
