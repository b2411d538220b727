"""The forms that a feed can have, and the feeds that are set up: what `gwanje feeds` prints."""

from __future__ import annotations

import tomllib
import typing
from collections.abc import Iterator
from pathlib import Path

import click

from console.cli import print_json
from console.settings import load
from console.settings_tables import Feed

_RESOURCES = Path(__file__).resolve().parent.parent / "resources"


def listed(folder: Path, given: Path | None, language: str) -> Iterator[dict[str, str]]:
    """The forms, one line each, then the feeds of the site's settings and the shipped ones.

    A form's `feed` is "", a feed's `origin` the file that describes it. Raises
    SettingsError where the given file cannot be read.
    """
    words = tomllib.loads((_RESOURCES / "words" / "forms.toml").read_text(encoding="utf-8"))["form"]
    for kind in kinds():
        yield {"kind": kind, "feed": "", "origin": "", "text": words.get(kind, {}).get(language, kind)}
    own = given or folder / "settings.toml"
    shipped = sorted((_RESOURCES / "settings").glob("*.toml"))
    for path in [own] * (given is not None or own.is_file()) + shipped:
        for name, feed in load(path).feeds.items():
            topics = ", ".join(feed.topics)
            yield {"kind": feed.kind, "feed": name, "origin": str(path), "text": topics}


def kinds() -> tuple[str, ...]:
    """Every form that a feed can have."""
    found: tuple[str, ...] = typing.get_args(typing.get_type_hints(Feed)["kind"])
    return found


def print_feeds(folder: Path, given: Path | None, language: str, as_json: bool) -> int:
    """The forms, then the feeds under them; 0."""
    rows = list(listed(folder, given, language))
    if as_json:
        print_json(rows)
        return 0
    wide = max(len(row["feed"] or row["kind"]) for row in rows)
    for row in rows:
        if row["feed"]:
            click.echo(f"  {row['feed']:{wide}}  {row['kind']}  {row['text']}  ({row['origin']})")
        else:
            click.echo(f"{row['kind']:{wide}}  {row['text']}")
    return 0
