"""The alarm engine's store: one small row per watch, when sources were last heard, and the cursor.

Times named `steady` are milliseconds on the engine's own timeline, which
`console/alarms/reducer.py` explains: wall time less the jumps of the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from sqlite_utils import Database

from db.alarm_records import Alarm, AlarmState
from db.records import Value


class Said(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What an alarm tells of the event that raised it."""

    source: str
    observed_ms: int
    text: str = ""
    value: str | None = None
    place: str = ""
    lon: float | None = None
    lat: float | None = None


class Watch(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What the engine remembers of one rule on one series.

    `active` is the judged condition, delays included. `due` is the steady time
    at which it turns over if nothing comes between, None if it is settled.
    `peak` is the most extreme value since the limit was crossed. Of a suppressed
    silence, `release` is the steady time at which it is announced after all.
    Of an event rule, `opens` are the events that go on and `ended` those that
    ended lately, each with the time observed; `said` is what the newest one says.
    `called` is the steady time at which it began to ask for somebody, `rung` when it last did,
    `back` when it was announced after a shelf or work had ended. `shelf_due` and `service_due`
    are the steady times after which these have ended, whatever became of the wall clock.
    """

    id: str
    active: bool = False
    due: int | None = None
    peak: Value | None = None
    peak_observed_ms: int | None = None
    unit: str = ""
    alarm: Alarm | None = None
    release: int | None = None
    opens: tuple[tuple[str, int], ...] = ()
    ended: tuple[tuple[str, int], ...] = ()
    said: Said | None = None
    called: int | None = None
    rung: int | None = None
    back: int | None = None
    shelf_due: int | None = None
    service_due: int | None = None

    @property
    def is_idle(self) -> bool:
        """Nothing to remember: as if the watch had never been."""
        return not self.active and self.due is None and self.alarm is None and not (self.opens or self.ended)


class Gathered(msgspec.Struct, omit_defaults=True, array_like=True):
    """What a rule keeps of the readings of one series before it can judge; by the sender's time.

    Which fields a kind uses, and for what, is in `console/alarms/gather.py`.
    """

    at_ms: int = 0
    since_ms: int = 0
    total: float = 0.0
    count: int = 0
    run: int = 0
    value: float | None = None
    baseline: float | None = None
    samples: list[tuple[int, float]] = []


class Cursor(msgspec.Struct, frozen=True):
    """How far the engine has come.

    `reading` is the id of the last reading reduced; `steady` the engine's time
    then, `shift` what to add to it for wall time, and `wall_ms` the wall time
    at which the engine was last awake. `seen_reading` is the reading up to which `alarm_seen` is
    complete. `step` counts the engine's writes and `acts` those of operators,
    so that a copy in memory can tell that it is out of date. `event` is the last
    event judged; -1: none of those stored so far shall raise, the store is older than event rules.
    """

    reading: int = 0
    steady: int = 0
    shift: int = 0
    wall_ms: int = 0
    seen_reading: int = 0
    step: int = 0
    acts: int = 0
    event: int = 0


class Mark(msgspec.Struct, frozen=True):
    """What the alarm log has besides readings: a tick that moved something, a jump of the clock, a start.

    `events`: all events up to number `at_ms` were judged, after the reading of that number.
    """

    reading: int
    kind: str
    at_ms: int
    shift: int


_TABLES = (
    """CREATE TABLE alarm (
           id TEXT PRIMARY KEY,
           rule TEXT NOT NULL,
           source TEXT NOT NULL,
           quantity TEXT NOT NULL,
           state TEXT NOT NULL,
           priority INTEGER NOT NULL,
           activation INTEGER NOT NULL,
           changed_ms INTEGER NOT NULL,
           act INTEGER NOT NULL,
           watch BLOB NOT NULL
       ) STRICT""",
    "CREATE INDEX alarm_state ON alarm (state)",
    "CREATE INDEX alarm_act ON alarm (act)",
    "CREATE TABLE alarm_seen (series TEXT PRIMARY KEY, seen INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE alarm_cursor (
           id INTEGER PRIMARY KEY CHECK (id = 1),
           reading INTEGER NOT NULL,
           steady INTEGER NOT NULL,
           shift INTEGER NOT NULL,
           wall_ms INTEGER NOT NULL,
           seen_reading INTEGER NOT NULL,
           step INTEGER NOT NULL,
           acts INTEGER NOT NULL
       ) STRICT""",
    """CREATE TABLE alarm_mark (
           seq INTEGER PRIMARY KEY,
           reading INTEGER NOT NULL,
           kind TEXT NOT NULL,
           at_ms INTEGER NOT NULL,
           shift INTEGER NOT NULL
       ) STRICT""",
)

_encode = msgspec.msgpack.Encoder().encode
_decode_gathered = msgspec.msgpack.Decoder(Gathered).decode
_decode = msgspec.msgpack.Decoder(Watch).decode
_CURSOR = Cursor.__struct_fields__


def alarm_tables(db: Database) -> None:
    """Alarms, the times sources were last heard, the engine's cursor, its ticks and jumps."""
    for statement in _TABLES:
        db.conn.execute(statement)


def events_and_gathered(db: Database) -> None:
    """The engine's place among the events, and what rules have gathered of readings."""
    db.conn.execute("ALTER TABLE alarm_cursor ADD COLUMN event INTEGER NOT NULL DEFAULT -1")
    db.conn.execute(
        "CREATE TABLE alarm_gathered (series TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT, WITHOUT ROWID"
    )


# --- alarms ------------------------------------------------------------------


def standing(db: Database) -> list[Alarm]:
    """Every alarm that is not simply normal, also a shelved one, the most urgent and oldest first."""
    rows = db.conn.execute(
        "select watch from alarm where state <> ? order by priority, changed_ms, id",
        [AlarmState.NORMAL.value],
    )
    return [alarm for (body,) in rows if (alarm := _decode(body).alarm) is not None]


