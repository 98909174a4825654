"""What Scratcher asks of a scratch org and of a DevHub, and tells the latter, through simple-salesforce.

SOQL is put together here from constants, numbers, and ids that were checked to be ids; nothing that a user typed gets
into it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar

import orjson
from simple_salesforce.api import Salesforce

from apps.salesforce.errors import (
    EventNotInstalled,
    MalformedAnswer,
    NoSourceTracking,
    NotADevHub,
    QueryRefused,
    SalesforceError,
    SessionExpired,
)
from apps.salesforce.records import (
    ActiveScratchOrg,
    ApiUsage,
    Limit,
    Organization,
    Person,
    ScratchOrgInfo,
    SourceMember,
    SourceMembers,
    ids_of_identity,
    to_18,
)
from apps.salesforce.transport import Deadline, Transport

_NEXT_PAGE = re.compile(r"/services/data/v\d{1,3}\.0/(?:tooling/)?query/[\w.~=-]{1,200}", re.ASCII)
# An org has at most 50,000 source members and a hub far fewer orgs: more is a server that never ends.
_MAX_ROWS = 200_000
# 200 ids make a URL of 5 KB; Salesforce takes 16 KB, proxies on the way often only 8.
_IDS_PER_QUERY = 200
_NO_SUCH_OBJECT = {"NOT_FOUND", "INVALID_TYPE"}
_LIMITS = ("DailyApiRequests", "ActiveScratchOrgs", "DailyScratchOrgs", "DailyDeliveredPlatformEvents")
T = TypeVar("T")


class SalesforceClient:
    """One org, for one poll or one sync: its requests share one deadline and one connection.

    renew: called when the access token is refused (401), once for a request; returns a fresh one that the caller has
    already stored. deadline: begins now and has the transport's poll_seconds, unless given.
    Each method raises SalesforceError.
    """

    def __init__(
        self,
        transport: Transport,
        instance_url: str,
        access_token: str,
        renew: Callable[[], str] | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        transport.check_host(instance_url)
        self._transport, self._instance_url, self._renew = transport, instance_url, renew
        self._deadline = deadline or transport.deadline()
        self._salesforce = self._with_token(access_token)
        self._hub_has_auth_urls = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        self._deadline.close()

    def source_members(self, since: int) -> SourceMembers:
        """Every SourceMember whose RevisionCounter is since or higher, each once with its highest revision. Raises
        NoSourceTracking."""
        soql = _select(SourceMember.FIELDS, f"SourceMember WHERE RevisionCounter >= {since:d} ORDER BY RevisionCounter")
        rows: dict[str, SourceMember] = {}
        pages, started_at, finished_at = 0, None, None
        with _unknown_object_means(NoSourceTracking):
            for records in self._pages("tooling/query/", soql):
                pages, finished_at = pages + 1, self.answered_at
                started_at = started_at or finished_at
                for member in map(SourceMember.of, records):
                    known = rows.get(member.id)
                    if known is None or known.revision_counter < member.revision_counter:
                        rows[member.id] = member
        if started_at is None or finished_at is None:
            raise MalformedAnswer
        return SourceMembers(list(rows.values()), started_at, finished_at, self.usage, pages)

    def people(self, user_ids: Iterable[str]) -> list[Person]:
        """Those of the users that exist; what is no user id is left out."""
        ids = sorted({to_18(i) for i in user_ids if _is_id(i, "005")})
        return [Person.of(r) for r in self._by_ids(_select(Person.FIELDS, "User WHERE Id IN"), ids)]

    def organization(self) -> Organization:
        records = self._query(_select(Organization.FIELDS, "Organization"))
        if not records:
            raise MalformedAnswer
        return Organization.of(records[0])

    def limits(self) -> dict[str, Limit]:
        """Those of `_LIMITS` that the org has. The user needs View Setup and Configuration for them."""
        answer = _record(self._call(lambda s: s.limits(deadline=self._deadline)))
        if "DailyApiRequests" not in answer:
            raise MalformedAnswer
        return {name: Limit.of(_record(answer[name])) for name in _LIMITS if name in answer}

    def publish(self, event: str, fields: Mapping[str, Any]) -> None:
        """Publishes a platform event (`…__e`); its subscribers in the org hear it. Where the connection breaks, nobody
        knows whether they will: it is not sent again. Raises EventNotInstalled."""
        path, body = f"sobjects/{event}", orjson.dumps(fields)
        try:
            answer = self._call(lambda s: s.restful(path, method="POST", data=body, deadline=self._deadline))
        except QueryRefused as refused:
            if refused.salesforce_code in _NO_SUCH_OBJECT:
                raise EventNotInstalled from refused
            raise
        if _record(answer).get("success") is not True:
            raise MalformedAnswer

    @property
    def usage(self) -> ApiUsage | None:
        """As the last answer told it; None before the first, and where Salesforce tells none."""
        usage = self._salesforce.api_usage.get("api-usage")
        return None if usage is None else ApiUsage(usage.used, usage.total)

    @property
    def answered_at(self) -> datetime:
        """When Salesforce gave the last answer, by its own clock."""
        answer = self._deadline.answer
        return _http_date(answer.headers.get("Date", "") if answer else "")

    # DevHubs only

    def is_dev_hub(self) -> bool:
        try:
            with _unknown_object_means(NotADevHub):
                self._query("SELECT Id FROM ScratchOrgInfo LIMIT 1")
        except NotADevHub:
            return False
        return True

    def active_scratch_orgs(self) -> list[ActiveScratchOrg]:
        """All that the hub's user may see, each with its ScratchOrgInfo. Raises NotADevHub."""
        with _unknown_object_means(NotADevHub):
            records = self._query(_select(ActiveScratchOrg.FIELDS, "ActiveScratchOrg"))
        infos = self.scratch_org_infos([r["ScratchOrg"] for r in records if isinstance(r.get("ScratchOrg"), str)])
        by_org_id = {info.org_id: info for info in infos}
        return [ActiveScratchOrg.of(r, by_org_id) for r in records]

    def scratch_org_infos(self, org_ids: Iterable[str]) -> list[ScratchOrgInfo]:
        """Those of the scratch orgs (15 or 18 characters) that the hub knows, living or not."""
        # ScratchOrg is text, not a reference: it holds 15 characters and matches nothing else.
        ids = sorted({i[:15] for i in org_ids if _is_id(i, "00D")})
        if self._hub_has_auth_urls:
            try:
                return [ScratchOrgInfo.of(r) for r in self._infos(f"{ScratchOrgInfo.FIELDS}, SfdxAuthUrl__c", ids)]
            except QueryRefused as refused:
                if refused.salesforce_code != "INVALID_FIELD":
                    raise
                self._hub_has_auth_urls = False
        return [ScratchOrgInfo.of(r) for r in self._infos(ScratchOrgInfo.FIELDS, ids)]

    def can_view_all(self) -> bool:
        """Whether the user sees all scratch orgs of the hub: by View All Data, or by View All on both of the hub's
        objects."""
        permissions = self._query("SELECT PermissionsViewAllData FROM UserPermissionAccess")
        if any(p.get("PermissionsViewAllData") is True for p in permissions):
            return True
        user_id = self._user_id()
        sets = self._query(_select("PermissionSetId", f"PermissionSetAssignment WHERE AssigneeId = '{user_id}'"))
        set_ids = sorted({s["PermissionSetId"] for s in sets if _is_id(s.get("PermissionSetId"), "0PS")})
        seen = self._by_ids(
            "SELECT SobjectType FROM ObjectPermissions WHERE SobjectType IN ('ActiveScratchOrg', 'ScratchOrgInfo') "
            "AND PermissionsViewAllRecords = true AND ParentId IN",
            set_ids,
        )
        return {r.get("SobjectType") for r in seen} >= {"ActiveScratchOrg", "ScratchOrgInfo"}

    def _infos(self, fields: str, org_ids: Sequence[str]) -> list[dict[str, Any]]:
        return self._by_ids(_select(fields, "ScratchOrgInfo WHERE ScratchOrg IN"), org_ids)

    # Asking

    def _by_ids(self, soql_up_to_ids: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        for start in range(0, len(ids), _IDS_PER_QUERY):
            listed = ",".join(f"'{i}'" for i in ids[start : start + _IDS_PER_QUERY])
            records += self._query(f"{soql_up_to_ids} ({listed})")
        return records

    def _query(self, soql: str) -> list[dict[str, Any]]:
        return [record for page in self._pages("query/", soql) for record in page]

    def _pages(self, resource: str, soql: str) -> Iterator[list[dict[str, Any]]]:
        """The records of each page, to the last one."""
        page = self._call(lambda s: s.restful(resource, params={"q": soql}, deadline=self._deadline))
        rows = 0
        while True:
            records, next_page = _checked(page)
            rows += len(records)
            yield records
            if next_page is None:
                return
            if not records or rows > _MAX_ROWS:
                raise MalformedAnswer("The org's answer has no end. It is tried again by itself.")
            page = self._next_page(next_page)

    def _next_page(self, path: str) -> Any:
        return self._call(lambda s: s.query_more(path, identifier_is_url=True, deadline=self._deadline))

    def _call(self, request: Callable[[Salesforce], T]) -> T:
        try:
            return request(self._salesforce)
        except SessionExpired:
            if self._renew is None:
                raise
        self._salesforce = self._with_token(self._renew())
        return request(self._salesforce)

    def _with_token(self, access_token: str) -> Salesforce:
        salesforce = Salesforce(
            session_id=access_token,
            instance_url=self._instance_url,
            version=self._transport.api_version,
            session=self._transport.session,
        )
        # simple-salesforce asks for indented JSON, which is a third larger.
        salesforce.headers = {"Authorization": f"Bearer {access_token}"}
        return salesforce

    def _user_id(self) -> str:
        """Whose token this is, from the API version's map of resources."""
        resources = self._call(lambda s: s.restful("", deadline=self._deadline))
        return ids_of_identity(_record(resources), "identity")[1]


@contextmanager
def _unknown_object_means(error: type[SalesforceError]) -> Iterator[None]:
    try:
        yield
    except QueryRefused as refused:
        if refused.salesforce_code == "INVALID_TYPE":
            raise error from refused
        raise


def _select(fields: str, of: str) -> str:
    return f"SELECT {fields} FROM {of}"  # noqa: S608 - SOQL only reads, and see the top of this file


def _checked(page: Any) -> tuple[list[dict[str, Any]], str | None]:
    """Records and path of the next page (None: this is the last) of one answer to a query."""
    if not isinstance(page, dict):
        raise MalformedAnswer
    records, done, next_page = page.get("records"), page.get("done"), page.get("nextRecordsUrl")
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records) or type(done) is not bool:
        raise MalformedAnswer
    if done:
        return records, None
    if not isinstance(next_page, str) or _NEXT_PAGE.fullmatch(next_page) is None:
        raise MalformedAnswer
    return records, next_page


def _record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedAnswer
    return value


def _is_id(value: Any, prefix: str) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(rf"{prefix}[0-9A-Za-z]{{12}}(?:[0-9A-Za-z]{{3}})?", value, re.ASCII) is not None
    )


@lru_cache(maxsize=256)
def _http_date(value: str) -> datetime:
    """UTC. Raises MalformedAnswer: without Salesforce's own time nothing can be said about when a row was seen."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise MalformedAnswer("Salesforce's answer has no usable Date header. It is tried again by itself.")
    return moment
