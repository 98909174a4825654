"""The REST resources below /services/data: which there are, and what each answers to a user with a session."""

import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from apps.simulator import composite, composite_records, composite_tree, sobjects
from apps.simulator.answers import Answer, RestError, json_answer, method_not_allowed, not_found
from apps.simulator.bulk import ingest, query
from apps.simulator.lifecycle import allocations as allocations_of
from apps.simulator.queries import Page
from apps.simulator.routing import Call, Route

VERSIONS = tuple(f"{number}.0" for number in range(31, 68))
_VERSIONED = re.compile(r"/services/data/(v\d\d\.0)(?:/(.*))?")


def versions() -> Answer:
    """The one resource that needs no session."""
    return json_answer([{"label": f"Release {v}", "url": f"/services/data/v{v}", "version": v} for v in VERSIONS])


@dataclass(frozen=True, slots=True)
class Found:
    """A path that exists: its route, the API version (v67.0), the path's arguments."""

    route: Route
    version: str
    arguments: tuple[str, ...]


def find_route(path: str) -> Found | None:
    """None where Salesforce has no such resource, or not in that version."""
    match = _VERSIONED.fullmatch(path)
    if match is None or match[1][1:] not in VERSIONS:
        return None
    rest = (match[2] or "").rstrip("/")
    for route in ROUTES:
        found = route.pattern.fullmatch(rest)
        if found:
            return Found(route, match[1], found.groups())
    return None


def handle(found: Found | None, call: Call) -> Answer | Page:
    """RestError for everything that Salesforce refuses."""
    if found is None:
        raise not_found()
    handler = found.route.handlers.get(call.method)
    if handler is None:
        raise method_not_allowed(call.method, tuple(found.route.handlers))
    return handler(replace(call, version=found.version, arguments=found.arguments))


def ask(call: Call, method: str, url: str, body: bytes) -> Answer | Page:
    """Answers another request of the same caller, one that came inside a call; url is a path with its query string."""
    path, _, query_string = url.partition("?")
    inner = replace(call, method=method, query_string=query_string, body=body)
    return handle(find_route(unquote(path)), inner)


def _resources(call: Call) -> Answer:
    base = f"/services/data/{call.version}"
    resources = {name: f"{base}/{name}" for name in ("query", "tooling", "limits", "sobjects", "jobs")}
    identity = f"{call.world.origin}/id/{call.org.id}/{call.user.Id}"
    return json_answer({"identity": identity, **resources})


def _query(call: Call, *, tooling: bool = False, deleted: bool = False) -> Answer | Page:
    text = call.parameter("q")
    if text is None:
        raise RestError(400, "MALFORMED_QUERY", "A query string has to be specified")
    if call.parameter("columns") == "true":
        return json_answer(call.queries.columns(call.org, text, tooling=tooling))
    return call.queries.query(
        call.org, call.user, text, tooling=tooling, version=call.version, now=call.now, deleted=deleted
    )


def _more(call: Call, *, tooling: bool = False) -> Page:
    return call.queries.more(call.org, call.user, call.argument, tooling=tooling, version=call.version)


def _limits(call: Call) -> Answer:
    """For users with View Setup and Configuration."""
    org = call.org
    if "lost_view_setup" in org.faults:
        raise RestError(403, "INSUFFICIENT_ACCESS", "You do not have the permission to view limits")
    limits = {"DailyApiRequests": {"Max": org.max_calls, "Remaining": max(0, org.max_calls - org.calls)}}
    limits["DailyDeliveredPlatformEvents"] = {"Max": org.max_deliveries, "Remaining": org.deliveries_left(call.now)}
    if org.is_hub:
        allocations = allocations_of(call.world, call.now).values()
        for name, allocation in zip(("ActiveScratchOrgs", "DailyScratchOrgs"), allocations, strict=True):
            limits[name] = {"Max": allocation.most, "Remaining": allocation.remaining}
    return json_answer(limits)


ROUTES = (
    Route("tooling/query", re.compile("tooling/query"), {"GET": lambda call: _query(call, tooling=True)}),
    Route("query", re.compile("query"), {"GET": _query}),
    Route("query", re.compile("queryAll"), {"GET": lambda call: _query(call, deleted=True)}),
    Route("tooling/query", re.compile("tooling/query/([^/]+)"), {"GET": lambda call: _more(call, tooling=True)}),
    Route("query", re.compile("(?:query|queryAll)/([^/]+)"), {"GET": _more}),
    Route("resources", re.compile(""), {"GET": _resources}),
    Route("limits", re.compile("limits"), {"GET": _limits}),
    *ingest.ROUTES,
    *query.ROUTES,
    *sobjects.ROUTES,
    *composite.routes(ask),
    *composite_records.ROUTES,
    *composite_tree.ROUTES,
)
