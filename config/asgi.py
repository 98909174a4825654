"""What uvicorn serves."""

import os

import django
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# A worker may wait a minute for a connection of the pool; a request says 503 instead.
settings.DATABASES["default"]["OPTIONS"]["pool"]["timeout"] = 2.0
django.setup()

from apps.core.serving import ThreadedHandler  # noqa: E402 - needs Django to be set up

application = ThreadedHandler(threads=settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"])
