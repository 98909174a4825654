"""How the telling of DevHubs stands, for superusers, across teams; nothing is edited here."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from apps.core.admin import InspectionAdmin
from apps.platform_events.models import Channel, Delivery


@admin.register(Channel)
class ChannelAdmin(InspectionAdmin):
    list_display = ("dev_hub", "team", "how_it_stands", "waiting", "last_published_at", "due_at")
    list_select_related = ("dev_hub__team",)
    list_filter = ("last_error_code",)
    search_fields = ("dev_hub__name", "dev_hub__org_id")
    actions = ("try_now",)
    fields = (
        "dev_hub", "team", "how_it_stands", "last_error_code", "last_error", "consecutive_failures", "waiting",
        "deliveries_of_the_devhub", "last_published_at", "due_at",
    )  # fmt: skip

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_try_permission(self, request: HttpRequest) -> bool:
        return super().has_change_permission(request)

    @admin.action(description="Try again now", permissions=["try"])
    def try_now(self, request: HttpRequest, channels: QuerySet[Channel]) -> None:
        """Skips the pause after a failure, for instance because the package is installed now."""
        messages.success(request, f"{channels.exclude(due_at=None).update(due_at=Now())} DevHubs are tried at once.")

    @admin.display
    def team(self, channel: Channel) -> str:
        return channel.dev_hub.team.name

    @admin.display(description="how it stands")
    def how_it_stands(self, channel: Channel) -> str:
        if not settings.PLATFORM_EVENTS_PER_MINUTE:
            return "off: PLATFORM_EVENTS_PER_MINUTE is 0"
        if channel.last_error_code:
            return channel.last_error
        return "well" if channel.last_published_at else "nothing published yet"

    @admin.display(description="event deliveries of the DevHub")
    def deliveries_of_the_devhub(self, channel: Channel) -> str:
        if channel.deliveries_max is None:
            return "not known"
        return f"{channel.deliveries_used:,} of {channel.deliveries_max:,} in 24 hours"

    @admin.display(description="changes that wait")
    def waiting(self, channel: Channel) -> int:
        rows = Delivery.objects.filter(dev_hub=channel.dev_hub_id, outcome=Delivery.Outcome.WAITING)
        return sum(rows.values_list("change_count", flat=True))
