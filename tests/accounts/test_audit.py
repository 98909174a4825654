"""/api/audit: maintainers read what was done."""

import pytest

from apps.accounts import audit
from apps.accounts.models import Role
from tests.conftest import Cast

URL = "/api/audit"


def test_alice_reads_what_was_done_newest_first(cast: Cast) -> None:
    audit.record(cast.team, actor="alice@example.com", action="key.created", target="LWC", scopes=["read"])
    audit.record(cast.team, actor="bob@example.com", action="org.enrolled", target="spike")

    entries = cast.alice.client.get(URL).json()["entries"]

    assert [(entry["actor"], entry["action"]) for entry in entries] == [
        ("bob@example.com", "org.enrolled"),
        ("alice@example.com", "key.created"),
    ]
    assert entries[1]["data"] == {"scopes": ["read"]}


@pytest.mark.parametrize("wanted", [{"action": "key.created"}, {"actor": "alice@example.com"}])
def test_the_audit_is_filtered(cast: Cast, wanted: dict[str, str]) -> None:
    audit.record(cast.team, actor="alice@example.com", action="key.created")
    audit.record(cast.team, actor="bob@example.com", action="org.enrolled")

    assert [entry["action"] for entry in cast.alice.client.get(URL, wanted).json()["entries"]] == ["key.created"]


def test_charlie_reads_nothing_of_alices_team(cast: Cast) -> None:
    audit.record(cast.team, actor="alice@example.com", action="key.created")

    assert cast.charlie.client.get(URL).json()["entries"] == []


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_below_maintainer_nobody_reads_the_audit(cast: Cast, role: Role) -> None:
    assert cast.as_role(role).client.get(URL).status_code == 403


def test_anonymous_is_asked_who_they_are(cast: Cast) -> None:
    assert cast.anonymous.get(URL).status_code == 401
