"""What uvicorn serves."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup(set_prefix=False)

from config.serving import ThreadedHandler  # noqa: E402 - needs the settings

application = ThreadedHandler()
