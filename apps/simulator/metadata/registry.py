"""The metadata types that the simulated orgs know: where their files lie in a package, and what SourceMember calls
their components.

Directories and suffixes are those of the Metadata API Developer Guide; the list is a part of the real one.
"""

from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote


class Key(NamedTuple):
    """A component by the names that the Metadata API gives it: CustomField, Invoice__c.Amount__c."""

    type: str
    name: str


@dataclass(frozen=True, slots=True)
class MetadataType:
    """`suffix` is empty where a component is a folder of files; `with_meta` where it comes with a -meta.xml file;
    `children` maps the elements of its file that are components of their own to their types."""

    name: str
    directory: str
    suffix: str
    with_meta: bool
    in_folder: bool
    children: dict[str, str]

    @property
    def is_bundle(self) -> bool:
        return not self.suffix and not self.in_folder


# name, directory, suffix (- for none), then: meta (with a -meta.xml file), folder (lies in folders).
_TYPES = """
ActionLinkGroupTemplate actionLinkGroupTemplates actionLinkGroupTemplate
AnalyticSnapshot analyticSnapshots snapshot
ApexClass classes cls meta
ApexComponent components component meta
ApexPage pages page meta
ApexTestSuite testSuites testSuite
ApexTrigger triggers trigger meta
AppMenu appMenus appMenu
ApprovalProcess approvalProcesses approvalProcess
AssignmentRules assignmentRules assignmentRules
AuraDefinitionBundle aura -
AuthProvider authproviders authprovider
AutoResponseRules autoResponseRules autoResponseRules
BrandingSet brandingSets brandingSet
CallCenter callCenters callCenter
CleanDataService cleanDataServices cleanDataService
Community communities community
ConnectedApp connectedApps connectedApp
ContentAsset contentassets asset meta
CorsWhitelistOrigin corsWhitelistOrigins corsWhitelistOrigin
CspTrustedSite cspTrustedSites cspTrustedSite
CustomApplication applications app
CustomApplicationComponent customApplicationComponents customApplicationComponent
CustomFeedFilter feedFilters feedFilter
CustomHelpMenuSection customHelpMenuSections customHelpMenuSection
CustomLabels labels labels
CustomMetadata customMetadata md
CustomNotificationType notificationtypes notiftype
CustomObject objects object
CustomObjectTranslation objectTranslations objectTranslation
CustomPageWebLink weblinks weblink
CustomPermission customPermissions customPermission
CustomSite sites site
CustomTab tabs tab
Dashboard dashboards dashboard folder
DataCategoryGroup datacategorygroups datacategorygroup
DelegateGroup delegateGroups delegateGroup
Document documents - meta folder
DuplicateRule duplicateRules duplicateRule
EmailServicesFunction emailservices xml
EmailTemplate email email meta folder
EscalationRules escalationRules escalationRules
ExternalCredential externalCredentials externalCredential
ExternalDataSource dataSources dataSource
ExternalServiceRegistration externalServiceRegistrations externalServiceRegistration
FlexiPage flexipages flexipage
Flow flows flow
FlowDefinition flowDefinitions flowDefinition
GlobalValueSet globalValueSets globalValueSet
GlobalValueSetTranslation globalValueSetTranslations globalValueSetTranslation
Group groups group
HomePageComponent homePageComponents homePageComponent
HomePageLayout homePageLayouts homePageLayout
InstalledPackage installedPackages installedPackage
Layout layouts layout
LeadConvertSettings LeadConvertSettings LeadConvertSetting
Letterhead letterhead letter
LightningComponentBundle lwc -
LightningExperienceTheme lightningExperienceThemes lightningExperienceTheme
LightningMessageChannel messageChannels messageChannel
MatchingRules matchingRules matchingRule
NamedCredential namedCredentials namedCredential
Network networks network
NotificationTypeConfig notificationTypeConfig config
PathAssistant pathAssistants pathAssistant
PermissionSet permissionsets permissionset
PermissionSetGroup permissionsetgroups permissionsetgroup
PlatformCachePartition cachePartitions cachePartition
PlatformEventChannel platformEventChannels platformEventChannel
PlatformEventChannelMember platformEventChannelMembers platformEventChannelMember
Portal portals portal
PostTemplate postTemplates postTemplate
Profile profiles profile
ProfilePasswordPolicy profilePasswordPolicies profilePasswordPolicy
ProfileSessionSetting profileSessionSettings profileSessionSetting
Prompt prompts prompt
Queue queues queue
QuickAction quickActions quickAction
RecommendationStrategy recommendationStrategies recommendationStrategy
RemoteSiteSetting remoteSiteSettings remoteSite
Report reports report folder
ReportType reportTypes reportType
Role roles role
SamlSsoConfig samlssoconfigs samlssoconfig
Settings settings settings
SharingRules sharingRules sharingRules
SharingSet sharingSets sharingSet
StandardValueSet standardValueSets standardValueSet
StandardValueSetTranslation standardValueSetTranslations standardValueSetTranslation
StaticResource staticresources resource meta
SynonymDictionary synonymDictionaries synonymDictionary
TopicsForObjects topicsForObjects topicsForObjects
TransactionSecurityPolicy transactionSecurityPolicies transactionSecurityPolicy
Translations translations translation
Workflow workflows workflow
"""
_CHILDREN = {
    "CustomObject": {
        "businessProcesses": "BusinessProcess",
        "compactLayouts": "CompactLayout",
        "fields": "CustomField",
        "fieldSets": "FieldSet",
        "indexes": "Index",
        "listViews": "ListView",
        "recordTypes": "RecordType",
        "sharingReasons": "SharingReason",
        "validationRules": "ValidationRule",
        "webLinks": "WebLink",
    },
    "CustomLabels": {"labels": "CustomLabel"},
    "AssignmentRules": {"assignmentRule": "AssignmentRule"},
    "AutoResponseRules": {"autoResponseRule": "AutoResponseRule"},
    "EscalationRules": {"escalationRule": "EscalationRule"},
    "MatchingRules": {"matchingRules": "MatchingRule"},
    "SharingRules": {
        "sharingCriteriaRules": "SharingCriteriaRule",
        "sharingGuestRules": "SharingGuestRule",
        "sharingOwnerRules": "SharingOwnerRule",
    },
    "Workflow": {
        "alerts": "WorkflowAlert",
        "fieldUpdates": "WorkflowFieldUpdate",
        "outboundMessages": "WorkflowOutboundMessage",
        "rules": "WorkflowRule",
        "tasks": "WorkflowTask",
    },
}
# What SourceMember calls each file of a bundle.
_FILES_OF_BUNDLES = {"LightningComponentBundle": "LightningComponentResource", "AuraDefinitionBundle": "AuraDefinition"}
_SOURCE_MEMBER_TYPES = {"QuickAction": "QuickActionDefinition"}
_API_TYPES = {tracked: name for name, tracked in _SOURCE_MEMBER_TYPES.items()}
_ENCODED = ("Layout",)
_FOLDERS = {"Dashboard": "DashboardFolder", "Document": "DocumentFolder", "EmailTemplate": "EmailFolder"}
_FOLDERS["Report"] = "ReportFolder"


