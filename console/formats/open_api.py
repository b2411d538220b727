"""Answers of Korean open data services, JSON or XML, as one tree, and what they say about themselves.

Whether they worked stands in RESULT (Seoul: INFO-000, INFO-200 for no rows) or
in a header (data.go.kr, safetydata.go.kr: 00, 03 for no rows), never in the HTTP status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from console.formats import json_text, xml_text
from console.formats.json_text import Unreadable
from console.formats.xml_text import Element

MAX_BYTES = 256 * 1024  # of one answer; a page of a thousand small rows has less
MAX_ROWS = 2_000
MAX_OBJECTS = 8_000
_FINE = ("INFO-000", "00", "0", "000", "0000", "NORMAL_SERVICE", "NORMAL SERVICE")
_EMPTY = ("INFO-200", "03", "NODATA_ERROR")
_KEY = ("INFO-100", "20", "22", "30", "31", "32")
_CODES = ("RESULT.CODE", "RESULTCODE", "RETURNREASONCODE", "CODE")
_MESSAGES = ("RESULT.MESSAGE", "RESULTMSG", "RETURNAUTHMSG", "MESSAGE", "ERRORMSG")
_TOTALS = ("LIST_TOTAL_COUNT", "TOTALCOUNT")


class Said(NamedTuple):
    """What an answer says of itself: a reason code ("" where all is well), its words, rows in all."""

    reason: str = ""
    detail: str = ""
    total: int | None = None


def tree(payload: bytes, encodings: Sequence[str]) -> Any:
    """The payload as objects, lists and texts, names in capitals; raises Unreadable and nothing else."""
    if len(payload) > MAX_BYTES:
        raise Unreadable(
            "too-large", f"{len(payload)} bytes; at most {MAX_BYTES} are read, ask for fewer rows a page"
        )
    if payload.count(b"{") > MAX_OBJECTS:
        raise Unreadable("too-many", f"more than {MAX_OBJECTS} objects")
    head = payload[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head[:1] == b"<":
        root = xml_text.read(payload, encodings)
        return {xml_text.local(root).upper(): _of_element(root)}
    return _capital(json_text.read(payload, encodings))


def objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object of the tree, an outer one before those inside it; raises Unreadable for too many."""
    stack, count = [found], 0
    while stack:
        here = stack.pop()
        if type(here) is dict:
            count += 1
            if count > MAX_OBJECTS:
                raise Unreadable("too-many", f"more than {MAX_OBJECTS} objects")
            yield here
            stack.extend(reversed([each for each in here.values() if type(each) in (dict, list)]))
        elif type(here) is list:
            stack.extend(reversed(here))


def said(found: Any) -> Said:
    """What the answer says of itself; nothing known counts as well."""
    total: int | None = None
    code = message = ""
    for each in objects(found):
        if total is None:
            total = next((_whole(each[name]) for name in _TOTALS if name in each), None)
        name = next((name for name in _CODES if type(each.get(name)) is str), "")
        # A bare CODE is common; it counts beside a message, where little else is in the object.
        if name and not code and (name != "CODE" or ("MESSAGE" in each and len(each) <= 4)):
            code = each[name].strip()
            message = next((str(each[name]) for name in _MESSAGES if each.get(name)), "")
    if not code or code.upper() in _FINE:
        return Said(total=total)
    detail = f"{code[:40]}: {message[:300]}".replace("\n", " ")
    if code.upper() in _EMPTY:
        return Said("no-rows", detail, 0)
    return Said("key-refused" if code.upper() in _KEY else "answer-error", detail, total)


def rows(found: Any) -> int:
    """How many rows the answer has: the longest list of objects in it, or one object called row."""
    longest = 0
    for each in objects(found):
        for name, value in each.items():
            if type(value) is list and value and type(value[0]) is dict:
                longest = max(longest, len(value))
            elif type(value) is dict and name in ("ROW", "ITEM"):
                longest = max(longest, 1)
    if type(found) is list:
        longest = max(longest, len(found))
    return longest


def text(row: dict[str, Any], *names: str) -> str:
    """The first of these that is filled, as text; "" for none."""
    for name in names:
        value = row.get(name)
        if type(value) is str and value.strip():
            return value.strip()
        if type(value) in (int, float):
            return str(value)
    return ""


def plain(row: dict[str, Any]) -> dict[str, str]:
    """The row's texts and numbers by name, in the size in which they are kept with an event."""
    kept = {
        name[:60]: text(row, name)[:500] for name, value in row.items() if type(value) not in (dict, list)
    }
    return {name: value for name, value in list(kept.items())[:80] if value}


def _whole(found: Any) -> int | None:
    shown = str(found).strip()
    return int(shown) if shown.isascii() and shown.isdigit() and len(shown) <= 9 else None


def _capital(found: Any) -> Any:
    if type(found) is dict:
        return {name.upper(): _capital(value) for name, value in found.items()}
    return [_capital(each) for each in found] if type(found) is list else found


def _of_element(element: Element) -> Any:
    """Texts of leaves, objects of the others; what stands several times is a list."""
    if not len(element):
        return (element.text or "").strip()
    made: dict[str, Any] = {}
    for child in element:
        name = xml_text.local(child).upper()
        if not name:
            continue
        value = _of_element(child)
        if name not in made:
            made[name] = value
        elif type(made[name]) is list:
            made[name].append(value)
        else:
            made[name] = [made[name], value]
    return made
