"""Orgs and people as every door of this room names them; for the hot path plain dicts, not serializers."""

from typing import Any


def org_json(org_id: str, name: str, alias: str, username: str, url: str) -> dict[str, Any]:
    return {"org_id": org_id, "name": name, "alias": alias, "username": username, "url": url}


def person_json(user_id: str, username: str | None, name: str | None) -> dict[str, Any]:
    """`username` and `name` are None while nobody knows them."""
    return {"id": user_id, "username": username, "name": name}
