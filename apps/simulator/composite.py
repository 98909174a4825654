"""Several requests in one: composite (and tooling/composite), where later ones may use the answers to earlier ones,
and composite/batch, where each is for itself.

From the REST API Developer Guide: at most 25 requests, of them 5 queries or collections; a composite counts as one API
call, each request of a batch counts for itself.
"""

import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from apps.simulator.answers import Answer, RestError, json_answer, limit_exceeded, not_found
from apps.simulator.data.store import store_of
from apps.simulator.queries import Page
from apps.simulator.routing import Call, Route

MAX_REQUESTS = 25
MAX_QUERIES = 5
_QUERIES = re.compile(r"/services/data/v\d\d\.0/(?:tooling/)?(?:query|queryAll|composite/sobjects)\b")
_NOT_INSIDE = re.compile(r"(?:/services/data/)?v\d\d\.0/(?:tooling/)?(?:composite(?!/sobjects)|jobs)\b")
_REFERENCE_ID = re.compile(r"[A-Za-z0-9_]{1,100}")
_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d{1,5}\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_HALTED = "The transaction was rolled back since another operation in the same transaction failed."

_TOO_MANY = f"The request can’t contain more than {MAX_REQUESTS} operations."  # noqa: RUF001
_BATCH_HALTED = "Batch processing is halted because an earlier request of the batch failed."

