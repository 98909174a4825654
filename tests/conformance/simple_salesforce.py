"""simple-salesforce: its JWT login, queries, bulk loads, records, and each of its exceptions."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import exceptions as refused
from simple_salesforce.api import Salesforce

from tests.conformance.operations import must_equal, operation, perform, simulator

LOGIN_HOST = "https://login.salesforce.com"


class _LoginHere(HTTPAdapter):
    """The login host that simple-salesforce has built in, served by the simulator."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        assert request.url is not None
        request.url = request.url.replace(LOGIN_HOST, simulator().url, 1)
        return super().send(request, *args, **kwargs)


def session() -> requests.Session:
    found = requests.Session()
    found.mount(LOGIN_HOST, _LoginHere())
    return found


def hub() -> Any:
    facts = simulator().hub
    return Salesforce(
        username=facts.username,
        consumer_key=facts.client_id,
        privatekey_file=str(facts.private_key_file),
        session=session(),
    )


def org(org_id: str) -> Any:
    login = simulator().login_as(org_id)
    return Salesforce(session_id=login["access_token"], instance_url=login["instance_url"])


def refusal(kind: type[refused.SalesforceError], call: Callable[[], object]) -> refused.SalesforceError:
    """What the call raises, which must be exactly this exception."""
    try:
        call()
    except refused.SalesforceError as error:
        found = error
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert type(found) is kind, repr(found)
    return found


def code(error: refused.SalesforceError) -> str:
    content: Any = error.content
    return str(content[0]["errorCode"])


@operation
def jwt_login() -> None:
    client = hub()
    assert client.session_id.startswith(simulator().hub.org_id[:15])
    must_equal(f"https://{client.sf_instance}", simulator().url)
    users = client.query("SELECT Username FROM User")["records"]
    assert simulator().hub.username in [user["Username"] for user in users]


@operation
def jwt_login_refused() -> None:
    facts = simulator().hub
    error = refusal(
        refused.SalesforceAuthenticationFailed,
        lambda: Salesforce(
            username="nobody@example.com",
            consumer_key=facts.client_id,
            privatekey_file=str(facts.private_key_file),
            session=session(),
        ),
    )
    must_equal(getattr(error, "code", ""), "invalid_grant")


@operation
def query_all() -> None:
    """Three pages of a tooling query, and what a second answer told about the API's use."""
    made = simulator().create_orgs()[0]
    names = [f"Paged{number:04d}" for number in range(4_100)]
    edit = {"org_id": made["org_id"], "member_type": "ApexClass", "kind": "NEW"}
    simulator().edits([{**edit, "member_name": name} for name in names])
    client = org(made["org_id"])
    found = client.toolingexecute("query", params={"q": "SELECT MemberName FROM SourceMember"})
    must_equal((found["totalSize"], len(found["records"]), found["done"]), (4_100, 2_000, False))
    must_equal(client.api_usage["api-usage"].total, 15_000)
    rows = client.query_all("SELECT Id FROM User")
    assert rows["done"]
    must_equal((rows["totalSize"], len(rows["records"])), (1, 1))


@operation
def query_all_over_pages() -> None:
    """More than two pages of an org's own records, which bulk2 put there."""
    client = org(simulator().create_orgs()[0]["org_id"])
    client.bulk2.Account.insert(records=[{"Name": f"Paged {number}"} for number in range(4_100)], wait=1)
    found = client.query_all("SELECT Name FROM Account ORDER BY Name")
    must_equal((found["totalSize"], found["done"], len(found["records"])), (4_100, True, 4_100))
    names = [row["Name"] for row in client.query_all_iter("SELECT Name FROM Account ORDER BY Name")]
    must_equal(names, sorted(f"Paged {number}" for number in range(4_100)))


