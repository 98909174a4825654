"""Secrets at rest: AES-256-GCM under versioned keys, bound to the row and field they belong to.

A secret is stored as `v1:<key id>:<nonce>:<ciphertext>`, base64url without padding. The associated data is
`table|primary key|field|key id`, so that a ciphertext moved to another row or field does not decrypt.
"""

import base64
import binascii
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from apps.core.errors import ScratcherError

NONCE_BYTES = 12


class KeyMissing(ScratcherError):
    """The secret was written with a key that ENCRYPTION_KEYS no longer holds."""

    code = "encryption_key_missing"

    def __init__(self, key_id: str) -> None:
        super().__init__(f"encryption key {key_id} is missing: put it back into ENCRYPTION_KEYS")


class Undecipherable(ScratcherError):
    """The stored text is no secret of this row and field, or was changed."""

    code = "secret_undecipherable"


def encrypt(secret: str, *, table: str, pk: int, field: str) -> str:
    """The text to store. Empty stays empty: no secret is not a secret."""
    if not secret:
        return ""
    key_id, key = next(iter(keyring(settings.ENCRYPTION_KEYS).items()))
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = key.encrypt(nonce, secret.encode(), _associated(table, pk, field, key_id))
    return f"v1:{key_id}:{_to_text(nonce)}:{_to_text(sealed)}"


def decrypt(stored: str, *, table: str, pk: int, field: str) -> str:
    """The secret. Raises KeyMissing or Undecipherable."""
    if not stored:
        return ""
    try:
        _version, key_id, nonce, sealed = stored.split(":")
        nonce_bytes, sealed_bytes = _to_bytes(nonce), _to_bytes(sealed)
    except (ValueError, binascii.Error):
        raise Undecipherable(f"{table}.{field} of row {pk} holds no secret of ours") from None
    key = keyring(settings.ENCRYPTION_KEYS).get(key_id)
    if key is None:
        raise KeyMissing(key_id)
    try:
        return key.decrypt(nonce_bytes, sealed_bytes, _associated(table, pk, field, key_id)).decode()
    except (InvalidTag, ValueError):
        raise Undecipherable(f"{table}.{field} of row {pk} was changed, or belongs to another row") from None


def key_id_of(stored: str) -> str:
    """Which key a stored secret needs; empty for none."""
    return stored.split(":")[1] if stored.count(":") == 3 else ""


def current_key_id() -> str:
    return next(iter(keyring(settings.ENCRYPTION_KEYS)))


@lru_cache(maxsize=4)
def keyring(spec: str) -> dict[str, AESGCM]:
    """ENCRYPTION_KEYS, `k2:<base64 of 32 bytes>,k1:…`, newest first: the first one encrypts."""
    ring: dict[str, AESGCM] = {}
    for entry in spec.split(","):
        key_id, _, encoded = entry.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or len(key) != 32:
            raise ScratcherError("ENCRYPTION_KEYS must read name:base64,… with 32 bytes in each key")
        ring[key_id] = AESGCM(key)
    return ring


def new_key(key_id: str) -> str:
    """An entry for ENCRYPTION_KEYS."""
    return f"{key_id}:{base64.b64encode(secrets.token_bytes(32)).decode()}"


def _associated(table: str, pk: int, field: str, key_id: str) -> bytes:
    return f"{table}|{pk}|{field}|{key_id}".encode()


def _to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
