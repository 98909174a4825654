"""The service answers badly, or not at all: each time a sentence says what happened and what to do."""

import re
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import pytest
from conftest import Open
from playwright.sync_api import Page, Route, expect
from screens import Screens
from service import Service

AWAY = "Scratch orgs as this DevHub lists them"
HTML = "<!doctype html><html><body>Application error</body></html>"
HALF = '{"success": true, "changes": [{"id": 1, "org": {"org_'


def refused(code: str, message: str) -> str:
    return f'{{"success": false, "error": {{"code": "{code}", "message": "{message}", "details": {{}}}}}}'


class Bad(NamedTuple):
    name: str
    answer: tuple[Any, ...]
    message: str
    action: str
    away: bool


BAD = [
    Bad("html", (200, HTML), "A web page came instead", "URL of the Named Credential", away=True),
    Bad("half-json", (200, HALF), "Something else came instead", "URL of the Named Credential", away=True),
    Bad(
        "403",
        (403, refused("not_allowed", "This key may not read.")),
        "This key may not read.",
        "scopes read",
        away=False,
    ),
    Bad(
        "429",
        (429, refused("too_many_requests", "Too many requests."), {"Retry-After": "40"}),
        "Too many requests.",
        "Try again in 40 seconds.",
        away=False,
    ),
    Bad("503", (503, HTML), "Scratcher is away (HTTP 503).", "ask whoever runs Scratcher", away=True),
]


def expect_notice(page: Page, message: str, action: str, *, away: bool) -> None:
    expect(page.get_by_text(message)).to_be_visible()
    expect(page.get_by_text(action)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Try again|Trying"))).to_be_visible()
    assert page.get_by_text(AWAY).count() == int(away)


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_it_says_what_happened_and_what_to_do(open_page: Open, service: Service, screens: Screens, bad: Bad) -> None:
    with service.answering(*bad.answer):
        page = open_page()
        expect_notice(page, bad.message, bad.action, away=bad.away)
        if bad.away:
            expect(page.get_by_text(re.compile("ends (tomorrow|in)")).first).to_be_visible()
        screens.look(page, f"bad-{bad.name}")


def test_a_wrong_key(open_page: Open, service: Service, screens: Screens) -> None:
    with service.with_key("scr_wrong"):
        page = open_page()
        expect_notice(
            page, "This API key is wrong, expired or revoked", "Ask an admin to enter a valid API key", away=False
        )
        screens.look(page, "wrong-key")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("latest changes")).to_be_visible()


def test_no_answer_for_ten_seconds(open_page: Open, service: Service, screens: Screens) -> None:
    with service.silent():
        page = open_page()
        expect(page.get_by_text("Loading the changes of all scratch orgs…")).to_be_visible()
        screens.look(page, "loading")
        expect(page.get_by_text("Scratcher did not answer within 10 seconds.")).to_be_visible(timeout=25_000)
        screens.look(page, "silent")


def _down(service: Service) -> AbstractContextManager[None]:
    return service.answering(502, "")


def test_the_service_goes_away_and_comes_back(
    open_page: Open, patient_url: str, service: Service, screens: Screens
) -> None:
    page = open_page("?emp=off", at=patient_url)  # looks again only when it is told to
    page.get_by_text("latest changes").wait_for()
    rows = page.locator("c-scratcher-datatable tbody tr")
    with _down(service):
        page.get_by_role("button", name="Poll now").click()
        expect_notice(page, "Scratcher is away (HTTP 502).", "What you see below is as it was before.", away=True)
        expect(page.get_by_text("Not live")).to_be_visible()
        assert rows.count() >= 100
        screens.look(page, "went-away")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text(AWAY)).to_have_count(0)
    expect(page.get_by_text("Not live")).to_have_count(0)


def test_without_the_permission_set(open_page: Open, screens: Screens) -> None:
    def refuse(route: Route) -> None:
        said = "You do not have access to the Apex class named 'ScratcherExternalService'."
        route.fulfill(status=500, json={"message": said})

    page = open_page("?emp=off#before")
    page.route("**/apex/*", refuse)
    page.reload()
    expect(page.get_by_text("You may not use Scratcher in this org yet.")).to_be_visible()
    expect(page.get_by_text("permission set Scratcher User")).to_be_visible()
    screens.look(page, "no-permission-set")
