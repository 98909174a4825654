"""The resources below jobs/ingest."""

import asyncio
import re
from typing import IO

from apps.simulator.answers import Answer, RestError, json_answer
from apps.simulator.bulk import loading
from apps.simulator.bulk.csv_files import as_csv
from apps.simulator.bulk.ingest_jobs import IngestJob
from apps.simulator.bulk.jobs import FORMAT, TERMINAL, check_deletable, check_unfinished, listed, read_request
from apps.simulator.data.catalogue import find
from apps.simulator.routing import Call, Route

# 150 MB of base64 (Bulk API 2.0 Developer Guide, "Upload Job Data"), which is a third more than what is sent.
MAX_UPLOAD_BYTES = 150_000_000 * 3 // 4
CSV_TYPE = (b"content-type", b"text/csv")
_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
_REQUEST = FORMAT | {
    "operation": _OPERATIONS,
    "object": None,
    "externalIdFieldName": None,
    "assignmentRuleId": None,
}


def create(call: Call) -> Answer:
    asked = read_request(call.json_object(), _REQUEST)
    for name in ("operation", "object"):
        if not asked.get(name):
            raise RestError(400, "INVALIDJOB", f"InvalidJob : {name} is required")
    entity = find(call.org, asked["object"])
    if entity is None or not (entity.createable or entity.updateable or entity.deletable):
        raise RestError(400, "INVALIDENTITY", f"Entity '{asked['object']}' is not supported by the Bulk API.")
    if asked["operation"] == "hardDelete":  # nobody here holds Bulk API Hard Delete, which is off by default
        message = (
            "hardDelete operation requires special user profile permission, please contact your system administrator"
        )
        raise RestError(400, "FEATURENOTENABLED", message)
    external = asked.get("externalIdFieldName") if asked["operation"] == "upsert" else None
    if asked["operation"] == "upsert" and not external:
        raise RestError(400, "INVALIDJOB", "InvalidJob : External ID Field Name is required for upsert")
    if external is not None:
        field = entity.fields.get(external.lower())
        if field is None or not (field.id_lookup or field.external_id):
            message = f"InvalidJob : Field name provided, {external} does not match an External ID for {entity.name}"
            raise RestError(400, "INVALIDJOB", message)
    job = IngestJob(
        id=call.jobs.new_id(),
        org=call.org,
        user=call.user,
        version=call.version,
        operation=asked["operation"],
        object_name=entity.name,
        column_delimiter=asked.get("columnDelimiter", "COMMA"),
        line_ending=asked.get("lineEnding", "LF"),
        created=call.now,
        modified=call.now,
        external_id_field=external,
    )
    call.jobs.add(job)
    return json_answer(job.as_created())


def upload(call: Call) -> Answer:
    job = _job(call)
    if call.content_type.partition(";")[0].strip().lower() != "text/csv":
        raise RestError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type {call.content_type!r} is not text/csv")
    if job.state != "Open" or call.upload is None:
        raise RestError(400, "INVALIDJOBSTATE", "Data can be uploaded to a job in the state Open only")
    if job.upload is not None:
        message = (
            f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / 'Delete' the current Job then "
            "create a new Job and make sure you only do 'PUT' once on a given Job."
        )
        raise RestError(400, "CLIENTINPUTERROR", message)
    call.jobs.make_room()
    job.upload = call.upload
    return Answer(201, b"", [])


def change(call: Call) -> Answer:
    job = _job(call)
    state = read_request(call.json_object(), {"state": ("UploadComplete", "Aborted")}).get("state")
    if state == "UploadComplete":
        check_unfinished(job, "Closing")
        if job.state != "Open":
            raise RestError(400, "INVALIDJOBSTATE", "Closing already Closed Job not allowed")
        job.enter("UploadComplete", call.now)
        job.task = asyncio.get_running_loop().create_task(loading.run(call.world, job))
    elif state == "Aborted":
        check_unfinished(job, "Aborting")
        if job.state in ("Open", "UploadComplete"):
            job.unprocessed = job.upload
        job.enter("Aborted", call.now)
    else:
        raise RestError(400, "INVALIDJOBSTATE", "A job's state can be set to UploadComplete or Aborted")
    return json_answer(job.as_patched())


def info(call: Call) -> Answer:
    return json_answer(_job(call).as_info())


def list_all(call: Call) -> Answer:
    return listed([job.as_listed() for job in call.jobs.of(call.org, IngestJob)])


def delete(call: Call) -> Answer:
    job = _job(call)
    check_deletable(job, TERMINAL | {"UploadComplete"})
    if job.state == "UploadComplete":
        job.enter("Aborted", call.now)
    call.jobs.remove(job)
    return Answer(204, b"", [])


def successful_results(call: Call) -> Answer:
    return _result(call, "successes")


def failed_results(call: Call) -> Answer:
    return _result(call, "failures")


def unprocessed_records(call: Call) -> Answer:
    return _result(call, "unprocessed")


def _result(call: Call, name: str) -> Answer:
    job = _job(call)
    if not job.is_over:
        raise RestError(400, "INVALIDJOBSTATE", f"The job is in the state {job.state}, so there are no results yet")
    file: IO[bytes] | None = getattr(job, name)
    if file is None:
        header = [job.header] if job.header else []
        return Answer(200, as_csv(header, job.column_delimiter, job.line_ending), [CSV_TYPE])
    return Answer(200, b"", [CSV_TYPE], file)


def _job(call: Call) -> IngestJob:
    return call.jobs.find(call.org, IngestJob, call.argument)


ROUTES = (
    Route("jobs/ingest", re.compile("jobs/ingest"), {"GET": list_all, "POST": create}),
    Route("jobs/ingest", re.compile("jobs/ingest/([^/]+)"), {"GET": info, "PATCH": change, "DELETE": delete}),
    Route("jobs/ingest", re.compile("jobs/ingest/([^/]+)/batches"), {"PUT": upload}, MAX_UPLOAD_BYTES),
    Route("jobs/ingest", re.compile("jobs/ingest/([^/]+)/successfulResults"), {"GET": successful_results}),
    Route("jobs/ingest", re.compile("jobs/ingest/([^/]+)/failedResults"), {"GET": failed_results}),
    Route("jobs/ingest", re.compile("jobs/ingest/([^/]+)/unprocessed[rR]ecords"), {"GET": unprocessed_records}),
)
