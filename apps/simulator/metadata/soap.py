"""SOAP as the Metadata API speaks it: envelopes in, answers and faults out."""

from dataclasses import dataclass
from typing import Any

from apps.simulator.answers import Answer, Headers
from apps.simulator.metadata.documents import Node, NotXml, parse, write

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"

_XML = '<?xml version="1.0" encoding="UTF-8"?>'
_TYPE: Headers = [(b"content-type", b"text/xml;charset=UTF-8")]


class SoapFault(Exception):
    """`code` with its prefix: sf:INVALID_TYPE for what Salesforce refuses, soapenv:Client for what is no request."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def answer(self) -> Answer:
        prefix, _, name = self.code.partition(":")
        text = f"{name}: {self.message}" if prefix == "sf" else self.message
        fault = write("soapenv:Fault", {"faultcode": self.code, "faultstring": text})
        envelope = f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:sf="{NAMESPACE}">'
        body = f"{_XML}{envelope}<soapenv:Body>{fault}</soapenv:Body></soapenv:Envelope>"
        return Answer(500, body.encode(), list(_TYPE))


def invalid_session() -> SoapFault:
    return SoapFault("sf:INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked: the session's access token, the operation and its element."""

    session_id: str
    operation: str
    argument: Node


def read(body: bytes) -> Request:
    """SoapFault soapenv:Client for what is no envelope of the Metadata API."""
    try:
        envelope = parse(body)
    except NotXml as error:
        raise SoapFault("soapenv:Client", error.message) from error
    if (envelope.namespace, envelope.name) != (ENVELOPE, "Envelope"):
        found = f"{{{envelope.namespace}}}{envelope.name}"
        raise SoapFault("soapenv:Client", f"The root of a request must be a SOAP 1.1 Envelope, not {found}")
    body_element = envelope.child("Body")
    if body_element is None or not body_element.children:
        raise SoapFault("soapenv:Client", "The request has no operation in its Body")
    operation = body_element.children[0]
    if operation.namespace != NAMESPACE:
        raise unknown_operation(operation)
    header = envelope.child("Header")
    session = None if header is None else header.child("SessionHeader")
    session_id = "" if session is None else session.value("sessionId")
    return Request(session_id, operation.name, operation)


def unknown_operation(operation: Node) -> SoapFault:
    name = f"{{{operation.namespace}}}{operation.name}"
    return SoapFault(
        "soapenv:Client", f"No operation available for request {name}, please check the WSDL for the service."
    )


def answer(operation: str, result: Any) -> Answer:
    """`result` as documents.write takes it; a list gives one result element for each entry."""
    response = write(f"{operation}Response", {"result": result})
    envelope = f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns="{NAMESPACE}">'
    body = f"{_XML}{envelope}<soapenv:Body>{response}</soapenv:Body></soapenv:Envelope>"
    return Answer(200, body.encode(), list(_TYPE))


def boolean(node: Node | None, name: str, default: bool) -> bool:
    """A child of XML Schema's type boolean."""
    text = "" if node is None else node.value(name)
    if not text:
        return default
    if text not in ("true", "false", "1", "0"):
        raise SoapFault("soapenv:Client", f"'{text}' is not valid for the type xsd:boolean")
    return text in ("true", "1")


def check_double(node: Node, name: str) -> None:
    """For the API versions that requests name, and that change nothing here."""
    text = node.value(name)
    try:
        float(text or 0)
    except ValueError as error:
        raise SoapFault("soapenv:Client", f"'{text}' is not valid for the type xsd:double") from error
