import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from apps.core import crypto
from apps.core.errors import ScratcherError

HERE: dict[str, Any] = {"table": "scratch_orgs", "pk": 7, "field": "access_token"}


@given(st.text())
def test_what_was_encrypted_comes_back(secret: str) -> None:
    assert crypto.decrypt(crypto.encrypt(secret, **HERE), **HERE) == secret


def test_the_same_secret_never_looks_the_same() -> None:
    assert crypto.encrypt("s3cret", **HERE) != crypto.encrypt("s3cret", **HERE)


@pytest.mark.parametrize("elsewhere", [{"table": "dev_hubs"}, {"pk": 8}, {"field": "refresh_token"}])
def test_a_secret_moved_to_another_place_does_not_decrypt(elsewhere: dict[str, object]) -> None:
    stored = crypto.encrypt("s3cret", **HERE)
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(stored, **(HERE | elsewhere))


def test_a_changed_secret_does_not_decrypt() -> None:
    stored = crypto.encrypt("s3cret", **HERE)
    flipped = stored[:-2] + ("A" if stored[-2] != "A" else "B") + stored[-1]
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(flipped, **HERE)


@pytest.mark.parametrize("nonsense", ["x", "v1:k1:!!:??", "a:b:c:d:e", "v1:k1:AAAA:A"])
def test_nonsense_in_the_column_is_an_error_of_ours(nonsense: str) -> None:
    with pytest.raises(ScratcherError):
        crypto.decrypt(nonsense, **HERE)


def test_a_new_key_goes_first_and_the_old_one_still_reads(settings: Settings) -> None:
    stored = crypto.encrypt("s3cret", **HERE)
    settings.ENCRYPTION_KEYS = f"{crypto.new_key('k2')},{settings.ENCRYPTION_KEYS}"
    assert crypto.decrypt(stored, **HERE) == "s3cret"
    assert crypto.key_id_of(crypto.encrypt("s3cret", **HERE)) == "k2"


def test_a_missing_key_is_named(settings: Settings) -> None:
    stored = crypto.encrypt("s3cret", **HERE)
    settings.ENCRYPTION_KEYS = crypto.new_key("k9")
    with pytest.raises(crypto.KeyMissing, match="k1 is missing"):
        crypto.decrypt(stored, **HERE)


@pytest.mark.parametrize("spec", ["", "k1", "k1:short", "k1:" + base64.b64encode(b"x" * 16).decode()])
def test_a_key_of_the_wrong_size_is_refused(spec: str) -> None:
    with pytest.raises(ScratcherError, match="32 bytes"):
        crypto.keyring(spec)
