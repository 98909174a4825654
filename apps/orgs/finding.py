"""An org by what people have at hand: its id of 15 or 18 characters, or a username."""

from apps.accounts.models import Team
from apps.accounts.scoping import rows
from apps.core.errors import NotFound
from apps.orgs.models import ScratchOrg
from apps.salesforce.records import to_18


def find_org(team: Team, named: str) -> ScratchOrg:
    """Raises NotFound (404). Of several orgs that had the username, the newest."""
    try:
        org = rows(ScratchOrg, team).filter(org_id=to_18(named)).first()
    except ValueError:
        # PostgreSQL takes no NUL
        org = None if "\x00" in named else rows(ScratchOrg, team).filter(username=named).order_by("-pk").first()
    if org is None:
        raise NotFound("there is no such scratch org; name it by its id (15 or 18 characters) or its username")
    return org
