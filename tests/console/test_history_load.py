"""Generated history: the same for the same seed, and stored as what was generated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from console.bench import history_load, sensors
from db import connection, feed, history

SINCE_MS = 20_710 * history_load.DAY_MS


def test_a_sensor_says_the_same_again() -> None:
    one, other = (history_load.generate(7, SINCE_MS, 2) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one.values, other.values, strict=True))
    assert np.array_equal(one.observed, other.observed)
    assert np.array_equal(one.received, other.received)


def test_sensors_differ_and_their_times_rise() -> None:
    one, other = (history_load.generate(number, SINCE_MS, 1) for number in (1, 2))
    assert (np.diff(one.observed) > 0).all()
    assert (one.received > one.observed).all()
    assert not np.array_equal(one.values[0][:50], other.values[0][:50])


@pytest.mark.parametrize("write", [history_load.fill, history_load.fill_sealed])
def test_what_was_generated_is_what_is_read(tmp_path: Path, write: object) -> None:
    db = connection.open_writer(tmp_path / "feed.db", bytes(32), feed.migrations)
    stored = write(db, 2, SINCE_MS, 1)  # type: ignore[operator]
    said = history_load.generate(1, SINCE_MS, 1)
    quantity, unit = sensors.QUANTITIES[2]
    found = history.rows(
        db, sensors.source(1), quantity, SINCE_MS - 9999, SINCE_MS + 2 * history_load.DAY_MS, limit=1000
    )
    known = history.stored_bytes(db)
    db.close()
    assert stored == 10 * sum(len(history_load.generate(n, SINCE_MS, 1).observed) for n in range(2))
    assert [(each.observed_ms, each.value, each.unit) for each in found] == [
        (int(at), float(value), unit) for at, value in zip(said.observed, said.values[2], strict=True)
    ]
    assert (known["rows"], known["sealed"]) == (0, stored)
