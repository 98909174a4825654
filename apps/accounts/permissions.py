"""Who may do what. A door says what each of its verbs needs; a door that says nothing is shut.

class KeyList(APIView):
    needs = {"GET": Ability.ADMIN, "POST": Ability.ADMIN}
"""

from enum import StrEnum
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.keys import Scope
from apps.accounts.models import Role
from apps.core.errors import NotAllowed


class Ability(StrEnum):
    """The first four are the scopes of an API key. OWN, members and the team, is for people alone."""

    READ = Scope.READ
    POLL = Scope.POLL
    ENROL = Scope.ENROL
    ADMIN = Scope.ADMIN
    OWN = "own"


_DEVELOPER = frozenset({Ability.READ, Ability.POLL, Ability.ENROL})
ABILITIES: dict[str, frozenset[Ability]] = {
    Role.VIEWER: frozenset({Ability.READ}),
    Role.DEVELOPER: _DEVELOPER,
    Role.MAINTAINER: _DEVELOPER | {Ability.ADMIN},
    Role.OWNER: _DEVELOPER | {Ability.ADMIN, Ability.OWN},
}


class MayUseDoor(BasePermission):
    """Raises NotAllowed (403) when the caller lacks what `view.needs` names for the verb."""

    def has_permission(self, request: Request, view: Any) -> bool:
        who: Any = request.auth  # an authentication.Caller
        if who is None:
            return False
        verb = "GET" if request.method == "HEAD" else str(request.method)
        needed = view.needs.get(verb)
        # A verb that the door does not know goes on to be answered 405.
        if needed is not None and needed not in who.abilities:
            raise NotAllowed(who.why_not(needed), details={"needs": needed})
        return True
