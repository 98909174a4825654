"""The words of the Bayeux protocol: messages read and checked, replies and refusals put into its form."""

from typing import Any

import orjson

from apps.simulator.answers import Answer, json_answer
from apps.simulator.rest import VERSIONS

FIRST_VERSION = 37.0
HOLD_SECONDS = 110

Message = dict[str, Any]
RETRY = {"interval": 0, "timeout": HOLD_SECONDS * 1_000, "reconnect": "retry"}
HANDSHAKE_AGAIN = {"interval": 0, "reconnect": "handshake"}
GIVE_UP = {"reconnect": "none", "interval": 0}
EXTENSIONS = {"replay": True, "payload.format": True}


class Refused(Exception):
    """What the reply's `error` says, and the advice that goes with it."""

    def __init__(self, error: str, advice: Message | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.advice = advice


def check_path(path: str) -> Answer | None:
    parts = path.strip("/").split("/")
    version = parts[1] if len(parts) > 1 else ""
    newest = f"URI format: '/cometd/{VERSIONS[-1]}'"
    if not version:
        return _no_such_version(f"400::API version in the URI is mandatory. {newest}")
    if version not in VERSIONS or float(version) < FIRST_VERSION:
        return _no_such_version(
            f"400::Unsupported API version. Only API versions '{FIRST_VERSION}' and later are supported. {newest}"
        )
    return None


def _no_such_version(error: str) -> Answer:
    return json_answer([{"channel": "/meta/handshake", "error": error, "successful": False}], 400)


def version_of(path: str) -> float:
    return float(path.strip("/").split("/")[1])


def read_messages(body: bytes) -> list[Message] | None:
    """One message or several; None for what is neither."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    messages = parsed if isinstance(parsed, list) else [parsed]
    return messages if messages and all(isinstance(message, dict) for message in messages) else None


def reply_to(message: Message, **more: Any) -> Message:
    reply = {"channel": message.get("channel"), **more}
    return reply | ({"id": message["id"]} if "id" in message else {})


def refuse(message: Message, refused: Refused) -> Message:
    more: Message = {"error": refused.error}
    if refused.advice is not None:
        more["advice"] = refused.advice
    if "subscription" in message:
        more["subscription"] = message["subscription"]
    return reply_to(message, successful=False, **more)


def deny(message: Message, reason: str) -> Message:
    extensions = {"sfdc": {"failureReason": reason}, **EXTENSIONS}
    return reply_to(
        message, successful=False, error="403::Handshake denied", ext=extensions, advice={"reconnect": "none"}
    )


def refuse_unauthorized(message: Message, *, given: bool) -> Message:
    reason = "401::Authentication invalid" if given else "401::Request requires authentication"
    if message.get("channel") == "/meta/handshake":
        return deny(message, reason)
    return refuse(message, Refused(reason, GIVE_UP))


def hold_seconds(message: Message) -> float:
    """A client may ask, by an advice of its own, for an earlier answer."""
    advice = message.get("advice")
    timeout = advice.get("timeout") if isinstance(advice, dict) else None
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout < 0:
        return HOLD_SECONDS
    return min(timeout / 1_000, HOLD_SECONDS)


def check_connection(message: Message) -> None:
    kind = message.get("connectionType")
    if kind != "long-polling":
        raise Refused(f"400::Invalid connection type {{{kind}}}")


def channels_of(message: Message) -> list[str]:
    given = message.get("subscription")
    channels = [channel for channel in (given if isinstance(given, list) else [given]) if isinstance(channel, str)]
    if not channels or "" in channels or (isinstance(given, list) and len(channels) < len(given)):
        raise Refused("400::Channel name not specified")
    if not all(channel.startswith("/") for channel in channels):
        raise Refused("400::Channel subscriptions must start with a leading '/'")
    return channels
