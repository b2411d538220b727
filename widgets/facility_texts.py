"""How the figures of facilities are written, and the columns of their tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from db.asset_records import Asset, Condition, DeviceHealth, FacilityHealth
from db.records import Latest
from widgets import theme
from widgets.figures import plain
from widgets.health_model import value_text
from widgets.table import Column
from widgets.words import Words

SPANS = ("shift", "week", "month")
Assets = Callable[[], Mapping[str, Asset]]
_MOST_MS = 10**15  # sorts what has no figure after all that has one
_UNSURE = 0.95  # below this share of known time the figure says how little it rests on


def share(words: Words, availability: float | None, known: float) -> str:
    """`99.2 %`; with how much of the time is known where that is not all, or that nothing is."""
    if availability is None:
        return words.text("facility.nothing_known")
    figure = f"{availability * 100:.1f} %" if availability < 0.99995 else "100 %"
    if known >= _UNSURE:
        return figure
    percent = f"{known * 100:.0f}" if known >= 0.01 else "<1"
    return words.text("facility.known", share=figure, known=percent)


def span(words: Words, ms: float | None) -> str:
    """A length of time in words; `—` for none."""
    return words.age(ms / 1000) if ms else "—"


def facility_columns(words: Words, assets: Assets, name: Callable[[str], str]) -> tuple[Column, ...]:
    """The columns of the list of facilities."""

    def asset(row: FacilityHealth) -> Asset:
        return assets().get(row.id) or Asset(row.id, "facility", row.id)

    def inspect_by(row: FacilityHealth) -> str:
        day = plain(row.inspect_by, 10)
        return words.text("facility.overdue", day=day) if row.is_overdue else day or "—"

    return (
        Column(
            "facility.name",
            lambda row: name(row.id),
            icon=lambda row: theme.condition_icon(row.condition, 16, row.priority),
        ),
        Column("facility.domain", lambda row: domain_word(words, asset(row).domain)),
        Column(
            "facility.condition",
            lambda row: words.text(f"condition.{row.condition.name.lower()}"),
            lambda row: (-int(row.condition), row.priority or 5),
            colour=_condition_colour,
        ),
        Column(
            "facility.availability",
            lambda row: share(words, row.availability, row.known),
            lambda row: 2.0 if row.availability is None else row.availability,
            colour=_availability_colour,
            right=True,
        ),
        _count("facility.failures", lambda row: int(row.failures)),
        Column(
            "facility.mtbf",
            lambda row: span(words, row.mtbf_ms),
            lambda row: row.mtbf_ms or _MOST_MS,
            right=True,
        ),
        Column("facility.down", lambda row: span(words, row.down_ms), lambda row: -row.down_ms, right=True),
        _count("facility.work", lambda row: int(row.open_work)),
        _count("facility.incidents", lambda row: int(row.incidents)),
        Column("facility.grade", lambda row: plain(row.grade, 8) or "—", right=True),
        Column(
            "facility.inspect_by",
            inspect_by,
            lambda row: row.inspect_by or "9999",
            colour=lambda row: theme.PRIORITY[3] if row.is_overdue else None,
            right=True,
        ),
    )  # fmt: skip


def device_columns(
    words: Words, name: Callable[[str], str], seen: Callable[[str], str]
) -> tuple[Column, ...]:
    """The columns of a facility's devices."""
    return (
        Column("facility.device", lambda row: name(row.id)),
        Column(
            "facility.fitness",
            lambda row: words.text(f"facility.fitness_{row.fitness}"),
            lambda row: ("down", "unknown", "up").index(row.fitness),
            colour=lambda row: theme.PRIORITY[2] if row.fitness == "down" else None,
        ),
        Column("facility.seen", lambda row: seen(row.id), right=True),
        Column(
            "facility.availability",
            lambda row: share(words, row.availability, row.known),
            lambda row: 2.0 if row.availability is None else row.availability,
            colour=_availability_colour,
            right=True,
        ),
        _count("facility.failures", lambda row: int(row.failures)),
        Column("facility.down", lambda row: span(words, row.down_ms), lambda row: -row.down_ms, right=True),
    )  # fmt: skip


def channel_columns(
    words: Words,
    name: Callable[[str], str],
    value: Callable[[str], Latest | None],
    now_ms: Callable[[], int],
) -> tuple[Column, ...]:
    """The columns of a device's channels; their rows are assets."""

    def age(channel: Asset) -> str:
        latest = value(channel.id)
        return words.age((now_ms() - latest.received_ms) / 1000) if latest is not None else "—"

    def told(channel: Asset) -> str:
        latest = value(channel.id)
        return plain(value_text(words, latest), 60) if latest is not None else words.text("facility.no_value")

    return (
        Column("facility.channel", lambda channel: name(channel.id)),
        Column("facility.value", told, right=True),
        Column("facility.age", age, right=True),
    )


def domain_word(words: Words, domain: str) -> str:
    """A domain in words; one without a word as it is."""
    key = f"domain.{domain}"
    return words.text(key) if words.has(key) else plain(domain, 30) or "—"


def as_csv(columns: Iterable[Column], words: Words, rows: Iterable[object]) -> bytes:
    """The table as it is shown, for Excel: UTF-8 with a mark at its head.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    columns = tuple(columns)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([words.text(column.title_key) for column in columns])
    writer.writerows([[_harmless(column.text(row)) for column in columns] for row in rows])
    return text.getvalue().encode("utf-8-sig")


def _harmless(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _count(key: str, of: Callable[[Any], int]) -> Column:
    """A column of a number, the largest first; none is a dash."""
    return Column(key, lambda row: str(of(row)) if of(row) else "—", lambda row: -of(row), right=True)


def _condition_colour(row: FacilityHealth) -> str | None:
    if row.condition <= Condition.UNKNOWN:
        return None
    return theme.condition_look(row.condition, row.priority)[1]


def _availability_colour(row: FacilityHealth | DeviceHealth) -> str | None:
    if row.availability is None or row.availability >= 0.99:
        return None
    return theme.PRIORITY[2] if row.availability < 0.9 else theme.PRIORITY[3]
