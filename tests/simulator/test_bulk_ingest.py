import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.bulk_jobs import INGEST, close, create, finished, load, result, upload
from tests.simulator.conftest import Api
from tests.simulator.test_rest import error
from tests.simulators import Simulator


def test_a_job_goes_from_open_to_complete(api: Api) -> None:
    job = create(api, operation="insert", object="account")
    assert (job["id"][:3], job["state"], job["object"], job["apiVersion"]) == ("750", "Open", "Account", 67.0)
    assert job["contentUrl"] == f"services/data/v67.0/jobs/ingest/{job['id']}/batches"
    assert (job["lineEnding"], job["columnDelimiter"], job["concurrencyMode"]) == ("LF", "COMMA", "Parallel")
    answer = upload(api, job["id"], "Name\nHelios\nSelene\n")
    assert (answer.status_code, answer.content) == (201, b"")
    closed = close(api, job["id"])
    assert closed["state"] == "UploadComplete"
    assert "contentUrl" not in closed
    info = finished(api, job["id"])
    assert (info["state"], info["jobType"]) == ("JobComplete", "V2Ingest")
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"], info["retries"]) == (2, 0, 0)
    assert sorted(row["Name"] for row in api.records("SELECT Name FROM Account")) == ["Helios", "Selene"]


def test_whoever_asks_at_once_must_ask_again(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    upload(api, job["id"], "Name\nHelios\n")
    close(api, job["id"])
    assert api.call("GET", f"{INGEST}/{job['id']}").json()["state"] == "UploadComplete"
    finished(api, job["id"])


def test_rows_succeed_and_fail_each_for_itself(api: Api) -> None:
    job = load(api, 'Name,NumberOfEmployees\nHelios,12\n"",3\nSelene,many\n"Eos, Ltd.",\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    done = result(api, job, "successfulResults")
    assert [(row["Name"], row["sf__Created"]) for row in done] == [("Helios", "true"), ("Eos, Ltd.", "true")]
    assert {row["sf__Id"] for row in done} == {row["Id"] for row in api.records("SELECT Id FROM Account")}
    failed = result(api, job, "failedResults")
    assert [(row["Name"], row["sf__Id"]) for row in failed] == [("", ""), ("Selene", "")]
    assert failed[0]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert failed[1]["sf__Error"].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert result(api, job, "unprocessedrecords") == []


def test_update_changes_what_a_row_says(api: Api) -> None:
    load(api, "Name,Industry,Phone\nHelios,Energy,1\n")
    [account] = api.records("SELECT Id FROM Account")
    job = load(api, f"Id,Industry,Phone\n{account['Id']},#N/A,\n001000000000000AAA,Energy,2\n,Energy,3\n", "update")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (3, 2)
    assert result(api, job, "successfulResults")[0]["sf__Created"] == "false"
    assert api.records("SELECT Industry, Phone FROM Account") == [{"Industry": None, "Phone": "1"}]
    errors = [row["sf__Error"] for row in result(api, job, "failedResults")]
    assert errors[0].split(":")[0] in ("INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID")
    assert errors[1] == "MISSING_ARGUMENT:Id not specified in an update call:--"


def test_delete_needs_nothing_but_ids(api: Api) -> None:
    load(api, "Name\nHelios\nSelene\n")
    first, second = api.records("SELECT Id FROM Account ORDER BY Name")
    job = load(api, f"Id\n{first['Id']}\n{first['Id']}\n", "delete")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
    assert result(api, job, "failedResults")[0]["sf__Error"].startswith("ENTITY_IS_DELETED:entity is deleted:")
    assert api.records("SELECT Id FROM Account") == [second]


def test_upsert_inserts_or_updates_by_external_id(api: Api, org: dict[str, Any]) -> None:
    field = {"name": "Number__c", "type": "string", "length": 20, "externalId": True, "unique": True}
    api.simulator.declare([org["org_id"]], {"name": "Account", "fields": [field]})
    load(api, "Number__c,Name\n17,Helios\n")
    job = load(api, "Name,number__c\nHelios II,17\nSelene,18\n", "upsert", externalIdFieldName="Number__c")
    assert job["externalIdFieldName"] == "Number__c"
    assert [row["sf__Created"] for row in result(api, job, "successfulResults")] == ["false", "true"]
    assert [row["Name"] for row in api.records("SELECT Name FROM Account ORDER BY Name")] == ["Helios II", "Selene"]
    job = load(api, "LastName,Account.Number__c\nMoon,18\nNobody,19\n", name="Contact")
    assert job["numberRecordsFailed"] == 1
    assert result(api, job, "failedResults")[0]["sf__Error"].startswith("INVALID_FIELD:Foreign key external ID: 19 not")
    assert api.records("SELECT Account.Name FROM Contact")[0]["Account"]["Name"] == "Selene"


@pytest.mark.parametrize("name", ["BACKQUOTE", "CARET", "PIPE", "SEMICOLON", "TAB"])
def test_delimiters_and_line_endings_are_the_jobs(api: Api, name: str) -> None:
    sign = {"BACKQUOTE": "`", "CARET": "^", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}[name]
    text = f"Name{sign}Phone\r\nHelios, Ltd.{sign}1\r\n"
    job = load(api, text, columnDelimiter=name, lineEnding="CRLF")
    [row] = result(api, job, "successfulResults", sign)
    assert (row["Name"], row["Phone"]) == ("Helios, Ltd.", "1")
    raw = api.call("GET", f"{INGEST}/{job['id']}/successfulResults").content
    assert raw.count(b"\r\n") == 2
    assert raw.startswith(f'"sf__Id"{sign}"sf__Created"{sign}"Name"{sign}"Phone"\r\n'.encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Name\r\nHelios\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        ("Name,Nope\nHelios,1\n", "InvalidBatch : Field name not found : Nope"),
        ("Name,Owner.\nHelios,1\n", "InvalidBatch : Field name not found : Owner."),
        ("", "ClientInputError : Unable to find any data to create batch"),
        ("Name,Phone\nHelios\n", "InvalidBatch : The number of columns"),
        ('Name\n"Helios" Ltd\n', "ClientInputError : Failed to parse CSV"),
        (b"Name\n\xff\xfe\n", "ClientInputError : Invalid UTF-8"),
        ("Name\n" + "x" * 2_000_001 + "\n", "ClientInputError : A line of the CSV data is too long"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_job(api: Api, text: str | bytes, message: str) -> None:
    job = load(api, text)
    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith(message)
    assert api.records("SELECT Id FROM Account") == []
    unprocessed = api.call("GET", f"{INGEST}/{job['id']}/unprocessedrecords").content
    assert unprocessed == (text.encode() if isinstance(text, str) else text)


def test_a_job_without_any_upload_fails(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    close(api, job["id"])
    assert "Unable to find any data" in finished(api, job["id"])["errorMessage"]


def test_a_running_job_can_be_aborted_and_tells_the_rest(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    rows = 60_000
    upload(api, job["id"], "Name\n" + "".join(f"Account {number}\n" for number in range(rows)))
    close(api, job["id"])
    while (info := api.call("GET", f"{INGEST}/{job['id']}").json())["numberRecordsProcessed"] == 0:
        assert info["state"] in ("UploadComplete", "InProgress")
    assert info["state"] == "InProgress"
    assert error(api.call("DELETE", f"{INGEST}/{job['id']}")) == (400, "API_ERROR")
    assert error(api.call("GET", f"{INGEST}/{job['id']}/failedResults")) == (400, "INVALIDJOBSTATE")
    answer = api.call("PATCH", f"{INGEST}/{job['id']}", json={"state": "Aborted"})
    assert answer.json()["state"] == "Aborted"
    time.sleep(1)
    info = api.call("GET", f"{INGEST}/{job['id']}").json()
    done = result(api, job, "successfulResults")
    assert 0 < len(done) == info["numberRecordsProcessed"] < rows
    rest = result(api, job, "unprocessedrecords")
    assert [row["Name"] for row in done + rest] == [f"Account {number}" for number in range(rows)]


def test_others_are_answered_while_a_job_runs(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    upload(api, job["id"], "Name\n" + "".join(f"Account {number}\n" for number in range(20_000)))
    close(api, job["id"])
    answered = 0
    while api.call("GET", f"{INGEST}/{job['id']}").json()["state"] in ("UploadComplete", "InProgress"):
        assert api.call("GET", "/services/data/v67.0/limits").status_code == 200
        answered += 1
    assert answered >= 5
    assert finished(api, job["id"])["numberRecordsProcessed"] == 20_000


def test_an_open_job_can_be_aborted_and_deleted(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    upload(api, job["id"], "Name\nHelios\n")
    assert error(api.call("DELETE", f"{INGEST}/{job['id']}")) == (400, "API_ERROR")
    assert api.call("PATCH", f"{INGEST}/{job['id']}", json={"state": "Aborted"}).json()["state"] == "Aborted"
    assert [row["Name"] for row in result(api, job, "unprocessedrecords")] == ["Helios"]
    assert api.call("DELETE", f"{INGEST}/{job['id']}").status_code == 204
    assert error(api.call("GET", f"{INGEST}/{job['id']}")) == (404, "NOT_FOUND")


def test_states_go_one_way(api: Api) -> None:
    job = load(api, "Name\nHelios\n")
    for state, message in (("Aborted", "Aborting already Completed"), ("UploadComplete", "Closing already Completed")):
        answer = api.call("PATCH", f"{INGEST}/{job['id']}", json={"state": state})
        assert error(answer) == (400, "INVALIDJOBSTATE")
        assert answer.json()[0]["message"] == f"{message} Job not allowed"
    assert error(upload(api, job["id"], "Name\nHelios\n")) == (400, "INVALIDJOBSTATE")
    assert error(api.call("PATCH", f"{INGEST}/{job['id']}", json={"state": "JobComplete"})) == (
        400,
        "JSON_PARSER_ERROR",
    )
    assert error(api.call("PATCH", f"{INGEST}/{job['id']}", json={})) == (400, "INVALIDJOBSTATE")


def test_data_is_uploaded_once_and_as_csv(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    assert error(upload(api, job["id"], "{}", "application/json")) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert upload(api, job["id"], "Name\nHelios\n", "text/csv; charset=UTF-8").status_code == 201
    assert error(upload(api, job["id"], "Name\nSelene\n")) == (400, "CLIENTINPUTERROR")


@pytest.mark.parametrize(
    ("job", "code"),
    [
        ({"object": "Account"}, "INVALIDJOB"),
        ({"operation": "insert"}, "INVALIDJOB"),
        ({"operation": "insert", "object": "Nope__c"}, "INVALIDENTITY"),
        ({"operation": "insert", "object": "Organization"}, "INVALIDENTITY"),
        ({"operation": "explode", "object": "Account"}, "JSON_PARSER_ERROR"),
        ({"operation": "insert", "object": "Account", "lineEnding": "CR"}, "JSON_PARSER_ERROR"),
        ({"operation": "insert", "object": "Account", "contentType": "JSON"}, "JSON_PARSER_ERROR"),
        ({"operation": "insert", "object": "Account", "what": "x"}, "JSON_PARSER_ERROR"),
        ({"operation": "upsert", "object": "Account"}, "INVALIDJOB"),
        ({"operation": "upsert", "object": "Account", "externalIdFieldName": "Name"}, "INVALIDJOB"),
        ({"operation": "hardDelete", "object": "Account"}, "FEATURENOTENABLED"),
        ([], "JSON_PARSER_ERROR"),
        (3, "JSON_PARSER_ERROR"),
    ],
)
def test_a_job_that_cannot_be_is_refused(api: Api, job: Any, code: str) -> None:
    assert error(api.call("POST", INGEST, json=job)) == (400, code)


def test_a_body_over_150_mb_of_base64_is_refused(api: Api) -> None:
    job = create(api, operation="insert", object="Account")
    assert error(upload(api, job["id"], b"x" * (150_000_000 * 3 // 4 + 1))) == (413, "REQUEST_TOO_LARGE")
    assert upload(api, job["id"], "Name\nHelios\n").status_code == 201


def test_jobs_are_listed_and_belong_to_their_org(api: Api, simulator: Simulator) -> None:
    jobs = [create(api, operation="insert", object="Account")["id"] for _ in range(2)]
    listed = api.call("GET", INGEST).json()
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert [job["id"] for job in listed["records"]] == jobs[::-1]
    other = Api(simulator, simulator.login_as(simulator.create_orgs()[0]["org_id"])["access_token"])
    assert other.call("GET", INGEST).json()["records"] == []
    assert error(other.call("GET", f"{INGEST}/{jobs[0]}")) == (404, "NOT_FOUND")
    assert error(api.call("GET", f"{INGEST}/750nonsense")) == (404, "NOT_FOUND")


def test_finished_jobs_make_room_for_new_ones(api: Api) -> None:
    first = load(api, "Name\nHelios\n")
    for _ in range(49):
        create(api, operation="insert", object="Account")
    assert api.call("GET", f"{INGEST}/{first['id']}").status_code == 200
    last = create(api, operation="insert", object="Account")
    assert error(api.call("GET", f"{INGEST}/{first['id']}")) == (404, "NOT_FOUND")
    answer = api.call("POST", INGEST, json={"operation": "insert", "object": "Account"})
    assert error(answer) == (400, "EXCEEDEDQUOTA")
    for job in api.call("GET", INGEST).json()["records"]:
        api.call("PATCH", f"{INGEST}/{job['id']}", json={"state": "Aborted"})
    assert api.call("GET", f"{INGEST}/{last['id']}").json()["state"] == "Aborted"


RELAXED = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELL = st.text(max_size=8) | st.sampled_from(["Name", "Id", "Account.Name", "Owner.Username", "#N/A", '"', "\r", "\n"])
TABLE = st.lists(st.lists(CELL, max_size=3).map(",".join), max_size=4).map("\n".join)


@RELAXED
@given(
    body=st.binary(max_size=60) | TABLE.map(lambda text: f"Name,Phone,Id\n{text}".encode("utf-8", "surrogatepass")),
    operation=st.sampled_from(["insert", "update", "delete"]),
    ending=st.sampled_from(["LF", "CRLF"]),
)
def test_any_bytes_end_a_job(hub: Api, body: bytes, operation: str, ending: str) -> None:
    job = load(hub, body, operation, lineEnding=ending)
    assert job["state"] in ("JobComplete", "Failed")
    assert "InternalServerError" not in job.get("errorMessage", "")
    for kind in ("successfulResults", "failedResults", "unprocessedrecords"):
        assert hub.call("GET", f"{INGEST}/{job['id']}/{kind}").status_code == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=9), inner, max_size=2),
    max_leaves=4,
)
KEYS = st.sampled_from(["operation", "object", "query", "lineEnding", "state", "externalIdFieldName"])


@RELAXED
@given(body=st.dictionaries(KEYS, JSON | st.sampled_from(["insert", "upsert", "Account", "Id"])) | JSON)
def test_any_json_is_answered(hub: Api, body: Any) -> None:
    for method, path in (("POST", INGEST), ("PATCH", f"{INGEST}/750"), ("POST", INGEST.replace("ingest", "query"))):
        answer = hub.call(method, path, data=json.dumps(body).encode())
        assert answer.status_code in (200, 400, 404)
    for job in hub.call("GET", INGEST).json()["records"]:
        if job["state"] == "Open":
            hub.call("PATCH", f"{INGEST}/{job['id']}", json={"state": "Aborted"})
