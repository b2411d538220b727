"""History: whatever the order of arrival, sealing and letting go, one answer, each reading once."""

from __future__ import annotations

import sqlcipher3.dbapi2 as driver
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlite_utils import Database

from db import connection, feed, history, readings, retention, sealing
from db.history import DAY_MS
from db.records import Reading
from db.retention import Policy, Rule
from db.sealing import Terms
from db.workings import Hold

NOW = 1000 * DAY_MS
HOUR = 3_600_000
Key = tuple[str, str, str, str, int]

times = st.integers(0, 12).map(lambda n: NOW - n * 7 * HOUR) | st.integers(NOW - 6 * DAY_MS, NOW + DAY_MS)
some_readings = st.builds(
    Reading,
    source=st.sampled_from(["a", "b"]),
    quantity=st.sampled_from(["t", "h"]),
    value=st.one_of(
        st.floats(-1e9, 1e9), st.integers(-99, 99).map(float), st.booleans(), st.text(max_size=2)
    ),
    observed_ms=times,
    received_ms=st.integers(NOW - 30 * DAY_MS, NOW),
    unit=st.sampled_from(["1", "1", "Cel"]),
    period_s=st.sampled_from([0, 60]),
    statistic=st.sampled_from(["inst", "inst", "avg"]),
    revision=st.integers(1, 3),
    quality=st.sampled_from([*readings.QUALITIES, "good", "good"]),
    flags=st.integers(0, 7),
    lon=st.none() | st.floats(-180, 180),
    lat=st.none() | st.floats(-90, 90),
)


def key_of(reading: Reading) -> Key:
    return (reading.source, reading.quantity, reading.statistic, reading.unit, reading.observed_ms)


def fresh() -> Database:
    db = connection.Store(driver.connect(":memory:", isolation_level=None))
    feed.migrations.apply(db)
    return db


def seal_all(db: Database, before_ms: int, judged: int, now_ms: int = NOW) -> int:
    place, sealed = 0, 0
    while True:
        with db.atomic():
            step = sealing.step(db, place, Terms(judged, now_ms, before_ms, before_ms))
        sealed, place = sealed + step.sealed, step.place
        if not place:
            return sealed


def retain_all(db: Database, policy: Policy, holds: list[Hold], now_ms: int = NOW) -> int:
    place, gone = 0, 0
    while True:
        with db.atomic():
            swept = retention.step(db, policy, holds, now_ms, place, limit=2)
        gone, place = gone + swept.gone, swept.place
        if not place:
            return gone


