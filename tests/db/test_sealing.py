"""Sealing in small steps: only what was judged, nothing twice, and nothing lost to a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlite_utils import Database

from db import arrivals, chunks, connection, feed, history, readings, retention, sealing
from db.history import DAY_MS
from db.records import Reading
from db.retention import Policy, Rule
from db.sealing import Terms
from db.workings import Hold

ROOT = Path(__file__).parents[2]
DAY = history.day_start_ms(20_000)
HOUR = 3_600_000


def put(db: Database, *records: Reading) -> readings.Stored:
    with db.atomic():
        return readings.add(db, "f", records)


def at(
    observed_ms: int, value: float = 1.0, source: str = "s", quantity: str = "q", **fields: int
) -> Reading:
    return Reading(source, quantity, value, DAY + observed_ms, DAY + observed_ms + 9, **fields)  # type: ignore[arg-type]


def seal(db: Database, before_ms: int, *, judged: int | None = None, due_ms: int | None = None) -> int:
    """Seal all that is due; times count from the beginning of the day, "now" is two days later."""
    judged = readings.last_id(db) if judged is None else judged
    due_ms = before_ms if due_ms is None else due_ms
    terms = Terms(judged, DAY + 2 * DAY_MS, DAY + before_ms, DAY + due_ms)
    place = sealed = 0
    while True:
        with db.atomic():
            step = sealing.step(db, place, terms)
        sealed, place = sealed + step.sealed, step.place
        if not place:
            return sealed


def count(db: Database, table: str) -> int:
    return int(db.conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def rows(db: Database, source: str = "s", quantity: str = "q") -> list[Reading]:
    return history.rows(db, source, quantity, -(2**62), 2**62, limit=1_000_000)


def test_what_was_not_judged_stays_a_row(feed_db: Database) -> None:
    put(feed_db, *[at(n) for n in range(10)])
    assert seal(feed_db, HOUR, judged=4) == 4
    assert [each.id for each in readings.after(feed_db, 0, 99)] == [5, 6, 7, 8, 9, 10]


def test_a_series_waits_until_it_has_something_due(feed_db: Database) -> None:
    put(feed_db, *[at(n * HOUR) for n in range(10)])
    assert seal(feed_db, 6 * HOUR, due_ms=0) == 0
    assert seal(feed_db, 6 * HOUR, due_ms=1) == 6


def test_quantities_of_one_message_share_their_times(feed_db: Database) -> None:
    put(feed_db, *[at(n * 1000, quantity=f"q{q}") for n in range(50) for q in range(10)])
    seal(feed_db, HOUR)
    assert (count(feed_db, "chunk"), count(feed_db, "axis"), count(feed_db, "reading")) == (10, 1, 0)


def test_a_sealed_reading_that_comes_again_is_a_duplicate(feed_db: Database) -> None:
    put(feed_db, at(1, 5.0), at(2, 6.0))
    seal(feed_db, HOUR)
    again = put(feed_db, at(1, 5.0), at(2, 9.0), at(3, 7.0))
    assert ([each.reading.value for each in again.new], again.duplicate) == ([7.0], 2)
    assert [each.value for each in rows(feed_db)] == [5.0, 6.0, 7.0]


def test_a_duplicate_is_also_known_by_who_opens_the_store_anew(
    feed_db: Database, tmp_path: Path, key: bytes
) -> None:
    put(feed_db, at(1, 5.0))
    seal(feed_db, HOUR)
    with connection.open_writer(tmp_path / "feed.db", key, feed.migrations) as other:
        assert put(other, at(1, 9.0)).duplicate == 1


def test_a_correction_finds_its_chunk(feed_db: Database) -> None:
    put(feed_db, at(1, 5.0), at(2, 6.0))
    seal(feed_db, HOUR)
    assert len(put(feed_db, at(1, 50.0, revision=2)).new) == 1
    for _ in range(2):
        assert [each.value for each in rows(feed_db)] == [50.0, 6.0]
        found = readings.trend(feed_db, "s", "q", DAY, DAY + DAY_MS, 1)
        assert (found.low, found.high, found.mean, found.count) == ([6.0], [50.0], [28.0], 2)
        assert put(feed_db, at(1, 9.0)).duplicate == 1
        seal(feed_db, HOUR)
    assert (count(feed_db, "reading"), count(feed_db, "axis")) == (0, 1)


def test_a_late_reading_waits_some_minutes_and_then_joins_its_day(feed_db: Database) -> None:
    put(feed_db, at(1), at(3))
    seal(feed_db, HOUR)
    now_ms = DAY + 2 * DAY_MS
    put(feed_db, Reading("s", "q", 2.0, DAY + 2, now_ms - 1000))
    assert seal(feed_db, HOUR) == 0
    put(feed_db, Reading("s", "q", 2.0, DAY + 1, now_ms - HOUR, revision=2))
    assert seal(feed_db, HOUR) == 2
    assert [each.observed_ms - DAY for each in rows(feed_db)] == [1, 2, 3]


def test_what_a_clock_of_the_future_sent_is_sealed_once_it_is_old_here(feed_db: Database) -> None:
    put(feed_db, Reading("s", "q", 1.0, DAY + 9999 * DAY_MS, DAY))
    assert seal(feed_db, HOUR) == 1
    assert len(rows(feed_db)) == 1


def test_a_step_is_bounded_and_goes_on_with_the_same_source(feed_db: Database) -> None:
    put(feed_db, *[at(n) for n in range(sealing.STEP_READINGS + 10)])
    terms = Terms(readings.last_id(feed_db), DAY + DAY_MS, DAY + HOUR, DAY + HOUR)
    with feed_db.atomic():
        assert sealing.step(feed_db, 0, terms) == (sealing.STEP_READINGS, 0)
    assert seal(feed_db, HOUR) >= 10
    assert len(rows(feed_db)) == sealing.STEP_READINGS + 10
    assert (count(feed_db, "chunk"), count(feed_db, "axis")) == (1, 1)


def test_a_page_goes_on_where_the_last_one_ended_also_between_units(feed_db: Database) -> None:
    put(
        feed_db, *[Reading("s", "q", 1.0, DAY + n, DAY, unit=unit) for n in range(9) for unit in ("Cel", "K")]
    )
    seal(feed_db, 5)
    whole, last = list[Reading](), None
    while page := history.rows(feed_db, "s", "q", DAY, DAY + 99, after=last, limit=5):
        whole, last = whole + page, page[-1]
    assert whole == rows(feed_db)
    assert len(whole) == 18


def test_of_two_units_the_one_that_was_heard_in_the_range_is_shown(feed_db: Database) -> None:
    put(feed_db, *[Reading("s", "q", 20.0, DAY + n, DAY, unit="Cel") for n in range(5)])
    put(feed_db, *[Reading("s", "q", 68.0, DAY + DAY_MS + n, DAY, unit="[degF]") for n in range(5)])
    for _ in range(2):
        early = readings.trend(feed_db, "s", "q", DAY, DAY + HOUR, 9)
        late = readings.trend(feed_db, "s", "q", DAY, DAY + 2 * DAY_MS, 9)
        assert [(each.unit, each.count) for each in (early, late)] == [("Cel", 5), ("[degF]", 5)]
        seal(feed_db, 2 * DAY_MS)


def test_a_year_is_told_by_days(feed_db: Database) -> None:
    times = [DAY + day * DAY_MS + n * HOUR for day in range(365) for n in range(24)]
    put(feed_db, at(0))
    with feed_db.atomic():
        sealing.store(feed_db, {1: chunks.columns(times, times, [float(n) for n in range(len(times))])})
    found = readings.trend(feed_db, "s", "q", DAY, DAY + 365 * DAY_MS, 500)
    assert (len(found.times), found.count) == (365, 365 * 24)
    assert found.times == [DAY + day * DAY_MS for day in range(365)]
    assert (found.low[1], found.high[1], found.mean[1]) == (24.0, 47.0, 35.5)
    closer = readings.trend(feed_db, "s", "q", DAY, DAY + 7 * DAY_MS, 500)
    assert len(closer.times) == 7 * 24


# --- retention ---------------------------------------------------------------------


def days_kept(db: Database, source: str, quantity: str = "q") -> list[int]:
    return sorted({history.day_of(each.observed_ms) - 20_000 for each in rows(db, source, quantity)})


def aged(db: Database) -> None:
    """Ten days of two sources with two quantities, all sealed."""
    for source in ("a", "b"):
        for quantity in ("q", "arcs"):
            put(db, *[at(day * DAY_MS + 5, 1.0, source, quantity) for day in range(10)])
    seal(db, 10 * DAY_MS)


def retain(db: Database, policy: Policy, holds: list[Hold] | None = None, now: int = 10) -> int:
    with db.atomic():
        swept = retention.step(db, policy, holds or [], DAY + now * DAY_MS)
    assert swept.place == 0
    return swept.gone


def test_each_series_is_kept_as_long_as_its_first_rule_says(feed_db: Database) -> None:
    aged(feed_db)
    assert retain(feed_db, Policy([Rule("b", "*", 2), Rule("*", "ar*", 8)], 5)) == 5 + 2 + 8 + 8
    assert days_kept(feed_db, "a") == [5, 6, 7, 8, 9]
    assert days_kept(feed_db, "a", "arcs") == [2, 3, 4, 5, 6, 7, 8, 9]
    assert days_kept(feed_db, "b") == days_kept(feed_db, "b", "arcs") == [8, 9]


def test_what_a_hold_protects_stays_and_goes_when_it_is_released(feed_db: Database) -> None:
    aged(feed_db)
    hold = Hold("h", "a", "q", DAY + DAY_MS, DAY + 3 * DAY_MS, "수사 협조", "kim", DAY)
    retain(feed_db, Policy([], 5), [hold])
    assert days_kept(feed_db, "a") == [1, 2, 5, 6, 7, 8, 9]
    assert days_kept(feed_db, "b") == [5, 6, 7, 8, 9]
    assert retain(feed_db, Policy([], 5)) == 2


def test_nothing_of_what_went_is_left_behind_but_the_newest(feed_db: Database) -> None:
    aged(feed_db)
    newest = readings.latest(feed_db)
    retain(feed_db, Policy([], 1), now=99)
    assert [count(feed_db, table) for table in ("chunk", "axis", "reading")] == [0, 0, 0]
    assert readings.latest(feed_db) == newest
    assert readings.trend(feed_db, "a", "q", DAY, DAY + 10 * DAY_MS, 9).count == 0


def test_a_wrong_clock_of_a_sender_neither_drops_nor_keeps(feed_db: Database) -> None:
    put(feed_db, Reading("s", "q", 1.0, 0, DAY), Reading("s", "q", 2.0, DAY + 9999 * DAY_MS, DAY))
    seal(feed_db, HOUR)
    assert retain(feed_db, Policy([], 5), now=4) == 0
    assert retain(feed_db, Policy([], 5), now=6) == 2


def test_what_came_while_our_clock_ran_ahead_goes_by_the_senders_clock(feed_db: Database) -> None:
    put(feed_db, Reading("s", "q", 1.0, DAY, DAY + 9999 * DAY_MS))
    with feed_db.atomic():
        assert sealing.seal(feed_db, "s", Terms(9, DAY + DAY_MS, DAY + HOUR, DAY + HOUR)) == (1, True)
    assert retain(feed_db, Policy([], 5), now=6) == 1


def test_a_number_is_never_given_twice(feed_db: Database) -> None:
    put(feed_db, at(1), at(2))
    seal(feed_db, HOUR)
    retain(feed_db, Policy([], 1), now=99)
    with feed_db.atomic():
        assert arrivals.trim(feed_db, 2, 0) == 3
    assert readings.after(feed_db, 0, 9) == []
    assert [each.id for each in put(feed_db, at(3)).new] == [3]


def test_the_order_of_arrival_of_what_was_not_judged_is_not_forgotten(feed_db: Database) -> None:
    for n in range(10):
        put(feed_db, at(2 * n), at(2 * n + 1))
    with feed_db.atomic():
        assert arrivals.trim(feed_db, 11, 0) == 11
        assert arrivals.trim(feed_db, 20, 6) == 15
    assert [each.id for each in readings.after(feed_db, 0, 99)] == [15, 16, 17, 18, 19, 20]


SEAL_FOR_EVER = """
import sys
from pathlib import Path
from db import connection, feed, readings, sealing
from db.records import Reading
from db.sealing import Terms

