"""What is looked at in a component's source before it is taken: well-formed XML, the files it needs, Apex whose braces
close."""

import re
from dataclasses import dataclass

from apps.simulator.metadata.documents import NotXml
from apps.simulator.metadata.packages import root_of
from apps.simulator.metadata.plan import Change, Problem
from apps.simulator.metadata.registry import TYPES, Key, main_file, parent_of
from apps.simulator.metadata.sources import is_shared

_APEX = ("ApexClass", "ApexTrigger")
_DECLARATION = re.compile(r"\b(class|interface|enum|trigger)\s+\w+", re.IGNORECASE)
_TOKEN = re.compile(r"//[^\n]*|/\*.*?(?:\*/|\Z)|'(?:\\.|[^'\\\n])*(?:'|\Z|(?=\n))|[(){}\[\]]", re.DOTALL)
_CLOSES = {")": "(", "]": "[", "}": "{"}
_OPENS = {opening: closing for closing, opening in _CLOSES.items()}


@dataclass(frozen=True, slots=True)
class _Fault:
    text: str
    line: int = 1
    column: int = 1


def problem_of(change: Change, there: set[Key], coming: set[Key]) -> Problem | None:
    """Why a component cannot be taken, given what is there already and what comes with it."""
    fault = _shared_fault(change, there, coming) if is_shared(change.key) else _files_fault(change)
    if fault is None:
        return None
    return Problem(change.file_name, change.key.name, change.key.type, fault.text, fault.line, fault.column)


def _shared_fault(change: Change, there: set[Key], coming: set[Key]) -> _Fault | None:
    key, source = change.key, b"".join(change.files.values())
    parent = parent_of(key)
    if not key.name.rpartition(".")[2]:
        return _Fault("Required field is missing: fullName")
    if parent is not None and parent.type == "CustomObject" and parent not in there and parent not in coming:
        return _Fault(f"Entity of type 'CustomObject' named '{parent.name}' cannot be found")
    is_custom = key.type == "CustomObject" and "__" in key.name
    if is_custom and b"<label>" not in source and (source or key not in there):
        return _Fault("Must specify a non-empty label for the CustomObject")
    return None


def _files_fault(change: Change) -> _Fault | None:
    key, files = change.key, change.files
    kind = TYPES.get(key.type)
    if kind is not None and kind.with_meta:
        for path in (main_file(key), f"{main_file(key)}-meta.xml"):
            if path not in files:
                return _Fault(f"{path} was not found in the zipped directory")
    for path, content in files.items():
        is_xml = path.endswith("-meta.xml") or (kind is not None and kind.suffix != "" and not kind.with_meta)
        fault = _xml_fault(content) if is_xml else None
        if fault is not None:
            return fault
    return _apex_fault(files[main_file(key)]) if key.type in _APEX else None


def _xml_fault(content: bytes) -> _Fault | None:
    try:
        root_of(content)
    except NotXml as error:
        return _Fault(f"Error parsing file: {error.message}", error.line, error.column)
    return None


def _apex_fault(content: bytes) -> _Fault | None:
    """No compiler: only that something is declared, strings end on their line, and every bracket has its partner."""
    source = content.decode("utf-8", "replace")
    open_brackets: list[str] = []
    for token in _TOKEN.finditer(source):
        text = token[0]
        if text in _OPENS:
            open_brackets.append(text)
        elif text in _CLOSES:
            if not open_brackets or open_brackets.pop() != _CLOSES[text]:
                return _at(source, token.start(), f"Unexpected token '{text}'.")
        elif text[0] == "'" and (len(text) < 2 or not text.endswith("'")):
            return _at(source, token.start(), "Illegal string literal: Line breaks are not allowed in string literals")
    if open_brackets:
        return _at(source, len(source), f"Expecting '{_OPENS[open_brackets[-1]]}' but was: '<EOF>'")
    if not _DECLARATION.search(_TOKEN.sub(" ", source)):
        words = source.split()
        return _Fault(f"Unexpected token '{words[0] if words else '<EOF>'}'.")
    return None


def _at(source: str, position: int, text: str) -> _Fault:
    line_start = source.rfind("\n", 0, position) + 1
    return _Fault(text, source.count("\n", 0, position) + 1, position - line_start + 1)
