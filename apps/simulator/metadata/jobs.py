"""Deploys and retrieves run beside the calls that ask for them; here they are kept, and found again by their ids."""

from collections import OrderedDict
from itertools import count
from typing import Generic, Protocol, TypeVar

from apps.simulator import ids
from apps.simulator.metadata.soap import SoapFault
from apps.simulator.orgs import Org

MAX_JOBS = 1_000
MAX_KEPT_BYTES = 128_000_000


class Job(Protocol):
    """`weight` is about how many bytes it keeps."""

    id: str
    org: Org

    @property
    def done(self) -> bool: ...

    @property
    def weight(self) -> int: ...


Kept = TypeVar("Kept", bound=Job)


class Jobs(Generic[Kept]):
    """Of one kind, bounded in number and in bytes; the oldest that are done go first."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._serial = count(1)
        self._jobs: OrderedDict[str, Kept] = OrderedDict()

    def new_id(self) -> str:
        return ids.make_id(self._prefix, next(self._serial))

    def keep(self, job: Kept) -> None:
        """SoapFault where those that are not done yet leave no room."""
        self._jobs[job.id] = job
        for old in [kept for kept in self._jobs.values() if kept.done and kept is not job]:
            if not self._is_full():
                return
            del self._jobs[old.id]
        if self._is_full():
            del self._jobs[job.id]
            raise SoapFault("sf:LIMIT_EXCEEDED", "Too many requests are waiting. Wait for some to finish.")

    def _is_full(self) -> bool:
        return len(self._jobs) > MAX_JOBS or sum(job.weight for job in self._jobs.values()) > MAX_KEPT_BYTES

    def find(self, org: Org, job_id: str) -> Kept:
        """By an id of 15 or 18 characters; SoapFault for an unknown one, or another org's."""
        if not ids.is_id(job_id):
            raise SoapFault("sf:MALFORMED_ID", f"malformed id {job_id}")
        job = self._jobs.get(ids.to_18(job_id[:15]))
        if job is None or job.org is not org:
            raise SoapFault("sf:INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        return job
