"""GET /api/changes?after=<position>: what came in since, oldest first, nothing missed."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts.models import Team
from apps.changes import feed, pacing, recording
from apps.changes.cursor import Cursor
from apps.changes.diff import Found
from apps.changes.models import SourceChange
from apps.changes.pacing import Turn
from apps.changes.reading import Reading
from apps.orgs.models import ScratchOrg
from apps.salesforce.records import SourceMember
from tests.changes.walking import follow, get, refused
from tests.conftest import Cast, key_client
from tests.factories import FIRST_EDIT, ScratchOrgFactory, SourceChangeFactory, salesforce_id

URL = "/api/changes"


def test_what_came_in_since_is_told_once_oldest_first(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    ids = [
        SourceChangeFactory(scratch_org=org, last_modified_date=FIRST_EDIT - timedelta(hours=n)).pk for n in range(5)
    ]

    page = get(cast.alice.client, URL, after=1, limit=3)

    assert [row["id"] for row in page["changes"]] == ids[1:4], "in the order in which they came in"
    assert (page["latest"], page["more"], page["next"]) == (4, True, None)
    rest = get(cast.alice.client, URL, after=page["latest"], limit=3)
    assert [row["id"] for row in rest["changes"]] == ids[4:]
    assert (rest["latest"], rest["more"]) == (5, False)


def test_the_first_door_tells_where_to_go_on(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    SourceChangeFactory(scratch_org=org)
    latest = get(cast.alice.client, URL)["latest"]
    change = SourceChangeFactory(scratch_org=org)

    assert [row["id"] for row in get(cast.alice.client, URL, after=latest)["changes"]] == [change.pk]


def test_charlie_hears_nothing_of_alices_team(cast: Cast) -> None:
    SourceChangeFactory(scratch_org__dev_hub__team=cast.team)

    page = get(cast.charlie.key_client, URL, after=0)

    assert (page["changes"], page["latest"], page["more"]) == ([], 0, False)


def test_a_position_ahead_of_the_feed_is_set_right(cast: Cast) -> None:
    """As after a restore from a backup."""
    SourceChangeFactory(scratch_org__dev_hub__team=cast.team)

    page = get(cast.alice.client, URL, after=90)

    assert (page["changes"], page["latest"], page["more"]) == ([], 1, False)


def test_an_unchanged_feed_is_304_and_has_no_body(cast: Cast) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    SourceChangeFactory(scratch_org=org)
    client = cast.alice.key_client
    tag = client.get(URL, {"after": 1}).headers["ETag"]

    again = client.get(URL, {"after": 1}, headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)

    SourceChangeFactory(scratch_org=org)
    news = client.get(URL, {"after": 1}, headers={"If-None-Match": tag})
    assert news.status_code == 200
    assert len(news.json()["changes"]) == 1
    assert news.headers["ETag"] != tag


def test_a_tag_is_good_for_one_question_of_one_team(cast: Cast) -> None:
    def tag(client: Any, **query: Any) -> str:
        answer: str = client.get(URL, query).headers["ETag"]
        return answer

    alice, charlie = cast.alice.client, cast.charlie.client
    tags = [
        tag(alice, after=0),
        tag(alice, after=1),
        tag(alice, after=0, limit=7),
        tag(alice, after=0, member_type="ApexClass"),
        tag(charlie, after=0),
    ]
    cast.team.noise_rules = "*:*"
    cast.team.save()
    tags.append(tag(alice, after=0))

    assert len(set(tags)) == len(tags)
    assert tag(cast.bob.client, after=0) == tags[-1]


@pytest.mark.parametrize("query", [{}, {"member_type": "Flow"}, {"member_name": "Wanted*"}])
def test_long_stretches_of_nothing_wanted_are_passed_in_steps(cast: Cast, query: dict[str, str]) -> None:
    """Noise, and what does not fit: the answer is empty, and says that there is more, and from where on."""
    cast.team.noise_rules = "Profile:*"
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO source_changes (team_id, scratch_org_id, feed_position, tracking_epoch, change_id,
                member_type, member_name, change_type, revision_num, changed_by, last_modified_date, is_bulk)
            SELECT %s, %s, n, 0, 'x', 'Profile', 'Any', 'CHANGE', n, '', now(), false
            FROM generate_series(1, %s) AS n""",
            [cast.team.pk, org.pk, feed.WINDOW + 5],
        )
    cast.team.feed_position = feed.WINDOW + 5
    cast.team.save()
    wanted = SourceChangeFactory(
        scratch_org=org, team=Team.objects.get(pk=cast.team.pk), member_type="Flow", member_name="Wanted1"
    )

    first = get(cast.alice.client, URL, after=3, **query)
    assert (first["changes"], first["latest"], first["more"]) == ([], feed.WINDOW + 3, True)

    found, position = follow(cast.alice.client, 0, **query)
    assert ([row["id"] for row in found], position) == ([wanted.pk], feed.WINDOW + 6)


