"""A job that loads records."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from apps.simulator.bulk.csv_files import as_csv
from apps.simulator.bulk.jobs import Job, scratch_file


@dataclass(slots=True, eq=False, kw_only=True)
class IngestJob(Job):
    """`upload` is what was put; the result files are complete once the job is done."""

    external_id_field: str | None = None
    upload: IO[bytes] | None = None
    header: list[str] = field(default_factory=list)
    failed: int = 0
    successes: IO[bytes] = field(default_factory=scratch_file)
    failures: IO[bytes] = field(default_factory=scratch_file)
    unprocessed: IO[bytes] | None = None

    @property
    def size(self) -> int:
        files = (self.upload, self.successes, self.failures)
        return sum(_length(file) for file in files if file is not None)

    def keep_result(self, file: IO[bytes], rows: Sequence[Sequence[str]]) -> None:
        """Adds rows to a result file."""
        file.write(as_csv(rows, self.column_delimiter, self.line_ending))

    def as_created(self) -> dict[str, Any]:
        """As POST answers."""
        external = {"externalIdFieldName": self.external_id_field} if self.external_id_field else {}
        url = f"services/data/{self.version}/jobs/ingest/{self.id}/batches"
        return self.head() | external | ({"contentUrl": url} if self.state == "Open" else {}) | self.format()

    def as_patched(self) -> dict[str, Any]:
        external = {"externalIdFieldName": self.external_id_field} if self.external_id_field else {}
        return self.head() | external

    def as_listed(self) -> dict[str, Any]:
        return self.as_created() | {"jobType": "V2Ingest"}

    def as_info(self) -> dict[str, Any]:
        """As GET of the one job answers."""
        counts = {
            "retries": 0,
            "totalProcessingTime": int(self.took),
            "apiActiveProcessingTime": int(self.took),
            "apexProcessingTime": 0,
        }
        if self.state != "Open":
            counts = {"numberRecordsProcessed": self.processed, "numberRecordsFailed": self.failed} | counts
        error = {"errorMessage": self.error} if self.error else {}
        return self.as_listed() | counts | error


def _length(file: IO[bytes]) -> int:
    place = file.tell()
    end = file.seek(0, 2)
    file.seek(place)
    return end
