"""Every error under /api/ has one shape, tells what to do, and tells nothing of our insides."""

import json
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from tests.conftest import Cast


def error_of(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/json"
    body = json.loads(answer.content)
    assert body["success"] is False
    assert set(body["error"]) == {"code", "message", "details"}
    error: dict[str, Any] = body["error"]
    return error


def test_an_unknown_route_is_404(cast: Cast) -> None:
    assert error_of(cast.alice.client.get("/api/nowhere"), 404)["code"] == "not_found"


def test_a_wrong_verb_is_405_and_says_which_are_right(cast: Cast) -> None:
    answer = cast.alice.client.put("/api/keys", {}, format="json")

    assert error_of(answer, 405)["code"] == "method_not_allowed"
    assert "POST" in answer["Allow"]


@pytest.mark.parametrize("body", [b"{", b'{"name": NaN}', b"\xff", b'{"name": "\\ud800"}', b"", b"nonsense"])
def test_a_broken_body_is_400(cast: Cast, body: bytes) -> None:
    error_of(cast.alice.client.post("/api/keys", body, content_type="application/json"), 400)


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"7", b"null", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(cast: Cast, body: bytes) -> None:
    error_of(cast.alice.client.post("/api/keys", body, content_type="application/json"), 400)


def test_a_wrong_content_type_is_415(cast: Cast) -> None:
    answer = cast.alice.client.post("/api/keys", "name=LWC", content_type="application/x-www-form-urlencoded")

    assert error_of(answer, 415)["code"] == "unsupported_media_type"


def test_an_answer_nobody_offers_is_406(cast: Cast) -> None:
    error_of(cast.alice.client.get("/api/keys", headers={"Accept": "text/csv"}), 406)


def test_a_body_too_large_is_413(cast: Cast, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    body = {"name": "x" * 100, "scopes": ["read"]}

    error = error_of(cast.alice.client.post("/api/keys", body, format="json"), 413)

    assert error == {
        "code": "body_too_large",
        "message": "the body is larger than 100 bytes",
        "details": {"max_bytes": 100},
    }


def test_a_host_that_is_not_ours_is_400(cast: Cast) -> None:
    error_of(cast.alice.client.get("/api/keys", headers={"Host": "evil.example.com"}), 400)


def test_what_nobody_foresaw_is_a_500_with_a_request_id_and_nothing_else(cast: Cast) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_login(cast.alice.user)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entries RENAME TO elsewhere")

    answer = client.get("/api/audit")

    error = error_of(answer, 500)
    assert len(error["details"]["request_id"]) == 32
    assert "audit_entries" not in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_times_are_iso_8601_in_utc(cast: Cast) -> None:
    made = cast.alice.client.post(
        "/api/keys", {"name": "LWC", "scopes": ["read"], "expires_at": "2100-01-01T02:00:00+02:00"}, format="json"
    )

    assert made.json()["key"]["expires_at"] == "2100-01-01T00:00:00Z"