def test_a_position_before_what_is_kept_is_gone(cast: Cast, settings: Any) -> None:
    org = ScratchOrgFactory(dev_hub__team=cast.team)
    old, *_kept = (SourceChangeFactory(scratch_org=org) for _ in range(3))
    old.delete()
    SourceChange.objects.filter(feed_position=2).delete()

    assert len(get(cast.alice.client, URL, after=1)["changes"]) == 1, "all is kept; somebody deleted a row"

    settings.RETENTION_DAYS = 30
    assert refused(cast.alice.client, URL, after=1)[:2] == (410, "position_expired")
    assert len(get(cast.alice.client, URL, after=2)["changes"]) == 1
    assert len(get(cast.alice.client, URL, after=0)["changes"]) == 1, "0 asks for all there is"


WRITERS, STORES, READERS = 6, 8, 3


@pytest.mark.django_db(transaction=True)
def test_readers_miss_nothing_of_writers_that_hold_their_transactions_open(cast: Cast) -> None:
    """R5. Each store numbers its changes and stays uncommitted for a while, so that later numbers could pass it."""
    orgs = [ScratchOrgFactory(dev_hub__team=cast.team) for _ in range(WRITERS)]
    clients = [key_client(cast.team) for _ in range(READERS)]
    stop = Event()
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [pool.submit(alone, read_on, client, stop) for client in clients]
        writers = [pool.submit(alone, write, org, random.Random(number)) for number, org in enumerate(orgs)]
        for writer in writers:
            writer.result()
        stop.set()
        heard = [reader.result() for reader in readers]

    stored = list(SourceChange.objects.order_by("feed_position").values_list("pk", flat=True))
    assert len(stored) >= WRITERS * STORES
    for ids in heard:
        assert ids == stored


def alone(work: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return work(*arguments)
    finally:
        connection.close()


def read_on(client: Any, stop: Event) -> list[int]:
    """Follows the feed until it is told to stop, and once more."""
    ids: list[int] = []
    position, last = 0, False
    while not last:
        last = stop.is_set()
        found, position = follow(client, position, limit=3)
        ids += [row["id"] for row in found]
    return ids


def write(org: ScratchOrg, dice: random.Random) -> None:
    for number in range(STORES):
        turn = turn_of(org)
        edits = [edit(number * 10 + n) for n in range(dice.randint(1, 4))]
        with transaction.atomic():
            time.sleep(dice.uniform(0, 0.01))
            assert recording.store(turn, Reading(Cursor(baselined_at=FIRST_EDIT), edits), 0.1) == len(edits)
            time.sleep(dice.uniform(0, 0.03))


def turn_of(org: ScratchOrg) -> Turn:
    """The org's turn, as after a claim of it alone."""
    token = uuid4()
    ScratchOrg.objects.filter(pk=org.pk).update(
        lease_token=token, lease_taken=False, lease_until=timezone.now() + timedelta(seconds=30)
    )
    turn = pacing.take(org.pk, str(token))
    assert turn is not None
    return turn


def edit(revision: int) -> Found:
    member = SourceMember(
        salesforce_id("0MZ", revision), "ApexClass", f"Class{revision}", revision, False, False,
        salesforce_id("005", 1), datetime.now(UTC),
    )  # fmt: skip
    return Found(member, "CHANGE", is_baseline=False)
