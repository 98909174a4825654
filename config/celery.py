"""The Celery app: thread pools that carry ids, no results, JSON only."""

import os

from celery import Celery
from kombu.transport import redis

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("scratcher")
app.config_from_object("django.conf:settings", namespace="CELERY")

# What a worker had read and not begun when it lost its connection is not put back, but claimed again from its row.
# (kombu would try it over the closed connection, and leave a dump in /tmp each time.)
redis.Channel.do_restore = False
