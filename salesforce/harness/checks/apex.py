"""What Apex takes, against what the page gives when it calls."""

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

CLASSES = Path(__file__).resolve().parents[2] / "force-app" / "main" / "default" / "classes"
METHOD = re.compile(r"@AuraEnabled(?:\([^)]*\))?\s+public\s+static\s+[\w<>, ]+?\s+(\w+)\s*\(([^)]*)\)")
PARAMETER = re.compile(r"(\w+(?:<[^>]*>)?)\s+(\w+)")
FITS: dict[str, Callable[[Any], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Integer": lambda value: type(value) is int and abs(value) < 2**31,
    "Long": lambda value: type(value) is int,
    "Map<String, String>": lambda value: (
        isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    ),
}


@cache
def signature(method: str) -> dict[str, str]:
    """{parameter: type} of "Class.method"."""
    class_name, name = method.split(".")
    methods = dict(METHOD.findall((CLASSES / f"{class_name}.cls").read_text()))
    return {parameter: kind for kind, parameter in PARAMETER.findall(methods.get(name, ""))}


def misfits(url: str, body: str | None) -> list[str]:
    """Of a request that stands for a call of Apex: what no parameter is for, or one of another type. Null fits."""
    method = url.partition("/apex/")[2]
    if not method:
        return []
    takes, given = signature(method), json.loads(body or "{}")
    return [
        f"{method} takes {takes}, and is given {name}: {value!r}"
        for name, value in given.items()
        if not fits(takes.get(name), value)
    ]


def fits(kind: str | None, value: Any) -> bool:
    return kind in FITS and (value is None or FITS[kind](value))
