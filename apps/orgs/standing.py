"""How an org or a hub stands: whether it is watched; if something is wrong, why, in words, and what to do about it.

Reads the row alone (and an org's hub, which the caller selects along).
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from apps.core import crypto
from apps.orgs.models import DevHub, ScratchOrg
from apps.salesforce.errors import SessionExpired, SfCliError, SfCliLoggedOut, SfCliMissing, SfCliOutdated

Credential = ScratchOrg.Credential
Unwatched = ScratchOrg.Unwatched

BY_ITSELF = "Nothing: it is tried again by itself, with growing pauses."
GIVE_VIEW_ALL = "Give the hub's user View All on Scratch Org Infos and Active Scratch Orgs."
LOGIN_BY_SF_CLI = "log in to it with the sf CLI of this machine (sf org login web), as the user who runs the workers"
ENROL = "Enrol it with what `sf org auth show-sfdx-auth-url` prints (POST /api/orgs/{org_id}/enrol)"

# What to do while polls fail, by the error's code (apps.salesforce.errors, and our own).
WHAT_TO_DO = {
    "quota_exceeded": "Nothing: polling goes on when Salesforce allows calls again. Ask what else uses them up.",
    "org_gone": "Nothing: the DevHub's next sync decides whether the org is over.",
    "host_not_found": "Nothing if the org is over: the DevHub's next sync decides. Else check this machine's DNS.",
    "host_not_allowed": "Add the address to SALESFORCE_HOSTS if it is Salesforce's.",
    "no_source_tracking": "Create scratch orgs with source tracking, which is the default, or stop watching this one.",
    "encryption_key_missing": "Put the key back into ENCRYPTION_KEYS, or enrol the org again.",
    "secret_undecipherable": "Enrol the org again: what is stored for it was changed.",
    "session_expired": "If this stays, enrol the org again.",
    "invalid_private_key": "Give the DevHub its private key again (manage.py add_devhub --update).",
    "malformed_answer": "If this stays, look for a proxy between this machine and Salesforce.",
    "redirected": "Enrol the org again: the address that is stored for it is not its My Domain address.",
    "sf_cli_missing": "Install the sf CLI where the workers run, set SF_CLI to its path (empty: unused), or enrol.",
    "sf_cli_outdated": "Update the sf CLI where the workers run (sf update).",
    "sf_cli_logged_out": f"Enrol the org, or {LOGIN_BY_SF_CLI}.",
    "sf_cli_failed": "If this stays, run `sf org list auth` where the workers run, as their user.",
    "unexpected": "Look into the worker's log.",
}
_SF_CLI_SENTENCES = {kind.code: kind.sentence for kind in (SfCliError, SfCliMissing, SfCliOutdated, SfCliLoggedOut)}


@dataclass(frozen=True)
class Standing:
    """`reason`: a code, empty if all is well; `why` and `what_to_do`: sentences for people. `watched` with a reason:
    polled, yet something is wrong."""

    watched: bool
    reason: str = ""
    why: str = ""
    what_to_do: str = ""


def of_org(org: ScratchOrg) -> Standing:
    """For any org; `org.dev_hub` is read."""
    if org.status != ScratchOrg.Status.ACTIVE:
        return Standing(False, "ended", f"The org is over: {org.status.lower()}.", "Nothing.")
    if not org.dev_hub.active:
        return Standing(False, "hub_inactive", "Its DevHub is switched off.", "Switch the DevHub on in the admin.")
    return _polled(org) if org.watched else _unwatched(org)


def of_hub(hub: DevHub) -> Standing:
    """`watched`: its list of orgs is read."""
    if not hub.active:
        return Standing(False, "hub_inactive", "The DevHub is switched off.", "Switch it on in the admin.")
    if hub.consecutive_failures:
        since = f"Not read since {hub.last_synced_at:%Y-%m-%d %H:%M} UTC" if hub.last_synced_at else "Never read yet"
        what_to_do = "Mend what it says; `manage.py doctor` tries it at once."
        return Standing(False, hub.last_error_code, f"{since}: {hub.last_error}", what_to_do)
    if hub.last_synced_at is None:
        return Standing(
            False, "waiting", "Its list of orgs has not been read yet.", "Nothing: it is read within a minute."
        )
    return _read(hub)


def silent(since: datetime) -> Standing:
    """Of a hub whose orgs' polls are due, and none ends."""
    why = f"Polls are due, and none has ended since {since:%Y-%m-%d %H:%M} UTC."
    return Standing(False, "no_polls", why, "Start the workers; `manage.py doctor` says whether they are alive.")


