import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import audit
from apps.accounts.models import Team
from apps.accounts.teams import find_team
from apps.core.errors import ScratcherError
from apps.orgs.devhubs import add_dev_hub, update_credentials
from apps.orgs.models import DevHub

EXAMPLE = """
What is needed, all in the DevHub's Setup:
  1. a connected app with “Use digital signatures” and the certificate of the private key, with the scopes
     “api” and “refresh_token”, and permitted users “Admin approved users are pre-authorized”;
  2. a user with that app, API access, and View All on Scratch Org Infos and Active Scratch Orgs.
Scratch orgs made after `sf org login jwt` with the same app are watched from the start; others need enrolment.

  manage.py add_devhub --username scratcher@acme.com --client-id 3MVG9… --private-key-file server.key
  cat server.key | manage.py add_devhub --username … --client-id … --private-key-file -
  manage.py add_devhub --update 00D… --private-key-file new.key
"""


class Command(BaseCommand):
    help = (
        "Adds a DevHub, after a login by JWT bearer has worked, or gives one other credentials (--update).\n"
        "Says what is wrong and stores nothing otherwise. The key is read from a file or from standard input."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = EXAMPLE
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="", help="the integration user, e.g. scratcher@acme.com")
        parser.add_argument("--client-id", default="", help="the connected app's consumer key")
        parser.add_argument("--private-key-file", default="", metavar="PATH", help="PEM; - reads standard input")
        parser.add_argument(
            "--login-url",
            default="",
            help="the DevHub's My Domain address, or https://login.salesforce.com (the default)",
        )
        parser.add_argument("--name", default="", help="how to call it; the org's own name if left out")
        parser.add_argument(
            "--team", default="", help="the team's slug; needed when there are several. Without any, one is made"
        )
        parser.add_argument("--update", default="", metavar="ORG_ID", help="the DevHub that gets other credentials")

    def handle(self, *, team: str, update: str, private_key_file: str, name: str, **given: Any) -> None:
        credentials = {
            "login_url": given["login_url"],
            "client_id": given["client_id"],
            "username": given["username"],
            "private_key": _read(private_key_file),
        }
        try:
            hub = _update(team, update, credentials) if update else _add(team, name, credentials)
        except ScratcherError as error:
            raise CommandError(str(error)) from error
        deed = "dev_hub.credentials_changed" if update else "dev_hub.added"
        audit.record(hub.team, actor="manage.py add_devhub", action=deed, target=f"{hub.name} ({hub.org_id})")
        self.stdout.write(self.style.SUCCESS(f"{hub.name} ({hub.org_id}) of team {hub.team} works."))
        if hub.can_view_all is False:
            self.stdout.write(
                "Its user lacks View All on Scratch Org Infos and Active Scratch Orgs, "
                "so other people's orgs may be missing."
            )
        self.stdout.write("Its scratch orgs are found within seconds while workers run, or with manage.py sync_devhub.")


def _read(path: str) -> str:
    if not path:
        return ""
    try:
        return sys.stdin.read() if path == "-" else Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The private key could not be read from {path}: {error}") from None


def _add(team: str, name: str, credentials: dict[str, str]) -> DevHub:
    missing = [f"--{key.replace('_', '-')}" for key in ("username", "client_id") if not credentials[key]]
    if not credentials["private_key"]:
        missing.append("--private-key-file")
    if missing:
        raise CommandError(f"Give {', '.join(missing)}; see --help for an example.")
    credentials["login_url"] = credentials["login_url"] or "https://login.salesforce.com"
    if Team.objects.exists():
        return add_dev_hub(team=find_team(team), name=name, **credentials)
    first = Team.objects.create(name=team or "Main", slug=team or "main")
    try:
        return add_dev_hub(team=first, name=name, **credentials)
    except ScratcherError:
        first.delete()
        raise


def _update(team: str, org_id: str, credentials: dict[str, str]) -> DevHub:
    hubs = DevHub.objects.filter(org_id__startswith=org_id[:15])
    if team:
        hubs = hubs.filter(team__slug=team)
    chosen = list(hubs) if len(org_id) >= 15 else []
    if len(chosen) > 1:
        raise CommandError("Several teams have this DevHub: name one with --team.")
    if not chosen:
        raise CommandError(f"There is no DevHub {org_id}; manage.py doctor lists them.")
    return update_credentials(chosen[0], **credentials)
