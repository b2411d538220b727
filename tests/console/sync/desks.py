"""Consoles without a screen, for tests: a data folder, its ops engine and its sync."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlite_utils import Database

from console.clock import ManualClock
from console.engine import Engine
from console.incidents import jobs
from console.sync.ports import Central
from console.sync.worker import Sync
from db import blobs, connection, entries, incidents, ops, sync
from db.records import Entry, Head, Incident, Proof


class Context(NamedTuple):
    at_ms: int
    actor: str
    blobs: Path
    district: str = "성동구"


class Desk:
    """One console: acts on incidents, and meets its centre when told to."""

    def __init__(self, folder: Path, central: Central, *, name: str = "console-1", key: bytes = b"") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.central, self.name = folder, central, name
        self.key = key or secrets.token_bytes(32)
        self.clock = ManualClock()
        self.published: list[Any] = []
        self.engine = Engine("ops", self._writer, self.published.extend, self.clock)
        self.engine.start()
        self.engine.call(lambda db: entries.set_identity(db, name) and [])
        self.sync = Sync(
            central, self.engine, self.reader, self.blobs, self.clock, self.published.extend, every_s=0.01
        )

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    def _writer(self) -> Database:
        return connection.open_writer(self.folder / "ops.db", self.key, ops.migrations)

    def reader(self) -> Database:
        return connection.open_reader(self.folder / "ops.db", self.key)

    @contextmanager
    def reading(self) -> Iterator[Database]:
        db = self.reader()
        try:
            yield db
        finally:
            db.close()

    def act(self, job: Any, **args: Any) -> Incident:
        self.clock.advance(1)
        context = Context(self.clock.now_ms(), f"operator of {self.name}", self.blobs)
        incident = self.engine.call(lambda db: job(db, context, **args))[0]
        assert isinstance(incident, Incident)
        return incident

    def open(self, title: str = "공원 화재", **args: Any) -> Incident:
        return self.act(jobs.open_incident, title=title, type="fire", **args)

    def note(self, incident: str, text: str) -> Incident:
        return self.act(jobs.note, incident=incident, text=text)

    def attach(self, incident: str, content: bytes) -> str:
        sha256 = blobs.store(self.blobs, content)
        self.act(jobs.attach, incident=incident, name="snap.jpg", media_type="image/jpeg", sha256=sha256)
        return sha256

    def meet(self) -> None:
        while self.sync.meet():
            pass

    def get(self, incident: str) -> Incident | None:
        with self.reading() as db:
            return incidents.get(db, incident)

    def head(self) -> Head:
        with self.reading() as db:
            return entries.head(db)

    def unsent(self) -> int:
        with self.reading() as db:
            return sync.backlog(db).unsent

    def log(self) -> list[Entry]:
        with self.reading() as db:
            return list(entries.every(db))

    def proof(self) -> Proof:
        return [each for each in self.published if isinstance(each, Proof)][-1]

    def lamp(self, kind: str) -> Any:
        return [each for each in self.published if getattr(each, "kind", "") == kind][-1]

    def close(self) -> None:
        self.central.close()
        self.engine.stop()

    def copy(self, folder: Path, central: Central) -> Desk:
        """A second console on a copy of this one's data folder, as a careless hand makes it."""
        self.engine.stop()
        shutil.copytree(self.folder, folder)
        return Desk(folder, central, name=self.name, key=self.key)