def _read(hub: DevHub) -> Standing:
    if hub.doubted_endings:
        why = f"{len(hub.doubted_endings)} orgs vanished at once; they stay until the next sync agrees."
        return Standing(True, "sync_doubted", why, "Check whether the hub's user still sees all scratch orgs.")
    if hub.can_view_all is False:
        why = "Its user lacks View All, so other people's orgs may be missing."
        return Standing(True, "no_view_all", why, GIVE_VIEW_ALL)
    if hub.sf_cli_error:
        why = f"The sf CLI could not tell which orgs it is logged in to. {_SF_CLI_SENTENCES[hub.sf_cli_error]}"
        return Standing(True, hub.sf_cli_error, why, WHAT_TO_DO[hub.sf_cli_error])
    return Standing(True)


def _polled(org: ScratchOrg) -> Standing:
    watched = org.consecutive_failures == 0 and org.last_polled_at is not None
    if lost := _lost_key(org):
        why = f"The encryption key {lost} is missing."
        return Standing(watched, "key_missing", why, WHAT_TO_DO["encryption_key_missing"])
    if not org.visible_to_hub:
        what_to_do = f"{GIVE_VIEW_ALL} If the org is over, wait for its last day or stop watching it."
        return Standing(watched, "not_visible", _not_visible(org), what_to_do)
    if org.consecutive_failures:
        return _failing(org)
    if org.last_polled_at is None:
        what_to_do = "Nothing: it is polled within a minute. If this stays, `manage.py doctor` says more."
        return Standing(False, "waiting", "It waits for its first poll.", what_to_do)
    return Standing(True)


def _unwatched(org: ScratchOrg) -> Standing:
    match org.unwatched_reason:
        case Unwatched.STOPPED:
            return Standing(False, "stopped", "Somebody stopped watching it.", "Start watching it again in the admin.")
        case Unwatched.LOGIN_REFUSED:
            what_to_do = "Mend what it says, then enrol the org again or start watching it in the admin."
            return Standing(False, "login_refused", org.last_error or "Salesforce refused the login.", what_to_do)
        case _:
            return _not_enrolled(org)


def _not_enrolled(org: ScratchOrg) -> Standing:
    if org.connected_app and org.connected_app == org.dev_hub.client_id:
        why = "Its address is none that SALESFORCE_HOSTS allows."
        return Standing(False, "not_enrolled", why, WHAT_TO_DO["host_not_allowed"])
    enrol = ENROL.format(org_id=org.org_id) + (f", or {LOGIN_BY_SF_CLI}" if settings.SF_CLI else "")
    if not org.connected_app:
        why = "The DevHub does not show which connected app it was created with, and no credential is stored."
        return Standing(False, "not_enrolled", why, f"{enrol}.")
    why = f"It was created with the connected app {org.connected_app}, through which our key cannot enter."
    what_to_do = f"{enrol}, or create scratch orgs after a login with the hub's own app."
    return Standing(False, "not_enrolled", why, what_to_do)


def _failing(org: ScratchOrg) -> Standing:
    if org.last_polled_at:
        since = f"Failing since the poll of {org.last_polled_at:%Y-%m-%d %H:%M} UTC"
    else:
        since = "No poll has succeeded yet"
    code = "key_missing" if org.last_error_code == crypto.KeyMissing.code else org.last_error_code
    what_to_do = WHAT_TO_DO.get(org.last_error_code, BY_ITSELF)
    if code == SessionExpired.code and org.credential == Credential.SF_CLI:
        what_to_do = WHAT_TO_DO[SfCliLoggedOut.code]
    return Standing(False, code, f"{since}: {org.last_error}", what_to_do)


def _not_visible(org: ScratchOrg) -> str:
    why = "It is no longer visible to the hub's user, and nothing says that it is over."
    return f"{why} Its polls fail: {org.last_error}" if org.consecutive_failures else why


def _lost_key(org: ScratchOrg) -> str:
    """The key that its refresh token needs and ENCRYPTION_KEYS no longer holds."""
    key_id = crypto.key_id_of(org.refresh_token)
    return "" if key_id in {"", *crypto.keyring(settings.ENCRYPTION_KEYS)} else key_id
