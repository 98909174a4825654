"""Errors that say what to do next. Their text is safe to show: no secret, no internals.

ScratcherError                     .code, .status (HTTP), .details
├── InvalidInput          400      names the field
├── NotAllowed            403
├── NotFound              404      also for what belongs to another team
├── Conflict              409
├── Gone                  410
├── TooManyRequests       429      .retry_after_seconds
└── Unavailable           503      .retry_after_seconds
"""

from typing import Any


class ScratcherError(Exception):
    code = "error"
    status = 500

    def __init__(self, message: str, *, code: str = "", details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.details = details or {}


class InvalidInput(ScratcherError):
    code = "invalid_input"
    status = 400


class NotAllowed(ScratcherError):
    code = "not_allowed"
    status = 403


class NotFound(ScratcherError):
    code = "not_found"
    status = 404


class Conflict(ScratcherError):
    code = "conflict"
    status = 409


class Gone(ScratcherError):
    code = "gone"
    status = 410


class TooManyRequests(ScratcherError):
    code = "too_many_requests"
    status = 429

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ScratcherError):
    code = "unavailable"
    status = 503
    retry_after_seconds = 5
