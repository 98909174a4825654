"""The schema is valid, is the one that was reviewed, and tells the truth about the answers."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from apps.core.documentation import document
from tests.architecture.test_doors import SHUT, address, verbs_of
from tests.conftest import Cast

SNAPSHOT = Path(__file__).with_name("openapi.json")
UPDATE = f"manage.py spectacular --format openapi-json --file {SNAPSHOT.relative_to(SNAPSHOT.parents[2])}"

__all__ = ["address"]  # a fixture


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(document())
    return read


def operation(schema: dict[str, Any], route: str, verb: str) -> dict[str, Any]:
    path = "/" + route.replace("<int:", "{").replace("<str:", "{").replace(">", "}")
    found: dict[str, Any] = schema["paths"][path][verb.lower()]
    return found


def content_of(schema: dict[str, Any], response: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in response:
        response = schema["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
    content: dict[str, Any] = response["content"]["application/json"]
    return content


def test_the_schema_is_valid_openapi_3_1(schema: dict[str, Any]) -> None:
    call_command("spectacular", fail_on_warn=True, file=os.devnull)  # two shapes of one name, for instance
    assert schema["openapi"].startswith("3.1")
    validate(schema)


def test_the_schema_is_the_one_that_was_reviewed(schema: dict[str, Any]) -> None:
    assert schema == json.loads(SNAPSHOT.read_text()), f"if this is meant: {UPDATE}"


@pytest.mark.parametrize("route", SHUT)
def test_every_door_is_documented_with_examples_and_errors(schema: dict[str, Any], route: str) -> None:
    for verb in verbs_of(SHUT[route]):
        told = operation(schema, route, verb)
        assert told["summary"]
        assert len([code for code in told["responses"] if code.startswith("2")]) == 1
        assert {"400", "401", "403", "429", "503"} <= set(told["responses"])
        for code, response in told["responses"].items():
            assert content_of(schema, response)["examples"], (verb, code)
        if "<" in route:
            assert "404" in told["responses"]


@pytest.mark.parametrize("route", SHUT)
def test_examples_and_answers_fit_what_is_documented(
    cast: Cast, address: dict[str, str], schema: dict[str, Any], route: str
) -> None:
    for verb in verbs_of(SHUT[route]):
        for code, response in operation(schema, route, verb)["responses"].items():
            content = content_of(schema, response)
            for example in content["examples"].values():
                fits(schema, content["schema"], example["value"], f"{verb} {code}")
    if "GET" in verbs_of(SHUT[route]):
        answer = cast.alice.client.get(address[route])
        content = content_of(schema, operation(schema, route, "GET")["responses"]["200"])
        fits(schema, content["schema"], answer.json(), "GET, really")


def fits(schema: dict[str, Any], told: dict[str, Any], value: Any, where: str) -> None:
    strict = {**told, "components": _closed(schema["components"])}
    problems = [f"{where} {error.json_path}: {error.message}" for error in OAS31Validator(strict).iter_errors(value)]
    assert not problems


def _closed(part: Any) -> Any:
    """Objects may hold only what is documented."""
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(each) for name, each in part.items()}
    if part.get("type") == "object" and "properties" in part:
        closed.setdefault("additionalProperties", False)
    return closed
