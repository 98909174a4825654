"""A hub without orgs, an org that is no hub, and names that nobody foresaw."""

from typing import Any

from conftest import Open
from playwright.sync_api import expect
from screens import Screens
from service import Service
from simulator import Simulator

SCRIPT = "<script>alert('name')</script><img src=x onerror=alert(1)>"
QUOTES = """O'Neil "the" `tick` & <b>bold</b>"""
RIGHT_TO_LEFT = "\u202eمكون الفواتير\u202c gnp.exe"
LONG = "L" + "ong" * 84 + "er"  # 255
STRANGE = [SCRIPT, QUOTES, RIGHT_TO_LEFT, LONG]


def test_a_hub_without_scratch_orgs(open_page: Open, service: Service, screens: Screens) -> None:
    def empty(path: str, answer: dict[str, Any]) -> dict[str, Any]:
        if path.startswith("/api/coverage"):
            hubs = [hub | {"orgs_active": 0, "orgs_watched": 0} for hub in answer["coverage"]["dev_hubs"]]
            return answer | {"coverage": answer["coverage"] | {"active": 0, "watched": 0, "orgs": [], "dev_hubs": hubs}}
        return answer | {name: [] for name in ("changes", "orgs", "overlaps") if name in answer} | {"next": None}

    with service.mending(empty):
        page = open_page()
        expect(page.get_by_text("There are no scratch orgs yet")).to_be_visible()
        expect(page.get_by_text("sf org create scratch")).to_be_visible()
        screens.look(page, "no-orgs")


def test_orgs_in_which_nothing_has_changed(open_page: Open, service: Service, screens: Screens) -> None:
    def unchanged(_: str, answer: dict[str, Any]) -> dict[str, Any]:
        orgs = {"orgs": [org | {"changes_total": 0} for org in answer["orgs"]]} if "orgs" in answer else {}
        lists = {name: [] for name in ("changes", "overlaps") if name in answer}
        return answer | orgs | lists | {"next": None}

    with service.mending(unchanged):
        page = open_page()
        expect(page.get_by_text("No changes yet")).to_be_visible()
        expect(page.get_by_text("Nothing in danger")).to_be_visible()
        screens.look(page, "no-changes")


def test_an_org_that_is_no_dev_hub(open_page: Open, no_dev_hub_url: str, screens: Screens) -> None:
    page = open_page(at=no_dev_hub_url)
    expect(page.get_by_text("This org is not a DevHub")).to_be_visible()
    expect(page.get_by_text("enable Dev Hub in Setup")).to_be_visible()
    screens.look(page, "no-dev-hub")


def test_strange_names_are_only_text(open_page: Open, service: Service, simulator: Simulator, screens: Screens) -> None:
    simulator.edit(*STRANGE)
    simulator.edit(*STRANGE, org=1)
    page = open_page()
    for name in STRANGE:
        row = page.locator("c-scratcher-datatable tbody tr").filter(has_text=name)
        expect(row.first).to_be_visible(timeout=60_000)

    def renamed(_: str, answer: dict[str, Any]) -> dict[str, Any]:
        for number, change in enumerate(answer.get("changes", [])):
            change["org"] |= {
                "alias": STRANGE[number % 4],
                "url": "javascript:alert('org')" if number % 2 else change["org"]["url"],
            }
            change["changed_by"] |= {"name": STRANGE[number % 4]}
        for number, org in enumerate(answer.get("orgs", [])):
            org |= {"alias": STRANGE[number % 4], "expiration_date": org["created_date"][:10]}
        for number, org in enumerate(answer.get("coverage", {}).get("orgs", [])):
            org |= {"name": STRANGE[number % 4]}
        return answer

    with service.mending(renamed):
        page.reload()
        expect(page.get_by_text("latest changes")).to_be_visible()
        page.get_by_role("button", name="Why not the others?").click()
        assert page.locator("a[href*='alert']").count() == 0
        screens.look(page, "strange-names")
