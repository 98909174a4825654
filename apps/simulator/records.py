"""The records of each Salesforce object as tuples in the order of its real fields; the types tell SOQL what a field
is.

Values are as Salesforce writes them in JSON: dates and times as text in one fixed form, so that text order is time
order. Fields from the Object Reference and the Field Reference (ScratchOrgInfo, ActiveScratchOrg) and the Tooling API
(SourceMember).
"""

from enum import Enum
from typing import Annotated, NamedTuple


class Kind(Enum):
    """A field's type, by the name that a describe gives it."""

    ID = "id"
    REFERENCE = "reference"
    STRING = "string"
    TEXTAREA = "textarea"
    PICKLIST = "picklist"
    MULTIPICKLIST = "multipicklist"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    INT = "int"
    DOUBLE = "double"
    CURRENCY = "currency"
    PERCENT = "percent"
    BOOLEAN = "boolean"
    DATETIME = "dateTime"
    DATE = "date"


IDS = frozenset({Kind.ID, Kind.REFERENCE})
DECIMALS = frozenset({Kind.DOUBLE, Kind.CURRENCY, Kind.PERCENT})
NUMBERS = DECIMALS | {Kind.INT}
TEXTS = frozenset({Kind.STRING, Kind.TEXTAREA, Kind.PICKLIST, Kind.MULTIPICKLIST, Kind.EMAIL, Kind.PHONE, Kind.URL})

Key = Annotated[str, Kind.ID]
Reference = Annotated[str | None, Kind.REFERENCE]
String = Annotated[str | None, Kind.STRING]
Textarea = Annotated[str | None, Kind.TEXTAREA]
Int = Annotated[int | None, Kind.INT]
Boolean = Annotated[bool, Kind.BOOLEAN]
Datetime = Annotated[str | None, Kind.DATETIME]
Date = Annotated[str | None, Kind.DATE]


class User(NamedTuple):
    Id: Key
    Username: Annotated[str, Kind.STRING]
    Name: Annotated[str, Kind.STRING]
    FirstName: String
    LastName: String
    Email: String
    Alias: String
    IsActive: Boolean
    UserType: String
    ProfileId: Reference
    TimeZoneSidKey: String
    CreatedDate: Datetime
    LocaleSidKey: String = None
    EmailEncodingKey: String = None
    LanguageLocaleKey: String = None
    CompanyName: String = None
    Department: String = None
    Title: String = None
    Phone: String = None
    MobilePhone: String = None
    CreatedById: Reference = None
    LastModifiedDate: Datetime = None
    LastModifiedById: Reference = None
    SystemModstamp: Datetime = None


class Organization(NamedTuple):
    Id: Key
    Name: String
    InstanceName: String
    IsSandbox: Boolean
    TrialExpirationDate: Datetime
    NamespacePrefix: String
    OrganizationType: String
    LanguageLocaleKey: String
    TimeZoneSidKey: String
    CreatedDate: Datetime


class ScratchOrgInfo(NamedTuple):
    Id: Key
    Name: String
    Status: String
    ScratchOrg: String
    SignupUsername: String
    SignupEmail: String
    SignupInstance: String
    SignupCountry: String
    SignupLanguage: String
    SignupTrialDays: Int
    OrgName: String
    Edition: String
    Features: Textarea
    Description: Textarea
    AdminEmail: String
    Username: String
    Country: String
    Language: String
    Namespace: String
    Release: String
    Snapshot: String
    SourceOrg: String
    Package2AncestorIds: Textarea
    HasSampleData: Boolean
    DurationDays: Int
    ExpirationDate: Date
    LastLoginDate: Date
    LoginUrl: Textarea
    AuthCode: String
    ConnectedAppConsumerKey: String
    ConnectedAppCallbackUrl: Textarea
    ErrorCode: String
    DeletedBy: String
    DeletedDate: Date
    IsDeleted: Boolean
    OwnerId: Reference
    CreatedById: Reference
    CreatedDate: Datetime
    LastModifiedById: Reference
    LastModifiedDate: Datetime
    LastReferencedDate: Datetime
    LastViewedDate: Datetime
    SystemModstamp: Datetime
    Owner: User
    CreatedBy: User
    LastModifiedBy: User


class ActiveScratchOrg(NamedTuple):
    Id: Key
    Name: String
    ScratchOrg: String
    ScratchOrgInfoId: Reference
    SignupUsername: String
    SignupEmail: String
    SignupInstance: String
    SignupTrialDays: Int
    OrgName: String
    Edition: String
    Features: Textarea
    Description: Textarea
    Namespace: String
    Snapshot: String
    HasSampleData: Boolean
    ExpirationDate: Date
    LastLoginDate: Date
    IsDeleted: Boolean
    OwnerId: Reference
    CreatedById: Reference
    CreatedDate: Datetime
    LastModifiedById: Reference
    LastModifiedDate: Datetime
    LastReferencedDate: Datetime
    LastViewedDate: Datetime
    SystemModstamp: Datetime
    Owner: User
    CreatedBy: User
    LastModifiedBy: User


class UserPermissionAccess(NamedTuple):
    """One row: what the user who asks may do (the real object has some hundred more of these)."""

    Id: Key
    LastCacheUpdate: Datetime
    PermissionsApiEnabled: Boolean
    PermissionsAuthorApex: Boolean
    PermissionsCustomizeApplication: Boolean
    PermissionsManageUsers: Boolean
    PermissionsModifyAllData: Boolean
    PermissionsModifyMetadata: Boolean
    PermissionsViewAllData: Boolean
    PermissionsViewAllUsers: Boolean
    PermissionsViewSetup: Boolean


class PermissionSet(NamedTuple):
    """Reached through relationships only (Parent, PermissionSet)."""

    Id: Key
    Name: String
    Label: String
    IsOwnedByProfile: Boolean


_PermissionSet = PermissionSet  # a field of the same name would hide the type


class PermissionSetAssignment(NamedTuple):
    Id: Key
    AssigneeId: Reference
    PermissionSetId: Reference
    PermissionSetGroupId: Reference
    ExpirationDate: Datetime
    IsActive: Boolean
    SystemModstamp: Datetime
    Assignee: User
    PermissionSet: _PermissionSet


class ObjectPermissions(NamedTuple):
    Id: Key
    ParentId: Reference
    SobjectType: String
    PermissionsCreate: Boolean
    PermissionsRead: Boolean
    PermissionsEdit: Boolean
    PermissionsDelete: Boolean
    PermissionsViewAllRecords: Boolean
    PermissionsModifyAllRecords: Boolean
    CreatedDate: Datetime
    SystemModstamp: Datetime
    Parent: PermissionSet


class SourceMember(NamedTuple):
    """Tooling API only: one row per component, latest state only. ChangedBy is documented as text and holds a
    15-character user id."""

    Id: Key
    MemberIdOrName: String
    MemberType: Annotated[str, Kind.STRING]
    MemberName: Annotated[str, Kind.STRING]
    IsNameObsolete: Boolean
    RevisionCounter: Annotated[int, Kind.INT]
    IsNewMember: Boolean
    ChangedBy: String
    LastModifiedDate: Datetime
