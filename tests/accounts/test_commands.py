"""manage.py create_team and create_api_key."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import ApiKey, AuditEntry, Membership, Role, Team
from tests.conftest import Cast


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*arguments, stdout=out, stderr=err)
    return out.getvalue().strip(), err.getvalue()


def test_create_team_makes_a_team_with_its_owner(db: None) -> None:
    slug, _ = run("create_team", "Cloud Team", "--owner", "Dora@example.com")

    member = Membership.objects.get(team__slug=slug)
    assert (slug, member.user.email, member.role) == ("cloud-team", "dora@example.com", Role.OWNER)
    assert not member.user.has_usable_password()


def test_a_team_is_not_made_twice(db: None) -> None:
    run("create_team", "Cloud Team", "--owner", "dora@example.com")
    with pytest.raises(CommandError, match="already"):
        run("create_team", "Cloud Team", "--owner", "dora@example.com")
    assert Team.objects.count() == 1


def test_create_api_key_prints_a_key_that_opens(cast: Cast) -> None:
    key, said = run("create_api_key", "LWC", "--team", cast.team.slug, "--scopes", "read", "--expires-in-days", "30")

    assert cast.anonymous.get("/api/members", headers={"X-API-Key": key}).status_code == 200
    assert key not in said
    assert ApiKey.objects.get().expires_at is not None
    assert AuditEntry.objects.get(action="key.created").team == cast.team


def test_with_several_teams_one_must_be_named(cast: Cast) -> None:
    with pytest.raises(CommandError, match="several teams"):
        run("create_api_key", "LWC")
    with pytest.raises(CommandError, match="no team nowhere"):
        run("create_api_key", "LWC", "--team", "nowhere")


def test_an_unknown_scope_makes_no_key(cast: Cast) -> None:
    with pytest.raises(CommandError, match="unknown scope"):
        run("create_api_key", "LWC", "--team", cast.team.slug, "--scopes", "read,everything")
    assert not ApiKey.objects.exists()
