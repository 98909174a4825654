"""Salesforce record ids: three characters that tell the object, an instance, a serial number in base 62; 15
characters, or 18 with a checksum."""

from collections.abc import Callable
from functools import lru_cache

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE = "5e0"
_SCATTER = 1_000_000_000_039  # a prime

ORGANIZATION = "00D"
USER = "005"
PROFILE = "00e"
SCRATCH_ORG_INFO = "2SR"
ACTIVE_SCRATCH_ORG = "2SA"
SOURCE_MEMBER = "0MZ"
PERMISSION_SET = "0PS"
PERMISSION_SET_ASSIGNMENT = "0Pa"
OBJECT_PERMISSIONS = "110"
QUERY_LOCATOR = "0r8"
BULK_JOB = "750"


def to_18(id15: str) -> str:
    """The 15-character id with its three checksum characters, which say where its capitals stand."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << position for position, letter in enumerate(id15[start : start + 5]) if "A" <= letter <= "Z")
        suffix += _CHECKSUM[bits]
    return id15 + suffix


def make_id(prefix: str, serial: int) -> str:
    """The 18-character id of the serial-th record of a kind. Some differ in case only, as real ones do."""
    return to_18(prefix + _INSTANCE + _base62(serial).rjust(9, "0"))


def make_org_id(serial: int) -> str:
    """Scattered, since ScratchOrg is text, which SOQL compares without regard to case: few org ids may differ in case
    only."""
    return make_id(ORGANIZATION, serial * _SCATTER % 62**7)


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


@lru_cache(maxsize=1 << 16)
def _row_part(number: int, letter_before: str) -> tuple[str, str]:
    """The last four characters of a series' id, and the checksum of the last five."""
    digits = _base62(number).rjust(4, "0")
    return digits, to_18("0" * 10 + letter_before + digits)[17]


def series(prefix: str, owner: int) -> Callable[[int], str]:
    """Makes the 18-character ids of one owner's records, quickly: the parts that repeat are computed once. Up to
    14,776,336 of them."""
    head = prefix + _INSTANCE + _base62(owner).rjust(5, "0")
    checksum = to_18(head + "0000")[15:17]

    def record_id(number: int) -> str:
        digits, last = _row_part(number, head[-1])
        return f"{head}{digits}{checksum}{last}"

    return record_id


def is_id(value: str) -> bool:
    """Whether Salesforce would take this text for an id at all (length, letters, checksum)."""
    if len(value) not in (15, 18) or not (value.isascii() and value.isalnum()):
        return False
    return len(value) == 15 or to_18(value[:15]) == value
