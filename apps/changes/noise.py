"""What a team calls noise: `MemberType:name` a line, both with `*` as a glob (`Profile:Admin`, `*:Temp*`).

What matches stays in the table, and out of the feed and of overlaps. A line without a colon hides nothing.
"""

from collections.abc import Iterator
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


def _globs(noise_rules: str) -> Iterator[tuple[str, str]]:
    for line in noise_rules.splitlines():
        member_type, colon, name = line.strip().partition(":")
        if colon:
            yield member_type.strip() or "*", name.strip() or "*"
