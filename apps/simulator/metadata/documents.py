"""XML as the Metadata API takes and gives it: read without document types and within bounds, written in the order
given."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

MAX_ELEMENTS = 300_000
MAX_DEPTH = 64

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotXml(Exception):
    """Says what is wrong, and where: lines and columns count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True)
class Node:
    """An element. One with children has no text: neither SOAP nor metadata mixes them. Attributes of XML Schema's own
    are called xsi:type and the like."""

    name: str
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)
    text: str = ""

    def child(self, name: str) -> "Node | None":
        return next((node for node in self.children if node.name == name), None)

    def all(self, name: str) -> list["Node"]:
        return [node for node in self.children if node.name == name]

    def value(self, name: str) -> str:
        """The text of the first child of that name, or nothing."""
        node = self.child(name)
        return "" if node is None else node.text.strip()


def parse(data: bytes) -> Node:
    """The root element; NotXml for what is not well-formed, names a document type (so there are no entities to expand
    and nothing to fetch), or is too deep or too large."""
    reader = _Reader()
    try:
        reader.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotXml(_reason(error), error.lineno, error.offset + 1) from error
    except (LookupError, ValueError) as error:
        raise NotXml("Invalid encoding name.") from error
    return reader.root


def _reason(error: expat.ExpatError) -> str:
    """The commonest in the words of the parser that Salesforce uses."""
    name = expat.ErrorString(error.code)
    if name == expat.errors.XML_ERROR_NO_ELEMENTS:
        return "Premature end of file."
    at_the_start = (error.lineno, error.offset) == (1, 0)
    if at_the_start and name in (expat.errors.XML_ERROR_SYNTAX, expat.errors.XML_ERROR_INVALID_TOKEN):
        return "Content is not allowed in prolog."
    return f"{name}."


class _Reader:
    def __init__(self) -> None:
        self.root = Node("")
        self._open: list[tuple[Node, list[str]]] = []
        self._elements = 0
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters

    def _refuse(self, message: str) -> NotXml:
        return NotXml(message, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)

    def _doctype(self, *_: object) -> None:
        raise self._refuse("DOCTYPE is disallowed.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise self._refuse("The document is too large.")
        namespace, _, local = name.rpartition(" ")
        named = {attribute.replace(f"{_INSTANCE} ", "xsi:"): value for attribute, value in attributes.items()}
        node = Node(local, namespace, named)
        if self._open:
            self._open[-1][0].children.append(node)
        else:
            self.root = node
        self._open.append((node, []))

    def _end(self, _: str) -> None:
        node, pieces = self._open.pop()
        if not node.children:
            node.text = "".join(pieces)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1][1].append(text)


def write(name: str, value: Any) -> str:
    """An element: a mapping becomes its children, a list one element for each entry, None nothing."""
    if value is None:
        return ""
    if isinstance(value, list):
        return "".join(write(name, entry) for entry in value)
    if isinstance(value, Mapping):
        inner = "".join(write(child, entry) for child, entry in value.items())
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_UNSPEAKABLE.sub("?", str(value)))
    return f"<{name}>{inner}</{name}>"


def rewrite(node: Node, indent: str = "    ") -> str:
    """The element as text again, laid out as Salesforce lays out metadata files."""
    known = [(name, value) for name, value in node.attributes.items() if name.startswith("xsi:")]
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in known)
    if node.children:
        inner = "".join(rewrite(child, indent + "    ") for child in node.children)
        return f"{indent}<{node.name}{attributes}>\n{inner}{indent}</{node.name}>\n"
    if not node.text:
        return f"{indent}<{node.name}{attributes}/>\n"
    return f"{indent}<{node.name}{attributes}>{escape(node.text)}</{node.name}>\n"


def lines(values: Mapping[str, Any], indent: str = "    ") -> str:
    """The elements of a mapping (see `write`), laid out like `rewrite`."""
    return "".join(rewrite(node, indent) for node in parse(write("lines", values).encode()).children)
