"""The Salesforce CLI: logins, orgs, data. What it does with a project's source is in sf_project.py."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.conformance.operations import must_equal, operation, perform, simulator
from tests.conformance.sf_command import API, HOME, login_to_hub, sf, version

MADE = "made"


@operation
def login_jwt() -> None:
    hub = simulator().hub
    result = login_to_hub()
    must_equal((result["username"], result["orgId"]), (hub.username, hub.org_id))
    must_equal(result["instanceUrl"], simulator().url)


@operation
def login_access_token() -> None:
    org = simulator().create_orgs()[0]
    token = simulator().login_as(org["org_id"])["access_token"]
    where = ("--instance-url", simulator().url, "--alias", "by-token", "--no-prompt")
    result = sf("org", "login", "access-token", *where, SF_ACCESS_TOKEN=token)
    must_equal((result["username"], result["orgId"]), (org["username"], org["org_id"]))
    must_equal((result["isScratch"], result["isDevHub"], result["instanceApiVersion"]), (True, False, API))


@operation
def login_sfdx_url() -> None:
    """An org that was made by a plain `sf` login: only its refresh token opens it."""
    org = simulator().create_orgs(connected_app="PlatformCLI", refresh_token=True)[0]
    file = HOME / "auth-url"
    file.write_text(f"force://PlatformCLI::{org['refresh_token']}@{urlsplit(simulator().url).netloc}")
    result = sf("org", "login", "sfdx-url", "--sfdx-url-file", str(file), "--alias", "by-url")
    must_equal((result["username"], result["orgId"]), (org["username"], org["org_id"]))


@operation
def org_list() -> None:
    result = sf("org", "list")
    hubs = [(org["username"], org["connectedStatus"], org["isDefaultDevHubUsername"]) for org in result["devHubs"]]
    must_equal(hubs, [(simulator().hub.username, "Connected", True)])


@operation
def org_display() -> None:
    result = sf("org", "display", "--target-org", "hub")
    must_equal((result["id"], result["connectedStatus"]), (simulator().hub.org_id, "Connected"))
    must_equal(result["instanceUrl"], simulator().url)


@operation
def list_limits() -> None:
    limits = {limit["name"]: limit for limit in sf("org", "list", "limits", "--target-org", "hub")}
    assert limits["DailyApiRequests"]["remaining"] <= limits["DailyApiRequests"]["max"], limits
    assert limits["ActiveScratchOrgs"]["max"] > 0, limits


@operation
def auth_show_access_token() -> None:
    result = sf("org", "auth", "show-access-token", "--target-org", "hub")
    assert result["accessToken"].startswith(f"{simulator().hub.org_id[:15]}!"), result


@operation
def data_query() -> None:
    query = "select Username, Name from User where IsActive = true order by Username"
    result = sf("data", "query", "--target-org", "hub", "--query", query)
    assert result["done"], result
    assert simulator().hub.username in [row["Username"] for row in result["records"]], result


@operation
def data_query_tooling() -> None:
    org = simulator().create_orgs()[0]
    simulator().edit(org["org_id"], "ApexClass", "Queried", "NEW")
    token = simulator().login_as(org["org_id"])["access_token"]
    sf("org", "login", "access-token", "--instance-url", simulator().url, "--no-prompt", "--alias", "tooling",
       SF_ACCESS_TOKEN=token)  # fmt: skip
    query = "SELECT MemberName, RevisionCounter, IsNameObsolete FROM SourceMember"
    result = sf("data", "query", "--target-org", "tooling", "--use-tooling-api", "--query", query)
    must_equal([(row["MemberName"], row["IsNameObsolete"]) for row in result["records"]], [("Queried", False)])


@operation
def data_create_record() -> None:
    made = sf("data", "create", "record", "--target-org", "hub", "--sobject", "Account", "--values", "Name='Sun Inc'")
    assert made["success"], made
    must_equal(accounts(f"Id = '{made['id']}'"), ["Sun Inc"])


@operation
def data_update_record() -> None:
    words = ("--target-org", "hub", "--sobject", "Account", "--where", "Name='Sun Inc'")
    changed = sf("data", "update", "record", *words, "--values", "Name='Moon Inc'")
    must_equal(accounts(f"Id = '{changed['id']}'"), ["Moon Inc"])


@operation
def data_delete_record() -> None:
    gone = sf("data", "delete", "record", "--target-org", "hub", "--sobject", "Account", "--where", "Name='Moon Inc'")
    assert gone["success"], gone
    must_equal(accounts("Name = 'Moon Inc'"), [])


@operation
def data_query_all_rows() -> None:
    words = ("--target-org", "hub", "--query", "SELECT Name, IsDeleted FROM Account WHERE Name = 'Moon Inc'")
    result = sf("data", "query", *words, "--all-rows")
    must_equal([(row["Name"], row["IsDeleted"]) for row in result["records"]], [("Moon Inc", True)])


@operation
def data_create_record_of_a_platform_event() -> None:
    simulator().declare("hub", {"name": "Told__e", "fields": [{"name": "Text__c", "type": "string"}]})
    made = sf("data", "create", "record", "--target-org", "hub", "--sobject", "Told__e", "--values", "Text__c='Hello'")
    must_equal((made["success"], made["errors"][0]["statusCode"]), (True, "OPERATION_ENQUEUED"))


@operation
def data_import_tree() -> None:
    """An account with its contact, in one request."""
    contact = {"attributes": {"type": "Contact", "referenceId": "Leaf"}, "LastName": "Leaf"}
    account = {"attributes": {"type": "Account", "referenceId": "Root"}, "Name": "Root Inc"}
    file = HOME / "tree.json"
    file.write_text(json.dumps({"records": [{**account, "Contacts": {"records": [contact]}}]}))
    result = sf("data", "import", "tree", "--target-org", "hub", "--files", str(file))
    must_equal([one["refId"] for one in result], ["Root", "Leaf"])
    query = "SELECT LastName, Account.Name FROM Contact WHERE Account.Name = 'Root Inc'"
    rows = sf("data", "query", "--target-org", "hub", "--query", query)["records"]
    must_equal([(row["LastName"], row["Account"]["Name"]) for row in rows], [("Leaf", "Root Inc")])


@operation
def data_import_bulk() -> None:
    file = HOME / "accounts.csv"
    file.write_text("Name,Industry\n" + "".join(f"Bulk {number},Energy\n" for number in range(250)))
    words = ("--target-org", "hub", "--sobject", "Account", "--file", str(file), "--wait", "2")
    result = sf("data", "import", "bulk", *words, "--line-ending", "LF")
    must_equal((result["processedRecords"], result["successfulRecords"], result["failedRecords"]), (250, 250, 0))
    must_equal(len(accounts("Name LIKE 'Bulk %'")), 250)


def accounts(where: str) -> list[str]:
    """The names of the accounts that the hub then holds."""
    query = f"SELECT Name FROM Account WHERE {where} ORDER BY Name"
    return [row["Name"] for row in sf("data", "query", "--target-org", "hub", "--query", query)["records"]]


@operation
def sobject_list() -> None:
    listed = sf("sobject", "list", "--target-org", "hub", "--sobject", "all")
    standard = {"Account", "Contact", "Opportunity", "Case", "User", "Product2", "Pricebook2", "PricebookEntry"}
    standard |= {"Order", "OrderItem"}
    must_equal(standard & set(listed), standard)


@operation
def sobject_describe() -> None:
    result = sf("sobject", "describe", "--target-org", "hub", "--sobject", "Account")
    fields = {field["name"]: field for field in result["fields"]}
    must_equal((result["name"], result["keyPrefix"]), ("Account", "001"))
    assert (fields["Name"]["type"], fields["Name"]["nillable"]) == ("string", False), fields["Name"]
    must_equal(fields["OwnerId"]["referenceTo"], ["User"])
    assert "Energy" in [value["value"] for value in fields["Industry"]["picklistValues"]], fields["Industry"]


@operation
def org_create_scratch() -> None:
    wanted = ("--edition", "developer", "--duration-days", "1", "--alias", MADE, "--wait", "5")
    result = sf("org", "create", "scratch", "--target-dev-hub", "hub", *wanted)
    made = simulator().orgs(username=result["username"])
    must_equal([(org["org_id"], org["alive"]) for org in made], [(result["orgId"], True)])


@operation
def org_create_scratch_by_authorization_code() -> None:
    """From a hub that was not entered by JWT: the new org's code buys a session and a refresh token."""
    home = HOME / "without-jwt"
    home.mkdir()
    token = simulator().login_as(simulator().hub.org_id)["access_token"]
    where = ("--instance-url", simulator().url, "--alias", "hub-by-token", "--no-prompt")
    sf("org", "login", "access-token", *where, SF_ACCESS_TOKEN=token, HOME=str(home))
    wanted = ("--edition", "partner-developer", "--duration-days", "1", "--alias", "by-code", "--wait", "5")
    result = sf("org", "create", "scratch", "--target-dev-hub", "hub-by-token", *wanted, HOME=str(home))
    made = simulator().orgs(username=result["username"])
    must_equal([(org["org_id"], org["connected_app"]) for org in made], [(result["orgId"], "PlatformCLI")])
    shown = sf("org", "auth", "show-sfdx-auth-url", "--target-org", "by-code", HOME=str(home))
    must_equal(
        shown["sfdxAuthUrl"], f"force://PlatformCLI::{made[0]['refresh_token']}@{urlsplit(simulator().url).netloc}"
    )


@operation
def org_list_scratch() -> None:
    listed = {org["alias"]: org for org in sf("org", "list")["scratchOrgs"] if org.get("alias")}
    assert (listed[MADE]["status"], listed[MADE]["isExpired"]) == ("Active", False), listed
    assert listed[MADE]["devHubUsername"] == simulator().hub.username, listed


@operation
def org_delete_scratch() -> None:
    result = sf("org", "delete", "scratch", "--target-org", MADE, "--no-prompt")
    gone: list[dict[str, Any]] = simulator().orgs(username=result["username"])
    assert [org["alive"] for org in gone] == [False], (result, gone)


if __name__ == "__main__":
    perform("sf", version())
