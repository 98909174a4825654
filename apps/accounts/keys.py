"""API keys: `scr_<8 letters and digits>_<43 of base64url>`, 256 random bits.

A key is shown once. Of it stay its first 12 characters (`scr_…`), by which it is found, and the SHA-256 of the
whole: with 256 random bits a slow hash protects nothing (ASVS 5.0, 6.5.2), and would let anybody who knows a prefix
keep a processor busy. A team may hold several live keys: make the new one, switch over, revoke the old one.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from apps.accounts.models import ApiKey, Team, User
from apps.core.errors import InvalidInput

PREFIX_LENGTH = 12
_FORM = re.compile(r"scr_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")
_ALPHABET = string.ascii_letters + string.digits


class Scope(StrEnum):
    """What a key may do. `admin`: DevHubs and keys; members and the team are for people."""

    READ = "read"
    POLL = "poll"
    ENROL = "enrol"
    ADMIN = "admin"


def create_api_key(
    *,
    team: Team,
    name: str,
    scopes: Collection[str],
    expires_at: datetime | None = None,
    created_by: User | None = None,
) -> tuple[ApiKey, str]:
    """The stored row, and the key itself, which nobody can find out again."""
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        raise InvalidInput(
            f"unknown scope {unknown[0]!r}" if unknown else "a key needs at least one scope",
            details={"field": "scopes", "allowed": list(Scope)},
        )
    prefix = "scr_" + "".join(secrets.choice(_ALPHABET) for _ in range(8))
    key = f"{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiKey.objects.create(
        team=team,
        name=name,
        prefix=prefix,
        digest=digest(key),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
        created_by=created_by,
    )
    row.refresh_from_db(fields=["created_at"])
    return row, key


def digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def has_form_of_a_key(text: str) -> bool:
    return _FORM.fullmatch(text) is not None
