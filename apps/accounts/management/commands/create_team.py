from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.accounts.teams import create_team
from apps.core.errors import ScratcherError


class Command(BaseCommand):
    help = "Makes a team and its first owner (`changepassword` lets them sign in)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--owner", required=True, metavar="EMAIL")

    def handle(self, *args: Any, name: str, owner: str, **options: Any) -> None:
        try:
            team = create_team(name, owner_email=owner, actor="manage.py create_team")
        except ScratcherError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(team.slug)
