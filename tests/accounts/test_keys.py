"""apps.accounts.keys: what a key looks like, and what stays of it."""

import hashlib

import pytest

from apps.accounts.keys import create_api_key, has_form_of_a_key
from apps.core.errors import InvalidInput
from tests.conftest import Cast
from tests.factories import (
    DevHubFactory,
    OperationFactory,
    ScratchOrgFactory,
    SourceChangeFactory,
    TrackedComponentFactory,
)


def test_of_a_key_only_prefix_and_digest_stay(cast: Cast) -> None:
    row, key = create_api_key(team=cast.team, name="LWC", scopes=["read"])

    assert has_form_of_a_key(key)
    assert key.startswith(row.prefix + "_")
    assert bytes(row.digest) == hashlib.sha256(key.encode()).digest()
    assert key not in str(vars(row))


@pytest.mark.parametrize("scopes", [[], ["read", "everything"]])
def test_a_key_without_a_known_scope_is_refused(cast: Cast, scopes: list[str]) -> None:
    with pytest.raises(InvalidInput):
        create_api_key(team=cast.team, name="LWC", scopes=scopes)


def test_factories_make_rows_that_belong_together(cast: Cast) -> None:
    hub = DevHubFactory(team=cast.team)
    org = ScratchOrgFactory(dev_hub=hub)
    first, second = SourceChangeFactory(scratch_org=org), SourceChangeFactory(scratch_org=org)
    component = TrackedComponentFactory(scratch_org=org)

    assert (org.team, first.team, component.team, component.dev_hub) == (cast.team, cast.team, cast.team, hub)
    assert second.feed_position == first.feed_position + 1
    assert OperationFactory(team=cast.team).created_at is not None
