from django.apps import AppConfig
from django.conf import settings


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        """Raises ScratcherError for ENCRYPTION_KEYS that are none: now, and not at the first poll."""
        from apps.core import crypto

        if settings.ENCRYPTION_KEYS:  # the commands that make the secrets have none yet
            crypto.keyring(settings.ENCRYPTION_KEYS)
