"""Makes whole what the examination found damaged, missing or behind; each step says what it did."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from msgspec.structs import replace
from sqlite_utils import Database

from console.backup import backups, framing, journal, rebuilding
from console.backup.rebuilding import Rebuilt
from console.clock import Clock, local_text
from console.errors import ConsoleError, StoreError, Unavailable
from console.incidents import folding
from console.startup.found import Found
from db import alarms, connection, events, ops, readings
from db import journal as images
from db.connection import SqlError
from db.journal import Image


def remake(
    folder: Path, name: str, key: bytes, clock: Clock, backups_folder: Path, damaged: Path | None
) -> list[Found]:
    """Make a store again whose file is gone from its place; ops.db from what is left, feed.db anew."""
    if name == "feed.db":
        return _begin_feed(folder, key, clock, damaged)
    made = rebuilding.rebuild(folder, key, clock, choices=backups.verified(backups_folder), damaged=damaged)
    return told(made, clock)


def told(made: Rebuilt, clock: Clock) -> list[Found]:
    """What a rebuilding did, in the words of the report."""
    now_ms = clock.now_ms()
    found = [
        Found("ops.db", "passed", now_ms, f"A backup does not hold: {each}", fields={"backup": each})
        for each in made.passed_over
    ]
    if made.backup:
        text = f"ops.db: restored from the backup {made.backup} with {made.backed} entries"
        fields: dict[str, str | int | None] = {
            "backup": made.backup, "entries": made.backed, "at_ms": made.backup_ms
        }  # fmt: skip
        found.append(Found("ops.db", "restored", now_ms, text, kind="restored", fields=fields))
    if made.journaled or made.salvaged:
        text = (
            f"ops.db: {made.journaled} entries were put back from the journal"
            f" and {made.salvaged} from the damaged file"
        )
        fields = {"journal": made.journaled, "salvaged": made.salvaged}
        found.append(Found("ops.db", "journal", now_ms, text, kind="restored", fields=fields))
    fields = {"incidents": made.incidents, "epoch": made.epoch, "newest_ms": made.newest_ms}
    newest = local_text(made.newest_ms) if made.newest_ms is not None else "never"
    text = (
        f"ops.db: {made.incidents} incidents were made again from the log, whose newest entry is of {newest};"
        f" this console writes to epoch {made.epoch} from now on"
    )
    found.append(Found("ops.db", "rebuilt", now_ms, text, kind="restored", fields=fields))
    if not made.has_alarms:
        text = "ops.db: the standing alarms could not be restored; they are judged anew from now on"
        found.append(Found("ops.db", "alarms", now_ms, text, kind="lost"))
    elif not made.backup and not made.journaled and not made.salvaged:
        text = "ops.db: nothing was left to restore it from; it is begun anew"
        found.append(Found("ops.db", "begun", now_ms, text, kind="lost"))
    return found


def _begin_feed(folder: Path, key: bytes, clock: Clock, damaged: Path | None) -> list[Found]:
    since = _first_received(damaged, key) if damaged else None
    now_ms = clock.now_ms()
    from_when = f"from {local_text(since)} " if since is not None else ""
    text = f"feed.db: a new one is begun; readings {from_when}until {local_text(now_ms)} are missing"
    fields: dict[str, str | int | None] = {"since_ms": since, "until_ms": now_ms}
    return [Found("feed.db", "begun", now_ms, text, kind="lost", fields=fields)]


def _first_received(damaged: Path, key: bytes) -> int | None:
    """The oldest reading of a damaged file, where it can still be asked."""
    with suppress(ConsoleError, SqlError), closing(connection.open_reader(damaged, key)) as db:
        return min((each.observed_ms for each in readings.latest(db)), default=None)
    return None


def catch_up(folder: Path, key: bytes, clock: Clock, backups_folder: Path) -> list[Found]:
    """Put back what the journal has and ops.db lacks: it was put back to an older state, or lost its -wal.

    The files since the newest backup tell whether anything is lacking; only then all are read.
    """
    noted = [found for path in backups.verified(backups_folder)[:1] if (found := backups.note(path))]
    taken = _journaled(folder, key, since=noted[0].journal if noted else 0)
    if not taken:
        return []
    with closing(connection.open_reader(folder / "ops.db", key)) as db:
        try:
            if not any(images.lacks(db, each) for each in taken):
                return []
        except SqlError:
            pass  # not even the tables are there: all of it was in the -wal
    with closing(connection.open_writer(folder / "ops.db", key, ops.migrations)) as db:
        with db.atomic():
            count = sum(images.replay(db, each) for each in _journaled(folder, key, since=0))
            folding.rebuild(db)
            epoch = rebuilding.leave_log(db, clock, "behind the journal")
            whole = images.whole(db)
        journal.begin(folder / "journal", key, whole)
    text = (
        f"ops.db: was {count} entries behind the journal and was brought up to it;"
        f" this console writes to epoch {epoch} from now on"
    )
    fields: dict[str, str | int | None] = {"journal": count, "epoch": epoch}
    return [Found("ops.db", "behind", clock.now_ms(), text, kind="restored", fields=fields)]


def _journaled(folder: Path, key: bytes, *, since: int) -> list[Image]:
    sealing = framing.sealing_key(key)
    return [each for read in journal.read_all(folder / "journal", sealing, since) for each in read.images]


def before_upgrade(folder: Path, key: bytes, clock: Clock, backups_folder: Path) -> list[Found]:
    """Back an older ops.db up before it is migrated; a disk that has no room for it is told."""
    steps = connection.pending(folder / "ops.db", key, ops.migrations)
    if not steps:
        return []
    try:
        made = backups.make(
            folder / "ops.db", backups_folder, key, clock, why=f"before the upgrade to {steps[-1]}"
        )
    except (Unavailable, StoreError) as error:
        text = f"ops.db: is of an older version and is brought up to date without a backup ({error})"
        return [Found("ops.db", "upgraded", clock.now_ms(), text, fields={"backup": ""})]
    text = f"ops.db: is of an older version; it was backed up as {made.name} and is brought up to date"
    fields: dict[str, str | int | None] = {"backup": made.name}
    return [Found("ops.db", "upgraded", clock.now_ms(), text, kind="kept", fields=fields)]


def align(folder: Path, key: bytes, clock: Clock) -> list[Found]:
    """Let the alarm engine go on where feed.db ends, if it has come further than that, or knows nothing.

    Readings that were judged must not be judged again: that would raise alarms of the past.
    """
    try:
        newest, newest_event = _last(folder / "feed.db", key)
        with closing(connection.open_reader(folder / "ops.db", key)) as db:
            at = alarms.cursor(db)
    except (SqlError, Unavailable):
        return []  # the tables are not made yet
    is_new = at == alarms.Cursor()
    is_behind = at.reading > newest or at.event > newest_event
    if not is_behind and not (is_new and (newest or newest_event)):
        return []
    lost = at.reading - newest
    with closing(connection.open_writer(folder / "ops.db", key, ops.migrations)) as db, db.atomic():
        _go_on(db, at, newest if is_new else min(newest, at.reading), newest_event)
    if is_new or lost <= 0:
        return []
    text = f"feed.db: {lost} readings that the alarm engine had judged are no longer there"
    fields: dict[str, str | int | None] = {"readings": lost}
    return [Found("feed.db", "behind", clock.now_ms(), text, kind="lost", fields=fields)]


def _go_on(db: Database, at: alarms.Cursor, newest: int, newest_event: int) -> None:
    event = min(at.event, newest_event) if at.step else newest_event
    seen = min(at.seen_reading, newest) if at.reading == newest else newest
    alarms.put_cursor(db, replace(at, reading=newest, seen_reading=seen, event=event))
    db.conn.execute("UPDATE alarm_seen SET seen = max(seen, ?)", (at.steady,))


def _last(path: Path, key: bytes) -> tuple[int, int]:
    """The numbers of the newest reading and the newest event."""
    if not path.exists() or not path.stat().st_size:
        return 0, 0
    with closing(connection.open_reader(path, key)) as db:
        return readings.last_id(db), events.last_id(db)
