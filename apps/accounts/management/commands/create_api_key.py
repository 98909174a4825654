from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from apps.accounts import audit
from apps.accounts.keys import Scope, create_api_key
from apps.accounts.teams import find_team
from apps.core.errors import ScratcherError


class Command(BaseCommand):
    help = "Makes an API key and prints it, this once, alone on standard output."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what or who will use it")
        parser.add_argument("--team", default="", metavar="SLUG", help="may be left out while there is one team")
        parser.add_argument(
            "--scopes", default="read,poll", metavar=",".join(Scope), help="separated by commas (%(default)s)"
        )
        parser.add_argument("--expires-in-days", type=int, default=0, help="0: never")

    def handle(self, *args: Any, name: str, team: str, scopes: str, expires_in_days: int, **options: Any) -> None:
        if expires_in_days < 0:
            raise CommandError("--expires-in-days must not be negative")
        expires_at = datetime.now(UTC) + timedelta(days=expires_in_days) if expires_in_days else None
        wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
        try:
            with transaction.atomic():
                owner = find_team(team)
                row, key = create_api_key(team=owner, name=name, scopes=wanted, expires_at=expires_at)
                audit.record(
                    owner,
                    actor="manage.py create_api_key",
                    action="key.created",
                    target=str(row),
                    scopes=row.scopes,
                )
        except ScratcherError as error:
            raise CommandError(str(error)) from None
        self.stderr.write(f"{name}, team {owner.slug}, may {', '.join(row.scopes)}. It is not shown again:")
        self.stdout.write(key)
