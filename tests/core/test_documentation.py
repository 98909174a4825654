"""/api/docs works without anything from elsewhere."""

import re

from django.contrib.staticfiles import finders
from django.test import Client


def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(client: Client) -> None:
    page = client.get("/api/docs").content.decode()

    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) == 5
    for address in loaded:
        assert address.startswith("/"), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
    assert "<style" not in page
    assert re.search(r"<script>|\son\w+=", page) is None


def test_the_script_reads_our_schema(client: Client) -> None:
    script = client.get("/api/docs?script=")

    assert script["Content-Type"].startswith("application/javascript")
    assert "/api/schema" in script.content.decode()


def test_the_bare_address_leads_to_the_documentation(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/api/docs"


def test_anybody_may_read_the_schema(client: Client, db: None) -> None:
    assert client.get("/api/schema").json()["info"]["title"] == "Scratcher"
    assert client.post("/api/schema").status_code == 405
