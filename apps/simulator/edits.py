"""Edits of metadata in scratch orgs: made, journalled, shown to queries at once or late; and the reading of them."""

from dataclasses import dataclass
from typing import Literal

from apps.simulator.clock import salesforce_datetime
from apps.simulator.journal import Entry
from apps.simulator.orgs import Org
from apps.simulator.people import make_user
from apps.simulator.records import SourceMember, User
from apps.simulator.tracking import Tracking
from apps.simulator.world import World

Change = Literal["NEW", "CHANGE", "DELETE"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit to make. `person` is a username of the org (made if it is unknown), by default who signed up.
    `revision` fixes the counter. A row is visible at once, `visible_after_seconds` later, or with `visible=False` when
    revealed."""

    member_type: str
    member_name: str
    kind: Change
    person: str | None = None
    revision: int | None = None
    visible_after_seconds: float = 0
    visible: bool = True
    null_counter: bool = False
    duplicate: bool = False
    bulk_id: str | None = None


class NotTracked(Exception):
    """The org is gone or has no source tracking, so nothing can be edited there."""


def apply_edit(world: World, org: Org, edit: Edit, at: float) -> Entry:
    """The edit happens at `at`: SourceMember's row changes now, is seen now or later, and the journal says so."""
    tracking = org.tracking
    if tracking is None:
        raise NotTracked(org.id)
    user = _editor(world, org, edit.person, at)
    component = world.components.number(edit.member_type, edit.member_name)
    revision = edit.revision if edit.revision is not None else tracking.counter + _counter_step(world)
    row, kind = tracking.edit(component, edit.kind, user.Id[:15], salesforce_datetime(at), revision)
    delay = edit.visible_after_seconds or _lateness(world, org)
    entry = Entry(
        seq=world.journal.last + 1,
        at=at,
        visible_at=at + delay if edit.visible else None,
        org_id=org.id,
        source_member_id=row.Id,
        member_type=edit.member_type,
        member_name=edit.member_name,
        kind=kind,
        person=user.Username,
        user_id=user.Id,
        revision=row.RevisionCounter,
        baseline=org.read_at is None or int(at) <= int(org.read_at),
        bulk_id=edit.bulk_id,
    )
    world.journal.add(entry)
    if not edit.visible or delay > 0:
        _hide(world, tracking, component, entry, row)
        return entry
    former = tracking.show(component, row)
    if edit.null_counter:
        tracking.null_counter(row)
    elif edit.duplicate:
        tracking.double(row, former)
    return entry


def _hide(world: World, tracking: Tracking, component: int, entry: Entry, row: SourceMember) -> None:
    tracking.hidden.append((component, row, entry))
    if entry.visible_at is not None:
        world.at(entry.visible_at, lambda _: tracking.reveal(row))


def _counter_step(world: World) -> int:
    """Mostly 1: real counters leave gaps."""
    return 1 if world.random.random() < 0.8 else world.random.randint(2, 6)


def _lateness(world: World, org: Org) -> float:
    """With the fault late_rows about half of the rows are late, by up to its `seconds`."""
    fault = org.faults.get("late_rows")
    if fault is None or world.random.random() < 0.5:
        return 0
    return float(fault["seconds"]) * world.random.uniform(0.1, 1)


def _editor(world: World, org: Org, username: str | None, at: float) -> User:
    if username is None:
        return org.users[0]
    user = org.user(username)
    if user is None:
        first, _, last = username.partition("@")[0].replace(".", " ").title().partition(" ")
        user = make_user(
            next(world.serials),
            username=username,
            first=first if last else None,
            last=last or first,
            email=username,
            created=at,
        )
        world.add_user(org, user)
    return user


def reveal(org: Org, at: float) -> int:
    """Shows every hidden row of the org now; returns how many."""
    if org.tracking is None:
        return 0
    revealed = 0
    for _, row, entry in list(org.tracking.hidden):
        entry.visible_at = at
        org.tracking.reveal(row)
        revealed += 1
    return revealed


def mark_read(world: World, org: Org, started: float, finished: float) -> None:
    """Somebody was given the org's whole SourceMember: the first page at `started`, the last just now."""
    if org.read_at is None:
        org.read_at = finished
    world.scenario.was_read(org, started, finished)


def reset_tracking(org: Org) -> None:
    """Every SourceMember row vanishes, counters restart from 1; what was still hidden is never seen."""
    if org.tracking is not None:
        for _, _, entry in org.tracking.hidden:
            entry.visible_at = None
        org.tracking.reset()
