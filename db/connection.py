"""Opening the stores: the one module that knows the SQL driver.

The files are encrypted with SQLCipher under a raw 32-byte key; each page
carries a keyed checksum, so that a flipped bit is found and not served.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sqlcipher3.dbapi2 as driver
from sqlite_utils import Database, Migrations

from db.errors import StoreError, Unavailable

if TYPE_CHECKING:

    class SqlError(sqlite3.Error):
        """Whatever the SQL driver raises; it has the attributes of the standard one."""

else:
    SqlError = driver.Error

APPLICATION_ID = 0x47574A45  # "GWJE"
OLDEST_SQLITE = (3, 51, 3)
BUSY_S = 5.0
SeriesKey = tuple[str, str, str, str]

_BUSY, _LOCKED, _NOMEM, _READONLY, _INTERRUPT, _IOERR = 5, 6, 7, 8, 9, 10
_CORRUPT, _FULL, _CANTOPEN, _PROTOCOL, _NOTADB = 11, 13, 14, 15, 26
_SURROUNDINGS = {_BUSY, _LOCKED, _NOMEM, _READONLY, _INTERRUPT, _IOERR, _FULL, _CANTOPEN, _PROTOCOL}


class Store(Database):
    """A database connection, with the numbers of the series it has met (see `db/readings.py`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection, execute_plugins=False, strict=True)
        self.series_ids: dict[SeriesKey, int] = {}
        self.series_top = 0
        self.sealed_tops: dict[int, int] = {}


def unavailable(error: BaseException) -> bool:
    """Whether `error` tells of a full, locked or lost disk rather than of a fault of the statement."""
    return isinstance(error, SqlError) and _code(error) in _SURROUNDINGS


def damaged(error: BaseException) -> bool:
    """Whether `error` tells that the file is not what was written (or that the key is wrong)."""
    return isinstance(error, SqlError) and _code(error) in {_CORRUPT, _NOTADB}


def open_writer(path: Path, key: bytes, migrations: Migrations) -> Database:
    """Open the one connection that may write, bringing the schema up to date.

    Belongs to the thread that opens it. Raises StoreError for a file that is
    damaged, foreign, under another key, or newer than this program; such a
    file is left as it is. Raises Unavailable if the disk refuses.
    """
    _check_driver()
    try:
        if path.exists() and path.stat().st_size:
            check_schema(path, key, migrations)
        else:
            _create_private(path)
        connection = _connect(path, key)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be opened ({error.strerror})") from error
    except SqlError as error:
        raise _explained(path, error) from error
    try:
        return _prepared(connection, migrations)
    except SqlError as error:
        connection.close()
        raise _explained(path, error) from error
    except BaseException:
        connection.close()
        raise


def open_reader(path: Path, key: bytes) -> Database:
    """Open a connection that cannot write; short-lived, for the thread that opens it."""
    _check_driver()
    if not path.exists():
        raise Unavailable(f"{path}: does not exist yet")
    try:
        connection = _connect(path, key, read_only=True)
    except SqlError as error:
        raise _explained(path, error) from error
    return Store(connection)


def open_copy(path: Path, key: bytes) -> Database:
    """Open a store as it is, to be written as a whole: no schema is looked at, none is made."""
    _check_driver()
    try:
        if not path.exists():
            _create_private(path)
        return Store(_connect(path, key))
    except OSError as error:
        raise Unavailable(f"{path}: cannot be opened ({error.strerror})") from error
    except SqlError as error:
        raise _explained(path, error) from error


def open_foreign(path: Path) -> sqlite3.Connection:
    """Open a SQLite file that is not ours, such as map tiles: it is only read, and nothing in it is run.

    Raises SqlError where the file is none.
    """
    connection = driver.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, timeout=BUSY_S)
    try:
        for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "query_only=ON"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return cast(sqlite3.Connection, connection)


def create_foreign(path: Path) -> sqlite3.Connection:
    """A new plain SQLite file for others to read; it replaces what stood there."""
    path.unlink(missing_ok=True)
    return cast(sqlite3.Connection, driver.connect(str(path)))


def explained(path: Path, error: SqlError) -> StoreError | Unavailable:
    """What the driver raised, as the sentence for the operator."""
    return _explained(path, error)


def applied(db: Database, name: str) -> list[str]:
    """The migrations of the set `name` that this file has been through, in order."""
    if not db["_sqlite_migrations"].exists():
        return []
    rows = db.conn.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (name,))
    return [row[0] for row in rows]


def opens(path: Path, key: bytes) -> bool:
    """Whether the key opens the file; raises Unavailable if the disk refuses to say."""
    try:
        _connect(path, key, read_only=True).close()
    except SqlError as error:
        if unavailable(error):
            raise _explained(path, error) from error
        return False
    return True


