"""Reading again: the feeds' forms from the settings file, and by them what was set aside or kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console import settings
from console.decode import plain
from console.errors import Refused
from console.feeds.batch import classify_bytes
from console.feeds.retry import Wanted, retry
from console.packs.joining import joined
from console.running import Running
from db import raw
from db.workings import Progress

Line = Annotated[str, Meta(max_length=200)]
_ANSWER_S = 30.0
_MOST = 1000  # records of one message that are shown


class NoArgs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which set-aside messages: of a feed, with a reason, of these numbers."""

    feed: Line | None = None
    reason: Line | None = None
    ids: Annotated[tuple[int, ...], Meta(max_length=10_000)] | None = None


class OneRaw(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    raw: int


class Rereading:
    """For one core; any thread may call. `origin` is the settings file, None where there is none."""

    def __init__(self, core: Running, origin: Path | None) -> None:
        self._core, self._origin = core, origin

    def acts(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any, str], Any]]]:
        """Its commands by name."""
        return {
            "feeds.reload": (NoArgs, lambda args, actor: self.reload()),
            "quarantine.retry": (Retry, lambda args, actor: self.retry(args)),
        }

    def reload(self) -> list[str]:
        """Take the feeds' forms from the settings file; their names. Raises SettingsError, or Refused."""
        if self._origin is None:
            raise Refused("This console was started without a settings file")
        feeds = joined(settings.load(self._origin), self._origin.parent).feeds
        self._core.ingest.reload(feeds).result(_ANSWER_S)
        return list(feeds)

    def retry(self, asked: Retry) -> Progress:
        """Begin to read set-aside messages again; see `console.feeds.retry`."""
        ids = None if asked.ids is None else frozenset(asked.ids)
        wanted = Wanted(asked.feed, asked.reason, ids)
        ingest = self._core.ingest
        readers = ingest.readers()
        return self._core.tasks.start("retry", lambda task: retry(task, wanted, readers, ingest.submit))

    def decode_again(self, asked: OneRaw) -> list[dict[str, Any]]:
        """What the present forms make of a kept message, as `gwanje decode` prints it."""
        db = self._core.open_feed_reader()
        try:
            message = raw.get(db, asked.raw)
        finally:
            db.close()
        if message is None:
            raise Refused("This message is not kept any more; newer ones took its place")
        if message.size > len(message.payload):
            raise Refused(f"Only the first {len(message.payload)} of its {message.size} bytes were kept")
        reader = self._core.ingest.readers().get(message.feed)
        if reader is None:
            raise Refused(f"There is no feed {message.feed} any more")
        found = classify_bytes(reader.decoder, message.topic, message.payload, message.received_ms)
        return [plain(each) for each in found[:_MOST]]
