"""From the shape of a query (literals.py) to its tree. The grammar is grammar.lark; a shape is parsed once (plan.py
caches)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.exceptions import UnexpectedEOF

from apps.simulator.soql.errors import SoqlError

_LITERAL_MARKS = "\x01\x02\x03\x04"


@dataclass(frozen=True, slots=True)
class Name:
    """A field path or an object name, and where it stands in the shape."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function: COUNT(), MAX(Amount) biggest, FIELDS(ALL)."""

    function: Name
    argument: Name | None
    alias: str | None

    @property
    def position(self) -> int:
        return self.function.position


@dataclass(frozen=True, slots=True)
class Operand:
    """kind: STRING, NUMBER, DATE, DATETIME (then `literal` is the literal's number), RELATIVE_DATE (then `text`),
    NULL, TRUE, FALSE."""

    kind: str
    text: str
    literal: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """operator: = != < <= > >= like."""

    field: Name
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Membership:
    field: Name
    negated: bool
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    field: Name
    negated: bool
    query: "Query"


@dataclass(frozen=True, slots=True)
class Logical:
    """operator: and, or, not (then one part)."""

    operator: str
    parts: tuple["Condition", ...]


Condition = Comparison | Membership | SemiJoin | Logical


@dataclass(frozen=True, slots=True)
class Measure:
    """A condition of HAVING."""

    call: Call
    operator: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Ordering:
    field: Name | Call
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A selected query is one over child records. limit and offset are the numbers of the literals that say them."""

    selected: tuple["Selected", ...]
    from_: Name
    where: Condition | None = None
    groups: tuple[Name, ...] = ()
    having: tuple[Measure, ...] = ()
    orderings: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: int | None = None


Selected = Name | Call | Query


class _ToTree(Transformer[Token, Any]):
    def __init__(self, literal_positions: dict[int, int]) -> None:
        super().__init__()
        self._literals = literal_positions

    def _literal(self, token: Token) -> Operand:
        return Operand(token.type, str(token), self._literals.get(token.start_pos or 0, -1))

    STRING = NUMBER = DATE = DATETIME = RELATIVE_DATE = NULL = TRUE = FALSE = _literal

    def PATH(self, token: Token) -> Name:
        return Name(str(token), token.start_pos or 0)

    NAME = PATH

    def selection(self, items: list[Selected]) -> tuple[Selected, ...]:
        return tuple(items)

    def call(self, children: list[Any]) -> Call:
        function, argument, alias = children
        return Call(function, argument, alias and alias.text)

    def sorted_call(self, children: list[Any]) -> Call:
        return Call(children[0], children[1], None)

    def subquery(self, children: list[Query]) -> Query:
        return children[0]

    def query(self, children: list[Any]) -> Query:
        selected, from_, where, groups, having, orderings, limit, offset = children
        return Query(selected, from_, where, groups or (), having or (), orderings or (), limit, offset)

    def group(self, names: list[Name]) -> tuple[Name, ...]:
        return tuple(names)

    def having(self, children: list[Any]) -> tuple[Measure, ...]:
        return children[0] if isinstance(children[0], tuple) else tuple(children)

    def having_all(self, measures: list[Measure]) -> tuple[Measure, ...]:
        return tuple(measures)

    def measure(self, children: list[Any]) -> Measure:
        call, operator, operand = children
        return Measure(call, "!=" if operator == "<>" else str(operator), operand)

    def where(self, children: list[Condition]) -> Condition:
        return children[0]

    def order(self, orderings: list[Ordering]) -> tuple[Ordering, ...]:
        return tuple(orderings)

    def ordering(self, children: list[Any]) -> Ordering:
        field, direction, nulls = children
        descending = direction == "DESC"
        return Ordering(field, descending, descending if nulls is None else nulls == "LAST")

    def direction(self, children: list[Token]) -> str:
        return children[0].upper()

    nulls = direction

    def limit(self, children: list[Operand]) -> int:
        return children[0].literal

    offset = limit

    def comparison(self, children: list[Any]) -> Comparison:
        field, operator, operand = children
        return Comparison(field, "!=" if operator == "<>" else str(operator), operand)

    def like(self, children: list[Any]) -> Comparison:
        return Comparison(children[0], "like", children[1])

    def membership(self, children: list[Any]) -> Membership:
        field, negated, *operands = children
        return Membership(field, negated, tuple(operands))

    def semi_join(self, children: list[Any]) -> SemiJoin:
        field, negated, selected, from_, where = children
        return SemiJoin(field, negated, Query((selected,), from_, where))

    def within(self, _: list[Any]) -> bool:
        return False

    def without(self, _: list[Any]) -> bool:
        return True

    def conjunction(self, parts: list[Condition]) -> Logical:
        return Logical("and", tuple(parts))

    def disjunction(self, parts: list[Condition]) -> Logical:
        return Logical("or", tuple(parts))

    def negation(self, parts: list[Condition]) -> Logical:
        return Logical("not", tuple(parts))


_PARSER = Lark(
    (Path(__file__).parent / "grammar.lark").read_text(),
    start="query",
    parser="lalr",
    maybe_placeholders=True,
    propagate_positions=False,
)


def parse(shape: str) -> Query:
    """Raises SoqlError MALFORMED_QUERY where the shape is no SOQL."""
    literals = [position for position, letter in enumerate(shape) if letter in _LITERAL_MARKS]
    try:
        tree = _PARSER.parse(shape)
    except (UnexpectedEOF, UnexpectedToken, UnexpectedCharacters) as error:
        raise SoqlError("MALFORMED_QUERY", _what(error, shape), _where(error, shape)) from error
    transformer = _ToTree({position: number for number, position in enumerate(literals)})
    query: Query = transformer.transform(tree)
    return query


def _where(error: UnexpectedInput, shape: str) -> int:
    """At the end of the query where it ended too soon."""
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return len(shape)
    position: int | None = error.pos_in_stream
    return len(shape) if position is None or position < 0 else position


def _what(error: UnexpectedInput, shape: str) -> str:
    position = _where(error, shape)
    if position >= len(shape):
        return "unexpected token: '<EOF>'"
    word = (shape[position:].split(None, 1) or [shape[position]])[0]  # Python knows more blanks than the grammar
    return "unexpected token: literal" if word[0] in _LITERAL_MARKS else f"unexpected token: '{word}'"
