"""Makes the backfill of a core from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sqlite_utils import Database

from console.clock import Clock
from console.feeds.ingest import Ingest
from console.formats.decoders import decoder
from console.gaps.asking import Question
from console.gaps.backfill import Backfill, Source
from console.settings import Feed
from console.worker import Worker

_PATIENCE_S = 5.0  # an answer under way; what comes later is not stored any more


class Backfilling:
    """The thread that asks, where a feed can be asked. `start` and `stop` once each."""

    def __init__(
        self,
        feeds: Mapping[str, Feed],
        ingest: Ingest,
        open_reader: Callable[[], Database],
        clock: Clock,
        *,
        base: Path,
        encodings: Sequence[str],
    ) -> None:
        self._questions: list[Question] = []
        sources: dict[str, Source] = {}
        for name, feed in feeds.items():
            if feed.backfill is not None:
                question = Question(name, feed.backfill, clock, base)
                self._questions.append(question)
                sources[name] = Source(feed, question, decoder(name, feed, tuple(encodings)))
        self._backfill = Backfill(sources, ingest.ledger, ingest.submit, open_reader, clock)
        self._worker = Worker("backfill", self._backfill.step) if sources else None

    def start(self) -> None:
        """Begin to ask."""
        if self._worker is not None:
            self._worker.start()

    def again(self, gap_id: int, feed: str) -> None:
        """Ask for this gap now; any thread."""
        self._backfill.again(gap_id, feed)
        if self._worker is not None:
            self._worker.kick()

    def stop(self) -> None:
        """End the thread and its connections. Twice is harmless."""
        if self._worker is not None:
            self._worker.stop(_PATIENCE_S)
        for question in self._questions:
            question.close()
