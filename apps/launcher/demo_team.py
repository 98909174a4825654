"""Fills the demo's empty database: `python -m apps.launcher.demo_team`, a process of its own with the demo's settings.

Takes JSON on stdin: `{"email", "password", "hub": {"username", "client_id", "private_key_file", "login_url"}}`. Answers
on stdout: `{"api_key"}`. So no secret stands in a command line.
"""

import json
import sys
from pathlib import Path
from typing import Any

import django


def make_team(wanted: dict[str, Any]) -> str:
    """A team whose owner is the admin, with the simulated DevHub and an API key for everything; returns the key."""
    from apps.accounts.keys import Scope, create_api_key
    from apps.accounts.models import Membership, Role, Team, User
    from apps.orgs.devhubs import add_dev_hub

    admin = User.objects.create_superuser(wanted["email"], wanted["password"], name="Demo admin")
    team = Team.objects.create(name="Demo", slug="demo")
    Membership.objects.create(team=team, user=admin, role=Role.OWNER)
    hub = wanted["hub"]
    add_dev_hub(
        team=team,
        name="Simulated DevHub",
        login_url=hub["login_url"],
        client_id=hub["client_id"],
        username=hub["username"],
        private_key=Path(hub["private_key_file"]).read_text(),
    )
    return create_api_key(team=team, name="demo", scopes=list(Scope), created_by=admin)[1]


if __name__ == "__main__":
    django.setup()
    json.dump({"api_key": make_team(json.load(sys.stdin))}, sys.stdout)
