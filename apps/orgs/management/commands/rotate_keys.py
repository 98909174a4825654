from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from apps.core import crypto
from apps.orgs import rotation


class Command(BaseCommand):
    help = (
        "Encrypts every stored secret anew with the first key of ENCRYPTION_KEYS, while everything runs. "
        "Put the new key in front (ENCRYPTION_KEYS=k2:…,k1:…), restart all processes, run this; when no secret is left "
        "under the old key, take it out. May be stopped and started again."
    )

    def handle(self, **_: Any) -> None:
        before = rotation.counts_by_key()
        current = crypto.current_key_id()
        with Progress() as progress:
            bar = progress.add_task("Secrets", total=before.total() - before[current])
            done = rotation.rotate(lambda count: progress.update(bar, advance=count))
        _show(before, rotation.counts_by_key(), current)
        self.stdout.write(f"{done.rotated} encrypted anew with {current}.")
        for why, count in sorted(done.unreadable.items()):
            self.stderr.write(f"{count} could not be read: {why}.")
        if done.unreadable:
            raise CommandError("Put the missing keys back and run this again, or enrol those orgs again.")


def _show(before: dict[str, int], after: dict[str, int], current: str) -> None:
    table = Table("key", "secrets before", "secrets now", "")
    for key_id in sorted({*before, *after, current}):
        if key_id == current:
            note = "encrypts"
        elif after.get(key_id):
            note = "still needed: run this again"
        else:
            note = "may be taken out"
        table.add_row(key_id, str(before.get(key_id, 0)), str(after.get(key_id, 0)), note)
    Console().print(table)