def faults(
    path: Path, key: bytes, *, pages: bool = True, enough: Callable[[], bool] | None = None
) -> list[str]:
    """What is wrong with the pages and indexes of a store; empty when nothing was found.

    `pages` proves every page's checksum first. `enough` is asked now and then
    and ends the rest of the check, which raises Unavailable.
    """
    connection = None
    try:
        connection = _connect(path, key, read_only=True)
        bad = [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check")] if pages else []
        if enough is not None:
            connection.set_progress_handler(lambda: int(enough()), 10_000)
        lines = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except SqlError as error:
        if unavailable(error):
            raise _explained(path, error) from error
        return [str(error)]
    finally:
        if connection is not None:
            connection.close()
    return bad[:20] + [line for line in lines if line != "ok"]


def _check_driver() -> None:
    if driver.sqlite_version_info < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(
            f"The SQLite of this program is {driver.sqlite_version}; {wanted} or newer is needed,"
            " since older ones can damage a store"
        )


def _create_private(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _connect(path: Path, key: bytes, *, read_only: bool = False) -> sqlite3.Connection:
    if len(key) != 32:
        raise StoreError("The key of the stores must have 32 bytes")
    address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rw'}"
    connection = driver.connect(
        address, uri=True, timeout=BUSY_S, isolation_level=None, cached_statements=256
    )
    try:
        connection.execute("PRAGMA cipher_log_level=NONE")  # errors are told by us, not on stderr
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for pragma in (
            "trusted_schema=OFF",
            "cell_size_check=ON",
            "mmap_size=0",
            "foreign_keys=ON",
            f"cache_size={-8_192 if read_only else -32_768}",
            f"query_only={'ON' if read_only else 'OFF'}",
        ):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException as error:
        connection.close()
        if not read_only or not _was_being_made(path, error):
            raise
        _connect(path, key).close()  # takes back what was begun, which a reader may not
        return _connect(path, key, read_only=True)
    return cast(sqlite3.Connection, connection)


def _was_being_made(path: Path, error: BaseException) -> bool:
    """Whether a first transaction, still before the WAL, was cut off and left its journal."""
    has_journal = path.with_name(path.name + "-journal").exists()
    return isinstance(error, SqlError) and _code(error) == _READONLY and has_journal


def check_schema(path: Path, key: bytes, migrations: Migrations) -> None:
    """Look, without writing, whether this program may write to the file."""
    connection = _connect(path, key, read_only=True)
    try:
        db = Store(connection)
        steps = applied(db, migrations.name)
        tables = set(db.table_names()) - {"_sqlite_migrations"}
        if not tables:
            return  # killed while it was being made
        if _number(connection, "application_id") != APPLICATION_ID or not steps:
            raise StoreError(f"{path}: is not a store of this program")
        known = [step.name for step in migrations.pending(db)]
        unknown = set(steps) - _names(migrations)
        if unknown or _number(connection, "user_version") > len(steps) + len(known):
            raise StoreError(
                f"{path}: was written by a newer version of this program"
                f" ({', '.join(sorted(unknown)) or 'its version number is higher'}); it is left as it is"
            )
    finally:
        connection.close()


def pending(path: Path, key: bytes, migrations: Migrations) -> list[str]:
    """The migrations that an existing store has still to go through; none for an empty one."""
    connection = _connect(path, key, read_only=True)
    try:
        db = Store(connection)
        if not applied(db, migrations.name):
            return []
        return [step.name for step in migrations.pending(db)]
    finally:
        connection.close()


def _names(migrations: Migrations) -> set[str]:
    with_nothing_applied = Database(driver.connect(":memory:"), execute_plugins=False)
    try:
        return {step.name for step in migrations.pending(with_nothing_applied)}
    finally:
        with_nothing_applied.close()


def _prepared(connection: sqlite3.Connection, migrations: Migrations) -> Database:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "journal_size_limit=67108864"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if _number(connection, "application_id") != APPLICATION_ID:  # before the first table: a kill may follow
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    db = Store(connection)
    migrations.apply(db)
    version = len(applied(db, migrations.name))
    if _number(connection, "user_version") != version:
        connection.execute(f"PRAGMA user_version={version}")
    return db


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _code(error: Any) -> int:
    return int(getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _explained(path: Path, error: SqlError) -> StoreError | Unavailable:
    if unavailable(error):
        return Unavailable(f"{path}: cannot be used now ({error})")
    if _code(error) == _NOTADB:
        return StoreError(f"{path}: the key does not open it, or it is damaged ({error})")
    return StoreError(f"{path}: is damaged ({error})")
