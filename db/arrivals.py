"""The order of arrival: which reading came under which number, one row per burst.

It is short: what the alarm engine has judged is forgotten after a while.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

from sqlite_utils import Database

Place = tuple[int, int]  # the number of a series, and observed_ms
_BURST = 500


def table(db: Database) -> None:
    """`body` has series and observed_ms of the numbers `first` to `last`, as pairs of 64-bit numbers."""
    db.conn.execute("""
        CREATE TABLE arrival_log (
            first INTEGER PRIMARY KEY, last INTEGER NOT NULL, body BLOB NOT NULL) STRICT""")


def note(db: Database, first: int, places: Sequence[Place]) -> None:
    """Note that these came, under `first` and the numbers after it."""
    db.conn.execute(
        "INSERT INTO arrival_log VALUES (?, ?, ?)", (first, first + len(places) - 1, _pack(places))
    )


def note_all(db: Database, every: Iterable[tuple[int, int, int]]) -> None:
    """Note what came in other times: (number, series, observed_ms), numbers rising, with gaps."""
    first, places = 0, list[Place]()
    for number, *place in every:
        if places and (number != first + len(places) or len(places) == _BURST):
            note(db, first, places)
            places = []
        if not places:
            first = number
        places.append((place[0], place[1]))
    if places:
        note(db, first, places)


def after(db: Database, cursor: int) -> Iterator[tuple[int, int, int]]:
    """(number, series, observed_ms) of what came after number `cursor`, in order."""
    row = db.conn.execute("SELECT max(first) FROM arrival_log WHERE first <= ?", (cursor + 1,)).fetchone()
    bursts = db.conn.execute(
        "SELECT first, body FROM arrival_log WHERE first >= ? ORDER BY first",
        (cursor + 1 if row[0] is None else row[0],),
    )
    for first, body in bursts:
        flat = array("q", body)
        for n in range(max(0, cursor + 1 - first), len(flat) // 2):
            yield first + n, flat[2 * n], flat[2 * n + 1]


def begins(db: Database) -> int | None:
    """The first number that is known; None where none is."""
    first = db.conn.execute("SELECT min(first) FROM arrival_log").fetchone()[0]
    return None if first is None else int(first)


def trim(db: Database, judged: int, keep: int, limit: int = 20_000) -> int:
    """Forget judged arrivals but the last `keep`, `limit` numbers at a time; returns the first one left.

    Numbers after `judged` stay.
    """
    first = begins(db)
    if first is None:
        return judged + 1
    last = db.conn.execute("SELECT last FROM arrival").fetchone()[0]
    upto = min(judged, last - keep, first + limit - 1)
    db.conn.execute("DELETE FROM arrival_log WHERE first <= ? AND last <= ?", (upto, upto))
    left = begins(db)
    return judged + 1 if left is None else left


def _pack(places: Sequence[Place]) -> bytes:
    return array("q", [number for place in places for number in place]).tobytes()
