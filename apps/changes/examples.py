"""Answers as they are, for the OpenAPI document."""

ORG = {
    "org_id": "00D9A0000008kXxUAI",
    "name": "Billing",
    "alias": "billing-refunds",
    "username": "test-k3jd8s@example.com",
    "url": "https://fun-otter-1234.scratch.my.salesforce.com",
}
PERSON = {"id": "0059A000004TgXyQAK", "username": "test-k3jd8s@example.com", "name": "Ana Ruiz"}
CHANGE = {
    "id": 90210,
    "org": ORG,
    "change_id": "0MZ9A0000004D2zWAE",
    "member_type": "ApexClass",
    "member_name": "RefundService",
    "change_type": "CHANGE",
    "revision_num": 117,
    "changed_by": PERSON,
    "last_modified_date": "2026-11-21T09:28:11Z",
    "seen_at": "2026-11-21T09:30:02.104512Z",
    "is_bulk": False,
    "batch_id": None,
}
GAP = {
    "org": ORG,
    "reason": "not_watched",
    "from": "2026-11-21T07:00:00Z",
    "to": "2026-11-21T08:40:00Z",
    "message": "billing-refunds was not watched from 2026-11-21 07:00 to 2026-11-21 08:40 UTC: only the last state is "
    "known, and each change stands for at least one edit",
}
