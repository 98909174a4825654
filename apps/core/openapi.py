"""How a door is documented: one decorator per verb, with its envelope, examples and every error it may answer.

@door("List API keys", answers={"keys": KeyAnswer(many=True), "next": NEXT}, query=PAGE, example={"keys": [...]})
def get(self, request: Request) -> Response:
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from apps.core.query import Param, documented

View = TypeVar("View", bound=Callable[..., Any])

NEXT = serializers.CharField(allow_null=True, help_text="Pass it as `cursor` for the next page; null at the end.")

ERRORS = {
    400: ("invalid_value", "limit must be a whole number from 1 to 1000", {"field": "limit", "value": "0"}),
    401: ("not_authenticated", "this API key is wrong, expired or revoked", {}),
    403: ("not_allowed", "a viewer of Cloud Team may not do this", {"needs": "poll"}),
    404: ("not_found", "there is no such scratch org", {}),
    409: ("conflict", "the last owner of a team can't leave it", {}),
    410: ("cursor_expired", "changes older than 90 days are not kept: start without a cursor", {"retention_days": 90}),
    413: ("body_too_large", "the body is larger than 1048576 bytes", {"max_bytes": 1048576}),
    415: ("unsupported_media_type", 'Unsupported media type "text/plain" in request.', {}),
    429: ("too_many_requests", "more than 1200 requests in a minute: slow down", {}),
    503: ("database_unavailable", "the database is away; this passes by itself", {}),
}
_SAYS = {
    400: "Something asked for is unknown or out of range; the answer names it.",
    401: "No API key and no session, or a wrong one.",
    403: "The role, or the key's scopes, do not reach this far; or the CSRF token is missing.",
    404: "There is none, or it belongs to another team.",
    409: "It does not fit what is there.",
    410: "What the cursor points at is no longer kept.",
    413: "The body is too large.",
    415: "The body is not `application/json`.",
    429: "Too many requests; `Retry-After` says for how many seconds to wait.",
    503: "The database is away; `Retry-After` says when to try again.",
}


class ErrorDetail(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="For programs; stays the same.")
    message = serializers.CharField(help_text="For people: what is wrong, and what to do.")
    details = serializers.DictField(help_text="The field, value or limit that it is about.")


class Error(serializers.Serializer[Any]):
    success = serializers.BooleanField(default=False)
    error = ErrorDetail()


def door(
    summary: str,
    *,
    answers: Mapping[str, Any],
    example: Mapping[str, Any],
    says: str = "",
    status: int = 200,
    query: Sequence[Param] = (),
    takes: Any = None,
    takes_example: Mapping[str, Any] | None = None,
    errors: Sequence[int] = (),
) -> Callable[[View], View]:
    """`answers`: the fields beside `success`. `errors`: beyond 400, 401, 403, 429 and 503, which all doors have."""
    name = "".join(word.capitalize() for word in summary.replace("'", "").split())
    envelope = inline_serializer(f"{name}Answer", {"success": serializers.BooleanField(), **answers})
    good = OpenApiExample(summary, {"success": True, **example}, response_only=True, status_codes=[str(status)])
    sent = [OpenApiExample(f"{summary}: body", dict(takes_example), request_only=True)] if takes_example else []
    failures = sorted({400, 401, 403, 429, 503, *errors, *({413, 415} if takes else ())})
    return extend_schema(
        operation_id=name[0].lower() + name[1:],
        summary=summary,
        description=says,
        parameters=documented(query),
        request=takes,
        responses={
            status: OpenApiResponse(envelope, description=summary),
            **{code: OpenApiResponse(Error) for code in failures},
        },
        auth=[{"ApiKey": []}, {"Session": []}],  # type: ignore[list-item] # its type says str; OpenAPI wants this
        examples=[good, *sent],
    )


def share_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular's: every door names the same answer for the same error, so it stands there once."""
    for path in result["paths"].values():
        for operation in path.values():
            for code in operation["responses"]:
                if int(code) in ERRORS:
                    operation["responses"][code] = {"$ref": f"#/components/responses/Error{code}"}
    result["components"]["responses"] = {f"Error{status}": _failure(status) for status in ERRORS}
    return result


def _failure(status: int) -> dict[str, Any]:
    code, message, details = ERRORS[status]
    example = {"success": False, "error": {"code": code, "message": message, "details": details}}
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "examples": {code: {"value": example}}}
    return {"description": _SAYS[status], "content": {"application/json": content}}
