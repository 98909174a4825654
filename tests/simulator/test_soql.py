import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.simulator.data.catalogue import HUB, SCRATCH_ORG, TOOLING_TRACKED, TOOLING_UNTRACKED
from apps.simulator.data.entities import Schema
from apps.simulator.records import SourceMember, User
from apps.simulator.soql.errors import SoqlError
from apps.simulator.soql.plan import _plan, prepare

NOON = 1_795_176_000.0  # 2026-11-20T12:00:00Z


def member(counter: int, name: str = "Foo", *, obsolete: bool = False, modified: str = "2026-11-20") -> SourceMember:
    stamp = f"{modified}T10:00:00.000+0000"
    row_id = f"0MZ5e00000{counter:05d}AAA"
    return SourceMember(row_id, name, "ApexClass", name, obsolete, counter, True, "0055e0000000002", stamp)


ROWS = [
    member(3, "Able", modified="2026-11-18"),
    member(1, "baker", obsolete=True, modified="2026-11-19"),
    member(2, "Charlie_1", modified="2026-11-20"),
    member(4, "100%", modified="2026-11-20"),
]


def select(where: str) -> list[str]:
    found = prepare(f"SELECT MemberName FROM SourceMember {where}", TOOLING_TRACKED).run(lambda *_: ROWS, NOON)
    return [row[3] for row in found]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("WHERE RevisionCounter >= 3 ORDER BY RevisionCounter", ["Able", "100%"]),
        ("where revisioncounter<3 order by revisioncounter desc", ["Charlie_1", "baker"]),
        ("WHERE RevisionCounter != 3 AND IsNameObsolete = false ORDER BY RevisionCounter", ["Charlie_1", "100%"]),
        ("WHERE IsNameObsolete = TRUE OR RevisionCounter = 4 ORDER BY RevisionCounter", ["baker", "100%"]),
        ("WHERE NOT (RevisionCounter <= 3)", ["100%"]),
        ("WHERE (RevisionCounter > 1 AND RevisionCounter < 4) AND (NOT IsNameObsolete = true)", ["Charlie_1", "Able"]),
        ("WHERE MemberName IN ('ABLE', 'Baker') ORDER BY MemberName", ["Able", "baker"]),
        ("WHERE MemberName NOT IN ('Able', 'baker', '100%')", ["Charlie_1"]),
        ("WHERE MemberName LIKE 'b%'", ["baker"]),
        ("WHERE MemberName LIKE '_ble'", ["Able"]),
        ("WHERE MemberName LIKE '%\\_1'", ["Charlie_1"]),
        ("WHERE MemberName LIKE '100\\%'", ["100%"]),
        ("WHERE MemberName = null", []),
        ("WHERE MemberName != null ORDER BY RevisionCounter LIMIT 2", ["baker", "Charlie_1"]),
        ("WHERE LastModifiedDate > 2026-11-19T11:00:00+01:00 ORDER BY RevisionCounter", ["Charlie_1", "100%"]),
        ("WHERE LastModifiedDate = 2026-11-19T10:00:00Z", ["baker"]),
        ("WHERE LastModifiedDate = TODAY ORDER BY RevisionCounter", ["Charlie_1", "100%"]),
        ("WHERE LastModifiedDate < YESTERDAY", ["Able"]),
        ("WHERE LastModifiedDate = LAST_N_DAYS:1 ORDER BY RevisionCounter", ["baker", "Charlie_1", "100%"]),
        ("ORDER BY LastModifiedDate DESC NULLS LAST, RevisionCounter ASC NULLS FIRST LIMIT 1", ["Charlie_1"]),
    ],
)
def test_a_query_finds_what_it_says(where: str, names: list[str]) -> None:
    assert select(where) == names


def test_without_order_rows_come_by_id_and_not_by_counter() -> None:
    rows = [member(9), member(2)._replace(Id="0MZ5e0000099999AAA")]
    assert [row[5] for row in prepare("SELECT Id FROM SourceMember", TOOLING_TRACKED).run(lambda *_: rows, NOON)] == [
        9,
        2,
    ]


