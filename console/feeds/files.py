"""A file as the messages that a feed reads: whole, line by line, or a table in pieces with its header."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from pathlib import Path

from console.errors import Unavailable
from console.feeds.polling import topic_of
from console.feeds.posts import Message
from console.formats import csv_text
from console.formats.json_text import MAX_BYTES
from console.settings import Feed

_TABLES = (".csv", ".tsv", ".tab")
_LINES = (".ndjson", ".jsonl")
_WHOLE = 64 * 1024  # bytes up to which a table stays as it came


def messages(path: Path, name: str, feed: Feed, encodings: tuple[str, ...]) -> Iterator[Message]:
    """(topic, payload) of all that stands in the file, in its order, whatever its size.

    A form that cannot be parted is read up to its limit and one byte, so that
    its decoder says that it is too large. Raises Unavailable where the file
    cannot be read (any more).
    """
    topic = topic_of(name, feed, shown(path.stem if feed.mappings else path.name))
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(512)
            if path.suffix.lower() in _LINES:
                file.seek(0)
                for line in iter(lambda: file.readline(MAX_BYTES + 1), b""):
                    if line.strip():
                        yield topic, line.strip()
                return
            if size <= _WHOLE or not is_table(path, head):
                yield topic, head + file.read(MAX_BYTES + 1 - len(head))
                return
        for _, piece in csv_text.pieces(path, encodings):
            yield topic, piece
    except OSError as error:
        raise Unavailable(f"{shown(path.name)}: cannot be read ({error.strerror})") from error


def is_table(path: Path, head: bytes) -> bool:
    """Whether the file is rows under a header, by its name or by its beginning."""
    begun = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return begun not in (b"{", b"[", b"<") and (path.suffix.lower() in (*_TABLES, ".txt", ""))


def shown(name: str) -> str:
    """A file's name as text for people: composed Hangul; bytes that are no text become �."""
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", text)
