"""The schema of ops.db: what people and the system do. Small and precious."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

from db import (
    alarms,
    annunciations,
    board_schema,
    holds,
    hub_messages,
    hubs,
    maintenance,
    ops_log_schema,
    rules,
)

migrations = Migrations("ops")


@migrations()
def m0001_commands(db: Database) -> None:
    """The answer of each command that was carried out, so that repeating it is harmless."""
    db.conn.execute(
        "CREATE TABLE command (id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, answer BLOB NOT NULL) STRICT"
    )
    db.conn.execute("CREATE INDEX command_at ON command (at_ms)")


migrations(name="m0002_alarms")(alarms.alarm_tables)
migrations(name="m0003_entry_log")(ops_log_schema.entry_log)
migrations(name="m0004_incident_fold")(ops_log_schema.incident_fold)
migrations(name="m0005_sync_marks")(ops_log_schema.sync_marks)
migrations(name="m0006_hold_entries")(holds.hold_entries)
migrations(name="m0007_alarm_events")(alarms.events_and_gathered)
migrations(name="m0008_hub_marks")(hubs.hub_marks)
migrations(name="m0009_hub_messages")(hub_messages.hub_messages)
migrations(name="m0010_maintenance")(maintenance.windows)
migrations(name="m0011_annunciations")(annunciations.annunciation_rows)
migrations(name="m0012_rule_entries")(rules.rule_entries)
migrations(name="m0013_board")(board_schema.board_tables)
