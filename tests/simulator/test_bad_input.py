"""Whatever comes in, an answer in Salesforce's shape goes out."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulator.conftest import DATA, Api, refusal

OBJECTS = (
    "Account",
    "Contact",
    "Opportunity",
    "Case",
    "PricebookEntry",
    "Order",
    "OrderItem",
    "ScratchOrgInfo",
    "User",
)
FIELDS = """
Name LastName AccountId StageName CloseDate Amount Email NumberOfEmployees IsActive OrderId Quantity UnitPrice Id
attributes Account records referenceId type allOrNone ids fields OwnerId Birthdate Pricebook2Id DurationDays Edition
"""
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        ["0015e0000000001", "0015e0000000001AAA", "2026-01-01", "true", "12", "@{a.id}", "1e400", "a@b.co"]
    ),
)
NAMES = st.one_of(st.sampled_from(FIELDS.split()), st.text(max_size=10))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
BODIES = st.one_of(st.dictionaries(NAMES, VALUES, max_size=6), VALUES)
RECORDS = st.fixed_dictionaries(
    {"attributes": st.fixed_dictionaries({"type": st.sampled_from(OBJECTS), "referenceId": st.text(max_size=2)})},
    optional=dict.fromkeys(("Name", "LastName", "Contacts", "Id", "AccountId", "IsActive"), VALUES),
)
PATHS = [
    *(("POST", f"sobjects/{name}") for name in OBJECTS),
    ("PATCH", "sobjects/Account/{account}"),
    ("PATCH", "sobjects/Contact/Email/a@b.co"),
    ("POST", "composite"),
    ("POST", "composite/batch"),
    ("POST", "composite/sobjects"),
    ("PATCH", "composite/sobjects"),
    ("PATCH", "composite/sobjects/Account/Id"),
    ("POST", "composite/sobjects/Account"),
    ("POST", "composite/tree/Account"),
]
REQUESTS = st.fixed_dictionaries(
    {
        "referenceId": st.sampled_from("abcdef"),
        "method": st.sampled_from(["GET", "POST", "PATCH", "DELETE", "x"]),
        "url": st.one_of(
            st.sampled_from(
                ["sobjects/Account", "query?q=SELECT+Id+FROM+Account", "sobjects/Account/@{a.id}", "x"]
            ).map(lambda path: f"{DATA}/{path}"),
            st.text(max_size=20),
        ),
    },
    optional={"body": BODIES, "richInput": BODIES},
)
WORDS = r"""
SELECT FROM WHERE AND OR NOT IN LIKE GROUP BY HAVING ORDER ASC DESC NULLS FIRST LAST LIMIT OFFSET COUNT() COUNT(Id)
SUM(AnnualRevenue) FIELDS(ALL) ( ) , = != < >= null true TODAY LAST_N_MONTHS:3 NEXT_WEEK 2026-11-20 'x' '%' 7 -1 1.5
Id Name Account Contact Contacts Owner.Name Account.Parent.Name AnnualRevenue IsDeleted CreatedDate BillingCity
(SELECT Id FROM Contacts) (SELECT LastName FROM Contacts ORDER BY LastName LIMIT 1) \ : é
"""
TOKENS = st.sampled_from(WORDS.split())
QUERIES = st.one_of(
    st.text(max_size=60),
    st.lists(TOKENS, max_size=20).map(" ".join),
    st.lists(TOKENS, max_size=10).map(lambda words: "SELECT Id FROM Account WHERE " + " ".join(words)),
    st.lists(TOKENS, max_size=8).map(lambda words: f"SELECT {' '.join(words)} FROM Account LIMIT 9"),
)


@pytest.fixture
def account(api: Api) -> str:
    account = api.create("Account", Name="Acme", AnnualRevenue=5)
    api.create("Contact", LastName="Bo", AccountId=account)
    return account


def check(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and "hasErrors" not in answer.text:
        assert refusal(answer)[1].isupper()


@given(route=st.sampled_from(PATHS), body=BODIES | st.builds(dict, records=st.lists(RECORDS, max_size=3)))
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_json_body_crashes_it(hub: Api, api: Api, account: str, route: tuple[str, str], body: Any) -> None:
    method, path = route
    caller = hub if "ScratchOrgInfo" in path else api
    check(caller.rest(method, path.format(account=account), body))


@given(requests=st.lists(REQUESTS, max_size=4), all_or_none=st.booleans())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_composite_crashes_it(api: Api, requests: list[Any], all_or_none: bool) -> None:
    check(api.rest("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": requests}))
    check(api.rest("POST", "composite/batch", {"haltOnError": all_or_none, "batchRequests": requests}))


@given(query=QUERIES)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_query_crashes_it(api: Api, account: str, query: str) -> None:
    check(api.rest("GET", "query", q=query))


@given(path=st.text(max_size=30), method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_path_crashes_it(api: Api, path: str, method: str) -> None:
    check(api.rest(method, "sobjects/" + path.replace("?", "").replace("#", ""), {} if method != "GET" else None))


def test_a_body_above_the_limit_is_refused(api: Api) -> None:
    body = b'{"Name":"' + b"x" * 51_000_000 + b'"}'
    answer = api.call("POST", f"{DATA}/sobjects/Account", data=body, timeout=60)
    assert refusal(answer)[:2] == (413, "REQUEST_TOO_LARGE")


def test_wrong_methods_are_not_allowed(api: Api) -> None:
    for method, path in (("PUT", "sobjects/Account"), ("POST", "sobjects"), ("GET", "composite"), ("PUT", "query")):
        answer = api.rest(method, path, {} if method != "GET" else None)
        assert refusal(answer)[:2] == (405, "METHOD_NOT_ALLOWED")
        assert answer.headers["Allow"]
