"""What the simulator knows of one org, the DevHub or a scratch org."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from apps.simulator.clock import salesforce_date
from apps.simulator.records import ActiveScratchOrg, Organization, ScratchOrgInfo, User
from apps.simulator.tracking import Tracking

if TYPE_CHECKING:
    from apps.simulator.data.store import Store

SCRATCH_ORG_CALLS_PER_DAY = 15_000
HUB_CALLS_PER_DAY = 1_000_000
# Platform Events Developer Guide, "Platform Event Allocations": Developer and Enterprise Edition.
SCRATCH_ORG_DELIVERIES_PER_DAY = 10_000
HUB_DELIVERIES_PER_DAY = 25_000

Options = dict[str, Any]


@dataclass(slots=True)
class Org:
    """`users[0]` is who signed up (in the DevHub: the integration user). `read_at` is when SourceMember was first read
    to its last page. `info`, `active`, `tracking` and `owner` (the DevHub user who made it) belong to scratch orgs; a
    deleted org keeps its info only. `data` holds its records of standard and custom objects once somebody asked for
    them (data/store.py)."""

    number: int
    organization: Organization
    users: list[User]
    max_calls: int
    max_deliveries: int
    owner: User | None = None
    info: ScratchOrgInfo | None = None
    active: ActiveScratchOrg | None = None
    tracking: Tracking | None = None
    approved_apps: set[str] = field(default_factory=set)
    refresh_tokens: list[str] = field(default_factory=list)
    refresh_grants: int = 0
    faults: dict[str, Options] = field(default_factory=dict)
    alive: bool = True
    read_at: float | None = None
    calls: int = 0
    calls_day: str = ""
    deliveries: int = 0
    deliveries_day: str = ""
    data: "Store | None" = None

    @property
    def id(self) -> str:
        """18 characters."""
        return self.organization.Id

    @property
    def is_hub(self) -> bool:
        return self.info is None

    @property
    def person(self) -> str:
        """The DevHub user it belongs to."""
        return (self.owner or self.users[0]).Username

    def user(self, username: str) -> User | None:
        return next((user for user in self.users if user.Username == username), None)

    def user_of_id(self, user_id: str) -> User | None:
        """By an id of 15 or 18 characters."""
        return next((user for user in self.users if user.Id[:15] == user_id[:15]), None)

    def deliveries_left(self, now: float) -> int:
        """How many events may still reach subscribers on the clock's day."""
        today = salesforce_date(now)
        if today != self.deliveries_day:
            self.deliveries_day, self.deliveries = today, 0
        return max(0, self.max_deliveries - self.deliveries)

    def count_call(self, now: float) -> bool:
        """Counts one API call of the clock's day; False, uncounted, where the day's calls are used up."""
        today = salesforce_date(now)
        if today != self.calls_day:
            self.calls_day, self.calls = today, 0
        if self.calls >= self.max_calls:
            return False
        self.calls += 1
        return True
