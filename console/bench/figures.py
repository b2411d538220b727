"""The figures by name; each module measures one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from console.errors import Refused


def run(name: str, *, quick: bool) -> dict[str, Any]:
    """Measure a figure: name, value, reach, holds (whether it reaches), parts; raises Refused."""
    measure = _FIGURES.get(name.lower())
    if measure is None:
        raise Refused(f"There is no figure {name!r}; known are {', '.join(sorted(_FIGURES))}")
    return measure(quick)


def _ingest(quick: bool) -> dict[str, Any]:
    from console.bench.ingest import run as measure

    return measure(quick)


def _pixel(quick: bool) -> dict[str, Any]:
    from console.bench.pixel import run as measure

    return measure(quick)


def _sync(quick: bool) -> dict[str, Any]:
    from console.bench.sync import run as measure

    return measure(quick)


def _memory(quick: bool) -> dict[str, Any]:
    from console.bench.memory import run as measure

    return measure(quick)


def _city(quick: bool) -> dict[str, Any]:
    from console.bench.city import run as measure

    return measure(quick)


def _storage(quick: bool) -> dict[str, Any]:
    from console.bench.storage import run as measure

    return measure(quick)


def _first_paint(quick: bool) -> dict[str, Any]:
    from console.bench.first_paint import run as measure

    return measure(quick)


def _cold_start(quick: bool) -> dict[str, Any]:
    from console.bench.cold_start import run as measure

    return measure(quick)


def _map(quick: bool) -> dict[str, Any]:
    from console.bench.map_frames import run as measure

    return measure(quick)


def _alarm_flood(quick: bool) -> dict[str, Any]:
    from console.bench.alarm_flood import run as measure

    return measure(quick)


def _alarm_flood_with_tiles(quick: bool) -> dict[str, Any]:
    from console.bench.alarm_flood import run_with_tiles as measure

    return measure(quick)


_FIGURES: dict[str, Callable[[bool], dict[str, Any]]] = {
    "b1": _ingest,
    "ingest": _ingest,
    "b2": _pixel,
    "pixel": _pixel,
    "b3": _storage,
    "b4": _first_paint,
    "b6": _map,
    "b7": _alarm_flood,
    "b7-tiles": _alarm_flood_with_tiles,
    "b8": _sync,
    "b9": _cold_start,
    "b10": _memory,
    "b50k": _city,
    "memory": _memory,
    "city": _city,
    "sync": _sync,
}
