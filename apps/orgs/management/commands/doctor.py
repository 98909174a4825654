from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from apps.orgs import checkup
from apps.orgs.checkup import Finding

MARKS = {checkup.GOOD: ("ok", "green"), checkup.ODD: ("look", "yellow"), checkup.BAD: ("bad", "red")}


class Command(BaseCommand):
    help = (
        "Checks what watching needs: workers, encryption keys, the login to each DevHub, View All, and which orgs our "
        "connected app can enter. Says the next step for whatever is wrong; exit code 1 if something is bad."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="list every org that is not watched, not only 20")

    def handle(self, *, all: bool, **_: Any) -> None:
        console = Console()
        findings = checkup.whole()
        console.print(_table("Scratcher", findings))
        for team, summary, orgs in checkup.orgs_by_team():
            console.print(_table(f"{team}: {summary}", orgs if all else orgs[:20]))
            if len(orgs) > 20 and not all:
                console.print(f"… and {len(orgs) - 20} more (--all)")
        if any(finding.mark == checkup.BAD for finding in findings):
            raise CommandError("Something is bad: the table says what to do.")


def _table(title: str, findings: list[Finding]) -> Table:
    table = Table("", "what", "how it stands", "next step", title=title, title_justify="left", expand=True)
    for finding in findings:
        word, colour = MARKS[finding.mark]
        # Text, not markup: an org may be called "[bold]".
        table.add_row(Text(word, style=colour), Text(finding.what), Text(finding.how), Text(finding.next_step))
    return table
