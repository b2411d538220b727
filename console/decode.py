"""What a feed would make of files: an integrator's first tool. Needs no broker and no store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from console.clock import Clock, SystemClock
from console.describe import described, form_of
from console.errors import SettingsError
from console.formats import csv_text, topics
from console.formats.decoders import Decoder, decoder
from console.settings import Feed, Settings
from db.records import Decoded, Event, Mark, PlateRead, Reading

LINES = {".ndjson", ".jsonl"}
"""Files of these kinds hold one message per line; of any other kind a file is one message."""


def decode_files(
    feed_name: str, settings: Settings, topic: str, files: Sequence[Path], clock: Clock | None = None
) -> Iterator[dict[str, Any]]:
    """One plain dict per record: `kind` and the record's fields, with `file` (and `line`).

    Without `topic` one is made that fits the feed's first pattern, with the
    file's name as the source, and each dict says so in `topic_assumed`. Raises
    SettingsError for an unknown feed, before the first file is opened, and for
    a file that cannot be read. A file that is no message (map layers, tiles,
    clips, with a feed of kind `register` also tables) is described instead.
    """
    feed = settings.feeds.get(feed_name)
    if feed is None:
        known = ", ".join(settings.feeds) or "none is defined"
        raise SettingsError(f"There is no feed {feed_name!r}; allowed: {known}")
    reader = decoder(feed_name, feed, settings.site.encodings)
    return _all(reader, feed, topic, files, clock or SystemClock(), settings.site.encodings)


def _all(
    reader: Decoder, feed: Feed, topic: str, files: Sequence[Path], clock: Clock, encodings: Sequence[str]
) -> Iterator[dict[str, Any]]:
    for path in files:
        form = form_of(path, register=feed.kind == "register")
        if form is not None:
            for each in described(path, form, encodings, feed.register):
                yield each | {"file": _readable(str(path))}
            continue
        used = topic or assumed_topic(feed, path.stem)
        for line, payload in _messages(path):
            for record in reader.decode(used, payload, clock.now_ms(), False):
                shown = plain(record) | {"file": _readable(str(path))}
                if line is not None:
                    shown["line"] = line
                shown["topic"] = _readable(used)
                if not topic:
                    shown["topic_assumed"] = True
                yield shown


def assumed_topic(feed: Feed, stem: str) -> str:
    """A topic of this feed for a message of which only the file's name is known."""
    text = feed.mappings[0].topic if feed.mappings else next(iter(feed.topics), "")
    if not text:  # what comes by no broker has no topic
        return stem.replace("/", "_") or "file"
    return topics.fitting(text, stem.replace("/", "_") or "file")


def _readable(text: str) -> str:
    """A name from the system as text; bytes that are none show as �."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def plain(record: Decoded) -> dict[str, Any]:
    """A record as JSON: `kind`, then every field, defaults included."""
    match record:
        case Reading():
            kind = "reading"
        case Event():
            kind = "event"
        case PlateRead():
            kind = "plate"
        case Mark():
            kind = "mark"
        case _:
            kind = "set_aside"
    fields = {name: msgspec.to_builtins(getattr(record, name)) for name in record.__struct_fields__}
    return {"kind": kind, **fields}


def _messages(path: Path) -> Iterator[tuple[int | None, bytes]]:
    """The messages of a file with their line numbers; None for a file that is one message.

    A large CSV file is cut into messages; the number is that of a message's first row.
    """
    if path.suffix.lower() == ".csv" and path.stat().st_size > csv_text.PIECE_BYTES:
        yield from csv_text.pieces(path)
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from error
    if path.suffix.lower() not in LINES:
        yield None, content
        return
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            yield number, line
