"""Rows of CSV out of uploaded files, and into result files, a slice at a time."""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

DELIMITERS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
MAX_LINE_BYTES = 2_000_000


class BadCsv(Exception):
    """Why a job fails: an exception code and its message, as a job's errorMessage joins them."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} : {message}")


def read_rows(file: IO[bytes], delimiter: str, line_ending: str) -> Iterator[list[str]]:
    """The rows with something in them, the header first, from the file's beginning. BadCsv for what is no CSV of this
    form. Nobody else may move in the file meanwhile."""
    file.seek(0)
    _check_line_ending(file.readline(MAX_LINE_BYTES), line_ending)
    file.seek(0)
    try:
        for row in csv.reader(_lines(file), delimiter=DELIMITERS[delimiter], strict=True):
            if row:
                yield row
    except UnicodeDecodeError as error:
        raise BadCsv("ClientInputError", "Invalid UTF-8 in the CSV data") from error
    except csv.Error as error:
        raise BadCsv("ClientInputError", f"Failed to parse CSV: {error}") from error


def _check_line_ending(header: bytes, line_ending: str) -> None:
    if header.endswith(b"\n") and header.endswith(b"\r\n") != (line_ending == "CRLF"):
        message = f"LineEnding is invalid on user data. Current LineEnding setting is {line_ending}"
        raise BadCsv("ClientInputError", message)


def _lines(file: IO[bytes]) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8-sig")().decode
    while line := file.readline(MAX_LINE_BYTES):
        if len(line) == MAX_LINE_BYTES:
            raise BadCsv("ClientInputError", "A line of the CSV data is too long")
        yield decode(line)
    decode(b"", True)


def as_csv(rows: Iterable[Sequence[str]], delimiter: str, line_ending: str) -> bytes:
    """Every value is quoted, as Salesforce does."""
    text = io.StringIO()
    ending = LINE_ENDINGS[line_ending]
    csv.writer(text, delimiter=DELIMITERS[delimiter], lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue().encode()
