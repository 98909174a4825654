"""The resources below jobs/query: a query's whole answer as CSV, in pieces told by locators."""

import asyncio
import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from apps.simulator.answers import Answer, RestError, json_answer, not_found
from apps.simulator.bulk.csv_files import as_csv
from apps.simulator.bulk.jobs import (
    FORMAT,
    START_SECONDS,
    TERMINAL,
    UNEXPECTED,
    Job,
    Stopwatch,
    check_deletable,
    check_unfinished,
    listed,
    read_request,
)
from apps.simulator.records import Kind
from apps.simulator.routing import Call, Route
from apps.simulator.soql.conditions import Path, Record
from apps.simulator.soql.plan import PreparedQuery

MAX_ROWS_PER_ANSWER = 50_000
MAX_ROWS_OF_ORG = 500_000
COLUMNS_AS_ASKED_FROM = 50.0
_DIGITS = 9  # of any number that a parameter may be
_REQUEST = FORMAT | {"operation": ("query", "queryAll"), "query": None}


@dataclass(slots=True, eq=False, kw_only=True)
class QueryJob(Job):
    """`found` is the answer as it was when the query ran."""

    query: PreparedQuery
    found: list[Record] | None = None

    def as_created(self) -> dict[str, Any]:
        return self.head() | self.format()

    def as_listed(self) -> dict[str, Any]:
        return self.head() | {"jobType": "V2Query"} | self.format()

    def as_info(self) -> dict[str, Any]:
        counts = {
            "numberRecordsProcessed": self.processed,
            "retries": 0,
            "totalProcessingTime": int(self.took),
            "isPkChunkingSupported": True,
        }
        return self.as_listed() | counts | ({"errorMessage": self.error} if self.error else {})


def create(call: Call) -> Answer:
    """The query is checked at once and runs later."""
    asked = read_request(call.json_object(), _REQUEST)
    for name in ("operation", "query"):
        if not asked.get(name):
            raise RestError(400, "INVALIDJOB", f"InvalidJob : {name} is required")
    prepared = call.queries.prepare_rows(call.org, asked["query"])
    job = QueryJob(
        id=call.jobs.new_id(),
        org=call.org,
        user=call.user,
        version=call.version,
        operation=asked["operation"],
        object_name=prepared.plan.entity.name,
        column_delimiter=asked.get("columnDelimiter", "COMMA"),
        line_ending=asked.get("lineEnding", "LF"),
        created=call.now,
        modified=call.now,
        state="UploadComplete",
        query=prepared,
    )
    call.jobs.add(job)
    job.task = asyncio.get_running_loop().create_task(_run(call, job))
    return json_answer(job.as_created())


def change(call: Call) -> Answer:
    job = _job(call)
    if read_request(call.json_object(), {"state": ("Aborted",)}).get("state") != "Aborted":
        raise RestError(400, "INVALIDJOBSTATE", "A query job's state can be set to Aborted only")
    check_unfinished(job, "Aborting")
    job.enter("Aborted", call.now)
    return json_answer(job.head())


def info(call: Call) -> Answer:
    return json_answer(_job(call).as_info())


def list_all(call: Call) -> Answer:
    return listed([job.as_listed() for job in call.jobs.of(call.org, QueryJob)])


def delete(call: Call) -> Answer:
    job = _job(call)
    check_deletable(job, TERMINAL)
    call.jobs.remove(job)
    return Answer(204, b"", [])


