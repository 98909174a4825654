"""What Salesforce's rows look like here: frozen, ids with 18 characters, times in UTC. Each is made from one record of
a query's answer; a missing field, a null where none may be, or another type raises MalformedAnswer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Self
from urllib.parse import unquote

from apps.salesforce.errors import MalformedAnswer

_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?", re.ASCII)
_IDENTITY = re.compile(
    r"https://[^/]+/id/(00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?)/(005[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?)"
)
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BIGINT = 2**63
MOST_TYPE, MOST_NAME = 100, 255  # characters, as the Tooling API documents them; our rows hold no more


@lru_cache(maxsize=16_384)
def to_18(salesforce_id: str) -> str:
    """A 15-character id with the three characters that make it safe to compare without case; an 18-character one with
    them set right. Raises ValueError for what is no id. (Salesforce help, "Convert 15-character IDs": one bit for each
    capital letter, five to a character.)"""
    if _ID.fullmatch(salesforce_id) is None:
        raise ValueError("not a Salesforce id")
    bits = [sum(1 << i for i, c in enumerate(salesforce_id[start : start + 5]) if c.isupper()) for start in (0, 5, 10)]
    return salesforce_id[:15] + "".join(_SUFFIX[b] for b in bits)


@dataclass(frozen=True, slots=True)
class SourceMember:
    """The latest state of one component of one org (Tooling API, SourceMember). A deletion is a row with
    is_name_obsolete."""

    id: str
    member_type: str
    member_name: str
    revision_counter: int
    is_new_member: bool
    is_name_obsolete: bool
    changed_by: str  # a user's id; documented as a name, and kept as it is should it ever be one
    last_modified_date: datetime

    FIELDS = "Id, MemberType, MemberName, RevisionCounter, IsNewMember, IsNameObsolete, ChangedBy, LastModifiedDate"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        member_type = text(record, "MemberType")
        if member_type == "QuickActionDefinition":
            member_type = "QuickAction"
        name = text(record, "MemberName")
        if len(name) > MOST_NAME or len(member_type) > MOST_TYPE:
            raise _unusable("MemberName or MemberType")
        return cls(
            text(record, "Id"),
            member_type,
            _without_nul(unquote(name)) if "%" in name else name,
            whole(record, "RevisionCounter"),
            flag(record, "IsNewMember"),
            flag(record, "IsNameObsolete"),
            _user(text(record, "ChangedBy")),
            moment(record, "LastModifiedDate"),
        )


@dataclass(frozen=True, slots=True)
class ApiUsage:
    """Calls of the org in the last 24 hours, and how many it may make (header Sforce-Limit-Info)."""

    used: int
    max: int


@dataclass(frozen=True, slots=True)
class SourceMembers:
    """All that one poll read. started_at and finished_at are Salesforce's time: the Date headers of the first and of
    the last page."""

    rows: list[SourceMember]
    started_at: datetime
    finished_at: datetime
    usage: ApiUsage | None
    pages: int


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str
    username: str

    FIELDS = "Id, Name, Username"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        return cls(identifier(record, "Id"), text(record, "Name"), text(record, "Username"))


@dataclass(frozen=True, slots=True)
class Organization:
    """trial_expiration_date is set for scratch orgs and trials; a scratch org is a sandbox with such a date."""

    id: str
    name: str
    instance_name: str | None
    organization_type: str | None
    namespace_prefix: str | None
    is_sandbox: bool
    trial_expiration_date: datetime | None

    FIELDS = "Id, Name, InstanceName, OrganizationType, NamespacePrefix, IsSandbox, TrialExpirationDate"

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        return cls(
            identifier(record, "Id"),
            text(record, "Name"),
            optional_text(record, "InstanceName"),
            optional_text(record, "OrganizationType"),
            optional_text(record, "NamespacePrefix"),
            flag(record, "IsSandbox"),
            moment(record, "TrialExpirationDate") if record.get("TrialExpirationDate") else None,
        )


@dataclass(frozen=True, slots=True)
class Limit:
    max: int
    remaining: int

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        return cls(whole(record, "Max"), whole(record, "Remaining"))


@dataclass(frozen=True, slots=True)
class ScratchOrgInfo:
    """The request that a scratch org was created by (DevHub, ScratchOrgInfo); it outlives the org. status: New, Active,
    Deleted or Error. connected_app_consumer_key: the only app through which a JWT can enter the org. sfdx_auth_url: a
    pool's SfdxAuthUrl__c, where the hub has it."""

    id: str
    org_id: str
    status: str
    signup_username: str | None
    signup_email: str | None
    login_url: str | None
    connected_app_consumer_key: str | None
    created_by_name: str | None
    created_by_username: str | None
    created_date: datetime
    expiration_date: date | None
    duration_days: int | None
    sfdx_auth_url: str | None = field(repr=False)

    FIELDS = (
        "Id, ScratchOrg, Status, SignupUsername, SignupEmail, LoginUrl, ConnectedAppConsumerKey, "
        "CreatedBy.Name, CreatedBy.Username, CreatedDate, ExpirationDate, DurationDays"
    )

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        created_by = record.get("CreatedBy")
        creator: Mapping[str, Any] = created_by if isinstance(created_by, dict) else {}
        return cls(
            identifier(record, "Id"),
            identifier(record, "ScratchOrg"),
            text(record, "Status"),
            optional_text(record, "SignupUsername"),
            optional_text(record, "SignupEmail"),
            optional_text(record, "LoginUrl"),
            optional_text(record, "ConnectedAppConsumerKey"),
            optional_text(creator, "Name"),
            optional_text(creator, "Username"),
            moment(record, "CreatedDate"),
            optional_day(record, "ExpirationDate"),
            whole(record, "DurationDays") if record.get("DurationDays") is not None else None,
            optional_text(record, "SfdxAuthUrl__c"),
        )


