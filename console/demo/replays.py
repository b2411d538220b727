"""What the demo plays besides its simulated district: the packs' own replay files, at their own speed.

They begin so late in their stories that the first minutes are calm and something happens soon
after; a calm day plays their quiet beginning over and over.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from console.demo.district import Message, Story
from console.packs import load, replay, samples
from console.packs.tables import Pack
from console.settings import Feed
from db.asset_records import Asset

PACKS = ("traffic", "structure", "crosswalk", "people", "cctv")
"""Their sources are their own, so that no rule of theirs meets what the district sends."""

BEGIN_MS = 28 * 60_000  # nothing happens in any of the files before
ROUND_MS = 10 * 60_000  # by then every device has reported once


class Replays:
    """The files' messages by the time since the demo began; each begins again when it is over."""

    def __init__(self, story: Story) -> None:
        self._files = [
            list(replay.lines(path))
            for path in (load.replay_path(path, pack) for path, pack in load.chosen(PACKS, None))
            if path is not None
        ]
        self._calm = story == "calm"
        self._begun_ms: int | None = None
        self._told_ms = 0

    def messages(self, now_ms: int) -> list[Message]:
        """What was due since the last call; the first time the last round, as of its own times."""
        if self._begun_ms is None:
            self._begun_ms = self._told_ms = now_ms
            return self._between(now_ms - ROUND_MS, now_ms)
        since_ms, self._told_ms = self._told_ms, max(now_ms, self._told_ms)
        return self._between(since_ms, now_ms)

    def _between(self, since_ms: int, until_ms: int) -> list[Message]:
        begun_ms = (self._begun_ms or 0) - BEGIN_MS
        found = [
            (at_ms, line)
            for file in self._files
            for at_ms, line in self._due(file, begun_ms, since_ms, until_ms)
        ]
        found.sort(key=lambda each: each[0])
        return [Message(line.topic, line.bytes_at(at_ms)) for at_ms, line in found]

    def _due(
        self, file: list[replay.Line], begun_ms: int, since_ms: int, until_ms: int
    ) -> Iterator[tuple[int, replay.Line]]:
        """The lines with since_ms < time <= until_ms, in whichever round of the file."""
        length = BEGIN_MS if self._calm else file[-1].after_ms + 60_000
        first = (since_ms - begun_ms) // length
        for turn in range(first, (until_ms - begun_ms) // length + 1):
            for line in file:
                at_ms = begun_ms + turn * length + line.after_ms
                if line.after_ms < length and since_ms < at_ms <= until_ms:
                    yield at_ms, line


def packs() -> list[Pack]:
    """The packs whose files are played."""
    return [pack for _, pack in load.chosen(PACKS, None)]


def feeds() -> dict[str, Feed]:
    """Their feeds, as their packs have them."""
    return samples.feeds(packs())


def assets(district: str) -> list[Asset]:
    """Their facilities and devices, under this district."""
    return [
        replace(each, parent=district) if each.kind == "facility" else each
        for each in samples.assets(packs())
        if each.kind != "district"
    ]
