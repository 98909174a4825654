import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.simulator.conftest import Api
from tests.simulator.metadata.conftest import ENVELOPE, NAMESPACE, Soap, elements, fault
from tests.simulators import Simulator

DESCRIBE = "<describeMetadata><asOfVersion>67.0</asOfVersion></describeMetadata>"


def test_another_prefix_says_the_same(soap: Soap) -> None:
    body = (
        f'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:tns="{NAMESPACE}">'
        f"<soapenv:Header><tns:SessionHeader><tns:sessionId>{soap.api.token}</tns:sessionId></tns:SessionHeader>"
        "</soapenv:Header><soapenv:Body><tns:describeMetadata/></soapenv:Body></soapenv:Envelope>"
    )
    answer = soap.post(body)
    assert answer.status_code == 200
    assert elements(answer).find("Body/describeMetadataResponse/result/metadataObjects") is not None


def test_a_session_comes_in_the_header_element_not_in_authorization(soap: Soap) -> None:
    for token in ("", "00D5e0000000001!AQnonsense"):
        code, text = fault(soap.call("describeMetadata", token=token))
        assert code == "sf:INVALID_SESSION_ID"
        assert text.startswith("INVALID_SESSION_ID: Invalid Session ID found in SessionHeader")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "Premature end of file."),
        (b"nonsense", "Content is not allowed in prolog."),
        (b"<a><b></a>", "mismatched tag."),
        (b'{"json": true}', "Content is not allowed in prolog."),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE is disallowed."),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DOCTYPE is disallowed."),
        (b"<a>" * 100_000, "The document is too large."),
        (b"<a>" + b"<b/>" * 400_000 + b"</a>", "The document is too large."),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "Invalid encoding name."),
        (b"<a/>", "The root of a request must be a SOAP 1.1 Envelope, not {}a"),
    ],
)
def test_what_is_no_envelope_is_the_clients_fault(soap: Soap, body: bytes, message: str) -> None:
    assert fault(soap.post(body)) == ("soapenv:Client", message)


def test_an_unknown_operation_is_not_in_the_wsdl(soap: Soap) -> None:
    code, text = fault(soap.call("conjure"))
    assert code == "soapenv:Client"
    expected = f"No operation available for request {{{NAMESPACE}}}conjure, please check the WSDL for the service."
    assert text == expected
    foreign = ENVELOPE.format(token=soap.api.token, body='<describeMetadata xmlns="urn:partner.soap.sforce.com"/>')
    assert "{urn:partner.soap.sforce.com}describeMetadata" in fault(soap.post(foreign))[1]


def test_a_version_that_does_not_exist_is_refused(soap: Soap) -> None:
    body = ENVELOPE.format(token=soap.api.token, body=DESCRIBE)
    for path in ("/services/Soap/m/99.0", "/services/Soap/m/67", "/services/Soap/m/"):
        assert fault(soap.post(body, path))[0] == "sf:UNSUPPORTED_API_VERSION"
    assert soap.post(body, "/services/Soap/m/67.0/00D5e0000000001").status_code == 200


def test_values_of_the_wrong_type_are_named(soap: Soap) -> None:
    answer = soap.call("describeMetadata", "<asOfVersion>latest</asOfVersion>")
    assert fault(answer) == ("soapenv:Client", "'latest' is not valid for the type xsd:double")


def test_another_method_is_not_allowed(soap: Soap) -> None:
    answer = soap.post(b"", method="GET")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_user_without_modify_metadata_is_refused(hub: Api) -> None:
    code, text = fault(Soap(hub.simulator, hub).call("describeMetadata"))
    assert code == "sf:INSUFFICIENT_ACCESS"
    assert "ModifyAllData or ModifyMetadata" in text


def test_calls_count_and_the_quota_ends_them(soap: Soap, org: dict[str, str]) -> None:
    soap.results("describeMetadata")
    [known] = soap.simulator.orgs(org_id=org["org_id"])
    assert known["api_used"] == 1
    soap.simulator.fault([org["org_id"]], "quota")
    assert fault(soap.call("describeMetadata"))[0] == "sf:REQUEST_LIMIT_EXCEEDED"


def test_faults_on_the_wire_reach_soap_calls_too(soap: Soap, org: dict[str, str]) -> None:
    soap.simulator.fault([org["org_id"]], "unauthorized")
    assert fault(soap.call("describeMetadata"))[0] == "sf:INVALID_SESSION_ID"
    soap.simulator.clear_faults([org["org_id"]])
    soap.simulator.fault([org["org_id"]], "unavailable")
    assert soap.call("describeMetadata").status_code == 503
    soap.simulator.clear_faults([org["org_id"]])
    soap.simulator.delete(org["org_id"])
    assert soap.call("describeMetadata").status_code == 420


OPERATIONS = ("deploy", "retrieve", "listMetadata", "checkDeployStatus", "cancelDeploy", "checkRetrieveStatus")
NAMES = st.sampled_from(
    ["ZipFile", "DeployOptions", "queries", "type", "asyncProcessId", "unpackaged", "types", "members", "name", "x:y"]
)
TEXTS = st.one_of(st.text(max_size=20), st.sampled_from(["ApexClass", "true", "UEsDBA==", "0Af5e0000000001AAA", "*"]))


def tree(depth: int) -> st.SearchStrategy[str]:
    inner = TEXTS if depth == 0 else st.one_of(TEXTS, st.lists(st.deferred(lambda: tree(depth - 1))).map("".join))
    return st.builds(lambda name, content: f"<{name}>{content}</{name}>", NAMES, inner)


@given(st.one_of(st.binary(max_size=300), st.tuples(st.sampled_from(OPERATIONS), tree(3))))
@example(("deploy", "<ZipFile>UEsFBgAAAAAAAAAAAAAAAAAAAAAAAA==</ZipFile>"))
@example(("retrieve", "<retrieveRequest/>"))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_crashes_the_door(soap: Soap, sent: bytes | tuple[str, str]) -> None:
    if isinstance(sent, bytes):
        answer = soap.post(sent)
    else:
        answer = soap.post(
            ENVELOPE.format(token=soap.api.token, body=f"<{sent[0]}>{sent[1]}</{sent[0]}>").encode("utf-8", "replace")
        )
    assert answer.status_code in (200, 500)
    root = elements(answer)
    assert root.tag == "Envelope"
    if answer.status_code == 500:
        assert root.findtext("Body/Fault/faultcode") not in (None, "")


def test_the_simulator_lives_on_after_all_that(simulator: Simulator) -> None:
    assert simulator.state()["requests"]["metadata"] > 0
