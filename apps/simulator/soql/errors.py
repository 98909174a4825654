"""A query that Salesforce refuses."""


class SoqlError(Exception):
    """Holds Salesforce's errorCode; `position` is where in the shape (literals.py) the trouble stands, None where it
    has no place."""

    def __init__(self, code: str, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position


def with_excerpt(text: str, position: int, message: str) -> str:
    """The message as Salesforce prints it: the query's line, a caret below the trouble, row and column, then what is
    wrong."""
    start = text.rfind("\n", 0, position) + 1
    line = text[start:].split("\n", 1)[0]
    row, column = text.count("\n", 0, position) + 1, position - start + 1
    return f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:{row}:Column:{column}\n{message}"
