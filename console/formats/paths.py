"""JMESPath, compiled once; the simple ones become direct look-ups.

`a`, `a.b`, `"기온"` and alternatives of such, `a || b`, need no interpreter,
and they are nearly all that mappings use. Their meaning stays JMESPath's:
what is not there is None, and `||` passes over None, "", false, [] and {}.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.functions import Functions

from console.errors import SettingsError
from console.formats.json_text import Unreadable

Path = Callable[[Any], Any]

_STEP = re.compile(r'\s*(?:([A-Za-z_][A-Za-z0-9_]*)|"([^"\\]+)")\s*(\.|\|\||$)')
_LITERAL = re.compile(r"\s*'([^'\\]*)'\s*")


def compile_path(expression: str, where: str) -> Path:
    """A function from a JSON value to what the expression finds; None where it finds nothing.

    Raises SettingsError naming `where` if the expression is none. The function
    raises Unreadable where an interpreted expression fails on a message.
    """
    literal = _LITERAL.fullmatch(expression)
    if literal:
        text = literal[1]
        return lambda _: text
    routes = _routes(expression)
    if routes is None:
        return _interpreted(expression, where)
    if len(routes) > 1:
        return _first_of([_lookup(route) for route in routes])
    return _lookup(routes[0])


def _routes(expression: str) -> list[list[str]] | None:
    """The alternatives of a simple expression as lists of keys; None if it is not simple."""
    routes: list[list[str]] = [[]]
    at = 0
    while at < len(expression):
        match = _STEP.match(expression, at)
        if not match:
            return None
        routes[-1].append(match[1] or match[2])
        at = match.end()
        if match[3] == "||":
            routes.append([])
        elif match[3] == "" and at != len(expression):
            return None
    return routes if expression.strip() and all(routes) and not expression.rstrip().endswith(".") else None


def _lookup(route: list[str]) -> Path:
    if len(route) == 1:
        key = route[0]
        return lambda value: value.get(key) if type(value) is dict else None

    def walk(value: Any) -> Any:
        for key in route:
            if type(value) is not dict:
                return None
            value = value.get(key)
        return value

    return walk


def _first_of(paths: list[Path]) -> Path:
    def first(value: Any) -> Any:
        found = None
        for path in paths:
            found = path(value)
            if found is None or found is False or found == "" or found == [] or found == {}:
                continue
            return found
        return found

    return first


def _interpreted(expression: str, where: str) -> Path:
    try:
        compiled = jmespath.compile(expression)
    except JMESPathError as error:
        first = str(error).splitlines()[0].removesuffix(", for expression:").rstrip(":")
        raise SettingsError(f"{where}: found {expression!r}, which is no JMESPath: {first}") from error
    _check_functions(compiled.parsed, expression, where)

    def search(value: Any) -> Any:
        try:
            return compiled.search(value)
        except JMESPathTypeError as error:
            if error.actual_type == "null":  # the function's part is not there: no value, and no fault
                return None
            raise Unreadable("path", f"{expression}: {str(error)[:200]}") from error
        except (JMESPathError, ArithmeticError, ValueError, TypeError, RecursionError) as error:
            raise Unreadable("path", f"{expression}: {str(error)[:200]}") from error

    return search


def _check_functions(node: dict[str, Any], expression: str, where: str) -> None:
    """The compiler lets an unknown function or a wrong number of arguments pass; every message would fail."""
    for child in node["children"]:
        _check_functions(child, expression, where)
    if node["type"] != "function_expression":
        return
    name, given = node["value"], len(node["children"])
    known = Functions.FUNCTION_TABLE
    if name not in known:
        raise SettingsError(
            f"{where}: found {expression!r} with the function {name}; allowed: {', '.join(sorted(known))}"
        )
    wanted = known[name]["signature"]
    if given < len(wanted) or (given > len(wanted) and not wanted[-1].get("variadic")):
        raise SettingsError(f"{where}: found {expression!r}; {name} takes {len(wanted)} and not {given}")
