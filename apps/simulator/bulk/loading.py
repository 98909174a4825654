"""Does what an ingest job asks for: row by row, in slices that leave the others their turn."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from typing import Any

from apps.simulator.bulk.csv_files import BadCsv, as_csv, read_rows
from apps.simulator.bulk.ingest_jobs import IngestJob
from apps.simulator.bulk.jobs import START_SECONDS, UNEXPECTED, Stopwatch, scratch_file
from apps.simulator.data import dml
from apps.simulator.data.catalogue import schema_of
from apps.simulator.data.entities import Entity
from apps.simulator.data.errors import DmlError
from apps.simulator.world import World

SLICE_ROWS = 100
NULL = "#N/A"


async def run(world: World, job: IngestJob) -> None:
    """From UploadComplete to JobComplete or Failed, or until somebody aborts it. Rows that were loaded stay loaded."""
    await asyncio.sleep(START_SECONDS)
    if job.state != "UploadComplete":
        return
    job.enter("InProgress", world.clock.now())
    watch = Stopwatch()
    try:
        await _check(job)
        await _load(world, job)
    except BadCsv as bad:
        job.enter("Failed", world.clock.now(), str(bad))
    except Exception:
        job.enter("Failed", world.clock.now(), UNEXPECTED)
        raise
    finally:
        job.took = watch.milliseconds
    if job.is_over:
        await _keep_unprocessed(job)
    else:
        job.enter("JobComplete", world.clock.now())


async def _check(job: IngestJob) -> None:
    """The whole file is CSV of the job's form, with columns that are fields."""
    entity = schema_of(job.org).find(job.object_name)
    rows = _rows(job)
    job.header = next(rows, [])
    if not job.header:
        raise BadCsv("ClientInputError", "Unable to find any data to create batch")
    job.keep_result(job.successes, [["sf__Id", "sf__Created", *job.header]])
    job.keep_result(job.failures, [["sf__Id", "sf__Error", *job.header]])
    for name in job.header:
        if entity is None or not _is_column(entity, name):
            raise BadCsv("InvalidBatch", f"Field name not found : {name}")
    if job.operation == "upsert" and _place(job.header, job.external_id_field or "") is None:
        raise BadCsv("InvalidBatch", f"Field name not found : {job.external_id_field}")
    while slice_ := list(islice(rows, SLICE_ROWS * 10)):
        if any(len(row) != len(job.header) for row in slice_):
            raise BadCsv("InvalidBatch", "The number of columns of a row differs from the header's")
        await asyncio.sleep(0)


async def _load(world: World, job: IngestJob) -> None:
    rows = _rows(job)
    next(rows)
    while slice_ := list(islice(rows, SLICE_ROWS)):
        if job.is_over:
            return
        if not job.org.alive:
            raise BadCsv("InvalidJob", "The organization is not available")
        _load_slice(world, job, slice_)
        await asyncio.sleep(0)


def _load_slice(world: World, job: IngestJob, rows: list[list[str]]) -> None:
    done, failed = [], []
    now = world.clock.now()
    for row in rows:
        try:
            record_id, created = _apply(world, job, row, now)
            done.append([record_id, "true" if created else "false", *row])
        except DmlError as error:
            failed.append([_given_id(job, row), as_text(error), *row])
    job.processed += len(rows)
    job.failed += len(failed)
    job.keep_result(job.successes, done)
    job.keep_result(job.failures, failed)


def _apply(world: World, job: IngestJob, row: list[str], now: float) -> tuple[str, bool]:
    """The record's id, and whether it is new."""
    place = world, job.org, job.user, job.object_name
    values = _values(job.header, row)
    if job.operation == "insert":
        return dml.insert(*place, values, now), True
    if job.operation == "upsert":
        name = job.external_id_field or ""
        external = row[_place(job.header, name) or 0]
        others = {column: value for column, value in values.items() if column.lower() != name.lower()}
        return dml.upsert(*place, name, external, others, now)
    record_id = _given_id(job, row)
    if not record_id:
        raise DmlError("MISSING_ARGUMENT", f"Id not specified in {_ARTICLES[job.operation]} call")
    if job.operation == "update":
        dml.update(*place, record_id, {c: v for c, v in values.items() if c.lower() != "id"}, now)
    else:
        dml.delete(*place, record_id, now)
    return record_id, False


_ARTICLES = {"update": "an update", "delete": "a delete", "hardDelete": "a hard delete"}


def _values(header: list[str], row: list[str]) -> dict[str, Any]:
    """A row as a record: what is empty is left out, #N/A is null, Account.Number__c names a parent."""
    values: dict[str, Any] = {}
    for name, text in zip(header, row, strict=True):
        if text == "":
            continue
        relationship, dot, key = name.partition(".")
        value = None if text == NULL else text
        values[relationship if dot else name] = {key: value} if dot else value
    return values


def as_text(error: DmlError) -> str:
    """REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"""
    fields = f"{','.join(error.fields)} " if error.fields else ""
    return f"{error.code}:{error.message}:{fields}--"


def _given_id(job: IngestJob, row: list[str]) -> str:
    place = _place(job.header, "Id")
    return "" if place is None else row[place]


def _place(header: list[str], name: str) -> int | None:
    return next((place for place, column in enumerate(header) if column.lower() == name.lower()), None)


def _is_column(entity: Entity, name: str) -> bool:
    relationship, dot, key = name.lower().partition(".")
    return relationship in entity.relationships and key != "" if dot else relationship in entity.fields


async def _keep_unprocessed(job: IngestJob) -> None:
    """What the job did not come to, which is all of the upload where it did not begin."""
    if job.processed == 0:
        job.unprocessed = job.upload
        return
    job.unprocessed = scratch_file()
    job.keep_result(job.unprocessed, [job.header])
    rows = _rows(job)
    for _ in islice(rows, job.processed + 1):
        pass
    while slice_ := list(islice(rows, SLICE_ROWS * 10)):
        job.unprocessed.write(as_csv(slice_, job.column_delimiter, job.line_ending))
        await asyncio.sleep(0)


def _rows(job: IngestJob) -> Iterator[list[str]]:
    return read_rows(job.upload, job.column_delimiter, job.line_ending) if job.upload is not None else iter(())
