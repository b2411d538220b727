"""The newest values of one quantity over the district, for a map of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from console.running import Running
from db.asset_records import Asset
from db.records import Flag, Latest

FRESH_S = 900.0  # of a source whose asset does not say after how long it is silent
_NOT_SHOWN = ("bad", "missing", "out_of_range")


class OneQuantity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quantity: Annotated[str, Meta(min_length=1, max_length=200)]


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


class _Place(NamedTuple):
    lon: float
    lat: float
    fresh_s: float


class Values:
    """Answers for one core; any thread may ask."""

    def __init__(self, core: Running, assets: Sequence[Asset]) -> None:
        self._core = core
        self._places = _places(assets)

    def questions(self) -> dict[str, tuple[type[msgspec.Struct], Callable[[Any], Any]]]:
        """Its questions by name."""
        return {
            "map.quantities": (_Args, lambda args: self.quantities()),
            "map.values": (OneQuantity, lambda args: self.values(args.quantity)),
        }

    def quantities(self) -> list[tuple[str, str, int]]:
        """Quantity, unit and number of sources, for all that placed sources report as numbers."""
        found: dict[tuple[str, str], set[str]] = {}
        for latest in self._core.newest.of(Latest):
            if self._is_shown(latest):
                found.setdefault((latest.quantity, latest.unit), set()).add(latest.source)
        most = {}
        for (quantity, unit), sources in sorted(found.items(), key=lambda each: len(each[1])):
            most[quantity] = (quantity, unit, len(sources))  # the unit that most of them have
        return sorted(most.values(), key=lambda each: -each[2])

    def values(self, quantity: str) -> dict[str, Any]:
        """The newest value of each source: doubles in `lon`, `lat`, `value`, `age_s`, `fresh_s` (bytes).

        `fresh_s` is how old a value may be to count in full. Values of another unit
        than most have are left out and counted in `other_unit`.
        """
        newest: dict[str, Latest] = {}
        for latest in self._core.newest.of(Latest):
            if latest.quantity == quantity and self._is_shown(latest):
                known = newest.get(latest.source)
                if known is None or known.observed_ms < latest.observed_ms:
                    newest[latest.source] = latest
        units = [latest.unit for latest in newest.values()]
        unit = max(set(units), key=units.count, default="1")
        shown = [latest for latest in newest.values() if latest.unit == unit]
        now_ms = self._core.clock.now_ms()
        rows = [
            (*self._places[each.source][:2], float(each.value), (now_ms - each.observed_ms) / 1000)
            for each in shown
        ]
        columns = np.array(rows, dtype="<f8").reshape(-1, 4).T
        fresh = np.array([self._places[each.source].fresh_s for each in shown], dtype="<f8")
        return {
            "quantity": quantity,
            "unit": unit,
            "other_unit": len(newest) - len(shown),
            **{
                name: column.tobytes()
                for name, column in zip(("lon", "lat", "value", "age_s"), columns, strict=True)
            },
            "fresh_s": fresh.tobytes(),
        }

    def _is_shown(self, latest: Latest) -> bool:
        return (
            isinstance(latest.value, float | int)
            and not isinstance(latest.value, bool)
            and latest.source in self._places
            and latest.quality not in _NOT_SHOWN
            and not latest.flags & Flag.FORECAST
        )


def _places(assets: Sequence[Asset]) -> dict[str, _Place]:
    """Where each source is: its asset's position, or that of the asset above."""
    known: dict[str, tuple[float, float]] = {}
    found: dict[str, _Place] = {}
    for asset in assets:  # parents come before their children
        at = (asset.lon, asset.lat) if asset.lon is not None and asset.lat is not None else None
        at = at or known.get(asset.parent)
        if at is None:
            continue
        known[asset.id] = at
        if asset.source and asset.source not in found:
            found[asset.source] = _Place(*at, float(asset.silent_after_s) or FRESH_S)
    return found
