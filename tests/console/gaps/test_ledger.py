"""Holes are found by number, by time and by a lost session, and closed by whatever comes late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from console.gaps.ledger import Ledger
from console.settings import Feed, Mapped, Mapping
from db import connection, feed, gaps, readings
from db.gaps import Hole
from db.records import Decoded, Flag, Mark, Reading
from db.workings import Gap

KEY = bytes(range(32))
DAY_MS = 1_800_000_000_000
NUMBERED = Feed(topics=("t/#",), mappings=(Mapping("t/{source}", time="at", sequence="n"),))
PERIODIC = Feed(
    topics=("t/#",),
    every_s=60,
    mappings=(Mapping("t/{source}", time="at", values=(Mapped(quantity="v", value="v"),)),),
)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    db = connection.open_writer(tmp_path / "feed.db", KEY, feed.migrations)
    yield db
    db.close()


def mark(seq: int, *, epoch: str = "", flags: int = 0, at_ms: int | None = None) -> Mark:
    return Mark("a", epoch, seq, DAY_MS + seq * 1000 if at_ms is None else at_ms, flags)


def heard(minute: float, *, flags: int = 0, source: str = "a") -> Reading:
    at_ms = DAY_MS + round(minute * 60_000)
    return Reading(source, "v", 1.0, at_ms, at_ms, flags=flags)


def note(db: Database, ledger: Ledger, *records: Decoded, received_ms: int = DAY_MS) -> list[Gap]:
    with db.atomic():
        found = ledger.note(db, "f", records, received_ms)
        readings.add(db, "f", records)
    return found


def holes(db: Database) -> list[Hole]:
    return [hole for hole in gaps.unfilled_of(db, "f", "a") if hole.state == "open"]


def left(db: Database) -> list[tuple[int, int]]:
    return sorted(part for hole in holes(db) for part in hole.unfilled)


def ranges(numbers: set[int]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if out and out[-1][1] == number - 1:
            out[-1] = (out[-1][0], number)
        else:
            out.append((number, number))
    return out


def joined(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return ranges({number for low, high in parts for number in range(low, high + 1)})


@given(
    arrivals=st.lists(st.integers(1, 40), min_size=1, max_size=80),
    cuts=st.sets(st.integers(0, 80)),
    kills=st.sets(st.integers(0, 80)),
)
@settings(deadline=None, max_examples=150)
def test_in_any_order_the_ledger_holds_exactly_the_missing_numbers(
    tmp_path_factory: pytest.TempPathFactory, arrivals: list[int], cuts: set[int], kills: set[int]
) -> None:
    db = connection.open_writer(tmp_path_factory.mktemp("gaps") / "feed.db", KEY, feed.migrations)
    ledger, burst = Ledger({"f": NUMBERED}), list[Mark]()
    for at, number in enumerate(arrivals):
        burst.append(mark(number))
        if at in cuts:
            note(db, ledger, *burst)
            burst = []
        if at in kills:
            ledger = Ledger({"f": NUMBERED})
    note(db, ledger, *burst)
    seen = set(arrivals)
    found = left(db)
    assert joined(found) == ranges(set(range(min(seen), max(seen) + 1)) - seen)
    assert sum(high - low + 1 for low, high in found) == sum(h - low + 1 for low, h in joined(found))
    db.close()


def test_a_closed_gap_keeps_what_it_was_and_says_what_closed_it(db: Database) -> None:
    ledger = Ledger({"f": NUMBERED})
    note(db, ledger, mark(3), mark(7))
    note(db, ledger, mark(5), mark(4))
    (gap,) = note(db, ledger, mark(6, flags=Flag.BACKFILL))
    assert (gap.state, gap.first_seq, gap.last_seq, gap.missing, gap.closed_by) == ("filled", 4, 6, 0, "late")


def test_a_sender_that_begins_anew_leaves_no_hole(db: Database) -> None:
    ledger = Ledger({"f": NUMBERED})
    note(db, ledger, mark(500), mark(501))
    assert note(db, ledger, mark(1, at_ms=DAY_MS + 600_000), mark(2, at_ms=DAY_MS + 601_000)) == []
    (gap,) = note(db, ledger, mark(4, at_ms=DAY_MS + 603_000))
    assert (gap.first_seq, gap.last_seq) == (3, 3)


def test_a_new_epoch_opens_nothing_and_late_numbers_of_the_old_one_still_close(db: Database) -> None:
    ledger = Ledger({"f": NUMBERED})
    note(db, ledger, mark(1, epoch="x"), mark(3, epoch="x"))
    assert note(db, ledger, mark(9, epoch="y")) == []
    (gap,) = note(db, ledger, mark(2, epoch="x"))
    assert (gap.epoch, gap.state) == ("x", "filled")


@pytest.mark.parametrize("flag", list(Flag)[0:3])
def test_what_is_retained_historical_or_asked_for_opens_nothing(db: Database, flag: Flag) -> None:
    ledger = Ledger({"f": NUMBERED})
    note(db, ledger, mark(1), mark(900, flags=flag), mark(2))
    assert holes(db) == []
    periodic = Ledger({"f": PERIODIC})
    note(db, periodic, heard(0), heard(60, flags=flag), heard(1))
    assert holes(db) == []


def test_jitter_is_no_gap_and_a_missed_reading_is_one(db: Database) -> None:
    ledger = Ledger({"f": PERIODIC})
    note(db, ledger, heard(0), heard(1.7), heard(2.6), heard(3.7))
    assert holes(db) == []
    (gap,) = note(db, ledger, heard(5.7))
    assert (gap.why, gap.since_ms, gap.until_ms) == (
        "silence",
        DAY_MS + round(3.7 * 60_000),
        DAY_MS + round(5.7 * 60_000),
    )


def test_late_readings_close_a_silence_when_no_stretch_of_it_is_empty(db: Database) -> None:
    ledger = Ledger({"f": PERIODIC})
    note(db, ledger, heard(0), heard(5))
    note(db, ledger, heard(2), heard(3))
    assert [(low - DAY_MS, high - DAY_MS) for low, high in left(db)] == [(0, 120_000), (180_000, 300_000)]
    note(db, ledger, heard(1))
    (gap,) = note(db, ledger, heard(4))
    assert (gap.state, gap.got) == ("filled", 4)


def test_a_silence_is_found_across_a_restart(db: Database) -> None:
    note(db, Ledger({"f": PERIODIC}), heard(0))
    (gap,) = note(db, Ledger({"f": PERIODIC}), heard(9))
    assert gap.until_ms - gap.since_ms == 9 * 60_000


def test_our_own_clock_may_jump_without_inventing_a_hole(db: Database) -> None:
    ledger = Ledger({"f": PERIODIC})
    for minute, received_ms in enumerate((DAY_MS, 0, DAY_MS + 10**12, DAY_MS - 3_600_000, 0, DAY_MS)):
        note(db, ledger, heard(minute), received_ms=received_ms)
    assert holes(db) == []


def test_a_sender_that_says_2099_once_invents_no_hole(db: Database) -> None:
    ledger = Ledger({"f": PERIODIC})
    note(db, ledger, heard(0), heard(40_000_000), heard(1), heard(2))
    assert holes(db) == []


def test_after_a_lost_session_each_source_has_a_gap_until_it_is_heard(db: Database) -> None:
    plain = Feed(topics=("t/#",), mappings=PERIODIC.mappings)
    ledger = Ledger({"f": plain})
    note(db, ledger, heard(0), heard(0, source="b"))
    ledger.session_lost(["f"], DAY_MS + 500_000)
    (gap,) = note(db, ledger, heard(9), heard(10))
    assert (gap.why, gap.source, gap.since_ms, gap.until_ms) == ("session", "a", DAY_MS, DAY_MS + 540_000)
    again = Ledger({"f": plain})  # as after a kill: b is still awaited, a is not
    assert note(db, again, heard(11), received_ms=DAY_MS + 660_000) == []
    (gap,) = note(db, again, heard(12, source="b"))
    assert gap.source == "b"
    assert gaps.losses(db) == {}


def test_a_lost_session_is_no_gap_where_the_numbers_go_on(db: Database) -> None:
    ledger = Ledger({"f": NUMBERED})
    at_ms = DAY_MS + 1000
    with db.atomic():
        ledger.note(db, "f", [mark(1), Reading("a", "v", 1.0, at_ms, at_ms)], at_ms)
        readings.add(db, "f", [Reading("a", "v", 1.0, at_ms, at_ms)])
    ledger.session_lost(["f"], at_ms + 500_000)
    assert note(db, ledger, mark(2), Reading("a", "v", 1.0, at_ms + 900_000, at_ms + 900_000)) == []


def test_a_transaction_that_did_not_hold_leaves_no_mark(db: Database) -> None:
    ledger = Ledger({"f": NUMBERED})
    note(db, ledger, mark(1))
    db.conn.execute("BEGIN")
    ledger.note(db, "f", [mark(2)], DAY_MS)
    db.conn.execute("ROLLBACK")
    ledger.forget()
    (gap,) = note(db, ledger, mark(3))
    assert (gap.first_seq, gap.last_seq) == (2, 2)
