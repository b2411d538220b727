"""Formulas of an indicator list: sums and quotients of this console's own figures, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from operator import add, mul, sub, truediv

FIGURES: dict[str, str] = {
    "days": "days that the report covers",
    "feeds": "feeds that are set up",
    "feeds_well": "feeds whose lamp is green now",
    "kinds": "different forms among the feeds",
    "sources": "sources that have ever reported",
    "quantities": "different quantities among them",
    "messages_received": "messages received since the store was made",
    "messages_stored": "messages of which something was stored",
    "messages_set_aside": "messages set aside",
    "alarms": "alarms raised in the period",
    "alarms_acknowledged": "alarms acknowledged in the period",
    "acknowledge_median_s": "median seconds from an alarm to its acknowledgement",
    "alarms_per_hour": "alarms raised per hour",
    "incidents": "incidents opened in the period",
    "incidents_closed": "incidents closed in the period",
    "close_median_min": "median minutes from opening to closing",
    "exports": "exports made in the period",
    "assets": "facilities, devices and channels on the tree",
    "devices": "leaves of the tree",
    "assets_well": "share of leaves that are well, 0 to 1",
    "cameras": "cameras that are set up",
    "entries": "entries of this device's log",
    "entries_proved": "entries that the centre had at the last proof",
    "rules": "alarm rules in force",
    "packs": "domain packs in use",
}
"""The names that a formula may use, and what each is."""

_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: add,
    ast.Sub: sub,
    ast.Mult: mul,
    ast.Div: truediv,
}
_LONGEST = 300


def fault(formula: str) -> str:
    """What is wrong with a formula; empty when nothing is."""
    try:
        _check(_parse(formula))
    except ValueError as error:
        return str(error)
    return ""


def value(formula: str, figures: Mapping[str, float | None]) -> float | None:
    """The formula's value; None where a figure is not known or something is divided by nothing."""
    try:
        return _value(_parse(formula), figures)
    except (_Unknown, ZeroDivisionError, OverflowError):
        return None


class _Unknown(Exception):
    pass


def _parse(formula: str) -> ast.expr:
    if len(formula) > _LONGEST:
        raise ValueError(f"found {len(formula)} letters; at most {_LONGEST}")
    try:
        return ast.parse(formula, mode="eval").body
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"found {formula!r}; names, numbers, + - * / and brackets") from error


def _check(node: ast.expr) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        _check(node.left)
        _check(node.right)
    elif isinstance(node, ast.Name):
        if node.id not in FIGURES:
            raise ValueError(f"found the figure {node.id!r}; allowed: {', '.join(FIGURES)}")
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ValueError(f"found {ast.unparse(node)!r}; names, numbers, + - * / and brackets")


def _value(node: ast.expr, figures: Mapping[str, float | None]) -> float:
    if isinstance(node, ast.BinOp):
        return _OPERATIONS[type(node.op)](_value(node.left, figures), _value(node.right, figures))
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    found = figures.get(node.id) if isinstance(node, ast.Name) else None
    if found is None:
        raise _Unknown
    return found