Ask = Callable[[Call, str, str, bytes], Answer | Page]


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to one request inside another; `content` is its JSON, None where there is none."""

    status: int
    content: Any
    completes: bool = False

    @property
    def failed(self) -> bool:
        return self.status >= 400


class _RolledBack(Exception):
    """A request of an all-or-none composite failed."""


def routes(ask: Ask) -> tuple[Route, ...]:
    """`ask` answers a method, a URL and a body for the caller of a call."""
    composite = {"POST": partial(_composite, ask)}
    return (
        Route("composite", re.compile("composite"), composite),
        Route("composite", re.compile("tooling/composite"), composite),
        Route("composite", re.compile("composite/batch"), {"POST": partial(_batch, ask)}),
    )


def _composite(ask: Ask, call: Call) -> Answer | Page:
    command = call.json_object()
    requests = _requests(command, "compositeRequest")
    if len(requests) > MAX_REQUESTS:
        refused = _error(RestError(400, "LIMIT_EXCEEDED", _TOO_MANY))
        entry = {"body": refused.content, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": None}
        return json_answer({"compositeResponse": [entry]}, 400)
    if sum(_QUERIES.match(request["url"]) is not None for request in requests) > MAX_QUERIES:
        raise RestError(400, "LIMIT_EXCEEDED", f"At most {MAX_QUERIES} of the requests can be queries or collections.")
    for request in requests:
        if not isinstance(request.get("referenceId"), str) or not _REFERENCE_ID.fullmatch(request["referenceId"]):
            raise RestError(400, "JSON_PARSER_ERROR", "Provided referenceId is missing or invalid")
    names = [request["referenceId"] for request in requests]
    if len(set(names)) < len(names):
        raise RestError(400, "JSON_PARSER_ERROR", "Provided referenceIds must be unique")
    all_or_none = command.get("allOrNone") is True
    answered: dict[str, Answered] = {}
    try:
        with store_of(call.org).all_or_none() if all_or_none else nullcontext():
            for name, request in zip(names, requests, strict=True):
                answered[name] = _referring(ask, call, request, answered)
                if all_or_none and answered[name].failed:
                    raise _RolledBack  # noqa: TRY301
    except _RolledBack:
        failed = list(answered)[-1]
        halted = _error(RestError(400, "PROCESSING_HALTED", _HALTED))
        answered = {name: answered[failed] if name == failed else halted for name in names}
    completes = any(answer.completes for answer in answered.values())
    content = {"compositeResponse": [_in_composite(call, name, answered[name]) for name in names]}
    return Page(content, call.org if completes else None, call.now)


def _in_composite(call: Call, name: str, answer: Answered) -> dict[str, Any]:
    headers = {}
    if answer.status == 201 and isinstance(answer.content, dict) and "id" in answer.content:
        entity = _created_as(call, answer.content["id"])
        headers = {"Location": f"/services/data/{call.version}/sobjects/{entity}/{answer.content['id']}"}
    return {"body": answer.content, "httpHeaders": headers, "httpStatusCode": answer.status, "referenceId": name}


def _created_as(call: Call, record_id: str) -> str:
    objects = store_of(call.org).schema.objects.values()
    return next((entity.name for entity in objects if entity.key_prefix == record_id[:3]), "")


def _batch(ask: Ask, call: Call) -> Page:
    command = call.json_object()
    halt = command.get("haltOnError") is True
    answers: list[Answered] = []
    requests = _requests(command, "batchRequests")
    if len(requests) > MAX_REQUESTS:
        raise RestError(400, "LIMIT_EXCEEDED", _TOO_MANY)
    for number, request in enumerate(requests):
        if halt and any(answer.failed for answer in answers):
            answers.append(_error(RestError(412, "BATCH_PROCESSING_HALTED", _BATCH_HALTED)))
        elif number > 0 and not call.org.count_call(call.now):
            answers.append(_error(limit_exceeded()))
        else:
            url = "/services/data/" + request["url"].removeprefix("/services/data/").removeprefix("/")
            answers.append(_ask(ask, call, request["method"], url, request.get("richInput")))
    content = {
        "hasErrors": any(answer.failed for answer in answers),
        "results": [{"statusCode": answer.status, "result": answer.content} for answer in answers],
    }
    return Page(content, call.org if any(answer.completes for answer in answers) else None, call.now)


def _requests(command: dict[str, Any], name: str) -> list[dict[str, Any]]:
    requests = command.get(name)
    if not isinstance(requests, list) or not requests or not all(isinstance(each, dict) for each in requests):
        raise RestError(400, "JSON_PARSER_ERROR", f"{name} must be a list of requests")
    for request in requests:
        if not isinstance(request.get("method"), str) or not isinstance(request.get("url"), str):
            raise RestError(400, "JSON_PARSER_ERROR", "A request needs a method and a url")
    return requests


class _NoSuchValue(Exception):
    """A reference to what an earlier answer does not hold."""


def _referring(ask: Ask, call: Call, request: dict[str, Any], answered: dict[str, Answered]) -> Answered:
    try:
        url = _resolved(request["url"], answered)
        body = _resolved(request.get("body"), answered)
    except _NoSuchValue as error:
        return _error(RestError(400, "PROCESSING_HALTED", str(error)))
    return _ask(ask, call, request["method"], url, body)


def _resolved(value: Any, answered: dict[str, Answered]) -> Any:
    """The value with every @{ref.path} in its texts replaced."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _referred(match, answered), value)
    if isinstance(value, list):
        return [_resolved(each, answered) for each in value]
    if isinstance(value, dict):
        return {name: _resolved(each, answered) for name, each in value.items()}
    return value


def _referred(match: re.Match[str], answered: dict[str, Answered]) -> str:
    name, path = match[1], match[2]
    value = answered[name].content if name in answered and not answered[name].failed else None
    for step in _STEP.finditer(path):
        if step[1] is not None and isinstance(value, dict):
            value = next((each for key, each in value.items() if key.lower() == step[1].lower()), None)
        elif step[2] is not None and isinstance(value, list) and int(step[2]) < len(value):
            value = value[int(step[2])]
        else:
            value = None
    if value is None or isinstance(value, dict | list):
        raise _NoSuchValue(f"Invalid reference specified. No value for {name}{path} found in {name}.")
    return str(value).lower() if isinstance(value, bool) else str(value)


def _ask(ask: Ask, call: Call, method: str, url: str, body: Any) -> Answered:
    try:
        if _NOT_INSIDE.match(url):
            raise not_found()
        result = ask(call, method.upper(), url, b"" if body is None else orjson.dumps(body))
    except RestError as error:
        return _error(error)
    if isinstance(result, Page):
        return Answered(200, result.content, result.completes is not None)
    return Answered(result.status, orjson.loads(result.body) if result.body else None)


def _error(error: RestError) -> Answered:
    return Answered(error.status, orjson.loads(error.answer().body))