@operation
def bulk2_ingest() -> None:
    client = org(simulator().create_orgs()[0]["org_id"])
    good = [{"LastName": f"Bulk {number}", "FirstName": "Maren"} for number in range(40)]
    done = client.bulk2.Contact.insert(records=[*good, {"LastName": "", "FirstName": "Nobody"}], wait=1)
    must_equal([(one["numberRecordsProcessed"], one["numberRecordsFailed"]) for one in done], [(41, 1)])
    failed = client.bulk2.Contact.get_failed_records(done[0]["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed, failed
    good_ones = client.bulk2.Contact.get_successful_records(done[0]["job_id"])
    assert len(good_ones.strip().splitlines()) == 41, good_ones
    must_equal(client.query("SELECT COUNT() FROM Contact WHERE FirstName = 'Maren'")["totalSize"], 40)


@operation
def bulk2_query() -> None:
    client = org(simulator().create_orgs()[0]["org_id"])
    for name in ("Sun", "Moon"):
        client.Account.create({"Name": name})
    pages = list(client.bulk2.Account.query("SELECT Name FROM Account ORDER BY Name", wait=1))
    must_equal([line.strip('"') for page in pages for line in page.splitlines()], ["Name", "Moon", "Sun"])


@operation
def limits() -> None:
    found = hub().limits()
    assert 0 <= found["DailyApiRequests"]["Remaining"] <= found["DailyApiRequests"]["Max"]


@operation
def expired_session() -> None:
    client = Salesforce(session_id="00D000000000001!wrong", instance_url=simulator().url)
    must_equal(code(refusal(refused.SalesforceExpiredSession, client.limits)), "INVALID_SESSION_ID")


@operation
def malformed_request() -> None:
    codes = {
        "SELECT FROM": "MALFORMED_QUERY",
        "SELECT Nothing__c FROM User": "INVALID_FIELD",
        "SELECT Id FROM Nothing__c": "INVALID_TYPE",
    }
    client = hub()
    for query, expected in codes.items():
        error = refusal(refused.SalesforceMalformedRequest, lambda query=query: client.query(query))  # type: ignore[misc]
        must_equal(code(error), expected)


@operation
def refused_request() -> None:
    made = simulator().create_orgs()[0]
    client = org(made["org_id"])
    simulator().fault([made["org_id"]], "quota")
    must_equal(code(refusal(refused.SalesforceRefusedRequest, client.limits)), "REQUEST_LIMIT_EXCEEDED")


@operation
def resource_not_found() -> None:
    error = refusal(refused.SalesforceResourceNotFound, lambda: hub().restful("nothing"))
    must_equal(code(error), "NOT_FOUND")


@operation
def upsert() -> None:
    org_id = simulator().create_orgs()[0]["org_id"]
    field = {"name": "Number__c", "type": "string", "length": 20, "externalId": True, "unique": True}
    simulator().declare([org_id], {"name": "Invoice__c", "fields": [field]})
    client = org(org_id)
    must_equal(client.Invoice__c.upsert("Number__c/A-1", {"Name": "First"}), 201)
    must_equal(client.Invoice__c.upsert("Number__c/A-1", {"Name": "Changed"}), 200)
    must_equal(client.Invoice__c.get_by_custom_id("Number__c", "A-1")["Name"], "Changed")
    must_equal(client.query("SELECT COUNT() FROM Invoice__c")["totalSize"], 1)


@operation
def describe() -> None:
    client = hub()
    assert "OrderItem" in [one["name"] for one in client.describe()["sobjects"]]
    fields = {field["name"]: field for field in client.Opportunity.describe()["fields"]}
    must_equal((fields["StageName"]["type"], fields["StageName"]["nillable"]), ("picklist", False))
    must_equal(client.Opportunity.metadata()["objectDescribe"]["keyPrefix"], "006")


@operation
def composite_batch() -> None:
    asked = [{"method": "GET", "url": f"v67.0/{path}"} for path in ("limits", "nothing")]
    answer = hub().restful("composite/batch", method="POST", json={"batchRequests": asked})
    must_equal((answer["hasErrors"], [one["statusCode"] for one in answer["results"]]), (True, [200, 404]))


@operation
def tooling_composite() -> None:
    made = simulator().create_orgs()[0]
    simulator().edit(made["org_id"], "ApexClass", "Sun", "NEW")
    url = "/services/data/v67.0/tooling/query/?q=SELECT+MemberName+FROM+SourceMember"
    asked = {"compositeRequest": [{"method": "GET", "url": url, "referenceId": "members"}]}
    [answer] = org(made["org_id"]).toolingexecute("composite", method="POST", data=asked)["compositeResponse"]
    must_equal((answer["httpStatusCode"], [row["MemberName"] for row in answer["body"]["records"]]), (200, ["Sun"]))


@operation
def more_than_one_record() -> None:
    """An external id that is not unique names two records."""
    org_id = simulator().create_orgs()[0]["org_id"]
    field = {"name": "Legacy__c", "type": "string", "length": 20, "externalId": True}
    simulator().declare([org_id], {"name": "Account", "fields": [field]})
    client = org(org_id)
    for name in ("Sun", "Moon"):
        client.Account.create({"Name": name, "Legacy__c": "7"})
    error = refusal(refused.SalesforceMoreThanOneRecord, lambda: client.Account.get_by_custom_id("Legacy__c", "7"))
    must_equal(len(error.content), 2)


@operation
def records() -> None:
    """Create, read, change, upsert, delete; what Salesforce refuses comes as its own error."""
    org_id = simulator().create_orgs()[0]["org_id"]
    client = org(org_id)
    made = client.Contact.create({"LastName": "Okafor"})
    must_equal(client.Contact.update(made["id"], {"FirstName": "Ngozi"}), 204)
    must_equal(client.Contact.get(made["id"])["Name"], "Ngozi Okafor")
    wrong = {"LastName": "X", "LeadSource": "Nowhere", "AccountId": "001000000000000AAA"}
    for values, expected in (({}, "REQUIRED_FIELD_MISSING"), (wrong, "INVALID_CROSS_REFERENCE_KEY")):
        error = refusal(refused.SalesforceMalformedRequest, lambda values=values: client.Contact.create(values))  # type: ignore[misc]
        must_equal(code(error), expected)
    simulator().fault([org_id], "row_lock", share=1)
    locked = refusal(
        refused.SalesforceMalformedRequest, lambda: client.Contact.update(made["id"], {"FirstName": "Amara"})
    )
    must_equal(code(locked), "UNABLE_TO_LOCK_ROW")
    simulator().clear_faults([org_id])
    must_equal(client.Contact.delete(made["id"]), 204)
    gone = refusal(refused.SalesforceResourceNotFound, lambda: client.Contact.delete(made["id"]))
    must_equal(code(gone), "ENTITY_IS_DELETED")


@operation
def general_error() -> None:
    made = simulator().create_orgs()[0]
    client = org(made["org_id"])
    simulator().fault([made["org_id"]], "unavailable")
    error = refusal(refused.SalesforceGeneralError, client.limits)
    must_equal((error.status, code(error)), (503, "SERVER_UNAVAILABLE"))


@operation
def general_error_of_a_deleted_org() -> None:
    made = simulator().create_orgs()[0]
    client = org(made["org_id"])
    simulator().delete(made["org_id"])
    must_equal(refusal(refused.SalesforceGeneralError, client.limits).status, 420)


if __name__ == "__main__":
    perform("simple-salesforce", version("simple-salesforce"))
