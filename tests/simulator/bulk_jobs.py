"""Bulk jobs for tests, step by step as clients take them."""

import csv
import io
import time
from typing import Any

import requests

from tests.simulator.conftest import Api

INGEST = "/services/data/v67.0/jobs/ingest"
QUERY = "/services/data/v67.0/jobs/query"


def create(api: Api, path: str = INGEST, **job: Any) -> dict[str, Any]:
    answer = api.call("POST", path, json=job)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def upload(api: Api, job_id: str, text: str | bytes, content_type: str = "text/csv") -> requests.Response:
    data = text.encode() if isinstance(text, str) else text
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": content_type}
    return api.http.put(f"{api.simulator.url}{INGEST}/{job_id}/batches", data=data, headers=headers, timeout=60)


def close(api: Api, job_id: str) -> dict[str, Any]:
    answer = api.call("PATCH", f"{INGEST}/{job_id}", json={"state": "UploadComplete"})
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def finished(api: Api, job_id: str, path: str = INGEST, seconds: float = 30) -> dict[str, Any]:
    """The job's information once it is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        info: dict[str, Any] = api.call("GET", f"{path}/{job_id}").json()
        if info["state"] in ("JobComplete", "Failed", "Aborted"):
            return info
        time.sleep(0.05)
    raise AssertionError(f"{job_id} is still {info['state']}")


def load(api: Api, text: str | bytes, operation: str = "insert", name: str = "Account", **job: Any) -> dict[str, Any]:
    """A whole ingest job."""
    job_id = create(api, operation=operation, object=name, **job)["id"]
    assert upload(api, job_id, text).status_code == 201
    close(api, job_id)
    return finished(api, job_id)


def result(api: Api, job: dict[str, Any], kind: str, delimiter: str = ",") -> list[dict[str, str]]:
    answer = api.call("GET", f"{INGEST}/{job['id']}/{kind}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), delimiter=delimiter))