db = connection.open_writer(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]), feed.migrations)
at, place = readings.last_id(db) // 4, 0
while True:
    with db.atomic():
        batch = [Reading("s", f"q{q}", float(at), at * 1000, 0) for q in range(4)]
        readings.add(db, "f", batch)
    at += 1
    print(at, flush=True)
    if at % 20 == 0:
        with db.atomic():
            before = at * 1000 - 5000
            place = sealing.step(db, place, Terms(at * 4, at * 1000, before, before)).place
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_while_it_seals_each_reading_is_there_once(tmp_path: Path, key: bytes) -> None:
    path = tmp_path / "feed.db"
    for round_ in range(4):
        command = [sys.executable, "-c", SEAL_FOR_EVER, str(path), key.hex()]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        assert writer.stdout is not None
        told = 0
        for line in writer.stdout:
            told = int(line)
            if told >= 157 * (round_ + 1):
                writer.send_signal(signal.SIGKILL)
                break
        told = int([str(told), *writer.stdout.read().split()][-1])
        writer.stdout.close()
        writer.wait()
        with connection.open_writer(path, key, feed.migrations) as db:
            assert count(db, "chunk") > 0
            for quantity in ("q0", "q3"):
                found = [each.observed_ms // 1000 for each in rows(db, "s", quantity)]
                assert found == list(range(len(found)))
                assert len(found) >= told
        assert connection.faults(path, key) == []


def test_a_day_of_two_clocks_leaves_no_axis_behind(feed_db: Database) -> None:
    now_ms = DAY + DAY_MS // 2
    put(feed_db, at(0), Reading("s", "q", 2.0, now_ms + HOUR, DAY))
    terms = Terms(2, now_ms, DAY + HOUR, DAY + HOUR)
    with feed_db.atomic():
        assert sealing.seal(feed_db, "s", terms) == (2, True)
    assert (count(feed_db, "chunk"), count(feed_db, "axis"), len(rows(feed_db))) == (1, 1, 2)


def test_a_sealed_day_begins_for_a_trend_with_its_first_number_to_trust(feed_db: Database) -> None:
    put(feed_db, Reading("s", "q", 9.0, DAY, DAY, quality="bad"), at(5))
    seal(feed_db, HOUR)
    assert readings.trend(feed_db, "s", "q", DAY, DAY + DAY_MS, 1).times == [DAY + 5]