@dataclass(frozen=True, slots=True)
class ActiveScratchOrg:
    """A scratch org that lives (DevHub, ActiveScratchOrg). info: its ScratchOrgInfo; None when the hub's user may not
    see that one."""

    id: str
    org_id: str
    info_id: str | None
    signup_username: str | None
    signup_email: str | None
    signup_instance: str | None
    org_name: str | None
    edition: str | None
    expiration_date: date | None
    last_login_date: date | None
    description: str | None
    features: str | None
    info: ScratchOrgInfo | None

    FIELDS = (
        "Id, ScratchOrg, ScratchOrgInfoId, SignupUsername, SignupEmail, SignupInstance, OrgName, Edition, "
        "ExpirationDate, LastLoginDate, Description, Features"
    )

    @classmethod
    def of(cls, record: Mapping[str, Any], infos: Mapping[str, ScratchOrgInfo]) -> Self:
        org_id = identifier(record, "ScratchOrg")
        return cls(
            identifier(record, "Id"),
            org_id,
            optional_text(record, "ScratchOrgInfoId"),
            optional_text(record, "SignupUsername"),
            optional_text(record, "SignupEmail"),
            optional_text(record, "SignupInstance"),
            optional_text(record, "OrgName"),
            optional_text(record, "Edition"),
            optional_day(record, "ExpirationDate"),
            optional_day(record, "LastLoginDate"),
            optional_text(record, "Description"),
            optional_text(record, "Features"),
            infos.get(org_id),
        )


def text(record: Mapping[str, Any], key: str) -> str:
    value = record.get(key)
    if type(value) is not str or not value or "\0" in value:  # PostgreSQL stores no NUL
        raise _unusable(key)
    return value


def optional_text(record: Mapping[str, Any], key: str) -> str | None:
    return None if record.get(key) in {None, ""} else text(record, key)


def identifier(record: Mapping[str, Any], key: str) -> str:
    try:
        return to_18(text(record, key))
    except ValueError:
        raise _unusable(key) from None


def ids_of_identity(record: Mapping[str, Any], key: str) -> tuple[str, str]:
    """Org and user of an identity URL, https://login.salesforce.com/id/<org>/<user>."""
    match = _IDENTITY.fullmatch(text(record, key))
    if match is None:
        raise _unusable(key)
    return to_18(match[1]), to_18(match[2])


def whole(record: Mapping[str, Any], key: str) -> int:
    value = record.get(key)
    if type(value) is not int or not 0 <= value < _BIGINT:
        raise _unusable(key)
    return value


def flag(record: Mapping[str, Any], key: str) -> bool:
    value = record.get(key)
    if type(value) is not bool:
        raise _unusable(key)
    return value


def moment(record: Mapping[str, Any], key: str) -> datetime:
    """Salesforce writes 2026-11-21T05:58:58.000+0000."""
    try:
        value = datetime.fromisoformat(text(record, key))
        if value.tzinfo is None:
            raise _unusable(key)
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _unusable(key) from None


def optional_day(record: Mapping[str, Any], key: str) -> date | None:
    """2026-11-28, or the day of a time."""
    value = optional_text(record, key)
    try:
        return None if value is None else date.fromisoformat(value[:10])
    except ValueError:
        raise _unusable(key) from None


@lru_cache(maxsize=16_384)
def _user(changed_by: str) -> str:
    return to_18(changed_by) if changed_by.startswith("005") and _ID.fullmatch(changed_by) else changed_by


def _without_nul(name: str) -> str:
    if "\0" in name:
        raise _unusable("MemberName")
    return name


def _unusable(key: str) -> MalformedAnswer:
    return MalformedAnswer(f"Salesforce's answer has no usable {key}. It is tried again by itself.")
