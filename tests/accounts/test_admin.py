"""People, teams, API keys and the audit in the admin."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts import audit
from apps.accounts.models import ApiKey, AuditEntry, Membership, Team, User
from tests.conftest import Cast


@pytest.fixture
def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "a password"))
    return client


def test_a_user_is_added_by_e_mail_in_lower_case(admin: Client) -> None:
    given = {
        "email": "Dora@Example.com",
        "usable_password": "true",
        "password1": "a long pass phrase",
        "password2": "a long pass phrase",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    answer = admin.post(reverse("admin:accounts_user_add"), given)
    assert answer.status_code == 302
    dora = User.objects.get(email="dora@example.com")
    assert dora.check_password("a long pass phrase")
    assert not dora.is_staff
    assert admin.get(reverse("admin:accounts_user_change", args=[dora.pk])).status_code == 200


def test_an_address_stands_once_in_any_case(cast: Cast, admin: Client) -> None:
    given = {
        "email": "ALICE@example.com",
        "usable_password": "false",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    answer = admin.post(reverse("admin:accounts_user_add"), given)
    assert answer.status_code == 200
    assert User.objects.filter(email__iexact="alice@example.com").count() == 1


def test_a_team_shows_its_members_and_is_not_deleted(cast: Cast, admin: Client) -> None:
    page = admin.get(reverse("admin:accounts_team_change", args=[cast.team.pk]))
    assert "alice@example.com" in page.content.decode()
    assert admin.post(reverse("admin:accounts_team_delete", args=[cast.team.pk])).status_code == 403
    assert Team.objects.filter(pk=cast.team.pk).exists()


def test_a_membership_is_added_on_the_teams_page(cast: Cast, admin: Client) -> None:
    dora = User.objects.create_user("dora@example.com")
    members = cast.team.memberships.order_by("pk")
    given = {"name": cast.team.name, "slug": cast.team.slug, "noise_rules": ""}
    given |= {"memberships-TOTAL_FORMS": "3", "memberships-INITIAL_FORMS": "2"}
    for number, member in enumerate([*members, Membership(user=dora, role="developer")]):
        given |= {
            f"memberships-{number}-id": str(member.pk or ""),
            f"memberships-{number}-team": str(cast.team.pk),
            f"memberships-{number}-user": str(member.user_id),
            f"memberships-{number}-role": member.role,
        }
    assert admin.post(reverse("admin:accounts_team_change", args=[cast.team.pk]), given).status_code == 302
    assert dora.memberships.get().role == "developer"


def test_an_edit_of_a_team_does_not_set_its_feed_back(cast: Cast, admin: Client) -> None:
    given = {"name": cast.team.name, "slug": cast.team.slug, "noise_rules": "Profile:Admin"}
    given |= {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    with CaptureQueriesContext(connection) as queries:
        assert admin.post(reverse("admin:accounts_team_change", args=[cast.team.pk]), given).status_code == 302
    assert Team.objects.get(pk=cast.team.pk).noise_rules == "Profile:Admin"
    assert not [q["sql"] for q in queries if q["sql"].startswith("UPDATE") and "feed_position" in q["sql"]]


def test_a_key_is_shown_once(cast: Cast, admin: Client) -> None:
    given = {"team": cast.team.pk, "name": "LWC", "scopes": ["read", "poll"]}
    page = admin.post(reverse("admin:accounts_apikey_add"), given)
    [key] = set(re.findall(r"scr_\w{8}_[\w-]{43}", page.content.decode()))
    assert "no-store" in page.headers["Cache-Control"]
    row = ApiKey.objects.get()
    assert (row.name, row.scopes, row.created_by) == (
        "LWC",
        ["poll", "read"],
        User.objects.get(email="root@example.com"),
    )
    assert AuditEntry.objects.get().action == "key.created"
    assert key not in str(admin.cookies)
    for url in (
        reverse("admin:accounts_apikey_changelist"),
        reverse("admin:accounts_apikey_change", args=[row.pk]),
        reverse("admin:index"),
    ):
        shown = admin.get(url).content.decode()
        assert key not in shown
        assert bytes(row.digest).hex() not in shown


def test_a_key_is_revoked(cast: Cast, admin: Client) -> None:
    client = cast.alice.key_client
    key = ApiKey.objects.get()
    assert client.get("/api/keys").status_code == 200
    chosen = {"action": "revoke", "_selected_action": [key.pk]}
    assert admin.post(reverse("admin:accounts_apikey_changelist"), chosen).status_code == 302
    assert client.get("/api/keys").status_code == 401


def test_the_audit_is_only_read(cast: Cast, admin: Client) -> None:
    audit.record(cast.team, actor="alice@example.com", action="key.created", target="LWC")
    entry = AuditEntry.objects.get()
    assert "key.created" in admin.get(reverse("admin:accounts_auditentry_changelist")).content.decode()
    url = reverse("admin:accounts_auditentry_change", args=[entry.pk])
    assert admin.get(url).status_code == 200
    assert admin.post(url, {"actor": "mallory"}).status_code == 403
    assert admin.post(reverse("admin:accounts_auditentry_delete", args=[entry.pk])).status_code == 403
    assert admin.get(reverse("admin:accounts_auditentry_add")).status_code == 403
