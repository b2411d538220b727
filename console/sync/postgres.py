"""PostgreSQL as central platform, through the functions of `resources/central/`; the one user of psycopg."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg

from console.errors import ConsoleError, Refused, SettingsError, Unavailable
from console.sync.ports import CHUNK, BlobState, Fork, Gap, Greeting, Moved, Put
from db.entries import FIRST_PREV
from db.records import Entry, Head
from db.sync import Row

CONNECT_S = 5
ANSWER_MS = 30_000
_OPTIONS = {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs"}
_REFUSALS: dict[str, type[ConsoleError]] = {"GW001": Fork, "GW002": Refused, "GW003": Gap, "GW004": Moved}


def connect(url: str, password: str = "", *, database: str = "") -> psycopg.Connection[Any]:
    """A connection on which every statement is its own transaction; gives up after 5 s.

    A silent network is noticed: the kernel drops what is unanswered for about 15 s.
    """
    wanted = _wanted(url, password)
    if database:
        wanted["dbname"] = database
    with speaking(str(wanted.get("password", ""))):
        return psycopg.connect(
            "",
            **wanted,
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name="gwanje",
            client_encoding="utf8",
            options=f"-c statement_timeout={ANSWER_MS}",
            keepalives_idle=5,
            keepalives_interval=3,
            keepalives_count=3,
            tcp_user_timeout=15_000,
        )


def _wanted(url: str, password: str) -> dict[str, Any]:
    """The parts of the URL as libpq wants them; taken apart here, since its own errors repeat the URL."""
    try:
        parts = urlsplit(url)
        port, query = parts.port, dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise SettingsError(
            "central.url: cannot be read; allowed: postgresql://USER@HOST:PORT/DATABASE"
        ) from None
    unknown = set(query) - _OPTIONS
    if unknown:
        raise SettingsError(
            f"central.url: found the option {min(unknown)!r}; allowed: {', '.join(sorted(_OPTIONS))}"
        )
    wanted: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": port or 5432,
        "user": unquote(parts.username or ""),
        "password": password or unquote(parts.password or ""),
        "dbname": unquote(parts.path.removeprefix("/")),
    }
    return {name: value for name, value in wanted.items() if value} | query


@contextlib.contextmanager
def speaking(password: str = "") -> Iterator[None]:
    """Turns what psycopg raises into our errors, and keeps the password out of them."""
    try:
        yield
    except psycopg.Error as error:
        raise _ours(error, password) from None


def _ours(error: psycopg.Error, password: str) -> ConsoleError:
    said = " ".join(str(error).split("CONTEXT:")[0].split())[:300] or type(error).__name__
    if password:
        said = said.replace(password, "***")
    state = error.sqlstate or ""
    kind = _REFUSALS.get(state)
    if kind is not None:
        return kind(f"The central platform refuses: {said}")
    if state[:2] in ("22", "23") or state == "GW005" or (not state and isinstance(error, psycopg.DataError)):
        return Refused(f"The central platform refuses: {said}")
    return Unavailable(f"The central platform does not answer as it should: {said}")


class PostgresCentral:
    """The central platform behind a PostgreSQL; connects when first asked, and again after a failure."""

    def __init__(self, url: str, password: str = "") -> None:
        self._url = url
        self._password = password or str(_wanted(url, "").get("password", ""))
        self._connection: psycopg.Connection[Any] | None = None

    def hello(self) -> Greeting:
        return Greeting(*self._rows("SELECT * FROM gwanje_central.hello()")[0])

    def head(self, device: str, epoch: int) -> Head:
        rows = self._rows("SELECT * FROM gwanje_central.head(%s, %s)", device, epoch)
        return _head(device, epoch, rows)

    def last_epoch(self, device: str) -> int:
        return int(self._rows("SELECT gwanje_central.last_epoch(%s)", device)[0][0])

    def hash_at(self, device: str, epoch: int, seq: int) -> str | None:
        found: str | None = self._rows("SELECT gwanje_central.hash_at(%s, %s, %s)", device, epoch, seq)[0][0]
        return found

    def put_entries(self, entries: Sequence[Entry]) -> Put:
        first = entries[0]
        rows = self._rows(
            "SELECT * FROM gwanje_central.put_entries(%s, %s, %s, %s, %s::text[], %s::text[])",
            first.device,
            first.epoch,
            first.seq,
            first.prev,
            [entry.hash for entry in entries],
            [entry.body for entry in entries],
        )
        head = Head(device=first.device, epoch=first.epoch, count=rows[0][0], hash=rows[0][1])
        return Put(head, [(seq, why) for seq, _, why in rows[1:]])

    def proof(self, device: str, epoch: int) -> Head:
        return _head(device, epoch, self._rows("SELECT * FROM gwanje_central.proof(%s, %s)", device, epoch))

    def entries_after(self, position: int, digest: str, device: str, epoch: int, limit: int) -> list[Row]:
        asked = "SELECT * FROM gwanje_central.entries_after(%s, %s, %s, %s, %s)"
        return [Row(*row) for row in self._rows(asked, position, digest, device, epoch, limit)]

    def blob_state(self, sha256: str) -> BlobState | None:
        rows = self._rows("SELECT * FROM gwanje_central.blob_state(%s)", sha256)
        return BlobState(*rows[0]) if rows else None

    def put_blob(self, sha256: str, size: int, at: int, chunk: bytes) -> int:
        asked = "SELECT gwanje_central.put_blob(%s, %s, %s, %b)"
        return int(self._rows(asked, sha256, size, at, chunk)[0][0])

    def get_blob(self, sha256: str, at: int) -> bytes:
        piece = self._rows("SELECT gwanje_central.get_blob(%s, %s)", sha256, at)[0][0]
        return bytes(piece or b"")[:CHUNK]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _rows(self, statement: str, *args: Any) -> list[tuple[Any, ...]]:
        """Ask one question, which is one transaction; after a failure the connection is not used again."""
        try:
            with speaking(self._password):
                if self._connection is None:
                    self._connection = connect(self._url, self._password)
                return self._connection.execute(statement, args, binary=True).fetchall()
        except Unavailable:
            self.close()
            raise


def _head(device: str, epoch: int, rows: list[tuple[Any, ...]]) -> Head:
    count, digest = rows[0] if rows else (0, None)
    return Head(device=device, epoch=epoch, count=count, hash=digest or FIRST_PREV)
