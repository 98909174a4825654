from typing import Any

import pytest

from tests.simulator.conftest import Api, refusal


@pytest.fixture
def api(api: Api) -> Api:
    """Two accounts, one with two contacts and two opportunities."""
    acme = api.create("Account", Name="Acme", Industry="Energy", AnnualRevenue=100, NumberOfEmployees=10)
    api.create("Account", Name="Beta", Industry="Energy", AnnualRevenue=50, ParentId=acme)
    for name in ("Ada", "Bo"):
        api.create("Contact", LastName=name, AccountId=acme, Email=f"{name}@acme.example")
    for amount, stage in ((10, "Prospecting"), (30, "Closed Won")):
        deal = {"Name": f"Deal {amount}", "StageName": stage, "CloseDate": "2026-05-01", "Amount": amount}
        api.create("Opportunity", **deal, AccountId=acme)
    return api


def test_a_path_leads_to_parents_and_a_missing_parent_is_null(api: Api) -> None:
    found = api.records("SELECT Name, Parent.Name, Parent.Parent.Name, Owner.Username FROM Account ORDER BY Name")
    assert found[0]["Parent"] is None
    assert (found[1]["Parent"]["Name"], found[1]["Parent"]["Parent"]) == ("Acme", None)
    assert found[0]["Owner"]["attributes"]["type"] == "User"
    names = [record["Name"] for record in api.records("SELECT Name FROM Account WHERE Parent.Name = 'acme'")]
    assert names == ["Beta"]
    assert len(api.records("SELECT Id FROM Contact WHERE Account.Owner.Username != null")) == 2


def test_children_come_as_a_query_result_of_their_own(api: Api) -> None:
    inner = (
        "SELECT LastName, Account.Name FROM Contacts WHERE Email LIKE '%@acme.example' ORDER BY LastName DESC LIMIT 1"
    )
    found = api.query(f"SELECT Name, ({inner}) FROM Account ORDER BY Name").json()["records"]
    assert (found[0]["Contacts"]["totalSize"], found[0]["Contacts"]["done"]) == (1, True)
    contact = found[0]["Contacts"]["records"][0]
    assert (contact["LastName"], contact["Account"]["Name"], contact["attributes"]["type"]) == ("Bo", "Acme", "Contact")
    assert found[1]["Contacts"] is None


def test_a_semi_join_over_records(api: Api) -> None:
    where = "Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Closed Won' AND Amount > 20.5)"
    assert [record["Name"] for record in api.records(f"SELECT Name FROM Account WHERE {where}")] == ["Acme"]


def test_groups_are_counted_and_summed(api: Api) -> None:
    query = (
        "SELECT Industry, COUNT(Id), SUM(AnnualRevenue) total, MAX(Name), AVG(NumberOfEmployees) FROM Account "
        "GROUP BY Industry HAVING COUNT(Id) > 1 ORDER BY Industry"
    )
    answer = api.query(query).json()
    assert (answer["totalSize"], answer["records"]) == (
        1,
        [
            {
                "attributes": {"type": "AggregateResult"},
                "Industry": "Energy",
                "expr0": 2,
                "total": 150.0,
                "expr1": "Beta",
                "expr2": 10.0,
            }
        ],
    )
    assert api.records("SELECT COUNT(ParentId), MIN(AnnualRevenue) FROM Account") == [{"expr0": 1, "expr1": 50.0}]
    assert api.records("SELECT SUM(Amount) FROM Opportunity WHERE Name = 'none'") == [{"expr0": None}]
    assert api.query("SELECT COUNT() FROM Contact").json() == {"totalSize": 2, "done": True, "records": []}


def test_offset_skips_and_fields_names_them_all(api: Api) -> None:
    names = [record["Name"] for record in api.records("SELECT Name FROM Account ORDER BY Name LIMIT 5 OFFSET 1")]
    assert names == ["Beta"]
    [record] = api.records("SELECT FIELDS(ALL) FROM Account WHERE Name = 'Acme' LIMIT 200")
    assert (record["Industry"], record["Rating"], record["IsDeleted"]) == ("Energy", None, False)
    assert "Name" in api.records("SELECT FIELDS(STANDARD) FROM Account")[0]


def test_query_all_finds_what_was_deleted(api: Api) -> None:
    contact = api.records("SELECT Id FROM Contact WHERE LastName = 'Bo'")[0]["Id"]
    api.rest("DELETE", f"sobjects/Contact/{contact}")
    query = "SELECT LastName FROM Contact WHERE IsDeleted = true"
    assert api.records(query) == []
    answer = api.rest("GET", "queryAll", q=query)
    assert [record["LastName"] for record in answer.json()["records"]] == ["Bo"]


def test_columns_of_a_grouped_query_are_named(api: Api) -> None:
    answer = api.rest("GET", "query", q="SELECT Industry, COUNT(Id) n FROM Account GROUP BY Industry", columns="true")
    assert [column["columnName"] for column in answer.json()["columnMetadata"]] == ["Industry", "n"]


@pytest.mark.parametrize(
    ("literal", "found"),
    [
        ("= TODAY", True),
        ("= YESTERDAY", False),
        ("= THIS_WEEK", True),
        ("= LAST_WEEK", False),
        ("= THIS_MONTH", True),
        ("< THIS_MONTH", False),
        ("= THIS_QUARTER", True),
        ("> LAST_QUARTER", True),
        ("= THIS_YEAR", True),
        ("< NEXT_YEAR", True),
        ("= THIS_FISCAL_YEAR", True),
        ("= LAST_90_DAYS", True),
        ("= LAST_N_DAYS:1", True),
        ("= NEXT_N_DAYS:3", False),
        ("= LAST_N_WEEKS:2", False),
        ("> LAST_N_MONTHS:2", True),
        ("= N_DAYS_AGO:0", True),
        ("= N_YEARS_AGO:1", False),
    ],
)
def test_date_literals(api: Api, literal: str, found: bool) -> None:
    assert bool(api.records(f"SELECT Id FROM Account WHERE CreatedDate {literal}")) is found


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT (SELECT Id FROM Contact) FROM Account", "INVALID_TYPE"),
        ("SELECT (SELECT Id FROM Contacts) FROM User", "INVALID_TYPE"),
        ("SELECT (SELECT Id, (SELECT Id FROM Cases) FROM Contacts) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Parent.Parent.Parent.Parent.Parent.Parent.Name FROM Account", "MALFORMED_QUERY"),
        ("SELECT Nope.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE AnnualRevenue = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE AnnualRevenue LIKE 'x'", "INVALID_FIELD"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Description, COUNT(Id) FROM Account GROUP BY Description", "MALFORMED_QUERY"),
        ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY"),
        ("SELECT MEDIAN(AnnualRevenue) FROM Account", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY"),
        ("SELECT FIELDS(SOME) FROM Account LIMIT 1", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_YEARS:99999", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM PermissionSet", "INVALID_TYPE"),
    ],
)
def test_a_wrong_query_is_refused(api: Api, query: str, code: str) -> None:
    assert refusal(api.query(query)) == (400, code, None)


def test_pages_of_records(api: Api) -> None:
    rows: list[dict[str, Any]] = [{"attributes": {"type": "Case"}, "Subject": f"{number}"} for number in range(2_100)]
    for start in range(0, 2_100, 200):
        api.rest("POST", "composite/sobjects", {"records": rows[start : start + 200]})
    first = api.query("SELECT Subject FROM Case").json()
    assert (first["totalSize"], first["done"], len(first["records"])) == (2_100, False, 2_000)
    assert len(api.records("SELECT Subject FROM Case")) == 2_100
