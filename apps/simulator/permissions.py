"""Who may see what in the DevHub: the integration user holds View All on the scratch org objects, through a permission
set of its own."""

from collections.abc import Iterable

from apps.simulator import ids
from apps.simulator.clock import salesforce_datetime
from apps.simulator.orgs import Org
from apps.simulator.records import ObjectPermissions, PermissionSet, PermissionSetAssignment, User, UserPermissionAccess

_WATCHER = PermissionSet(ids.make_id(ids.PERMISSION_SET, 1), "Scratch_Org_Watcher", "Scratch Org Watcher", False)
_PROFILE = PermissionSet(ids.make_id(ids.PERMISSION_SET, 2), "X00ex00000018ozT_128_09_43_34_1", None, True)
_SCRATCH_ORG_OBJECTS = ("ActiveScratchOrg", "ScratchOrgInfo")


def sees_all(org: Org, user: User) -> bool:
    """Whether the DevHub user sees other people's scratch orgs: the integration user, unless it was taken away."""
    return user.Id == org.users[0].Id and "lost_view_all" not in org.faults


def user_permission_access(org: Org, user: User, now: float) -> UserPermissionAccess:
    """In a scratch org the admin may do everything; in the DevHub nobody who comes here has View All Data as such."""
    admin = not org.is_hub
    return UserPermissionAccess(
        Id=ids.to_18("000000000000000"),
        LastCacheUpdate=salesforce_datetime(now),
        PermissionsApiEnabled=True,
        PermissionsAuthorApex=admin,
        PermissionsCustomizeApplication=admin,
        PermissionsManageUsers=admin,
        PermissionsModifyAllData=admin,
        PermissionsModifyMetadata=admin,
        PermissionsViewAllData=admin,
        PermissionsViewAllUsers=admin,
        PermissionsViewSetup=True,
    )


def assignments(org: Org) -> Iterable[PermissionSetAssignment]:
    """Everybody has what the profile gives; the integration user also the watcher's permission set."""
    created = org.organization.CreatedDate
    for number, user in enumerate(org.users):
        sets = [_PROFILE, _WATCHER] if org.is_hub and number == 0 else [_PROFILE]
        for place, permission_set in enumerate(sets):
            yield PermissionSetAssignment(
                Id=ids.make_id(ids.PERMISSION_SET_ASSIGNMENT, org.number * 100_000 + number * 2 + place),
                AssigneeId=user.Id,
                PermissionSetId=permission_set.Id,
                PermissionSetGroupId=None,
                ExpirationDate=None,
                IsActive=True,
                SystemModstamp=created,
                Assignee=user,
                PermissionSet=permission_set,
            )


def object_permissions(org: Org) -> Iterable[ObjectPermissions]:
    """What each permission set says of the scratch org objects; only the DevHub has them."""
    if not org.is_hub:
        return
    view_all = "lost_view_all" not in org.faults
    created = org.organization.CreatedDate
    for number, (parent, name) in enumerate((p, o) for p in (_WATCHER, _PROFILE) for o in _SCRATCH_ORG_OBJECTS):
        yield ObjectPermissions(
            Id=ids.make_id(ids.OBJECT_PERMISSIONS, number + 1),
            ParentId=parent.Id,
            SobjectType=name,
            PermissionsCreate=parent is _PROFILE,
            PermissionsRead=True,
            PermissionsEdit=parent is _PROFILE,
            PermissionsDelete=parent is _PROFILE,
            PermissionsViewAllRecords=parent is _WATCHER and view_all,
            PermissionsModifyAllRecords=False,
            CreatedDate=created,
            SystemModstamp=created,
            Parent=parent,
        )