def test_ids_of_15_and_18_characters_are_the_same() -> None:
    user = User("0055e0000000002AAA", "a@b.c", "A", None, "A", None, None, True, "Standard", None, None, None)
    for wanted in ("0055e0000000002", "0055e0000000002AAA"):
        assert prepare(f"SELECT Id FROM User WHERE Id = '{wanted}'", SCRATCH_ORG).run(lambda *_: [user], NOON) == [user]
    differing_in_case = "SELECT Id FROM User WHERE Id = '0055E0000000002'"
    assert prepare(differing_in_case, SCRATCH_ORG).run(lambda *_: [user], NOON) == []


@pytest.mark.parametrize(
    ("query", "code", "words"),
    [
        ("SELECT Id FORM SourceMember", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        ("SELECT Id FROM", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM SourceMember \x85", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT * FROM SourceMember", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("SELECT Id FROM SourceMember WHERE", "MALFORMED_QUERY", "<EOF>"),
        ("SELECT Id FROM SourceMember WHERE Id = 'abc", "MALFORMED_QUERY", "'abc"),
        ("SELECT Id FROM SourceMember WHERE RevisionCounter = 1 AND Id = null OR Id = null", "MALFORMED_QUERY", "'OR'"),
        ("SELECT Id FROM SourceMember WHERE MemberName = 'a\\q'", "MALFORMED_QUERY", "illegal escape"),
        ("SELECT Id FROM SourceMember WHERE LastModifiedDate > 2026-99-01T00:00:00Z", "MALFORMED_QUERY", "2026-99-01"),
        ("SELECT Id FROM SourceMember LIMIT 1.5", "MALFORMED_QUERY", "LIMIT"),
        ("SELECT Id FROM SourceMember WHERE Id = :mine", "MALFORMED_QUERY", "unexpected token"),
        ("SELECT Id FROM SourceMembers", "INVALID_TYPE", "sObject type 'SourceMembers' is not supported"),
        ("SELECT Id FROM ScratchOrgInfo", "INVALID_TYPE", "sObject type 'ScratchOrgInfo' is not supported"),
        ("SELECT Id, Status FROM SourceMember", "INVALID_FIELD", "No such column 'Status' on entity 'SourceMember'"),
        ("SELECT Id, CreatedBy.Name FROM SourceMember", "INVALID_FIELD", "Didn't understand relationship 'CreatedBy'"),
        ("SELECT Id FROM SourceMember ORDER BY Counter", "INVALID_FIELD", "No such column 'Counter'"),
        ("SELECT Id, id FROM SourceMember", "INVALID_FIELD", "duplicate field selected: Id"),
        ("SELECT Id FROM SourceMember WHERE RevisionCounter = '1'", "INVALID_FIELD", "must be of type int"),
        ("SELECT Id FROM SourceMember WHERE MemberName = 1", "INVALID_FIELD", "must be of type string"),
        ("SELECT Id FROM SourceMember WHERE LastModifiedDate = 2026-11-20", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM SourceMember WHERE Id = 'short'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: short"),
        ("SELECT Id FROM SourceMember WHERE Id > '0MZ5e0000000001'", "INVALID_QUERY_FILTER_OPERATOR", "id field"),
    ],
)
def test_a_wrong_query_is_refused_in_salesforces_words(query: str, code: str, words: str) -> None:
    with pytest.raises(SoqlError) as refused:
        prepare(query, TOOLING_TRACKED).run(lambda *_: ROWS, NOON)
    assert refused.value.code == code
    assert words in refused.value.message


def test_the_caret_stands_below_the_trouble_although_literals_were_lifted_out() -> None:
    query = "SELECT Id FROM SourceMember\nWHERE MemberName = 'a long name' AND Nope = 'x'"
    with pytest.raises(SoqlError) as refused:
        prepare(query, TOOLING_TRACKED)
    _, line, caret, place, _ = refused.value.message.split("\n")
    assert line[caret.index("^") :].startswith("Nope")
    assert place == f"ERROR at Row:2:Column:{line.index('Nope') + 1}"


def test_textareas_can_be_selected_but_not_filtered() -> None:
    assert prepare("SELECT LoginUrl FROM ScratchOrgInfo", HUB).plan.names[0] == "LoginUrl"
    with pytest.raises(SoqlError, match="can not be filtered"):
        prepare("SELECT Id FROM ScratchOrgInfo WHERE LoginUrl = 'x'", HUB)


@pytest.mark.parametrize(
    "field", ["Status", "LoginUrl", "AuthCode", "ConnectedAppConsumerKey", "ScratchOrgInfo.Status"]
)
def test_active_scratch_org_has_no_such_field(field: str) -> None:
    with pytest.raises(SoqlError) as refused:
        prepare(f"SELECT {field} FROM ActiveScratchOrg", HUB)
    assert refused.value.code == "INVALID_FIELD"


def test_a_semi_join_selects_by_the_inner_query() -> None:
    infos = {"ActiveScratchOrg": [("x", "n", "o", "2SR5e0000000001AAA")]}
    query = "SELECT Id FROM ScratchOrgInfo WHERE Id IN (SELECT ScratchOrgInfoId FROM ActiveScratchOrg)"
    rows = [("2SR5e0000000001AAA",), ("2SR5e0000000002AAA",)]
    assert prepare(query, HUB).run(lambda name, _: infos.get(name, rows), NOON) == [rows[0]]
    anti = query.replace(" IN ", " NOT IN ")
    assert prepare(anti, HUB).run(lambda name, _: infos.get(name, rows), NOON) == [rows[1]]


@pytest.mark.parametrize("name", ["SignupCountry", "Country", "CreatedById", "Description", "OrgName"])
def test_fields_whose_names_contain_keywords_are_fields(name: str) -> None:
    assert prepare(f"select {name} from ScratchOrgInfo limit 1", HUB).plan.names[0] == name


def test_a_shape_is_parsed_once() -> None:
    _plan.cache_clear()
    for counter in range(50):
        prepare(
            f"SELECT Id FROM SourceMember WHERE RevisionCounter >= {counter} AND MemberName != '{counter}'",
            TOOLING_TRACKED,
        )
    assert _plan.cache_info().misses == 1


TOKENS = r"""
SELECT FROM WHERE AND OR NOT IN LIKE ORDER BY ASC DESC NULLS FIRST LAST LIMIT COUNT() ( ) , = != <> < > <= >= null
true false TODAY LAST_N_DAYS:3 2026-11-20 2026-11-20T00:00:00Z 2026-11-20T00:00:00+02:00 'x' '%' '\'' '' 7 -1 1.5
Id id MemberName RevisionCounter SourceMember User CreatedBy.Username IsActive \ : é
"""
WORDS = st.sampled_from(TOKENS.split())
QUERIES = st.one_of(
    st.text(max_size=80),
    st.lists(WORDS, max_size=25).map(" ".join),
    st.lists(WORDS, max_size=12).map(lambda words: "SELECT Id FROM SourceMember WHERE " + " ".join(words)),
)


@given(QUERIES, st.sampled_from([HUB, SCRATCH_ORG, TOOLING_TRACKED, TOOLING_UNTRACKED]))
@settings(max_examples=1_500, deadline=None)
def test_no_query_crashes_it(query: str, schema: Schema) -> None:
    try:
        prepared = prepare(query, schema)
        prepared.run(lambda name, _: ROWS if name == "SourceMember" else [], NOON)
    except SoqlError as error:
        refusal = error
    else:
        return
    assert refusal.code.isupper()
    assert refusal.message


def test_a_query_nested_without_end_is_refused() -> None:
    deep = "(Id = null AND " * 5_000 + "Id = null" + ")" * 5_000
    with pytest.raises(SoqlError):
        prepare(f"SELECT Id FROM SourceMember WHERE {deep}", TOOLING_TRACKED)


COMPARISONS = {"=": int.__eq__, "!=": int.__ne__, "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__}


@given(
    st.lists(st.integers(0, 50), max_size=30),
    st.sampled_from(sorted(COMPARISONS)),
    st.integers(0, 50),
    st.integers(0, 9),
)
@settings(max_examples=300, deadline=None)
def test_counters_compare_as_a_plain_loop_does(counters: list[int], operator: str, bound: int, limit: int) -> None:
    rows = [member(counter) for counter in counters]
    query = (
        f"SELECT Id FROM SourceMember WHERE RevisionCounter {operator} {bound} ORDER BY RevisionCounter LIMIT {limit}"
    )
    found = [row[5] for row in prepare(query, TOOLING_TRACKED).run(lambda *_: rows, NOON)]
    assert found == sorted(counter for counter in counters if COMPARISONS[operator](counter, bound))[:limit]
