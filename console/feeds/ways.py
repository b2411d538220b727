"""How feeds come that no broker brings: the door for posts, the polls, the folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from console.clock import Clock
from console.feeds.ingest import Ingest
from console.feeds.listening import Listening
from console.feeds.polling import Polling
from console.feeds.watching import Watching
from console.settings import Feed, Settings


class Ways:
    """Those of one core. `start` and `stop` once each, between the start and the stop of its ingest."""

    def __init__(self, settings: Settings, ingest: Ingest, clock: Clock, base: Path) -> None:
        feeds: Mapping[str, Feed] = settings.feeds
        self.goes: list[Polling | Watching] = [  # what we go to ourselves
            Polling(name, feed, ingest, clock, base, settings.site.timezone, settings.site.encodings)
            for name, feed in feeds.items()
            if feed.via == "poll"
        ]
        self.goes += [
            Watching(name, feed, ingest, clock, base, settings.site.encodings)
            for name, feed in feeds.items()
            if feed.via == "folder"
        ]
        self.listening = Listening(settings.listen, feeds, ingest, clock, base)

    def start(self) -> None:
        """Begin."""
        self.listening.start()
        for each in self.goes:
            each.start()

    def stop(self) -> None:
        """End; what was not committed stays where it came from."""
        for each in self.goes:
            each.halt()
        for each in self.goes:
            each.stop()
        self.listening.stop()
