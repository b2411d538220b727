"""Generated history of a real shape, the same for the same seed.

Like the city's sensors: ten quantities in the decimals of the devices, a daily
course, noise, a light meter that is 0 at night and saturates by day, dust that
stands high for hours. Reports every two minutes by the device's clock with a
jitter of seconds, on their way for a second, now and then for minutes; one in
200 is lost, and every tenth day or so a sensor is away for hours.

`fill` puts it through the store's own functions: rows, a day at a time, then
sealing. `fill_sealed` hands whole days to the sealing directly, which writes
the same tables with the same codec; only the rows before it are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from console.bench import sensors
from db import chunks, readings, sealing
from db.records import Reading

DAY_MS = 86_400_000
_STEP_MS = sensors.EVERY_S * 1000
_PER_DAY = DAY_MS // _STEP_MS
_BATCH = 5_000
FEED = "bench"

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class SensorDays(NamedTuple):
    """What a sensor said: times in ms, and per quantity one value for each time."""

    observed: Ints
    received: Ints
    values: list[Floats]


def generate(number: int, since_ms: int, days: int) -> SensorDays:
    """Reports of sensor `number` from `since_ms`, which is a midnight in UTC, for so many days."""
    chance = np.random.default_rng([number, since_ms // DAY_MS, days])
    count = days * _PER_DAY
    shift = int(chance.integers(0, _STEP_MS))
    observed = since_ms + shift + np.arange(count, dtype=np.int64) * _STEP_MS
    observed = observed // 1000 * 1000 + chance.integers(-2, 3, count) * 1000  # the device tells seconds
    delay = 400 + chance.exponential(600, count)
    late = chance.random(count) < 0.002
    delay[late] += chance.uniform(60_000, 900_000, int(late.sum()))
    received = observed + delay.astype(np.int64)
    there = chance.random(count) >= 0.005
    for start in chance.integers(0, count, chance.poisson(days / 10)):
        there[start : start + int(chance.uniform(1, 8) * 30)] = False
    values = _values(chance, observed)
    return SensorDays(observed[there], received[there], [each[there] for each in values])


def _values(chance: np.random.Generator, observed: Ints) -> list[Floats]:
    count = len(observed)
    hour = (observed / 3_600_000 + 9) % 24
    day = np.sin((hour - 9) / 24 * 2 * np.pi)
    dust = np.maximum(1.0, 22 + 14 * _walk(chance, count, 0.01) - 4 * day + chance.normal(0, 1.5, count))
    light = np.clip(90_000 * np.sin((hour - 6) / 12 * np.pi), 0, None)
    light = np.minimum(65_535, light * chance.uniform(0.6, 1.05, count))
    turn = (chance.uniform(0, 360) + 60 * _walk(chance, count, 0.02) + chance.normal(0, 20, count)) % 360
    raw = (
        (np.round(dust), 0),
        (np.round(dust * 1.6 + chance.normal(0, 2, count)), 0),
        (11 + 6 * day + 3 * _walk(chance, count, 0.005) + chance.normal(0, 0.1, count), 1),
        (np.minimum(100, 58 - 18 * day + 8 * _walk(chance, count, 0.005) + chance.normal(0, 0.4, count)), 1),
        (52 + 6 * day + chance.gamma(2, 2, count), 0),
        (light, 0),
        (np.abs(1.6 + 0.8 * day + chance.normal(0, 0.9, count)), 1),
        (turn, 0),
        (light / 65_535 * 4.2, 1),
        (np.abs(chance.normal(0.01, 0.006, count)), 3),
    )
    return [np.round(values, places) + 0.0 for values, places in raw]


def _walk(chance: np.random.Generator, count: int, pull: float) -> Floats:
    """A slow walk around 0 of about 1, by blocks of half an hour."""
    blocks = count // 15 + 2
    steps = chance.normal(0, np.sqrt(2 * pull * 15), blocks)
    walk = np.empty(blocks)
    at = float(chance.normal())
    for place, step in enumerate(steps.tolist()):
        at += step - at * min(1.0, pull * 15)
        walk[place] = at
    return np.interp(np.arange(count) / 15, np.arange(blocks), walk)


def reports(count: int, since_ms: int, part: tuple[int, int] | None = None) -> Iterator[Reading]:
    """The readings of one day (or of a part of it) of `count` sensors in the order in which they came."""
    all_days = [generate(number, since_ms, 1) for number in range(count)]
    whose = np.concatenate([np.full(len(day.observed), n) for n, day in enumerate(all_days)])
    place = np.concatenate([np.arange(len(day.observed)) for day in all_days])
    order = np.argsort(np.concatenate([day.received for day in all_days]), kind="stable")
    for number, at in zip(whose[order].tolist(), place[order].tolist(), strict=True):
        day = all_days[number]
        observed_ms, received_ms = int(day.observed[at]), int(day.received[at])
        if part is not None and not part[0] <= observed_ms < part[1]:
            continue
        for (quantity, unit), values in zip(sensors.QUANTITIES, day.values, strict=True):
            yield Reading(
                source=sensors.source(number),
                quantity=quantity,
                value=float(values[at]),
                observed_ms=observed_ms,
                received_ms=received_ms,
                unit=unit,
            )


def fill(db: Database, count: int, since_ms: int, days: int) -> int:
    """Store and seal day after day as a console does; returns the number of readings."""
    stored = 0
    for day in range(days):
        stored += fill_rows(db, count, since_ms + day * DAY_MS)
        until_ms = since_ms + (day + 1) * DAY_MS
        terms = sealing.Terms(readings.last_id(db), until_ms + DAY_MS, until_ms + DAY_MS, until_ms + DAY_MS)
        place, rests = 0, False
        while not rests:
            with _together(db):
                step = sealing.step(db, place, terms)
            place, rests = step.place, step == sealing.Step(0, 0)
    return stored


def fill_rows(db: Database, count: int, since_ms: int, part: tuple[int, int] | None = None) -> int:
    """Store one day as rows, or what was observed in a part of it; returns the number of readings."""
    stored, batch = 0, list[Reading]()
    for reading in reports(count, since_ms, part):
        batch.append(reading)
        if len(batch) >= _BATCH:
            with _together(db):
                stored += readings.add(db, FEED, batch).stored
            batch = []
    with _together(db):
        return stored + readings.add(db, FEED, batch).stored


def fill_sealed(db: Database, count: int, since_ms: int, days: int) -> int:
    """Write whole days of sealed readings; the newest of each series goes through `readings.add`."""
    stored = 0
    for number in range(count):
        said = generate(number, since_ms, days)
        last = int(said.received.argmax())
        newest = [
            Reading(
                source=sensors.source(number), quantity=quantity, value=float(values[-1]), unit=unit,
                observed_ms=int(said.observed[-1]), received_ms=int(said.received[last]),
            )
            for (quantity, unit), values in zip(sensors.QUANTITIES, said.values, strict=True)
        ]  # fmt: skip
        with _together(db):
            readings.add(db, FEED, newest)
            found = db.conn.execute(
                "SELECT quantity, id FROM series WHERE source = ?", (sensors.source(number),)
            )
            ids = dict(found.fetchall())
            sealing.store(
                db,
                {
                    ids[quantity]: _columns(said, values)
                    for (quantity, _), values in zip(sensors.QUANTITIES, said.values, strict=True)
                },
            )
            if number % 100 == 99 or number == count - 1:
                db.conn.execute("DELETE FROM reading")  # the same readings lie in their chunks
        stored += len(said.observed) * len(said.values)
    return stored


@contextmanager
def _together(db: Database) -> Iterator[None]:
    """One transaction; not undone after a fault, since the store is thrown away then."""
    db.conn.execute("BEGIN IMMEDIATE")
    yield
    db.conn.execute("COMMIT")


def _columns(said: SensorDays, values: Floats) -> chunks.Columns:
    count = len(values)
    nowhere = np.full(count, np.nan)
    zeros = np.zeros(count, np.int64)
    axis = chunks.Axis(said.observed, said.received, nowhere, nowhere)
    return chunks.Columns(axis, values, {}, zeros, zeros + 1, zeros, zeros)
