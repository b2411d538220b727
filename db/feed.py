"""The schema of feed.db: what came in. Large, and could be had again."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from db import arrivals, decoder_memory, gaps, raw

migrations = Migrations("feed")


@migrations()
def m0001_readings(db: Database) -> None:
    """One row per series and time. `value` is REAL for a number, INTEGER for a truth, TEXT for a word.

    `reading.id` is the order of arrival and never used twice; the alarm
    engine's cursor counts on it. `arrival.last` is the last one given: AUTOINCREMENT
    would also count the duplicates. `latest` has the newest reading per series.
    """
    db.conn.execute("""
        CREATE TABLE series (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, quantity TEXT NOT NULL,
            statistic TEXT NOT NULL, unit TEXT NOT NULL, feed TEXT NOT NULL,
            UNIQUE (source, quantity, statistic, unit)) STRICT""")
    db.conn.execute("""
        CREATE TABLE reading (
            id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL REFERENCES series (id),
            observed_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL, value ANY NOT NULL,
            period_s INTEGER NOT NULL, revision INTEGER NOT NULL, quality INTEGER NOT NULL,
            flags INTEGER NOT NULL, lon REAL, lat REAL) STRICT""")
    db.conn.execute("CREATE UNIQUE INDEX reading_when ON reading (series_id, observed_ms)")
    db.conn.execute(
        "CREATE TABLE arrival (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL) STRICT"
    )
    db.conn.execute("INSERT INTO arrival VALUES (1, 0)")
    db.conn.execute("""
        CREATE TABLE latest (
            series_id INTEGER PRIMARY KEY REFERENCES series (id), observed_ms INTEGER NOT NULL,
            received_ms INTEGER NOT NULL, value ANY NOT NULL, quality INTEGER NOT NULL,
            flags INTEGER NOT NULL) STRICT""")


@migrations()
def m0002_events(db: Database) -> None:
    """What other systems say has happened, each status of each event once, and plates as read."""
    db.conn.execute("""
        CREATE TABLE event (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, origin_system TEXT NOT NULL,
            origin_key TEXT NOT NULL, digest BLOB NOT NULL, observed_ms INTEGER NOT NULL,
            received_ms INTEGER NOT NULL, body BLOB NOT NULL,
            UNIQUE (origin_system, origin_key, digest)) STRICT""")
    db.conn.execute("CREATE INDEX event_received ON event (received_ms)")
    db.conn.execute("""
        CREATE TABLE plate (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, source TEXT NOT NULL,
            read_id TEXT NOT NULL, observed_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,
            body BLOB NOT NULL, UNIQUE (source, read_id)) STRICT""")
    db.conn.execute("CREATE INDEX plate_received ON plate (received_ms)")


@migrations()
def m0003_messages(db: Database) -> None:
    """Messages that could not be read, messages as they came (both bounded), and the counts."""
    db.conn.execute("""
        CREATE TABLE quarantine (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, topic TEXT NOT NULL,
            received_ms INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
            payload BLOB NOT NULL, size INTEGER NOT NULL) STRICT""")
    db.conn.execute("CREATE INDEX quarantine_feed ON quarantine (feed, id)")
    db.conn.execute("""
        CREATE TABLE raw (
            id INTEGER PRIMARY KEY AUTOINCREMENT, feed TEXT NOT NULL, topic TEXT NOT NULL,
            received_ms INTEGER NOT NULL, payload BLOB NOT NULL, size INTEGER NOT NULL,
            state TEXT NOT NULL) STRICT""")
    db.conn.execute("""
        CREATE TABLE feed_count (
            feed TEXT PRIMARY KEY, received INTEGER NOT NULL, stored INTEGER NOT NULL,
            quarantined INTEGER NOT NULL, duplicate INTEGER NOT NULL, last_ms INTEGER) STRICT""")


@migrations()
def m0004_history(db: Database) -> None:
    """Newest readings clustered by series, the order of arrival apart, and older ones in chunks.

    A row of `reading` lies with its series, so that sealing a series touches only
    its own pages; `arrival_log` is short and trimmed once its readings are judged.
    A chunk holds the sealed readings of one series and day (`db.history.day_of`)
    with what a trend needs of its trusted numbers; it is read together with
    its `axis`, the times it shares with `refs` chunks of its source.
    """
    db.conn.execute("ALTER TABLE reading RENAME TO reading_by_arrival")
    db.conn.execute("""
        CREATE TABLE reading (
            series_id INTEGER NOT NULL REFERENCES series (id), observed_ms INTEGER NOT NULL,
            id INTEGER NOT NULL, received_ms INTEGER NOT NULL, value ANY NOT NULL,
            period_s INTEGER NOT NULL, revision INTEGER NOT NULL, quality INTEGER NOT NULL,
            flags INTEGER NOT NULL, lon REAL, lat REAL,
            PRIMARY KEY (series_id, observed_ms)) STRICT, WITHOUT ROWID""")
    db.conn.execute("""
        INSERT INTO reading SELECT series_id, observed_ms, id, received_ms, value, period_s, revision,
            quality, flags, lon, lat FROM reading_by_arrival ORDER BY series_id, observed_ms""")
    arrivals.table(db)
    arrivals.note_all(
        db, db.conn.execute("SELECT id, series_id, observed_ms FROM reading_by_arrival ORDER BY id")
    )
    db.conn.execute("DROP TABLE reading_by_arrival")
    db.conn.execute("""
        CREATE TABLE axis (id INTEGER PRIMARY KEY, refs INTEGER NOT NULL, body BLOB NOT NULL) STRICT""")
    db.conn.execute("""
        CREATE TABLE chunk (
            id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL REFERENCES series (id), day INTEGER NOT NULL,
            since_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, received_ms INTEGER NOT NULL,
            readings INTEGER NOT NULL, trusted INTEGER NOT NULL, low REAL, high REAL, total REAL,
            first REAL, last REAL, axis_id INTEGER NOT NULL, body BLOB NOT NULL) STRICT""")
    db.conn.execute("CREATE UNIQUE INDEX chunk_when ON chunk (series_id, day)")


migrations(name="m0011_gaps")(gaps.gap_tables)
migrations(name="m0012_raw_source")(raw.raw_source)
migrations(name="m0013_decoder_memory")(decoder_memory.decoder_memory)
