"""Answers as the documentation shows them."""

from typing import Any

_HUB_ID = "00D5g000004bXcZEAU"
_WELL = {"watched": True, "reason": "", "why": "", "what_to_do": ""}

ORG: dict[str, Any] = {
    "org_id": "00DWL000001k0Zr2AI",
    "name": "Checkout redesign",
    "alias": "checkout",
    "username": "test-k3v9@example.com",
    "url": "https://velocity-flow-4711-dev-ed.scratch.my.salesforce.com",
    "dev_hub": {"id": 1, "name": "Example Inc."},
    "status": "Active",
    "health": "ok",
    **_WELL,
    "edition": "Developer",
    "owner": {"name": "Alice Liddell", "username": "alice@example.com"},
    "created_date": "2026-11-18T08:00:00Z",
    "expiration_date": "2026-11-25",
    "credential": "jwt",
    "last_polled_at": "2026-11-21T09:30:02Z",
    "last_attempted_at": "2026-11-21T09:30:01Z",
    "next_poll_at": "2026-11-21T09:35:01Z",
    "consecutive_failures": 0,
    "budget": {"used": 312, "max": 15000},
    "changes_total": 184,
    "last_change_at": "2026-11-21T09:12:44Z",
}
ORG_DETAIL: dict[str, Any] = {
    **ORG,
    "description": "",
    "features": "",
    "connected_app": "3MVG9…",
    "gaps": [{"reason": "not_watched", "from": "2026-11-20T10:00:00Z", "to": "2026-11-20T12:00:00Z"}],
}
HUB: dict[str, Any] = {
    "id": 1,
    "org_id": _HUB_ID,
    "name": "Example Inc.",
    "username": "scratcher@example.com",
    "login_url": "https://login.salesforce.com",
    "url": "https://example.my.salesforce.com",
    "active": True,
    "poll_interval_minutes": None,
    "last_synced_at": "2026-11-21T09:30:00Z",
    **_WELL,
    "budget": {"used": 2051, "max": 100000},
}
HUB_BODY = {
    "client_id": "3MVG9…",
    "username": "scratcher@example.com",
    "private_key": "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----",
}
COVERAGE: dict[str, Any] = {
    "summary": "22 of 23 active orgs watched",
    "active": 23,
    "watched": 22,
    "orgs": [
        {
            "org_id": "00DWL000001k0Zs2AI",
            "name": "spike",
            "username": "test-a1b2@example.com",
            "dev_hub": "Example Inc.",
            "last_polled_at": None,
            "watched": False,
            "reason": "not_enrolled",
            "why": "It was created with the connected app PlatformCLI, through which our key cannot enter.",
            "what_to_do": "Enrol it with what `sf org auth show-sfdx-auth-url` prints "
            "(POST /api/orgs/00DWL000001k0Zs2AI/enrol), or create scratch orgs after a login with the hub's own app.",
        }
    ],
    "dev_hubs": [
        {
            "org_id": _HUB_ID,
            "name": "Example Inc.",
            "orgs_active": 23,
            "orgs_watched": 22,
            "last_synced_at": "2026-11-21T09:30:00Z",
            **_WELL,
        }
    ],
}