class AnyOrder(RuleBasedStateMachine):
    """Adds, sealings and retention against a plain dictionary."""

    @initialize()
    def begin(self) -> None:
        self.db = fresh()
        self.model: dict[Key, Reading] = {}
        self.newest: dict[tuple[str, ...], Reading] = {}

    def teardown(self) -> None:
        if hasattr(self, "db"):
            self.db.close()

    @rule(batch=st.lists(some_readings, max_size=25))
    def add(self, batch: list[Reading]) -> None:
        new = []
        for reading in batch:
            known = self.model.get(key_of(reading))
            if known is None or known.revision < reading.revision:
                self.model[key_of(reading)] = reading
                new.append(reading)
                series = key_of(reading)[:4]
                if series not in self.newest or reading.observed_ms >= self.newest[series].observed_ms:
                    self.newest[series] = reading
        with self.db.atomic():
            stored = readings.add(self.db, "f", batch)
        assert [each.reading for each in stored.new] == new
        assert stored.duplicate == len(batch) - len(new)

    @rule(again=st.randoms(use_true_random=False))
    def send_again(self, again) -> None:  # type: ignore[no-untyped-def]
        some = list(self.model.values())
        again.shuffle(some)
        with self.db.atomic():
            assert readings.add(self.db, "f", some[:20]).new == []

    @rule(hours=st.integers(0, 100), share=st.floats(0, 1))
    def seal(self, hours: int, share: float) -> None:
        seal_all(self.db, NOW - hours * HOUR, round(readings.last_id(self.db) * share))

    @rule(days=st.integers(1, 25), hold=st.booleans(), a_days=st.integers(1, 25))
    def retain(self, days: int, hold: bool, a_days: int) -> None:
        policy = Policy([Rule("a", "*", a_days)], days)
        holds = [Hold("h", "a", "t*", NOW - DAY_MS, NOW, "why", "me", 0)] if hold else []
        seal_all(self.db, NOW + 9 * DAY_MS, readings.last_id(self.db))
        days_of: dict[tuple[object, ...], list[Key]] = {}
        for key in self.model:
            days_of.setdefault((*key[:4], history.day_of(key[4])), []).append(key)
        gone = 0
        for keys in days_of.values():
            received_ms = max(self.model[key].received_ms for key in keys)
            is_past = received_ms < NOW - policy.of(*keys[0][:2]) * DAY_MS
            is_held = hold and keys[0][:2] == ("a", "t") and max(key[4] for key in keys) >= NOW - DAY_MS
            if is_past and not (is_held and min(key[4] for key in keys) < NOW):
                gone += len(keys)
                for key in keys:
                    del self.model[key]
        assert retain_all(self.db, policy, holds) == gone

    @invariant()
    def rows_are_the_model(self) -> None:
        if not hasattr(self, "db"):
            return
        for source in ("a", "b"):
            for quantity in ("t", "h"):
                mine = [each for key, each in self.model.items() if key[:2] == (source, quantity)]
                mine.sort(key=lambda each: (each.observed_ms, each.statistic, each.unit))
                assert history.rows(self.db, source, quantity, -(2**62), 2**62) == mine

    @invariant()
    def latest_is_the_newest_of_all_that_came(self) -> None:
        if not hasattr(self, "db"):
            return
        merged: dict[tuple[str, ...], int] = {}
        for series, reading in self.newest.items():
            merged[series[:3]] = max(merged.get(series[:3], 0), reading.observed_ms)
        found = {(e.source, e.quantity, e.statistic): e.observed_ms for e in readings.latest(self.db)}
        assert found == merged

    @invariant()
    def summaries_are_what_their_chunks_hold(self) -> None:
        if not hasattr(self, "db"):
            return
        refs: dict[int, int] = {}
        for (series_id,) in self.db.conn.execute("SELECT id FROM series").fetchall():
            for chunk in history.every_chunk(self.db, series_id):
                whole = history.load(self.db, chunk)
                assert tuple(chunk[2:12]) == sealing.summary(whole)
                assert {history.day_of(at) for at in whole.axis.observed.tolist()} == {chunk.day}
                refs[chunk.axis_id] = refs.get(chunk.axis_id, 0) + 1
        assert dict(self.db.conn.execute("SELECT id, refs FROM axis").fetchall()) == refs

    @rule(
        since_ms=times,
        hours=st.integers(1, 24 * 30),
        points=st.integers(1, 40),
        statistic=st.none() | st.sampled_from(["inst", "avg"]),
    )
    def trend_counts_the_model(self, since_ms: int, hours: int, points: int, statistic: str | None) -> None:
        until_ms = since_ms + hours * HOUR
        found = readings.trend(self.db, "a", "t", since_ms, until_ms, points, statistic)
        mine = [
            each
            for each in self.model.values()
            if (each.source, each.quantity, each.unit) == ("a", "t", found.unit)
            and since_ms <= each.observed_ms < until_ms
            and isinstance(each.value, float)
            and each.quality in ("good", "uncertain")
        ]
        kinds = {key[2] for key in self.newest if key[:2] == ("a", "t")}
        chosen = statistic or ("inst" if "inst" in kinds else "avg")
        mine = [each for each in mine if each.statistic == chosen]
        numbers = [each.value for each in mine if isinstance(each.value, float)]
        assert found.count == len(numbers)
        assert len(found.times) <= points and found.times == sorted(found.times)
        assert min(found.low, default=None) == min(numbers, default=None)
        assert max(found.high, default=None) == max(numbers, default=None)
        assert {*found.times} <= {each.observed_ms for each in mine}
        for low, mean, high in zip(found.low, found.mean, found.high, strict=True):
            assert low - 1e-6 <= mean <= high + 1e-6


AnyOrder.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyOrder = AnyOrder.TestCase
