"""Answers queries: finds the records that an org's user may see, cuts them into pages of 2,000, keeps the rest behind
a locator."""

from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

from apps.simulator import ids
from apps.simulator.answers import RestError
from apps.simulator.data.catalogue import schema_of
from apps.simulator.edits import mark_read
from apps.simulator.orgs import Org
from apps.simulator.records import SourceMember, User
from apps.simulator.soql.conditions import Record
from apps.simulator.soql.errors import SoqlError
from apps.simulator.soql.plan import PreparedQuery, prepare
from apps.simulator.sources import source
from apps.simulator.world import World

PAGE_ROWS = 2_000
MAX_CURSOR_ROWS = 500_000
MAX_CURSORS_PER_ORG = 10


@dataclass(slots=True)
class Cursor:
    """The answer to one query as it was when the query came: later edits don't change it."""

    org: Org
    user: User
    query: PreparedQuery
    records: list[Record]
    asked_at: float


@dataclass(frozen=True, slots=True)
class Page:
    """`completes` is the org whose SourceMember this page finishes reading; `finish` says so once it was sent."""

    content: dict[str, Any]
    completes: Org | None
    asked_at: float = 0


class Queries:
    """One per simulator. Locators are bounded in number per org and in rows over all; the oldest go first."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._cursor_rows = 0
        self._serial = count(1)

    def query(
        self, org: Org, user: User, text: str, *, tooling: bool, version: str, now: float, deleted: bool = False
    ) -> Page:
        """The first page; `deleted` finds what is in the recycle bin too. Raises RestError 400 with Salesforce's code
        for a query that it would refuse."""
        try:
            prepared = prepare(text, schema_of(org, tooling=tooling))
            records = prepared.run(source(self._world, org, user, now, deleted=deleted), now)
        except SoqlError as error:
            raise RestError(400, error.code, error.message) from error
        if org.tracking is not None and prepared.plan.entity.name == "SourceMember":
            records = cast(list[Record], org.tracking.disturb(cast(list[SourceMember], records)))
        if prepared.plan.is_count:
            return Page({"totalSize": len(records), "done": True, "records": []}, None)
        return self._page(Cursor(org, user, prepared, records, now), None, 0, tooling=tooling, version=version)

    def prepare_rows(self, org: Org, text: str) -> PreparedQuery:
        """For those who want rows and columns, so no aggregates and no children. RestError 400."""
        try:
            prepared = prepare(text, schema_of(org))
        except SoqlError as error:
            raise RestError(400, error.code, error.message) from error
        plan = prepared.plan
        if plan.is_count or plan.aggregation is not None or plan.children:
            raise RestError(400, "FEATURENOTENABLED", "Aggregate Relationships not supported in Bulk Query")
        return prepared

    def rows(self, org: Org, user: User, prepared: PreparedQuery, *, now: float, deleted: bool) -> list[Record]:
        """Every record that the query finds; RestError 400 for what shows only then."""
        try:
            return prepared.run(source(self._world, org, user, now, deleted=deleted), now)
        except SoqlError as error:
            raise RestError(400, error.code, error.message) from error

    def more(self, org: Org, user: User, locator: str, *, tooling: bool, version: str) -> Page:
        """The page that a nextRecordsUrl asked for; only for the user who asked the query."""
        name, _, offset = locator.partition("-")
        cursor = self._cursors.get(name)
        if cursor is None or cursor.org is not org or cursor.user is not user or not _is_place(offset):
            raise RestError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        if int(offset) >= len(cursor.records):
            raise RestError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, name, int(offset), tooling=tooling, version=version)

    def columns(self, org: Org, text: str, *, tooling: bool) -> dict[str, Any]:
        """What `?columns=true` answers."""
        try:
            plan = prepare(text, schema_of(org, tooling=tooling)).plan
        except SoqlError as error:
            raise RestError(400, error.code, error.message) from error
        names, aggregate = plan.names, plan.aggregation is not None
        columns = [
            {"aggregate": aggregate, "columnName": name, "displayName": name, "joinColumns": []} for name in names
        ]
        return {
            "columnMetadata": columns,
            "entityName": plan.entity.name,
            "groupBy": aggregate,
            "idSelected": "Id" in names,
        }

    def _page(self, cursor: Cursor, locator: str | None, offset: int, *, tooling: bool, version: str) -> Page:
        base = f"/services/data/{version}/tooling" if tooling else f"/services/data/{version}"
        write, plan = cursor.query.writer(cursor.asked_at), cursor.query.plan
        end = offset + PAGE_ROWS
        done = end >= len(cursor.records)
        sobjects = f"{base}/sobjects"
        rows = [write(record, sobjects) for record in cursor.records[offset:end]]
        content: dict[str, Any] = {"size": len(rows)} if tooling else {}
        content |= {"totalSize": len(cursor.records), "done": done}
        if not done:
            locator = locator or self._keep(cursor)
            content["nextRecordsUrl"] = f"{base}/query/{locator}-{end}"
        if tooling:
            content["entityTypeName"] = plan.entity.name
        content["records"] = rows
        finishes = done and plan.entity.name == "SourceMember" and cursor.query.is_whole
        return Page(content, cursor.org if finishes else None, cursor.asked_at)

    def _keep(self, cursor: Cursor) -> str:
        locator = ids.make_id(ids.QUERY_LOCATOR, next(self._serial))
        self._cursors[locator] = cursor
        self._cursor_rows += len(cursor.records)
        own = [name for name, kept in self._cursors.items() if kept.org is cursor.org]
        for name in own[:-MAX_CURSORS_PER_ORG]:
            self._drop(name)
        while self._cursor_rows > MAX_CURSOR_ROWS and len(self._cursors) > 1:
            self._drop(next(iter(self._cursors)))
        return locator

    def _drop(self, locator: str) -> None:
        self._cursor_rows -= len(self._cursors.pop(locator).records)


def _is_place(offset: str) -> bool:
    return offset.isdecimal() and len(offset) < len(str(MAX_CURSOR_ROWS)) + 3


def finish(world: World, page: Page, now: float) -> None:
    """To be called when a page has been sent."""
    if page.completes is not None:
        mark_read(world, page.completes, page.asked_at, now)
