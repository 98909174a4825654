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
class Ordering:
    field: Name
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    """fields is None for COUNT(); limit is the number of the literal that says it."""

    fields: tuple[Name, ...] | None
    from_: Name
    where: Condition | None = None
    orderings: tuple[Ordering, ...] = ()
    limit: int | None = None


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

    def count(self, _: list[Any]) -> None:
        return None

    def fields(self, names: list[Name]) -> tuple[Name, ...]:
        return tuple(names)

    def query(self, children: list[Any]) -> Query:
        fields, from_, where, orderings, limit = children
        return Query(fields, from_, where, orderings or (), limit)

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
