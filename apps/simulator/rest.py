"""The REST resources below /services/data: which there are, and what each answers to a user with a session."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import orjson

from apps.simulator import ids, lifecycle, permissions
from apps.simulator.answers import Answer, RestError, json_answer, method_not_allowed, not_found
from apps.simulator.orgs import Org
from apps.simulator.queries import Page, Queries
from apps.simulator.records import ScratchOrgInfo
from apps.simulator.soql.schema import sobject
from apps.simulator.streaming import publishing
from apps.simulator.streaming.events import EventBus
from apps.simulator.tokens import Session
from apps.simulator.world import World

VERSIONS = tuple(f"{number}.0" for number in range(31, 68))
_VERSIONED = re.compile(r"/services/data/(v\d\d\.0)(?:/(.*))?")
_SETTABLE_FIELDS = """
AdminEmail ConnectedAppCallbackUrl ConnectedAppConsumerKey Country Description DurationDays Edition Features
HasSampleData Language Namespace OrgName Package2AncestorIds Release Snapshot SourceOrg Username
"""
_SETTABLE = frozenset(_SETTABLE_FIELDS.split())


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request; `argument` is the last part of the path (an id, a locator)."""

    world: World
    queries: Queries
    events: EventBus
    session: Session
    version: str
    method: str
    query_string: str
    body: bytes
    now: float
    argument: str = ""

    @property
    def org(self) -> Org:
        return self.session.org

    def parameter(self, name: str) -> str | None:
        values = parse_qs(self.query_string).get(name)
        return values[0] if values else None


Handler = Callable[[Call], Answer | Page]


@dataclass(frozen=True, slots=True)
class Route:
    """`name` is what /control/state counts the requests under."""

    name: str
    pattern: re.Pattern[str]
    handlers: dict[str, Handler]


def versions() -> Answer:
    """The one resource that needs no session."""
    return json_answer([{"label": f"Release {v}", "url": f"/services/data/v{v}", "version": v} for v in VERSIONS])


@dataclass(frozen=True, slots=True)
class Found:
    """A path that exists: its route, the API version (v67.0), the path's argument."""

    route: Route
    version: str
    argument: str


def find_route(path: str) -> Found | None:
    """None where Salesforce has no such resource, or not in that version."""
    match = _VERSIONED.fullmatch(path)
    if match is None or match[1][1:] not in VERSIONS:
        return None
    rest = (match[2] or "").rstrip("/")
    for route in ROUTES:
        found = route.pattern.fullmatch(rest)
        if found:
            return Found(route, match[1], found[1] if found.lastindex else "")
    return None


def handle(route: Route, call: Call) -> Answer | Page:
    """RestError for everything that Salesforce refuses."""
    handler = route.handlers.get(call.method)
    if handler is None:
        raise method_not_allowed(call.method, tuple(route.handlers))
    return handler(call)


def _resources(call: Call) -> Answer:
    base = f"/services/data/{call.version}"
    resources = {name: f"{base}/{name}" for name in ("query", "tooling", "limits", "sobjects")}
    identity = f"{call.world.origin}/id/{call.org.id}/{call.session.user.Id}"
    return json_answer({"identity": identity, **resources})


def _query(call: Call, *, tooling: bool) -> Answer | Page:
    text = call.parameter("q")
    if text is None:
        raise RestError(400, "MALFORMED_QUERY", "A query string has to be specified")
    if call.parameter("columns") == "true":
        return json_answer(call.queries.columns(call.org, text, tooling=tooling))
    return call.queries.query(call.org, call.session.user, text, tooling=tooling, version=call.version, now=call.now)


def _more(call: Call, *, tooling: bool) -> Page:
    return call.queries.more(call.org, call.session.user, call.argument, tooling=tooling, version=call.version)


def _limits(call: Call) -> Answer:
    org = call.org
    limits = {"DailyApiRequests": {"Max": org.max_calls, "Remaining": max(0, org.max_calls - org.calls)}}
    if org.is_hub:
        active = len(call.world.active_orgs())
        allowed = max(100, active + 20)
        limits["ActiveScratchOrgs"] = {"Max": allowed, "Remaining": allowed - active}
        limits["DailyScratchOrgs"] = {"Max": allowed * 2, "Remaining": allowed}
    return json_answer(limits)


def _user(call: Call) -> Answer:
    return _record(call, call.org.users)