def get(db: Database, alarm_id: str) -> Alarm | None:
    """The alarm as it was last changed, standing or not; None if it never was raised."""
    watch = get_watch(db, alarm_id)
    return watch.alarm if watch else None


def get_watch(db: Database, watch_id: str) -> Watch | None:
    """What the engine remembers under this name."""
    row = db.conn.execute("select watch from alarm where id = ?", [watch_id]).fetchone()
    return _decode(row[0]) if row else None


def watches(db: Database) -> Iterator[Watch]:
    """Everything that the engine remembers."""
    for (body,) in db.conn.execute("select watch from alarm order by id"):
        yield _decode(body)


def changed_watches(db: Database, act: int) -> list[Watch]:
    """The watches that operators changed after act number `act`."""
    rows = db.conn.execute("select watch from alarm where act > ? order by id", [act])
    return [_decode(body) for (body,) in rows]


def put_watches(db: Database, changed: Iterable[Watch], act: int = 0) -> None:
    """Keep watches; one with nothing to remember loses its row. `act` > 0: an operator did it."""
    changed = list(changed)
    db.conn.executemany("delete from alarm where id = ?", [(w.id,) for w in changed if w.is_idle])
    db.conn.executemany(
        "insert into alarm (id, rule, source, quantity, state, priority, activation, changed_ms, act, watch)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do update set rule = excluded.rule,"
        " source = excluded.source, quantity = excluded.quantity, state = excluded.state,"
        " priority = excluded.priority, activation = excluded.activation, changed_ms = excluded.changed_ms,"
        " act = max(act, excluded.act), watch = excluded.watch",
        [_row(watch, act) for watch in changed if not watch.is_idle],
    )


def _row(watch: Watch, act: int) -> tuple[object, ...]:
    alarm = watch.alarm
    if alarm is None:
        return (watch.id, "", "", "", AlarmState.NORMAL.value, 0, 0, 0, act, _encode(watch))
    return (
        watch.id,
        alarm.rule,
        alarm.source,
        alarm.quantity,
        alarm.shown.value,
        alarm.priority,
        alarm.activation,
        alarm.changed_ms,
        act,
        _encode(watch),
    )


# --- the engine's place in the log ---------------------------------------------


def cursor(db: Database) -> Cursor:
    """How far the engine has come; all zero at the very first."""
    row = db.conn.execute(f"select {', '.join(_CURSOR)} from alarm_cursor where id = 1").fetchone()
    return Cursor(*row) if row else Cursor()


def put_cursor(db: Database, at: Cursor) -> None:
    """Keep the engine's place, in the transaction of what it did there."""
    names, marks = ", ".join(_CURSOR), ", ".join("?" * len(_CURSOR))
    db.conn.execute(
        f"insert or replace into alarm_cursor (id, {names}) values (1, {marks})", msgspec.structs.astuple(at)
    )


def next_act(db: Database) -> int:
    """Number one more act of an operator on alarms."""
    at = cursor(db)
    put_cursor(db, msgspec.structs.replace(at, acts=at.acts + 1))
    return at.acts + 1


def seen(db: Database) -> dict[str, int]:
    """Steady time at which each watched series or source was last heard, as of `Cursor.seen_reading`."""
    return dict(db.conn.execute("select series, seen from alarm_seen").fetchall())


def put_seen(db: Database, times: Sequence[tuple[str, int]]) -> None:
    """Keep when series were last heard."""
    db.conn.executemany("insert or replace into alarm_seen (series, seen) values (?, ?)", times)


def gathered(db: Database) -> dict[str, Gathered]:
    """What rules have gathered of readings, as of `Cursor.seen_reading`."""
    rows = db.conn.execute("select series, state from alarm_gathered")
    return {series: _decode_gathered(state) for series, state in rows}


def put_gathered(db: Database, states: Iterable[tuple[str, Gathered]]) -> None:
    """Keep what rules have gathered."""
    db.conn.executemany(
        "insert or replace into alarm_gathered (series, state) values (?, ?)",
        [(series, _encode(state)) for series, state in states],
    )


def forget_gathered(db: Database, rules: Iterable[str]) -> None:
    """Let go of what these rules have gathered."""
    db.conn.executemany(
        "delete from alarm_gathered where substr(series, 1, length(?1)) = ?1",
        [(f"{rule}|",) for rule in sorted(rules)],
    )


def add_mark(db: Database, mark: Mark) -> None:
    """Write down a tick or a jump, which a replay needs besides the readings."""
    db.conn.execute(
        "insert into alarm_mark (reading, kind, at_ms, shift) values (?, ?, ?, ?)",
        [mark.reading, mark.kind, mark.at_ms, mark.shift],
    )


def marks(db: Database, since_reading: int = 0) -> list[Mark]:
    """The ticks and jumps after a reading, in the order they happened."""
    rows = db.conn.execute(
        "select reading, kind, at_ms, shift from alarm_mark where reading >= ? order by seq", [since_reading]
    )
    return [Mark(*row) for row in rows]


def last_start(db: Database) -> int | None:
    """The time of the newest start mark."""
    row = db.conn.execute(
        "select at_ms from alarm_mark where kind = 'start' order by seq desc limit 1"
    ).fetchone()
    return int(row[0]) if row else None


def forget_marks(db: Database, before_reading: int) -> None:
    """Drop the ticks and the places of events whose readings are no longer in the order of arrival.

    Starts and jumps stay, they are few: a look at the past needs to know when nobody listened.
    """
    db.conn.execute(
        "delete from alarm_mark where reading < ? and kind not in ('start', 'jump')", [before_reading]
    )
