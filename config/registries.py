"""Dotted names of what the inner rooms may not import. Django's settings carry them."""

# Called for each event, in the transaction that marks it dispatched: `listener(event) -> None`.
EVENT_LISTENERS: list[str] = [
    "apps.platform_events.listening.listen",
]

# kind → `handler(operation) -> Step` (see apps.operations.running)
OPERATION_HANDLERS: dict[str, str] = {
    "poll": "apps.changes.manual.advance",
    "remove_dev_hub": "apps.changes.removing.advance",
}