def results(call: Call) -> Answer:
    """The header, and as many rows as asked for, from the locator on."""
    job = _job(call)
    if job.version != call.version:
        raise RestError(409, "API_ERROR", f"The results are to be asked for in the job's version, {job.version}")
    if job.state != "JobComplete" or job.found is None:
        raise RestError(400, "INVALIDJOBSTATE", f"The job is in the state {job.state}, so there are no results")
    records = job.found
    begin = _read_locator(call.parameter("locator"), len(records))
    end = begin + _page_size(call.parameter("maxRecords"))
    rows = records[begin:end]
    columns = list(job.query.plan.columns)
    if float(job.version[1:]) < COLUMNS_AS_ASKED_FROM:
        columns.sort(key=lambda path: path.text.lower())
    readers = [_reader(path) for path in columns]
    table = [[path.text for path in columns], *([read(record) for read in readers] for record in rows)]
    locator = _locator(end) if end < len(records) else "null"
    headers = [
        (b"content-type", b"text/csv"),
        (b"sforce-locator", locator.encode()),
        (b"sforce-numberofrecords", b"%d" % len(rows)),
    ]
    return Answer(200, as_csv(table, job.column_delimiter, job.line_ending), headers)


async def _run(call: Call, job: QueryJob) -> None:
    await asyncio.sleep(START_SECONDS)
    if job.is_over:
        return
    clock = call.world.clock
    job.enter("InProgress", clock.now())
    await asyncio.sleep(0)
    watch = Stopwatch()
    try:
        found = _find(call, job)
    except RestError as error:
        job.enter("Failed", clock.now(), f"{error.code} : {error.message}")
        return
    except Exception:
        job.enter("Failed", clock.now(), UNEXPECTED)
        raise
    job.found, job.processed, job.took = found, len(found), watch.milliseconds
    job.enter("JobComplete", clock.now())


def _find(call: Call, job: QueryJob) -> list[Record]:
    if not job.org.alive:
        raise not_found()
    deleted = job.operation == "queryAll"
    found = call.queries.rows(job.org, job.user, job.query, now=call.world.clock.now(), deleted=deleted)
    kept = sum(len(other.found) for other in call.jobs.of(job.org, QueryJob) if other.found is not None)
    if kept + len(found) > MAX_ROWS_OF_ORG:
        raise RestError(400, "ExceededQuota", "The results of the org's query jobs take too much room.")
    return found


def _job(call: Call) -> QueryJob:
    return call.jobs.find(call.org, QueryJob, call.argument)


def _page_size(given: str | None) -> int:
    if given is None:
        return MAX_ROWS_PER_ANSWER
    if not given.isascii() or not given.isdecimal() or not int(given[:_DIGITS]):
        raise RestError(400, "INVALIDJOB", f"InvalidJob : maxRecords must be a positive whole number, not {given}")
    return min(int(given[:_DIGITS]), MAX_ROWS_PER_ANSWER)


def _locator(place: int) -> str:
    return urlsafe_b64encode(str(place).encode()).decode().rstrip("=")


def _read_locator(given: str | None, rows: int) -> int:
    if not given:
        return 0
    try:
        place = int(urlsafe_b64decode(given + "=" * (-len(given) % 4)).decode())
    except (binascii.Error, ValueError) as error:
        raise RestError(400, "INVALID_QUERY_LOCATOR", f"invalid locator: {given}") from error
    if not 0 < place < rows:
        raise RestError(400, "INVALID_QUERY_LOCATOR", f"invalid locator: {given}")
    return place


def _reader(path: Path) -> Callable[[Record], str]:
    """A column as text: null is empty, times end in Z, unlike in JSON."""
    get = path.getter()

    def read(record: Record) -> str:
        value = get(record)
        if value is None:
            return ""
        if path.field.kind is Kind.BOOLEAN:
            return "true" if value else "false"
        return str(value).replace("+0000", "Z") if path.field.kind is Kind.DATETIME else str(value)

    return read


ROUTES = (
    Route("jobs/query", re.compile("jobs/query"), {"GET": list_all, "POST": create}),
    Route("jobs/query", re.compile("jobs/query/([^/]+)"), {"GET": info, "PATCH": change, "DELETE": delete}),
    Route("jobs/query", re.compile("jobs/query/([^/]+)/results"), {"GET": results}),
)
