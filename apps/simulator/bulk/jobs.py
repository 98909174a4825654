"""The jobs of all orgs: what there is to say of one, which states it goes through, how many there may be."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Literal, TypeVar

from apps.simulator import ids
from apps.simulator.answers import Answer, RestError, json_answer, not_found, unavailable
from apps.simulator.bulk.csv_files import DELIMITERS, LINE_ENDINGS
from apps.simulator.clock import salesforce_datetime
from apps.simulator.orgs import Org
from apps.simulator.records import User

State = Literal["Open", "UploadComplete", "InProgress", "JobComplete", "Aborted", "Failed"]
TERMINAL: frozenset[State] = frozenset({"JobComplete", "Aborted", "Failed"})
UNEXPECTED = "InternalServerError : An unexpected error occurred."
START_SECONDS = 0.3  # real ones wait in a queue: whoever asks at once must ask again
MAX_JOBS_PER_ORG = 50
MAX_JOBS = 100
MAX_STORED_BYTES = 1_000_000_000
JOBS_PER_PAGE = 1_000
_IN_MEMORY_BYTES = 256 * 1024


def scratch_file() -> IO[bytes]:
    """Small in memory, larger on disk; gone with its last user."""
    return SpooledTemporaryFile(_IN_MEMORY_BYTES)


@dataclass(slots=True, eq=False, kw_only=True)
class Job:
    """Times are the simulator's; `took` counts real seconds of work."""

    id: str
    org: Org
    user: User
    version: str
    operation: str
    object_name: str
    column_delimiter: str
    line_ending: str
    created: float
    modified: float
    state: State = "Open"
    error: str | None = None
    processed: int = 0
    took: float = 0
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes kept for it."""
        return 0

    @property
    def is_over(self) -> bool:
        return self.state in TERMINAL

    def enter(self, state: State, now: float, error: str | None = None) -> None:
        self.state, self.modified, self.error = state, now, error

    def head(self) -> dict[str, Any]:
        """What every answer about a job begins with."""
        return {
            "id": self.id,
            "operation": self.operation,
            "object": self.object_name,
            "createdById": self.user.Id,
            "createdDate": salesforce_datetime(self.created),
            "systemModstamp": salesforce_datetime(self.modified),
            "state": self.state,
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(self.version[1:]),
        }

    def format(self) -> dict[str, Any]:
        return {"lineEnding": self.line_ending, "columnDelimiter": self.column_delimiter}


JobKind = TypeVar("JobKind", bound=Job)


class Jobs:
    """One per simulator."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._serial = count(1)

    def new_id(self) -> str:
        return ids.make_id(ids.BULK_JOB, next(self._serial))

    def add(self, job: Job) -> None:
        """RestError where the org, or the simulator, has too many unfinished ones; finished ones make room."""
        own = [other for other in self._jobs.values() if other.org is job.org]
        for jobs, limit in ((own, MAX_JOBS_PER_ORG), (list(self._jobs.values()), MAX_JOBS)):
            if len(jobs) >= limit and not self._drop_oldest(jobs):
                raise RestError(400, "EXCEEDEDQUOTA", "The maximum number of jobs has been reached.")
        self._jobs[job.id] = job

    def make_room(self) -> None:
        """For an upload to come; RestError 503 where unfinished jobs hold all there is."""
        while sum(job.size for job in self._jobs.values()) > MAX_STORED_BYTES:
            if not self._drop_oldest(list(self._jobs.values())):
                raise unavailable()

    def find(self, org: Org, kind: type[JobKind], job_id: str) -> JobKind:
        job = self._jobs.get(ids.to_18(job_id[:15])) if ids.is_id(job_id) else None
        if not isinstance(job, kind) or job.org is not org:
            raise not_found()
        return job

    def of(self, org: Org, kind: type[JobKind]) -> list[JobKind]:
        """The newest first."""
        return [job for job in reversed(self._jobs.values()) if isinstance(job, kind) and job.org is org]

    def remove(self, job: Job) -> None:
        del self._jobs[job.id]

    def _drop_oldest(self, jobs: list[Job]) -> bool:
        done = next((job for job in jobs if job.is_over), None)
        if done is not None:
            self.remove(done)
        return done is not None


def listed(infos: list[dict[str, Any]]) -> Answer:
    """All jobs, as GET jobs/ingest and jobs/query tell them."""
    return json_answer({"done": True, "records": infos, "nextRecordsUrl": None})


def read_request(asked: dict[str, Any], known: dict[str, tuple[str, ...] | None]) -> dict[str, str]:
    """A job as a request describes it: text by name, of the values that are `known` for it (None: any)."""
    for name, value in asked.items():
        if name not in known:
            raise RestError(400, "JSON_PARSER_ERROR", f'Unrecognized field "{name}"')
        if value is None:
            continue
        if not isinstance(value, str):
            raise RestError(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of string from {name}")
        allowed = known[name]
        if allowed is not None and value not in allowed:
            raise RestError(400, "JSON_PARSER_ERROR", f"{value} is not a valid value for {name}")
    return {name: value for name, value in asked.items() if value is not None}


FORMAT: dict[str, tuple[str, ...] | None] = {
    "contentType": ("CSV",),
    "columnDelimiter": tuple(DELIMITERS),
    "lineEnding": tuple(LINE_ENDINGS),
}


def check_deletable(job: Job, allowed: frozenset[State]) -> None:
    if job.state not in allowed:
        message = "Error encountered when deleting the job because the job is not terminated"
        raise RestError(400, "API_ERROR", message)


def check_unfinished(job: Job, verb: str) -> None:
    """`verb` is Aborting or Closing."""
    if job.is_over:
        done = "Completed" if job.state == "JobComplete" else job.state
        raise RestError(400, "INVALIDJOBSTATE", f"{verb} already {done} Job not allowed")


class Stopwatch:
    """Real milliseconds, for totalProcessingTime."""

    def __init__(self) -> None:
        self._begin = time.monotonic()

    @property
    def milliseconds(self) -> int:
        return int((time.monotonic() - self._begin) * 1_000)
