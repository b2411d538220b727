"""What the tests of the feeds share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from console.clock import SystemClock
from console.feeds.ingest import Ingest
from console.settings import Broker, Feed, Mapped, MappedEvent, Mapping
from db import connection, feed
from db.readings import StoredReading
from db.records import FeedCount, Lamp, Latest, Quarantined

KEY = bytes(range(32))

NUMBERED = Feed(
    topics=("t/#",),
    mappings=(
        Mapping(
            topic="t/{source}",
            time="at",
            time_format="epoch_ms",
            values=(Mapped(quantity="n", value="n"),),
        ),
    ),
)
"""A feed of `{"at": ms, "n": number}` on t/SOURCE."""


def writer(folder: Path) -> Database:
    """feed.db of a test, for writing."""
    return connection.open_writer(folder / "feed.db", KEY, feed.migrations)


def reader(folder: Path) -> Database:
    """feed.db of a test, for looking."""
    return connection.open_reader(folder / "feed.db", KEY)


class Console:
    """An ingest, and everything it told, to be waited for."""

    def __init__(
        self,
        folder: Path,
        brokers: dict[str, Broker],
        feeds: dict[str, Feed],
        open_db: Callable[[], Database] | None = None,
        *,
        quarantine_keep: int = 100_000,
    ) -> None:
        self.told: list[Any] = []
        self.committed: list[StoredReading] = []
        self._changed = threading.Condition()
        self.ingest = Ingest(
            brokers,
            feeds,
            open_db or (lambda: writer(folder)),
            SystemClock(),
            self._publish,
            self._on_committed,
            "console-1",
            quarantine_keep=quarantine_keep,
        )

    def __enter__(self) -> Console:
        self.ingest.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.ingest.stop(), "the ingest did not end"

    def _publish(self, records: list[Any]) -> None:
        with self._changed:
            self.told += records
            self._changed.notify_all()

    def _on_committed(self, new: list[StoredReading]) -> None:
        with self._changed:
            self.committed += new
            self._changed.notify_all()

    def wait_for(self, claim: Callable[[], bool], what: str, timeout: float = 20.0) -> None:
        """Wait until `claim` holds after something was told."""
        with self._changed:
            assert self._changed.wait_for(claim, timeout), f"{what}; last told: {self.told[-5:]}"

    def lamp(self, kind: str, name: str) -> Lamp | None:
        """The newest lamp of that kind and name."""
        found = [
            each for each in self.told if isinstance(each, Lamp) and (each.kind, each.name) == (kind, name)
        ]
        return found[-1] if found else None

    def counts(self, name: str) -> FeedCount:
        """The newest counts of a feed."""
        found = [each for each in self.told if isinstance(each, FeedCount) and each.feed == name]
        return found[-1] if found else FeedCount(feed=name, received=0, stored=0, quarantined=0, duplicate=0)

    def wait_connected(self, name: str = "main") -> None:
        """Wait for the first heartbeat that came back."""

        def proved() -> bool:
            lamp = self.lamp("broker", name)
            return lamp is not None and lamp.state == "ok"

        self.wait_for(proved, f"broker {name} did not prove itself")

    def wait_received(self, name: str, count: int, timeout: float = 30.0) -> None:
        """Wait until the feed has received so many messages."""
        self.wait_for(lambda: self.counts(name).received >= count, f"{name} did not receive {count}", timeout)

    def latest(self) -> list[Latest]:
        """Every newest value that was told."""
        return [each for each in self.told if isinstance(each, Latest)]

    def quarantined(self) -> list[Quarantined]:
        """Every message that was told to be set aside."""
        return [each for each in self.told if isinstance(each, Quarantined)]


EVENTS = Feed(
    topics=("e/#",),
    priority=True,
    mappings=(
        Mapping(
            topic="e/{source}",
            time="at",
            time_format="epoch_ms",
            values=(Mapped(quantity="alarm", value="n"),),
            events=(MappedEvent(type="'fire'", key="id", when="id"),),
        ),
    ),
)
"""A feed with priority of `{"at": ms, "n": number, "id": text}` on e/SOURCE."""
