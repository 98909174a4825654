"""The doorbell, over a wire that fails."""

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from apps.core import queue
from config import celery_app
from tests.proxies import Wire


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """Celery reaches Redis by way of it."""
    url = urlsplit(settings.REDIS_URL)
    with Wire((str(url.hostname), url.port or 6379)) as wire:
        by_way = url._replace(netloc=f":{url.password}@127.0.0.1:{wire.port}").geturl()
        monkeypatch.setattr(celery_app.conf, "broker_write_url", by_way)
        yield wire


@pytest.mark.parametrize("trouble", ["hang", "cut"])
def test_asking_for_workers_ends_while_redis_is_away(wire: Wire, trouble: str) -> None:
    getattr(wire, trouble)()
    answers: list[list[str]] = []
    asking = threading.Thread(target=lambda: answers.append(queue.workers_alive(timeout_seconds=0.5)), daemon=True)
    asking.start()
    asking.join(20)  # else it would hang here for as long as Redis does
    assert answers == [[]]
