"""What a feed would make of files: an integrator's first tool. Needs no broker and no store."""

from __future__ import annotations

import base64
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
    feed_name: str,
    settings: Settings,
    topic: str | Sequence[str],
    files: Sequence[Path],
    clock: Clock | None = None,
) -> Iterator[dict[str, Any]]:
    """One plain dict per record: `kind` and the record's fields, with `file` (and `line`).

    `topic` is that of all files, or one for each in their order. Without one a
    topic is made that fits the feed's first pattern, with the file's name as the
    source, and each dict says so in `topic_assumed`. A line of a file of lines
    may bring its own: {"topic": …, "payload": … or "payload_b64": …}. Raises
    SettingsError for an unknown feed, before the first file is opened, and for
    a file that cannot be read. A file that is no message (map layers, tiles,
    clips, with a feed of kind `register` also tables) is described instead.
    """
    feed = settings.feeds.get(feed_name)
    if feed is None:
        known = ", ".join(settings.feeds) or "none is defined"
        raise SettingsError(f"There is no feed {feed_name!r}; allowed: {known}")
    reader = decoder(feed_name, feed, settings.site.encodings)
    given = [topic] * len(files) if isinstance(topic, str) else list(topic)
    if len(given) == 1 or not given:
        given = (given or [""]) * len(files)
    if len(given) != len(files):
        raise SettingsError(f"{len(given)} topics for {len(files)} files: give one, or one for each file")
    pairs = list(zip(given, files, strict=True))
    return _all(reader, feed, pairs, clock or SystemClock(), settings.site.encodings)


def _all(
    reader: Decoder,
    feed: Feed,
    pairs: Sequence[tuple[str, Path]],
    clock: Clock,
    encodings: Sequence[str],
) -> Iterator[dict[str, Any]]:
    for topic, path in pairs:
        form = form_of(path, register=feed.kind == "register")
        if form is not None:
            for each in described(path, form, encodings, feed.register):
                yield each | {"file": _readable(str(path))}
            continue
        for line, payload in _messages(path):
            own, content = _own_topic(payload) if path.suffix.lower() in LINES else ("", payload)
            used = own or topic or assumed_topic(feed, path.stem)
            for record in reader.decode(used, content, clock.now_ms(), False):
                shown = plain(record) | {"file": _readable(str(path))}
                if line is not None:
                    shown["line"] = line
                shown["topic"] = _readable(used)
                if not (own or topic):
                    shown["topic_assumed"] = True
                yield shown


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    """A recorded message: one line of a replay."""

    topic: str
    payload: msgspec.Raw = msgspec.Raw(b"")
    payload_b64: str | None = None
    after_ms: float = 0
    retain: bool = False


_read_line = msgspec.json.Decoder(_Line).decode


def _own_topic(line: bytes) -> tuple[str, bytes]:
    """Topic and payload of a recorded message; no topic, and the line, for any other."""
    if b'"topic"' not in line or b'"payload' not in line:
        return "", line
    try:
        found = _read_line(line)
        if found.payload_b64 is not None:
            return found.topic, base64.b64decode(found.payload_b64, validate=True)
        text = bytes(found.payload)
        said = msgspec.json.decode(text) if text.startswith(b'"') else None
        return found.topic, said.encode() if isinstance(said, str) else text
    except (msgspec.DecodeError, ValueError, RecursionError):
        return "", line


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
