"""What every answer tells the browser; whose pages may read the API; and that a deployment is in order."""

import re
import subprocess
import sys

import pytest
from pytest_django.fixtures import Settings

from tests.conftest import Cast
from tests.web import ROOT


@pytest.mark.parametrize(
    "path", ["/api/members", "/api/nowhere", "/api/docs", "/api/schema", "/healthz", "/admin/login/"]
)
def test_every_answer_carries_the_security_headers(cast: Cast, path: str) -> None:
    answer = cast.alice.client.get(path)

    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_no_page_of_ours_has_what_the_content_security_policy_blocks() -> None:
    pages = list(ROOT.glob("apps/**/templates/**/*.html"))
    assert pages
    for page in pages:
        assert re.findall(r"<style|<script>|\s(?:style|on\w+)=", page.read_text()) == [], page


def test_answers_of_the_api_are_not_kept(cast: Cast) -> None:
    assert cast.alice.client.get("/api/members")["Cache-Control"] == "no-store"


def test_pages_of_configured_origins_read_the_api_and_others_do_not(cast: Cast, settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://dashboard.example.com"]
    preflight = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}

    ours = cast.anonymous.options("/api/orgs", headers={"Origin": "https://dashboard.example.com", **preflight})
    theirs = cast.anonymous.options("/api/orgs", headers={"Origin": "https://evil.example.com", **preflight})

    assert ours["Access-Control-Allow-Origin"] == "https://dashboard.example.com"
    assert "x-api-key" in ours["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in ours
    assert "Access-Control-Allow-Origin" not in theirs


def test_a_deployment_behind_tls_is_in_order() -> None:
    checked = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        check=False,
        cwd=ROOT,
        env={
            "PATH": "/usr/bin:/bin",
            "SECRET_KEY": "kZ3-" + "q8Jx0vNfW1rT5uYbC7mE9aSd" * 3,
            "ENCRYPTION_KEYS": "k1:" + "A" * 43 + "=",
            "PUBLIC_URL": "https://scratcher.example.com",
            "ALLOWED_HOSTS": "scratcher.example.com",
            "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert checked.returncode == 0, checked.stderr
