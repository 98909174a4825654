"""The admin as a superuser sees it: what stands, what can be done, and never a secret."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from apps.accounts.models import AuditEntry, User
from apps.orgs import access
from apps.orgs.models import DevHub, ScratchOrg
from tests.conftest import Cast
from tests.factories import ScratchOrgFactory
from tests.simulators import Simulator
from tests.watching import Watch

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(cast: Cast) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "a password"))
    return client


def act(admin: Client, model: str, action: str, *rows: Any) -> None:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    assert admin.post(reverse(f"admin:orgs_{model}_changelist"), chosen).status_code == 302


def filled(simulator: Simulator, watch_team: Any, **other: str) -> dict[str, str]:
    return {
        "team": watch_team.pk,
        "username": simulator.hub.username,
        "client_id": simulator.hub.client_id,
        "login_url": simulator.hub.login_url,
        "private_key": simulator.hub.private_key,
    } | other


def test_orgs_show_health_last_error_and_next_poll(watch: Watch, admin: Client) -> None:
    watch.sync()
    watch.sweep()
    page = admin.get(reverse("admin:orgs_scratchorg_changelist")).content.decode()
    assert "has no source tracking" in page
    assert "PlatformCLI" in page
    for word, count in (("ok", 22), ("failing", 1), ("unwatched", 1), ("ended", 0)):
        listed = admin.get(reverse("admin:orgs_scratchorg_changelist"), {"health": word})
        assert listed.context["cl"].result_count == count


def test_the_list_of_orgs_takes_the_same_few_queries_however_long_it_is(
    admin: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    first = ScratchOrgFactory()
    for _ in range(60):
        ScratchOrgFactory(dev_hub=first.dev_hub)
    with django_assert_max_num_queries(16):
        page = admin.get(reverse("admin:orgs_scratchorg_changelist"))
    assert page.context["cl"].full_result_count is None


def test_poll_now_skips_the_backoff(watch: Watch, admin: Client) -> None:
    watch.sync()
    org = ScratchOrg.objects.filter(watched=True).order_by("pk")[0]
    ScratchOrg.objects.update(next_poll_at="2100-01-01T00:00:00Z")
    act(admin, "scratchorg", "poll_now", org)
    org.refresh_from_db()
    assert org.next_poll_at.year < 2100
    assert ScratchOrg.objects.filter(next_poll_at__year=2100).count() == 23


def test_poll_now_spares_an_org_that_has_used_up_its_calls(admin: Client) -> None:
    org = ScratchOrgFactory(api_used=95, api_max=100, next_poll_at="2100-01-01T00:00:00Z")
    act(admin, "scratchorg", "poll_now", org)
    org.refresh_from_db()
    assert org.next_poll_at.year == 2100


def test_watching_is_stopped_and_started(watch: Watch, admin: Client) -> None:
    watch.sync()
    org = ScratchOrg.objects.filter(watched=True).order_by("pk")[0]
    act(admin, "scratchorg", "stop_watching", org)
    assert ScratchOrg.objects.get(pk=org.pk).unwatched_reason == "stopped"
    act(admin, "scratchorg", "start_watching", org)
    assert ScratchOrg.objects.get(pk=org.pk).watched
    deeds = AuditEntry.objects.order_by("id").values_list("actor", "action", "target")
    assert list(deeds) == [
        ("root@example.com", "orgs.watching_stopped", org.username),
        ("root@example.com", "orgs.watching_started", org.username),
    ]


def test_sync_now_skips_the_backoff(watch: Watch, admin: Client) -> None:
    DevHub.objects.update(due_at="2100-01-01T00:00:00Z")
    act(admin, "devhub", "sync_now", watch.hub)
    due_at = DevHub.objects.get().due_at
    assert due_at is not None
    assert due_at.year < 2100


def test_a_hub_is_added_through_the_form(cast: Cast, simulator: Simulator, admin: Client) -> None:
    page = admin.get(reverse("admin:orgs_devhub_add"))
    assert 'name="private_key"' in page.content.decode()
    answer = admin.post(reverse("admin:orgs_devhub_add"), filled(simulator, cast.team))
    hub = DevHub.objects.get()
    assert answer.headers["Location"] == reverse("admin:orgs_devhub_change", args=[hub.pk])
    assert (hub.org_id, hub.team) == (simulator.hub.org_id, cast.team)
    assert AuditEntry.objects.get().action == "dev_hub.added"


def test_what_is_wrong_stands_in_the_form_and_the_key_does_not(cast: Cast, simulator: Simulator, admin: Client) -> None:
    answer = admin.post(reverse("admin:orgs_devhub_add"), filled(simulator, cast.team, username="nobody@example.com"))
    page = answer.content.decode()
    assert "refused the login" in page
    assert simulator.hub.private_key.splitlines()[1] not in page
    assert DevHub.objects.count() == 0


def test_a_hub_gets_other_credentials_through_its_form(watch: Watch, admin: Client) -> None:
    url = reverse("admin:orgs_devhub_credentials", args=[watch.hub.pk])
    assert url in admin.get(reverse("admin:orgs_devhub_change", args=[watch.hub.pk])).content.decode()
    before = DevHub.objects.get().access_token
    given = filled(watch.simulator, watch.team, private_key="")
    assert admin.post(url, given).status_code == 302
    assert DevHub.objects.get().access_token != before
    answer = admin.post(url, filled(watch.simulator, watch.team, private_key="hello"))
    assert "no RSA private key" in answer.content.decode()


def test_a_hubs_own_fields_are_edited_and_the_others_are_not(watch: Watch, admin: Client) -> None:
    url = reverse("admin:orgs_devhub_change", args=[watch.hub.pk])
    ScratchOrg.objects.update(next_poll_at=timezone.now() + timedelta(hours=1))
    assert (
        admin.post(url, {"name": "Acme", "active": "on", "poll_interval_minutes": "2", "org_id": "x"}).status_code
        == 302
    )
    assert not ScratchOrg.objects.filter(next_poll_at__gt=timezone.now() + timedelta(minutes=2)).exists()
    hub = DevHub.objects.get()
    assert (hub.name, hub.poll_interval_minutes, hub.org_id) == ("Acme", 2, watch.simulator.hub.org_id)
    for interval in ("0", "-5"):  # the next poll would be due at once, for ever
        assert admin.post(url, {"name": "Acme", "active": "on", "poll_interval_minutes": interval}).status_code == 200
    assert DevHub.objects.get().poll_interval_minutes == 2


def test_an_edit_writes_nothing_that_a_worker_may_have_written_meanwhile(admin: Client) -> None:
    org = ScratchOrgFactory()
    for row, model, edit in ((org.dev_hub, "devhub", {"name": "Acme"}), (org, "scratchorg", {"alias": "mine"})):
        with CaptureQueriesContext(connection) as queries:
            url = reverse(f"admin:orgs_{model}_change", args=[row.pk])
            assert admin.post(url, {"active": "on", **edit}).status_code == 302
        [update] = [q["sql"] for q in queries if q["sql"].startswith(f'UPDATE "{row._meta.db_table}"')]
        assert "lease_token" not in update
        assert "access_token" not in update
    org.refresh_from_db()
    assert (org.alias, org.dev_hub.name) == ("mine", "Acme")


def test_no_page_shows_a_secret(watch: Watch, admin: Client) -> None:
    watch.sync()
    watch.sweep()
    org = ScratchOrg.objects.exclude(access_token="").order_by("pk")[0]
    hub = DevHub.objects.get()
    stored = [org.access_token, hub.access_token, hub.private_key]
    secrets = [access.unseal(org, "access_token"), access.unseal(hub, "access_token")]
    secrets += [line for line in watch.simulator.hub.private_key.splitlines() if not line.startswith("---")]
    for name, args in [
        ("scratchorg_changelist", []),
        ("scratchorg_change", [org.pk]),
        ("devhub_changelist", []),
        ("devhub_change", [hub.pk]),
        ("devhub_credentials", [hub.pk]),
        ("devhub_history", [hub.pk]),
    ]:
        page = admin.get(reverse(f"admin:orgs_{name}", args=args))
        assert page.status_code == 200
        assert not [secret for secret in stored + secrets if secret in page.content.decode()]
        assert not re.search(r"v1:k1:", page.content.decode())


def test_only_superusers_come_in(cast: Cast, watch: Watch) -> None:
    staff = Client()
    User.objects.filter(pk=cast.bob.user.pk).update(is_staff=True)
    staff.force_login(cast.bob.user)
    for name, args in [("devhub_add", []), ("devhub_credentials", [watch.hub.pk]), ("scratchorg_changelist", [])]:
        assert staff.get(reverse(f"admin:orgs_{name}", args=args)).status_code == 403
