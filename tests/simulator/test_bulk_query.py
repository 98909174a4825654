from typing import Any

import pytest
import requests

from tests.simulator.bulk_jobs import QUERY, create, finished, load
from tests.simulator.conftest import Api
from tests.simulator.test_rest import error
from tests.simulators import Simulator


@pytest.fixture
def accounts(api: Api) -> Api:
    load(api, 'Name,Industry\nEos,\n"Helios ""One"", Ltd.",Energy\nSelene,\n')
    return api


def ask(api: Api, soql: str, **job: Any) -> str:
    """The id of a query job that is complete."""
    job_id = create(api, QUERY, operation=job.pop("operation", "query"), query=soql, **job)["id"]
    assert finished(api, job_id, QUERY)["state"] == "JobComplete"
    return str(job_id)


def results(api: Api, job_id: str, **parameters: Any) -> requests.Response:
    return api.call("GET", f"{QUERY}/{job_id}/results", params=parameters)


def test_a_query_becomes_csv(accounts: Api) -> None:
    job = create(accounts, QUERY, operation="query", query="select name, industry from account order by name")
    assert (job["state"], job["object"], job["operation"]) == ("UploadComplete", "Account", "query")
    assert error(results(accounts, job["id"])) == (400, "INVALIDJOBSTATE")
    info = finished(accounts, job["id"], QUERY)
    assert (info["state"], info["jobType"], info["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 3)
    answer = results(accounts, job["id"])
    assert answer.headers["Content-Type"] == "text/csv"
    assert (answer.headers["Sforce-Locator"], answer.headers["Sforce-NumberOfRecords"]) == ("null", "3")
    assert answer.text == '"Name","Industry"\n"Eos",""\n"Helios ""One"", Ltd.","Energy"\n"Selene",""\n'


def test_locators_lead_through_the_pieces_more_than_once(accounts: Api) -> None:
    job = ask(accounts, "SELECT Name FROM Account ORDER BY Name")
    first = results(accounts, job, maxRecords=2)
    assert first.headers["Sforce-NumberOfRecords"] == "2"
    locator = first.headers["Sforce-Locator"]
    assert locator != "null"
    for _ in range(2):
        second = results(accounts, job, maxRecords=2, locator=locator)
        assert second.text == '"Name"\n"Selene"\n'
        assert second.headers["Sforce-Locator"] == "null"
    for wrong in ("null", "nonsense", "OTk", "é"):
        assert results(accounts, job, locator=wrong).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    for wrong in ("0", "-1", "many"):
        assert results(accounts, job, maxRecords=wrong).json()[0]["errorCode"] == "INVALIDJOB"
    assert results(accounts, job, maxRecords="9" * 5_000).headers["Sforce-NumberOfRecords"] == "3"


def test_values_are_text_as_bulk_writes_them(accounts: Api) -> None:
    job = ask(accounts, "SELECT CreatedBy.Username, IsDeleted, CreatedDate, Name FROM Account WHERE Name = 'Eos'")
    header, row, _ = results(accounts, job).text.split("\n")
    assert header == '"CreatedBy.Username","IsDeleted","CreatedDate","Name"'
    username, deleted, created, name = row.strip('"').split('","')
    assert (username, deleted, name) == (accounts.records("SELECT Username FROM User")[0]["Username"], "false", "Eos")
    assert created.endswith(".000Z")


def test_the_form_is_the_jobs(accounts: Api) -> None:
    job = ask(accounts, "SELECT Name FROM Account WHERE Name = 'Eos'", columnDelimiter="TAB", lineEnding="CRLF")
    assert results(accounts, job).content == b'"Name"\r\n"Eos"\r\n'
    assert results(accounts, ask(accounts, "SELECT Id FROM Account WHERE Name = 'x'")).text == '"Id"\n'


def test_before_version_50_columns_are_sorted(accounts: Api) -> None:
    path = QUERY.replace("67.0", "49.0")
    job = create(accounts, path, operation="query", query="SELECT Name, Industry FROM Account LIMIT 1")
    finished(accounts, job["id"], path)
    assert accounts.call("GET", f"{path}/{job['id']}/results").text.startswith('"Industry","Name"\n')
    assert results(accounts, job["id"]).status_code == 409


def test_query_all_finds_the_deleted_too(accounts: Api) -> None:
    gone = accounts.records("SELECT Id FROM Account WHERE Name = 'Eos'")[0]["Id"]
    accounts.call("DELETE", f"/services/data/v67.0/sobjects/Account/{gone}")
    for operation, number in (("query", "2"), ("queryAll", "3")):
        job = ask(accounts, "SELECT Id FROM Account", operation=operation)
        assert results(accounts, job).headers["Sforce-NumberOfRecords"] == number


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Nope", "INVALID_TYPE"),
        ("SELECT", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Account", "FEATURENOTENABLED"),
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Name", "FEATURENOTENABLED"),
        ("SELECT Name, (SELECT Id FROM Contacts) FROM Account", "FEATURENOTENABLED"),
        ("", "INVALIDJOB"),
    ],
)
def test_queries_that_bulk_refuses(api: Api, soql: str, code: str) -> None:
    assert error(api.call("POST", QUERY, json={"operation": "query", "query": soql})) == (400, code)


def test_a_query_job_is_aborted_listed_and_deleted(accounts: Api, simulator: Simulator) -> None:
    job = create(accounts, QUERY, operation="query", query="SELECT Id FROM Account")
    assert error(accounts.call("DELETE", f"{QUERY}/{job['id']}")) == (400, "API_ERROR")
    aborted = accounts.call("PATCH", f"{QUERY}/{job['id']}", json={"state": "Aborted"})
    assert aborted.json()["state"] == "Aborted"
    assert error(results(accounts, job["id"])) == (400, "INVALIDJOBSTATE")
    done = ask(accounts, "SELECT Id FROM Account")
    answer = accounts.call("PATCH", f"{QUERY}/{done}", json={"state": "Aborted"})
    assert answer.json() == [{"message": "Aborting already Completed Job not allowed", "errorCode": "INVALIDJOBSTATE"}]
    assert [each["id"] for each in accounts.call("GET", QUERY).json()["records"]] == [done, job["id"]]
    assert accounts.call("DELETE", f"{QUERY}/{done}").status_code == 204
    assert error(results(accounts, done)) == (404, "NOT_FOUND")
    other = Api(simulator, simulator.login_as(simulator.create_orgs()[0]["org_id"])["access_token"])
    assert error(other.call("GET", f"{QUERY}/{job['id']}")) == (404, "NOT_FOUND")
