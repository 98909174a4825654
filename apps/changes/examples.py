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
OVERLAP = {
    "dev_hub": {"id": 1, "name": "Production"},
    "member_type": "ApexClass",
    "member_name": "RefundService",
    "last_edited_at": "2026-11-21T09:28:11Z",
    "org_count": 2,
    "distinct_people": 2,
    "orgs": [
        {"org": ORG, "changed_by": PERSON, "change_type": "CHANGE", "edited_at": "2026-11-21T09:28:11Z"},
        {
            "org": ORG | {"org_id": "00D9A0000008mZzUAI", "alias": "ledger", "username": "test-p0x2@example.com"},
            "changed_by": {"id": "0059A000004ThAbQAK", "username": "test-p0x2@example.com", "name": "Ben Ito"},
            "change_type": "DELETE",
            "edited_at": "2026-11-19T16:02:40Z",
        },
    ],
}
COMPONENT = {
    "member_type": "ApexClass",
    "member_name": "RefundService",
    "change_id": "0MZ9A0000004D2zWAE",
    "revision_num": 117,
    "changed_by": PERSON,
    "last_modified_date": "2026-11-21T09:28:11Z",
    "is_deleted": False,
    "is_baseline": False,
    "last_edit": {"at": "2026-11-21T09:28:11Z", "change_type": "CHANGE", "changed_by": PERSON},
}