def _read(line: str) -> MetadataType:
    name, directory, suffix, *flags = line.split()
    return MetadataType(name, directory, suffix.strip("-"), "meta" in flags, "folder" in flags, _CHILDREN.get(name, {}))


TYPES = {kind.name: kind for kind in map(_read, _TYPES.strip().splitlines())}
PARENT_OF = {child: parent for parent, children in _CHILDREN.items() for child in children.values()}
FOLDERS = {folder: name for name, folder in _FOLDERS.items()}
_BY_DIRECTORY = {kind.directory: kind for kind in TYPES.values()}


def is_type(name: str) -> bool:
    """Whether a manifest or listMetadata may name it."""
    return name in TYPES or name in PARENT_OF or name in FOLDERS


def element_of(child_type: str) -> str:
    """The element that holds a child in its parent's file: fields for a CustomField."""
    children = _CHILDREN[PARENT_OF[child_type]]
    return next(element for element, name in children.items() if name == child_type)


def parent_of(key: Key) -> Key | None:
    """Whose file holds it; None for a component with files of its own."""
    parent = PARENT_OF.get(key.type)
    if parent is None:
        return None
    return Key(parent, parent if parent == "CustomLabels" else key.name.partition(".")[0])


def child_of(parent: Key, child_type: str, name: str) -> Key:
    """`name` is the child's own in its parent's file."""
    return Key(child_type, name if parent.type == "CustomLabels" else f"{parent.name}.{name}")


def owner_of_file(path: str) -> Key | None:
    """The component that a file of a package belongs to, by its path (classes/Invoice.cls-meta.xml); None where no
    component could have such a file."""
    directory, _, rest = path.partition("/")
    kind = _BY_DIRECTORY.get(directory)
    if kind is None or not rest or "" in path.split("/") or ".." in path.split("/"):
        return None
    if kind.is_bundle:
        bundle, slash, _ = rest.partition("/")
        return Key(kind.name, bundle) if slash else None
    if kind.with_meta or kind.in_folder:
        rest = rest.removesuffix("-meta.xml")
    if kind.in_folder and "/" not in rest:
        return Key(_FOLDERS[kind.name], rest)
    if not kind.suffix:
        return Key(kind.name, rest)
    name, dot, _ = rest.rpartition(f".{kind.suffix}")
    return Key(kind.name, name) if dot and rest.endswith(f".{kind.suffix}") and name else None


def main_file(key: Key) -> str:
    """The path that messages and listings name a component by."""
    home = parent_of(key) or key
    if home.type in FOLDERS:
        return f"{TYPES[FOLDERS[home.type]].directory}/{home.name}"
    kind = TYPES[home.type]
    return f"{kind.directory}/{home.name}" + (f".{kind.suffix}" if kind.suffix else "")


def folder_of(key: Key) -> Key | None:
    """The folder that a report, dashboard, document or e-mail template lies in."""
    folder_type = _FOLDERS.get(key.type)
    return Key(folder_type, key.name.partition("/")[0]) if folder_type else None


def source_member(key: Key) -> tuple[str, str] | None:
    """MemberType and MemberName of a new component; None for one that is tracked by its children only."""
    if key.type == "CustomLabels":
        return None
    return _SOURCE_MEMBER_TYPES.get(key.type, key.type), key.name


def key_of_member(member_type: str, member_name: str) -> Key | None:
    """The component that a SourceMember row speaks of, whose name may be URI-encoded; None for what the Metadata API
    has no name for."""
    name = _API_TYPES.get(member_type, member_type)
    return Key(name, unquote(member_name) if name in _ENCODED else member_name) if is_type(name) else None


def member_of_file(key: Key, path: str) -> tuple[str, str] | None:
    """A bundle's files have SourceMember rows of their own; an Aura definition's -meta.xml has none."""
    member_type = _FILES_OF_BUNDLES.get(key.type)
    if member_type is None or (member_type == "AuraDefinition" and path.endswith("-meta.xml")):
        return None
    return member_type, path.partition("/")[2]
