"""Importing a file by hand: what would come of it, and a report of what came of it.

What a person imports is of the past (`Flag.HISTORICAL`): it is stored and
raises no alarm. The file is read as one in a feed's folder would be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import TimeoutError as NotInTime
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from console.clock import Clock
from console.decode import plain
from console.errors import Refused, Unavailable
from console.feeds.batch import classify_bytes
from console.feeds.files import messages, shown
from console.feeds.posts import Message
from console.feeds.watching import batches
from console.formats.decoders import Decoder, decoder
from console.running import Running
from console.settings import Feed
from console.tasks import Task
from db.records import Decoded, Flag, SetAside
from db.workings import Progress

PREVIEWED = 40  # messages of a preview; a table's pieces have some thousand rows each
PREVIEW_S = 5.0
EXAMPLES = 5
_COMMIT_S = 120.0
_REPORTS = 20

Line = Annotated[str, Meta(min_length=1, max_length=4000)]


class OneFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which file on the core's machine, read by which feed's form."""

    path: Line
    feed: Annotated[str, Meta(max_length=64)]


class OneReport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str


class Report(msgspec.Struct):
    """What is in a file; `whole` is False where only its beginning was looked at.

    `rows` counts rows of a table, and messages of other forms. `records` by
    kind, `reasons` of what was set aside, each with how often. `stored` and
    `known` count messages, once they were imported.
    """

    path: str
    feed: str
    whole: bool = True
    rows: int = 0
    messages: int = 0
    records: dict[str, int] = {}
    reasons: dict[str, int] = {}
    examples: list[dict[str, Any]] = []
    faults: list[dict[str, Any]] = []
    stored: int = 0
    known: int = 0
    set_aside: int = 0


class _Count:
    """Fills a report, message by message."""

    def __init__(self, path: Path, feed: str, reader: Decoder, clock: Clock) -> None:
        self.report = Report(shown(str(path)), feed)
        self._reader, self._clock = reader, clock
        self._records: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()

    def look(self, message: Message) -> None:
        """Decode one and count what is in it."""
        topic, payload = message
        self.report.messages += 1
        self.report.rows += _rows(payload)
        for record in classify_bytes(self._reader, topic, payload, self._clock.now_ms()):
            self._count(record)
        self.report.records, self.report.reasons = dict(self._records), dict(self._reasons)

    def _count(self, record: Decoded) -> None:
        if isinstance(record, SetAside):
            self._reasons[record.reason] += 1
            if len(self.report.faults) < EXAMPLES * 2:
                self.report.faults.append({"reason": record.reason, "detail": record.detail})
            return
        self._records[type(record).__name__] += 1
        if len(self.report.examples) < EXAMPLES:
            self.report.examples.append(plain(record))


def preview(path: Path, name: str, feed: Feed, encodings: tuple[str, ...], clock: Clock) -> Report:
    """What the beginning of a file would become; nothing is stored. Raises Unavailable, SettingsError."""
    count = _Count(path, name, decoder(name, feed, encodings), clock)
    end_s = clock.monotonic_s() + PREVIEW_S
    for number, message in enumerate(messages(path, name, feed, encodings)):
        if number >= PREVIEWED or clock.monotonic_s() > end_s:
            count.report.whole = False
            break
        count.look(message)
    return count.report


class Importing:
    """The imports of one core; any thread may call."""

    def __init__(self, core: Running) -> None:
        self._core = core
        self._reports: dict[str, Report] = {}

    def acts(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any, str], Any]]]:
        """Its commands by name."""
        return {"import.start": (OneFile, lambda args, actor: self.start(args))}

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its questions by name."""
        return {"import.preview": (OneFile, self.preview), "import.report": (OneReport, self.report)}

    def preview(self, args: OneFile) -> Report:
        """What the file would become."""
        path, feed = self._asked(args)
        return preview(path, args.feed, feed, self._core.settings.site.encodings, self._core.clock)

    def report(self, args: OneReport) -> Report:
        """What became of an import that has ended, or of what is imported so far."""
        found = self._reports.get(args.id)
        if found is None:
            raise Refused("There is no report of this import any more")
        return found

    def start(self, args: OneFile) -> Progress:
        """Begin; the task's text is `rows stored known set_aside`, four numbers."""
        path, feed = self._asked(args)
        encodings = self._core.settings.site.encodings
        count = _Count(path, args.feed, decoder(args.feed, feed, encodings), self._core.clock)
        progress = self._core.tasks.start(
            "import", lambda task: self._run(task, path, args.feed, feed, count)
        )
        self._reports[progress.id] = count.report
        while len(self._reports) > _REPORTS:
            del self._reports[next(iter(self._reports))]
        return progress

    def _asked(self, args: OneFile) -> tuple[Path, Feed]:
        feed = self._core.ingest.feeds.get(args.feed)
        if feed is None:
            raise Refused(f"There is no feed {args.feed!r}; allowed: {', '.join(self._core.ingest.feeds)}")
        path = Path(args.path)
        try:
            if not path.is_absolute() or not path.is_file():
                raise Refused(f"{shown(args.path)}: is no file on this machine")
        except (OSError, ValueError) as error:
            raise Refused(f"{shown(args.path)[:200]}: cannot be read ({error})") from error
        return path, feed

    def _run(self, task: Task, path: Path, name: str, feed: Feed, count: _Count) -> str:
        report, size, read = count.report, max(1, path.stat().st_size), 0
        for some in batches(self._looked(messages(path, name, feed, self._encodings), count)):
            future = self._core.ingest.deliver(name, some, flags=Flag.HISTORICAL)
            try:
                done = future.result(_COMMIT_S)
            except NotInTime as error:
                future.cancel()
                raise Unavailable("The store is busy; what was imported stays, import it again") from error
            report.stored += done.stored
            report.known += done.duplicate
            report.set_aside += done.set_aside
            read += sum(len(payload) for _, payload in some)
            task.at(min(read, size), size, _said(report))
        task.at(size, size, _said(report))
        return ""

    @property
    def _encodings(self) -> tuple[str, ...]:
        return self._core.settings.site.encodings

    def _looked(self, all_: Iterator[Message], count: _Count) -> Iterator[Message]:
        for message in all_:
            count.look(message)
            yield message


def _said(report: Report) -> str:
    return f"{report.rows} {report.stored} {report.known} {report.set_aside}"


def _rows(payload: bytes) -> int:
    """Rows of a table, without its header; 1 for every other message."""
    head = payload[:200].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return max(1, payload.rstrip().count(b"\n")) if head not in (b"{", b"[", b"<") else 1
