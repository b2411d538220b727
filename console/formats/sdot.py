"""S-DoT, Seoul's city sensors, in all the shapes in which they are published.

Told apart by content: raw two-minute integers (JSON or CSV), hourly replies of
the open API (JSON or XML), weekly CSV files, counts of people.
Sources: seoul-iotdata/iotdata, data_info/sensor_data_information.csv; DOMAIN.md, 1.2 F and trap 11.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from console.formats import asides, csv_text, json_text, sdot_rows, xml_text
from console.formats.csv_text import Table
from console.formats.json_text import Unreadable
from console.formats.sdot_rows import Arrival, Plan
from console.settings import Feed
from db.records import Decoded, Flag, SetAside

MAX_ROWS = 5_000

_SHIFTS = (0, 2, 1, -1, -2)
"""By how many columns a header may stand to the right of its rows; 2 in the files of 2021 and 2022."""

_SAMPLE = 20  # rows that are looked at
_SERIAL = re.compile(r"(?=.*[0-9])[A-Za-z0-9][A-Za-z0-9_-]{3,39}").fullmatch


class SdotDecoder:
    """Reads the messages, replies and files of one network of sensors; holds no state."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.sdot
        self._encodings = tuple(encodings)

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The readings of one message and what was refused of it; never empty."""
        arrival = Arrival(received_ms, int(Flag.RETAINED) if retained else 0, self._form)
        try:
            rows = self._rows(payload)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        out = sdot_rows.read(rows, arrival)
        if not out:
            return [SetAside("no-reading", f"{len(rows)} rows, none with a measured value")]
        return asides.bounded(out)

    def _rows(self, payload: bytes) -> list[tuple[Plan, Any]]:
        head = payload[:200].lstrip(b"\xef\xbb\xbf \t\r\n")
        if head[:1] in (b"{", b"["):
            return _of_objects(_objects(json_text.read(payload, self._encodings)))
        if head[:1] == b"<":
            return _of_objects(_elements(xml_text.read(payload, self._encodings)))
        table = csv_text.read(payload, self._encodings)
        used = table_plan(table)
        return [(used, row) for row in table.rows]


def table_plan(table: Table) -> Plan:
    """Which columns of a table mean what; raises Unreadable if it is none of S-DoT."""
    for shift in _SHIFTS:
        found = sdot_rows.plan(table.header, [at - shift for at in range(len(table.header))])
        if found.source is None or found.time is None:
            if found.lon is not None and found.source is not None:
                raise Unreadable("no-reading", "positions of sensors: import them as a register")
            raise Unreadable("sdot-shape", "the header names no serial number and time of measurement")
        if not found.columns:
            raise Unreadable("sdot-shape", "the header names nothing that S-DoT measures")
        if _fits(found, table.rows[:_SAMPLE]):
            return found
    raise Unreadable("sdot-shape", "no column holds serial numbers and times as the header says")


def _fits(found: Plan, rows: Sequence[Sequence[str]]) -> bool:
    """Whether most rows have a serial number and a time where the plan looks for them."""
    good = 0
    for row in rows:
        if 0 <= found.source < len(row) and 0 <= found.time < len(row):
            good += _SERIAL(row[found.source]) is not None and _is_moment(row[found.time])
    return good * 2 > len(rows)


def _is_moment(text: str) -> bool:
    try:
        sdot_rows.moment(text[:64])
    except Unreadable:
        return False
    return True


def _of_objects(objects: list[dict[str, Any]]) -> list[tuple[Plan, Any]]:
    return [(sdot_rows.plan_of_names(tuple(each)), each) for each in objects]


def _objects(message: Any) -> list[dict[str, Any]]:
    """The rows of a message: an object, a list of them, or the row list under a service's name."""
    found = message
    if isinstance(message, dict):
        service = next((each for each in message.values() if isinstance(each, dict)), None)
        if service is not None and ("row" in service or "RESULT" in service):
            found = _reply(service, service.get("RESULT"))
        elif "row" in message or "RESULT" in message or message.keys() == {"CODE", "MESSAGE"}:
            found = _reply(message, message.get("RESULT", message))
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(each, dict) for each in rows):
        raise Unreadable("sdot-shape", "the message is neither an object nor a list of objects")
    return _few(rows)


def _elements(root: xml_text.Element) -> list[dict[str, Any]]:
    """The rows of a reply in XML."""
    rows = [each for each in root.iter() if xml_text.local(each) == "row"]
    if not rows:
        said = {xml_text.local(each): (each.text or "").strip() for each in root.iter()}
        _reply({}, said)
    return _few([{xml_text.local(cell): cell.text or "" for cell in row} for row in rows])


def _reply(service: dict[str, Any], result: Any) -> Any:
    """The rows of a reply; raises Unreadable with the code where it holds none."""
    rows = service.get("row")
    if rows:
        return rows
    said = result if isinstance(result, dict) else {}
    code, message = str(said.get("CODE", ""))[:40], str(said.get("MESSAGE", ""))[:200]
    if code in ("INFO-000", "INFO-200"):
        raise Unreadable("no-reading", f"{code}: {message or 'no rows'}")
    raise Unreadable("source-refused", f"{code or 'no code'}: {message or 'a reply without rows'}")


def _few(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(rows) > MAX_ROWS:
        raise Unreadable("too-many", f"{len(rows)} rows; at most {MAX_ROWS}")
    return rows
