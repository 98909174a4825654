"""With every process running: somebody edits, and a page in the DevHub hears of it."""

from collections.abc import Callable

import pytest

from tests.changes.walking import get
from tests.conftest import key_client
from tests.platform_events.conftest import PACKAGE, page_in
from tests.processes import scratcher
from tests.watching import Watch

pytestmark = pytest.mark.journey


def test_a_page_in_the_devhub_hears_of_an_edit_within_seconds(watched: Callable[..., Watch]) -> None:
    begun = watched(orgs=2, clock="running", components=5)
    begun.simulator.declare("hub", PACKAGE)
    page = page_in(begun.simulator)
    org = begun.orgs_watched()[0]
    processes = {"worker": 1, "upkeep": 1, "beat": 1}
    with scratcher(
        begun.simulator, processes, POLL_INTERVAL_MINUTES="0.05", PLATFORM_EVENTS_PER_MINUTE="20"
    ) as running:
        for name in ("First", "Second"):
            begun.simulator.edit(org.org_id, "ApexClass", name, "NEW")
            [event] = page.wait(timeout=30)
            told = event["data"]["payload"]
            assert (told["Org_Id__c"], told["Change_Count__c"]) == (org.org_id, 1)
            changes = get(key_client(begun.team), "/api/changes", after=int(told["Feed_From__c"]) - 1)["changes"]
            assert [change["member_name"] for change in changes] == [name]
        assert "Bearer" not in running.log_of("upkeep").read_text()
