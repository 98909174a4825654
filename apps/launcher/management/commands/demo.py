import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.launcher.demo import demo
from apps.launcher.errors import LauncherError


class Command(BaseCommand):
    help = (
        "Runs all of Scratcher against a simulated DevHub until Ctrl-C, with a database of its own that each start "
        "makes anew. Made-up people edit at a set rate, or a real project's history is replayed."
    )
    requires_system_checks: list[str] = []  # they need the database, which this command starts

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orgs", type=int, default=24, help="scratch orgs (24)")
        parser.add_argument("--replay", type=Path, metavar="FILE", help="a project's history, one edit a line")
        parser.add_argument("--speed", type=float, help="how many times faster than it happened it is replayed (2000)")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))

    def handle(
        self, *args: Any, orgs: int, replay: Path | None, speed: float | None, port: int, **options: Any
    ) -> None:
        flags = ["--orgs", str(orgs)]
        if replay is not None:
            if not replay.is_file():
                raise CommandError(f"There is no file {replay}")
            flags += ["--scenario", "replay", "--replay", str(replay.resolve())]
        if speed is not None:
            flags += ["--speed", str(speed)]
        try:
            demo(settings.DATA_DIR.resolve(), port, flags)
        except LauncherError as error:
            raise CommandError(str(error)) from None
