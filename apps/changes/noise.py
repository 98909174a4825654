"""What a team calls noise: `MemberType:name` a line, both with `*` as a glob (`Profile:Admin`, `*:Temp*`).

What matches stays in the table, and out of the feed and of overlaps. A line without a colon hides nothing.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_LIKE = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_", "*": "%"})


@lru_cache(maxsize=256)
def as_sql(noise_rules: str, table: str) -> tuple[str, dict[str, str]]:
    """A condition that holds for what is no noise (empty without rules), and its values."""
    conditions, values = [], {}
    for number, (member_type, name) in enumerate(_globs(noise_rules)):
        parts = []
        for column, glob in (("member_type", member_type), ("member_name", name)):
            if glob == "*":
                continue
            key = f"noise_{number}_{column}"
            values[key] = glob.translate(_LIKE) if "*" in glob else glob
            parts.append(f"{table}.{column} {'LIKE' if '*' in glob else '='} %({key})s")
        conditions.append(f"AND NOT ({' AND '.join(parts) or 'true'})")
    return " ".join(conditions), values


def hides_all(noise_rules: str, member_type: str, names: Sequence[str] | None) -> bool:
    """Whether nothing of this type is left to look for, of these names or (None) of any."""
    globs = [name for kind, name in _globs(noise_rules) if _fits(kind, member_type)]
    if names is None:
        return "*" in globs
    return all(any(_fits(glob, name) for glob in globs) for name in names)


def _fits(glob: str, value: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, glob.split("*"))), value, re.DOTALL) is not None


def _globs(noise_rules: str) -> Iterator[tuple[str, str]]:
    for line in noise_rules.splitlines():
        member_type, colon, name = line.strip().partition(":")
        if colon:
            yield member_type.strip() or "*", name.strip() or "*"