def _scratch_org_info(call: Call) -> Answer:
    _require_hub(call.org)
    everything, own = permissions.sees_all(call.org, call.session.user), call.session.user.Id
    return _record(call, [info for info in call.world.infos() if everything or info.OwnerId == own])


def _record(call: Call, records: list[Any]) -> Answer:
    """One record in full, its relationships left out."""
    wanted = _checked_id(call.argument)
    record = next((record for record in records if record.Id[:15] == wanted), None)
    if record is None:
        raise RestError(404, "NOT_FOUND", "The requested resource does not exist")
    kind = sobject(type(record))
    url = f"/services/data/{call.version}/sobjects/{kind.name}/{record.Id}"
    values = {field.name: record[field.index] for field in kind.fields.values()}
    return json_answer({"attributes": {"type": kind.name, "url": url}, **values})


def _create_scratch_org(call: Call) -> Answer:
    _require_hub(call.org)
    try:
        asked = orjson.loads(call.body)
    except orjson.JSONDecodeError as error:
        raise RestError(400, "JSON_PARSER_ERROR", f"Unexpected character: {error.msg}") from error
    if not isinstance(asked, dict):
        raise RestError(400, "JSON_PARSER_ERROR", "The request body must be a JSON object")
    _check_asked(asked)
    info = lifecycle.request_scratch_org(call.world, call.session.user, asked, call.now)
    return json_answer({"id": info.Id, "success": True, "errors": []}, 201)


def _check_asked(asked: dict[str, Any]) -> None:
    for name in asked:
        if name not in ScratchOrgInfo._fields:
            raise RestError(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type ScratchOrgInfo")
        if name not in _SETTABLE:
            message = f"Unable to create/update fields: {name}. Please check the security settings of this field."
            raise RestError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message)
    for name in ("ConnectedAppConsumerKey", "ConnectedAppCallbackUrl"):
        if not asked.get(name):
            raise RestError(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{name}]")
    days = asked.get("DurationDays", 7)
    if not isinstance(days, int) or not 1 <= days <= 30:
        raise RestError(400, "FIELD_INTEGRITY_EXCEPTION", "DurationDays must be a whole number from 1 to 30")
    for name in asked.keys() - {"DurationDays", "HasSampleData"}:
        if asked[name] is not None and not isinstance(asked[name], str):
            raise RestError(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of string from {name}")


def _delete_scratch_org(call: Call) -> Answer:
    _require_hub(call.org)
    wanted = _checked_id(call.argument)
    for org in call.world.active_orgs():
        if org.active is not None and org.active.Id[:15] == wanted:
            lifecycle.delete(call.world, org, call.session.user, call.now)
            return Answer(204, b"", [])
    raise RestError(404, "ENTITY_IS_DELETED", "entity is deleted")


def _publish(call: Call) -> Answer:
    values = publishing.read_body(call.body)
    return publishing.publish(call.events, call.session, call.argument, values, call.now)


def _require_hub(org: Org) -> None:
    if not org.is_hub:
        raise not_found()


def _checked_id(text: str) -> str:
    if not ids.is_id(text):
        raise RestError(400, "MALFORMED_ID", f"malformed id {text}")
    return text[:15]


ROUTES = (
    Route("tooling/query", re.compile("tooling/query"), {"GET": lambda call: _query(call, tooling=True)}),
    Route("query", re.compile("query"), {"GET": lambda call: _query(call, tooling=False)}),
    Route("tooling/query", re.compile("tooling/query/([^/]+)"), {"GET": lambda call: _more(call, tooling=True)}),
    Route("query", re.compile("query/([^/]+)"), {"GET": lambda call: _more(call, tooling=False)}),
    Route("resources", re.compile(""), {"GET": _resources}),
    Route("limits", re.compile("limits"), {"GET": _limits}),
    Route("sobjects/User", re.compile("sobjects/User/([^/]+)"), {"GET": _user}),
    Route("sobjects/X__e", re.compile(r"sobjects/(\w+__[eE])"), {"POST": _publish}),
    Route("sobjects/ScratchOrgInfo", re.compile("sobjects/ScratchOrgInfo"), {"POST": _create_scratch_org}),
    Route("sobjects/ScratchOrgInfo", re.compile("sobjects/ScratchOrgInfo/([^/]+)"), {"GET": _scratch_org_info}),
    Route(
        "sobjects/ActiveScratchOrg", re.compile("sobjects/ActiveScratchOrg/([^/]+)"), {"DELETE": _delete_scratch_org}
    ),
)
