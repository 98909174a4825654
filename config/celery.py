"""The Celery app: thread pools that carry ids, no results, JSON only."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("scratcher")
app.config_from_object("django.conf:settings", namespace="CELERY")
