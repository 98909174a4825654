import pytest
from pytest_django.fixtures import Settings

from apps.core import events
from apps.core.models import Event

heard: list[str] = []


def listener(event: Event) -> None:
    heard.append(event.title)


def deaf_listener(event: Event) -> None:
    raise RuntimeError("cannot write its rows")


@pytest.fixture(autouse=True)
def nothing_heard_yet() -> None:
    heard.clear()


@pytest.mark.django_db(transaction=True)
def test_each_event_reaches_each_listener_once_in_order(settings: Settings) -> None:
    settings.EVENT_LISTENERS = ["tests.core.test_events.listener"]
    for title in ("first", "second"):
        events.record(team_id=1, kind=events.Kind.ORG_FOUND, title=title)
    assert events.dispatch() == 2
    assert events.dispatch() == 0
    assert heard == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_a_listener_could_not_take_comes_again(settings: Settings) -> None:
    events.record(team_id=1, kind=events.Kind.ORG_FOUND, title="kept")
    settings.EVENT_LISTENERS = ["tests.core.test_events.deaf_listener"]
    with pytest.raises(RuntimeError):
        events.dispatch()
    settings.EVENT_LISTENERS = ["tests.core.test_events.listener"]
    assert events.dispatch() == 1
    assert heard == ["kept"]
