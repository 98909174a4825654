"""Old deliveries go, and an admin sees how the telling stands."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.fixtures import Settings

from apps.accounts.models import User
from apps.orgs.models import DevHub
from apps.platform_events import deliveries
from apps.platform_events.models import Channel, Delivery
from tests.factories import DevHubFactory, salesforce_id

pytestmark = pytest.mark.django_db


def delivery(hub: DevHub, **fields: Any) -> Delivery:
    return Delivery.objects.create(
        **{
            "event_id": Delivery.objects.count() + 1,
            "dev_hub": hub,
            "org_id": salesforce_id("00D", 1),
            "change_count": 3,
            "feed_from": 1,
            "feed_to": 3,
            "happened_at": timezone.now(),
        }
        | fields
    )


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@example.com", "a password"))
    return client


def test_deliveries_go_after_a_day_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "BATCH", 2)
    hub = DevHubFactory()
    kept = delivery(hub, happened_at=timezone.now() - timedelta(hours=23))
    for outcome in ("waiting", "sent", "dropped"):
        delivery(hub, outcome=outcome, happened_at=timezone.now() - timedelta(hours=25))
    assert deliveries.prune() == 3
    assert list(Delivery.objects.all()) == [kept]


def test_the_hourly_upkeep_prunes_them(settings: Settings) -> None:
    from workers.upkeep import prune

    delivery(DevHubFactory(), happened_at=timezone.now() - timedelta(hours=25))
    prune()
    assert not Delivery.objects.exists()


def test_deliveries_and_channel_go_with_their_devhub() -> None:
    hub = DevHubFactory()
    delivery(hub)
    Channel.objects.create(dev_hub=hub)
    hub.delete()
    assert (Delivery.objects.count(), Channel.objects.count()) == (0, 0)


def test_the_admin_shows_how_the_telling_stands_and_changes_nothing(admin: Client, settings: Settings) -> None:
    settings.PLATFORM_EVENTS_PER_MINUTE = 6
    hub = DevHubFactory(name="Helios", access_token="k1:sealed")
    delivery(hub)
    channel = Channel.objects.create(
        dev_hub=hub, last_error_code="unavailable", last_error="Salesforce is busy", last_published_at=timezone.now()
    )
    for url in (
        reverse("admin:platform_events_channel_changelist"),
        reverse("admin:platform_events_channel_change", args=[channel.pk]),
    ):
        page = admin.get(url).content.decode()
        assert "Helios" in page
        assert "Salesforce is busy" in page
        assert "k1:sealed" not in page
        assert 'name="_save"' not in page
    assert admin.post(url, {"last_error": "x"}).status_code == 403
    Channel.objects.update(last_error_code="", last_error="")
    assert ">well<" in admin.get(reverse("admin:platform_events_channel_changelist")).content.decode()
    settings.PLATFORM_EVENTS_PER_MINUTE = 0
    assert "PLATFORM_EVENTS_PER_MINUTE is 0" in admin.get(url).content.decode()


def test_an_admin_skips_the_pause_after_a_failure(admin: Client) -> None:
    paused = Channel.objects.create(dev_hub=DevHubFactory(), due_at=timezone.now() + timedelta(hours=1))
    asleep = Channel.objects.create(dev_hub=DevHubFactory(), due_at=None)
    chosen = {"action": "try_now", "_selected_action": [paused.pk, asleep.pk]}
    assert admin.post(reverse("admin:platform_events_channel_changelist"), chosen).status_code == 302
    paused.refresh_from_db()
    asleep.refresh_from_db()
    assert paused.due_at is not None
    assert paused.due_at <= timezone.now()
    assert asleep.due_at is None, "nothing waits there"
