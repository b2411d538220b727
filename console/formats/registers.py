"""Municipal registers as assets: each row a device that can be imported, or the reason why not.

A row without a position is a device without a pin, if it says where it is in
words. Swapped coordinates are named and refused, not put right: a register that
swaps them in one row is not to be trusted with the others.
Sources: DOMAIN.md, 1.2 A (camera and bell records), 2.10.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from console.formats import asides, csv_text, pins
from console.formats.csv_text import Table
from console.formats.json_text import Unreadable
from console.formats.register_columns import Columns, Kind, find
from console.settings import Feed
from db.records import Decoded, Flag, Reading, SetAside

MAX_SEEN = 2_000_000  # rows of one file that are told apart

_WORDS: dict[Kind, str] = {
    "cctv": "CCTV", "bell": "안전비상벨", "parking": "주차장",
    "light": "보안등", "sensor": "센서", "place": "시설",
}  # fmt: skip
_COUNTS: dict[Kind, tuple[str, str]] = {
    "cctv": ("cameras", "cameras"), "parking": ("spaces", "parking_capacity"), "light": ("lamps", "lamps"),
}  # fmt: skip
_QUANTITY: dict[Kind, str] = {"bell": "bells", "sensor": "sensors", "place": "places"}
_INTEGER = re.compile(r"([0-9]{1,7})(?:\.0+)?\s*(?:일|대|면|개|개소)?").fullmatch
_DATE = re.compile(r"([0-9]{4})[-./]?([0-9]{2})[-./]?([0-9]{2})").match
_ID = re.compile(r"[^0-9A-Za-z가-힣_.-]+")
_SEOUL = ZoneInfo("Asia/Seoul")


class Entry(NamedTuple):
    """One row that can be imported."""

    kind: Kind
    id: str
    name: str
    address: str
    lon: float | None
    lat: float | None
    number: str = ""
    manager: str = ""
    purpose: str = ""
    amount: int | None = None
    retention_days: int | None = None
    installed: str = ""
    inspected: str = ""
    phone: str = ""
    linked: str = ""
    as_of: str = ""
    grade: str = ""
    inspect_by: str = ""
    documents: tuple[str, ...] = ()


class Refused(NamedTuple):
    """One row that cannot, and why; `reason` is the code that the screen has words for."""

    reason: str
    detail: str


class Reader:
    """Reads the rows of one register, however many messages they come in; tells repeated ones apart."""

    def __init__(self, columns: Columns, *, outside_korea: bool = False) -> None:
        self.columns = columns
        self._anywhere = outside_korea
        self._ids: dict[str, int] = {}
        self._seen: set[int] = set()

    def row(self, row: Sequence[str]) -> Entry | Refused:
        """The row as an asset, or the reason why it is none; never raises."""
        at, kind = self.columns.at, self.columns.kind
        said = {role: row[index].strip()[:300] for role, index in at.items() if index < len(row)}
        try:
            lon, lat = pins.pin(said.get("lon", ""), said.get("lat", ""), anywhere=self._anywhere)
            entry = _entry(kind, said, lon, lat)
        except Unreadable as error:
            return Refused(error.reason, error.detail)
        what = hash((entry.number, entry.address, entry.name, lon, lat, entry.purpose, said.get("direction")))
        if what in self._seen:
            return Refused("register-twice", f"{entry.name[:80]}: the same row stands in the file already")
        if len(self._seen) < MAX_SEEN:
            self._seen.add(what)
        again = self._ids.get(entry.id, 0)
        self._ids[entry.id] = again + 1
        return entry._replace(id=f"{entry.id}-{again + 1}") if again else entry


def _entry(kind: Kind, said: dict[str, str], lon: float | None, lat: float | None) -> Entry:
    address = said.get("road") or said.get("lot") or ""
    place = said.get("name") or said.get("place") or ""
    number = said.get("number") or ""
    if lon is None and not (address or place):
        raise Unreadable("no-place", "the row has neither a position nor an address")
    purpose = said.get("purpose", "")
    if said.get("place_type"):
        purpose = " / ".join(part for part in (purpose, said["place_type"]) if part)
    role = _COUNTS[kind][0] if kind in _COUNTS else ""
    head = " ".join(
        part for part in (said.get("purpose", "") if kind == "cctv" else "", _WORDS[kind]) if part
    )
    tail = number if kind == "sensor" else place or address.rpartition("구 ")[2] or number
    return Entry(
        kind=kind,
        id=_id(kind, number, said, lon, lat),
        name=_plain(said.get("name") or f"{head} {tail}".strip())[:120],
        address=_plain(address),
        lon=lon,
        lat=lat,
        number=_plain(number),
        manager=_plain(said.get("manager", "")),
        purpose=_plain(purpose),
        amount=_integer(said.get(role, "")) if role else None,
        retention_days=_integer(said.get("retention", "")),
        installed=_plain(said.get("installed", "")),
        inspected=_plain(said.get("inspected", "")),
        phone=_plain(said.get("phone", "")),
        linked=_plain(" ".join(said[each] for each in ("link", "police") if said.get(each))),
        as_of=_plain(said.get("as_of", "")),
        grade=_plain(said.get("grade", "")).removesuffix("등급").strip()[:8],
        inspect_by=_plain(said.get("inspect_by", "")),
        documents=tuple(
            _plain(each).strip() for each in said.get("documents", "").split(";") if each.strip()
        ),
    )


def _id(kind: Kind, number: str, said: dict[str, str], lon: float | None, lat: float | None) -> str:
    """A name that stays the same when the register is published again, where that can be."""
    if number:
        return f"{kind}-{_slug(number, 60) or 'x'}"
    row, manager = _slug(said.get("row_number", ""), 20), _slug(said.get("manager", ""), 40)
    if not row and lon is not None:
        row = f"{lat:.6f}-{lon:.6f}"
    return "-".join(part for part in (kind, manager, row) if part)


def _slug(text: str, most: int) -> str:
    return _ID.sub("-", text).strip("-")[:most]


def _plain(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " for each in text).strip()


def _integer(text: str) -> int | None:
    found = _INTEGER(text.replace(",", ""))
    return int(found[1]) if found else None


def columns(table: Table) -> Columns:
    """What the table is; raises Unreadable if it is no register."""
    found = find(table.header)
    if found is None:
        raise Unreadable("register-shape", "the header names no 위도 and 경도 (latitude and longitude)")
    return found


class RegisterDecoder:
    """A register as a feed: what each row counts, as of the day that the register names. Never alarms."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.register
        self._encodings = tuple(encodings)

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """A reading per row and the rows that were refused; never empty."""
        try:
            table = csv_text.read(payload, self._encodings)
            reader = Reader(columns(table), outside_korea=self._form.outside_korea)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        flags = int(Flag.HISTORICAL) | (int(Flag.RETAINED) if retained else 0)
        out: list[Decoded] = []
        for number, row in enumerate(table.rows, start=2):
            found = reader.row(row)
            if isinstance(found, Refused):
                out.append(SetAside(found.reason, f"row {number}: {found.detail}"))
            else:
                out.append(_reading(found, received_ms, flags))
        return asides.bounded(out) or [SetAside("no-reading", "the register has no row")]


def _reading(entry: Entry, received_ms: int, flags: int) -> Reading:
    quantity = _COUNTS[entry.kind][1] if entry.kind in _COUNTS else _QUANTITY[entry.kind]
    return Reading(
        source=entry.id,
        quantity=quantity,
        value=float(1 if entry.amount is None else entry.amount),
        observed_ms=_day_ms(entry.as_of, received_ms),
        received_ms=received_ms,
        flags=flags,
        lon=entry.lon,
        lat=entry.lat,
    )


def _day_ms(text: str, received_ms: int) -> int:
    """The beginning of the day that a text names, else of the day of the arrival, in Seoul."""
    found = _DATE(text)
    try:
        if found is not None:
            day = date(*(int(part) for part in found.groups()))
            if 1970 <= day.year < 2200:
                return max(0, round(datetime(day.year, day.month, day.day, tzinfo=_SEOUL).timestamp() * 1000))
    except ValueError:
        pass
    return max(0, (received_ms + 32_400_000) // 86_400_000 * 86_400_000 - 32_400_000)
