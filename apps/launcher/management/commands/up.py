import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.launcher.errors import LauncherError
from apps.launcher.up import up


class Command(BaseCommand):
    help = (
        "Runs all of Scratcher until Ctrl-C: web, workers, beat and Flower, with PostgreSQL and Valkey of its own "
        "unless DATABASE_URL and REDIS_URL are set."
    )
    requires_system_checks: list[str] = []  # they need the database, which this command starts

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        try:
            up(settings.DATA_DIR.resolve(), port)
        except LauncherError as error:
            raise CommandError(str(error)) from None
