"""Which assets are drawn on the map, and where all others belong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition
from widgets.map_cluster import Floats, badness

_PUT_ASIDE = (AlarmState.SUPPRESSED, AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE)
_CAUSE_GONE = (AlarmState.RETURNED, AlarmState.LATCHED)


class Places:
    """The assets of a tree that have a position, the lowest of each branch."""

    def __init__(self, assets: Sequence[Asset] = ()) -> None:
        self.assets = {asset.id: asset for asset in assets}
        above = set()  # of something that has a position
        placed = []
        for asset in reversed(assets):  # children come after their parents
            if asset.id in above:
                above.add(asset.parent)
            elif asset.lon is not None and asset.lat is not None and asset.kind != "district":
                placed.append(asset)
                above.add(asset.parent)
        placed.reverse()
        self.placed = placed
        self.of = _belonging(assets, {asset.id for asset in placed})

    @property
    def lon(self) -> Floats:
        """Their longitudes."""
        return np.array([asset.lon for asset in self.placed], dtype=np.float64)

    @property
    def lat(self) -> Floats:
        """Their latitudes."""
        return np.array([asset.lat for asset in self.placed], dtype=np.float64)

    def at(self, asset_id: str) -> Asset | None:
        """The drawn asset that an asset belongs to."""
        return self.assets.get(self.of.get(asset_id, ""))


def _belonging(assets: Sequence[Asset], drawn: set[str]) -> dict[str, str]:
    """The id of the drawn asset at or above each, empty for none."""
    of: dict[str, str] = {}
    for asset in assets:
        of[asset.id] = asset.id if asset.id in drawn else of.get(asset.parent, "")
    return of


class Standing:
    """How the drawn assets are: by what is known of them and by the alarms that stand there."""

    def __init__(self) -> None:
        self.states: dict[str, AssetState] = {}
        self.alarms: dict[str, Alarm] = {}
        self._activations: dict[str, int] = {}
        self._there: dict[str, dict[str, int]] = {}  # place -> alarm -> priority

    def take_state(self, state: AssetState) -> None:
        """An asset is like this now."""
        self.states[state.id] = state

    def take_alarm(self, alarm: Alarm, place: str) -> bool:
        """Keep or drop it; whether the eye should be drawn to it."""
        known = self._activations.get(alarm.id, 0)
        self._activations[alarm.id] = max(alarm.activation, known)
        is_seen = alarm.is_standing and alarm.shown not in _PUT_ASIDE
        if is_seen:
            self.alarms[alarm.id] = alarm
        else:
            self.alarms.pop(alarm.id, None)
        there = self._there.setdefault(place, {})
        if is_seen and alarm.state not in _CAUSE_GONE:
            there[alarm.id] = alarm.priority
        else:
            there.pop(alarm.id, None)
        return is_seen and alarm.activation > known and alarm.is_announced and alarm.state not in _CAUSE_GONE

    def move(self, of: Mapping[str, str]) -> None:
        """The tree is another one."""
        self._there = {}
        for alarm in self.alarms.values():
            if alarm.state not in _CAUSE_GONE:
                self._there.setdefault(of.get(alarm.asset, ""), {})[alarm.id] = alarm.priority

    def badness(self, places: Iterable[str]) -> list[tuple[str, int]]:
        """How these are drawn."""
        return [(place, self._one(place)) for place in places]

    def _one(self, place: str) -> int:
        state, there = self.states.get(place), self._there.get(place)
        if state is None:
            return badness(Condition.UNKNOWN, min(there.values(), default=0) if there else 0)
        if not there:
            return badness(state.condition, state.priority)
        worst = min(there.values())
        return badness(state.condition, min(worst, state.priority) if state.priority else worst)
