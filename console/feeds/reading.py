"""The feeds of a settings file, ready to read messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from console.feeds.batch import FeedReader, feed_reader
from console.formats.decoders import decoder
from console.settings import Feed


def readers_of(feeds: Mapping[str, Feed], encodings: Sequence[str]) -> dict[str, FeedReader]:
    """A reader per feed, by name; raises SettingsError for tables that cannot work."""
    return {name: feed_reader(name, feed, decoder(name, feed, encodings)) for name, feed in feeds.items()}
