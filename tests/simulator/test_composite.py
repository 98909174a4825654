from typing import Any

import pytest

from tests.simulator.conftest import DATA, Api, refusal


def request(reference_id: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
    asked = {"referenceId": reference_id, "method": method, "url": f"{DATA}/{path}"}
    return asked if body is None else asked | {"body": body}


def composite(api: Api, *requests: dict[str, Any], path: str = "composite", **more: Any) -> list[dict[str, Any]]:
    answer = api.rest("POST", path, {"compositeRequest": list(requests), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]  # type: ignore[no-any-return]


def names(api: Api, sobject: str = "Account") -> list[str]:
    return [record["Name"] for record in api.records(f"SELECT Name FROM {sobject} ORDER BY Name")]


def test_later_requests_use_earlier_answers(api: Api) -> None:
    answers = composite(
        api,
        request("account", "POST", "sobjects/Account", {"Name": "Acme"}),
        request("contact", "POST", "sobjects/Contact", {"LastName": "Bo", "AccountId": "@{account.id}"}),
        request("found", "GET", "query?q=SELECT+Id,Name+FROM+Contact+WHERE+AccountId='@{account.id}'"),
        request("read", "GET", "sobjects/Contact/@{found.records[0].Id}?fields=LastName"),
        request("changed", "PATCH", "sobjects/Account/@{account.id}", {"Name": "Of @{found.records[0].Name}"}),
    )
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200, 204]
    assert [answer["referenceId"] for answer in answers] == ["account", "contact", "found", "read", "changed"]
    account = answers[0]["body"]["id"]
    assert answers[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{account}"}
    assert (answers[3]["body"]["LastName"], answers[4]["body"]) == ("Bo", None)
    assert names(api) == ["Of Bo"]


def test_it_counts_as_one_call(api: Api) -> None:
    requests = [request(f"r{number}", "GET", "limits") for number in range(20)]
    before = int(api.query("SELECT Id FROM User").headers["Sforce-Limit-Info"].split("=")[1].split("/")[0])
    answer = api.rest("POST", "composite", {"compositeRequest": requests})
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={before + 1}/15000"


def test_a_failure_leaves_the_others_and_halts_what_depends_on_it(api: Api) -> None:
    answers = composite(
        api,
        request("wrong", "POST", "sobjects/Account", {}),
        request("child", "POST", "sobjects/Contact", {"LastName": "Bo", "AccountId": "@{wrong.id}"}),
        request("other", "POST", "sobjects/Account", {"Name": "Other"}),
    )
    assert [answer["httpStatusCode"] for answer in answers] == [400, 400, 201]
    assert answers[0]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answers[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert names(api) == ["Other"]


def test_all_or_none_rolls_back(api: Api) -> None:
    kept = api.create("Account", Name="Kept")
    answers = composite(
        api,
        request("made", "POST", "sobjects/Account", {"Name": "Made"}),
        request("changed", "PATCH", f"sobjects/Account/{kept}", {"Name": "Changed"}),
        request("deleted", "DELETE", f"sobjects/Account/{kept}"),
        request("wrong", "POST", "sobjects/Account", {}),
        request("after", "POST", "sobjects/Account", {"Name": "After"}),
        allOrNone=True,
    )
    codes = [answer["body"][0]["errorCode"] for answer in answers]
    assert codes == [*["PROCESSING_HALTED"] * 3, "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert names(api) == ["Kept"]
    assert api.rest("GET", f"sobjects/Account/{kept}").json()["IsDeleted"] is False


def test_the_tooling_composite_reads_source_members(api: Api, org: dict[str, Any]) -> None:
    api.simulator.edit(org["org_id"], "ApexClass", "Foo", "NEW")
    query = request("members", "GET", "tooling/query?q=SELECT+MemberName+FROM+SourceMember")
    [answer] = composite(api, query, path="tooling/composite")
    assert [record["MemberName"] for record in answer["body"]["records"]] == ["Foo"]
    assert api.simulator.orgs(org_id=org["org_id"])[0]["read"] is True


@pytest.mark.parametrize(
    "requests",
    [
        None,
        [],
        ["x"],
        [{"method": "GET", "url": "x"}],
        [{"referenceId": "a", "url": f"{DATA}/limits"}],
        [request("a", "GET", "limits")] * 2,
        [request(f"r{number}", "GET", "query?q=SELECT+Id+FROM+User") for number in range(6)],
    ],
)
def test_a_wrong_composite_is_refused(api: Api, requests: Any) -> None:
    assert refusal(api.rest("POST", "composite", {"compositeRequest": requests}))[0] == 400


def test_at_most_25_requests_fit_in(api: Api) -> None:
    requests = [request(f"r{number}", "GET", "limits") for number in range(26)]
    answer = api.rest("POST", "composite", {"compositeRequest": requests})
    [refused] = answer.json()["compositeResponse"]
    assert (answer.status_code, refused["httpStatusCode"]) == (400, 400)
    assert (refused["body"][0]["errorCode"], refused["referenceId"]) == ("LIMIT_EXCEEDED", None)
    batch = [{"method": "GET", "url": "v67.0/limits"}] * 26
    assert refusal(api.rest("POST", "composite/batch", {"batchRequests": batch}))[1] == "LIMIT_EXCEEDED"


def test_what_cannot_be_asked_inside_fails_alone(api: Api) -> None:
    answers = composite(
        api,
        request("nested", "POST", "composite", {"compositeRequest": []}),
        request("nowhere", "GET", "nothing"),
        request("method", "PUT", "limits"),
        {"referenceId": "outside", "method": "GET", "url": "https://elsewhere.invalid/"},
    )
    assert [answer["httpStatusCode"] for answer in answers] == [404, 404, 405, 404]


def test_a_batch_answers_each_request_and_counts_it(api: Api) -> None:
    used = int(api.query("SELECT Id FROM User").headers["Sforce-Limit-Info"].split("=")[1].split("/")[0])
    body = {
        "batchRequests": [
            {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {"Name": "Acme"}},
            {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {}},
            {"method": "GET", "url": "v67.0/query?q=SELECT+Name+FROM+Account"},
        ]
    }
    answer = api.rest("POST", "composite/batch", body)
    assert [result["statusCode"] for result in answer.json()["results"]] == [201, 400, 200]
    assert answer.json()["hasErrors"] is True
    assert answer.json()["results"][2]["result"]["records"][0]["Name"] == "Acme"
    assert answer.headers["Sforce-Limit-Info"] == f"api-usage={used + 3}/15000"


def test_a_batch_halts_on_error_if_asked(api: Api) -> None:
    body = {
        "haltOnError": True,
        "batchRequests": [
            {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {}},
            {"method": "POST", "url": "v67.0/sobjects/Account", "richInput": {"Name": "Never"}},
        ],
    }
    results = api.rest("POST", "composite/batch", body).json()["results"]
    assert [result["statusCode"] for result in results] == [400, 412]
    assert results[1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert names(api) == []
