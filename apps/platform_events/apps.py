from django.apps import AppConfig


class PlatformEventsConfig(AppConfig):
    name = "apps.platform_events"
    verbose_name = "Platform events"
