"""The record of what was done by whom. Call it in the transaction of the deed; it holds no secret."""

from typing import Any

from apps.accounts.models import AuditEntry, Team


def record(team: Team, *, actor: str, action: str, target: str = "", **data: Any) -> None:
    """`action`: `key.created`, noun first. `actor`: an e-mail address, a key's name, or the command that did it."""
    AuditEntry.objects.create(team=team, actor=actor[:255], action=action, target=target[:255], data=data)
