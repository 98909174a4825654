"""Every stored secret under today's encryption key: the first one of ENCRYPTION_KEYS.

Goes by compare-and-swap, while everything runs: a token that is renewed meanwhile is left alone. May be stopped and
started again at any time, since it looks only for what is not under today's key.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.db.models import CharField, Count, F, Func, Model, QuerySet, Value

from apps.core import crypto
from apps.orgs import access
from apps.orgs.models import DevHub, ScratchOrg

BATCH = 500

SECRETS: tuple[tuple[type[Model], str], ...] = (
    (DevHub, "private_key"),
    (DevHub, "access_token"),
    (ScratchOrg, "access_token"),
    (ScratchOrg, "refresh_token"),
    (ScratchOrg, "refresh_client_secret"),
)


@dataclass
class Rotation:
    """`unreadable`: why, and how many secrets."""

    rotated: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)


def counts_by_key() -> Counter[str]:
    """How many secrets each encryption key holds."""
    counts: Counter[str] = Counter()
    for model, name in SECRETS:
        key_id = Func(F(name), Value(":"), Value(2), function="split_part", output_field=CharField())
        rows = model._default_manager.exclude(**{name: ""}).values_list(key_id).annotate(Count("pk"))
        counts.update(dict(rows))
    return counts


def rotate(progress: Callable[[int], None]) -> Rotation:
    """Encrypts anew what another key holds; calls `progress` with the number of secrets that each batch dealt with."""
    rotation = Rotation()
    for model, name in SECRETS:
        rows = _under_other_keys(model, name)
        last = 0
        while batch := list(rows.filter(pk__gt=last)[:BATCH]):
            last = batch[-1].pk
            rotation.rotated += access.swap(model, name, _encrypt_anew(batch, name, rotation.unreadable))
            progress(len(batch))
    return rotation


def _under_other_keys(model: type[Model], name: str) -> QuerySet[Model]:
    current = f"v1:{crypto.current_key_id()}:"
    rows = model._default_manager.exclude(**{name: ""}).exclude(**{f"{name}__startswith": current})
    return rows.only("pk", name).order_by("pk")


def _encrypt_anew(rows: Sequence[Model], name: str, unreadable: Counter[str]) -> list[tuple[int, str, str]]:
    """(id, stored, to store) of each secret that can be read."""
    swaps = []
    for row in rows:
        try:
            secret = access.unseal(row, name)
        except (crypto.KeyMissing, crypto.Undecipherable) as error:
            unreadable[str(error)] += 1
            continue
        swaps.append((row.pk, getattr(row, name), access.seal(row, name, secret)))
    return swaps
