"""What the card of a domain tells: how it is, its most telling value, and what came of that lately.

Pure: records and a time in, plain values out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from db.asset_records import Asset, AssetState, Condition
from db.records import Latest
from widgets.health_model import SIDE_STATISTICS

SAMPLE_MS = 2_000
_USABLE = ("good", "uncertain")
Series = tuple[str, str]


@dataclass(slots=True)
class Domain:
    """What a card sums up: the topmost nodes of one domain.

    `quantity` is that of its first channel, its main one; `series` has all
    channels of it. `told` is the asset whose value the card tells: the leaf
    that decided, else the one with the highest value of the main quantity.
    `figures` has per quantity that its card looks at the newest value of each source; the ends of
    a range stand under `quantity/min` and `quantity/max`.
    """

    name: str
    tops: list[str] = field(default_factory=list)
    condition: Condition = Condition.UNKNOWN
    well: int = 0
    total: int = 0
    worst: str = ""
    alarms: int = 0
    priority: int = 0
    known: bool = False
    quantity: str = ""
    series: dict[Series, str] = field(default_factory=dict)
    told: str = ""
    chosen_ms: int = 0
    figures: dict[str, dict[str, Latest]] = field(default_factory=dict)


def domains_of(assets: Iterable[Asset]) -> list[Domain]:
    """The domains in order of their first asset, each with its topmost nodes and main channels.

    A node without a domain of its own belongs to its parent's.
    """
    by_id = {asset.id: asset for asset in assets}
    found: dict[str, Domain] = {}
    for asset in by_id.values():
        if asset.domain:
            above = by_id.get(asset.parent)
            while above is not None and above.domain != asset.domain:
                above = by_id.get(above.parent)
            if above is None:
                found.setdefault(asset.domain, Domain(asset.domain)).tops.append(asset.id)
    for asset in by_id.values():
        if asset.kind != "channel":
            continue
        home: Asset | None = asset
        while home is not None and not home.domain:
            home = by_id.get(home.parent)
        if home is not None:
            domain = found[home.domain]
            domain.quantity = domain.quantity or asset.quantity
            if asset.quantity == domain.quantity:
                domain.series[(asset.source, asset.quantity)] = asset.id
    return list(found.values())


def _domain_of_source(by_id: dict[str, Asset], domains: Iterable[Domain]) -> dict[str, Domain]:
    """The domain to which each source belongs, by its nearest node that names one."""
    by_name = {domain.name: domain for domain in domains}
    found: dict[str, Domain] = {}
    for asset in by_id.values():
        home: Asset | None = asset if asset.source else None
        while home is not None and not home.domain:
            home = by_id.get(home.parent)
        if home is not None and home.domain in by_name:
            found.setdefault(asset.source, by_name[home.domain])
    return found


def sum_up(domain: Domain, states: dict[str, AssetState]) -> None:
    """Bring the card up to date: the worst of its tops decides."""
    known = [states[each] for each in domain.tops if each in states]
    domain.known = bool(known)
    domain.well = sum(state.well for state in known)
    domain.total = sum(state.total for state in known)
    domain.alarms = sum(state.alarms for state in known)
    if known:
        worst = max(known, key=lambda state: (state.condition, -(state.priority or 5)))
        domain.condition = worst.condition
        domain.priority = min((state.priority for state in known if state.priority), default=0)
        domain.worst = worst.worst if worst.condition > Condition.UNKNOWN else ""


class Domains:
    """The domains of the district with the states and values that their cards need."""

    def __init__(self) -> None:
        self.assets: dict[str, Asset] | None = None
        self.all: list[Domain] = []
        self.facilities: list[str] = []
        self._states: dict[str, AssetState] = {}
        self._values: dict[Series, Latest] = {}
        self._home: dict[Series, Domain] = {}
        self._of_source: dict[str, Domain] = {}
        self._sums: dict[Series, Latest] = {}
        self._ends: dict[tuple[str, str, str], Latest] = {}
        self._looked_at: dict[str, dict[str, str]] = {}

    def look_at(self, quantities: dict[str, dict[str, str]]) -> None:
        """Per domain the quantities whose values its card needs, each with its statistic."""
        self._looked_at = quantities
        for domain in self.all:
            domain.figures = {}
        for latest in (*self._values.values(), *self._sums.values(), *self._ends.values()):
            self._keep_figure(latest)

    def _keep_figure(self, latest: Latest) -> None:
        domain = self._of_source.get(latest.source)
        looked_at = self._looked_at.get(domain.name, {}) if domain is not None else {}
        is_value = latest.statistic in ("inst", "avg", looked_at.get(latest.quantity))
        if domain is not None and latest.quantity in looked_at and is_value:
            domain.figures.setdefault(latest.quantity, {})[latest.source] = latest
        elif domain is not None and latest.quantity in looked_at and latest.statistic in ("min", "max"):
            name = f"{latest.quantity}/{latest.statistic}"
            domain.figures.setdefault(name, {})[latest.source] = latest

    def set_assets(self, assets: Iterable[Asset], now_ms: int) -> None:
        """Take the tree anew."""
        self.assets = {asset.id: asset for asset in assets}
        self.all = domains_of(self.assets.values())
        self.facilities = [asset.id for asset in self.assets.values() if asset.kind == "facility"]
        self._home = {series: domain for domain in self.all for series in domain.series}
        self._of_source = _domain_of_source(self.assets, self.all)
        self.look_at(self._looked_at)
        for domain in self.all:
            sum_up(domain, self._states)
            self._choose(domain, now_ms)

    def apply(self, records: Iterable[Any], now_ms: int) -> bool:
        """Take newer states and values; False when there were none."""
        touched, news = False, set[str]()
        for record in records:
            if isinstance(record, AssetState):
                self._states[record.id] = record
                touched = True
            elif isinstance(record, Latest) and record.statistic not in SIDE_STATISTICS:
                series = (record.source, record.quantity)
                self._values[series] = record
                self._keep_figure(record)
                touched = True
                if series in self._home:
                    news.add(self._home[series].name)
            elif isinstance(record, Latest) and record.statistic == "sum":
                self._sums[(record.source, record.quantity)] = record
                self._keep_figure(record)
                touched = True
            elif isinstance(record, Latest):
                self._ends[(record.source, record.quantity, record.statistic)] = record
                self._keep_figure(record)
                touched = True
        if touched:
            for domain in self.all:
                sum_up(domain, self._states)
                is_due = now_ms - domain.chosen_ms >= SAMPLE_MS and (
                    domain.name in news or bool(domain.worst)
                )
                has_moved = domain.worst != domain.told if domain.worst else not self._is_usable(domain.told)
                if is_due or has_moved:
                    self._choose(domain, now_ms)
        return touched

    def state(self, asset_id: str) -> AssetState | None:
        """How an asset is."""
        return self._states.get(asset_id)

    def value(self, asset_id: str) -> Latest | None:
        """The newest value of a channel."""
        asset = (self.assets or {}).get(asset_id)
        if asset is None:
            return None
        series = (asset.source, asset.quantity)
        return self._values.get(series) or self._sums.get(series)

    def silent_s(self, asset_id: str, now_ms: int) -> float | None:
        """How long it has sent nothing, once that is longer than it may; None while it speaks."""
        asset = (self.assets or {}).get(asset_id)
        if asset is not None and asset.kind == "channel":
            asset = (self.assets or {}).get(asset.parent)
        state = self._states.get(asset.id) if asset is not None else None
        if asset is None or state is None or state.last_seen_ms is None or not asset.silent_after_s:
            return None
        silent_s = (now_ms - state.last_seen_ms) / 1000
        return silent_s if silent_s > asset.silent_after_s + 6 else None  # last-seen is told each 5 s

    # --- inside

    def curved(self, domain: Domain) -> Series | None:
        """Whose curve the card draws: of what it tells, else of a channel of that, else of the main one."""
        assets = self.assets or {}
        told = assets.get(domain.told)
        if told is not None and told.quantity:
            return told.source, told.quantity
        below = (each for each in domain.series.values() if assets[each].parent == domain.told)
        channel = next(below, None) or next(iter(domain.series.values()), None)
        return (assets[channel].source, assets[channel].quantity) if channel is not None else None

    def _is_usable(self, asset_id: str) -> bool:
        latest, state = self.value(asset_id), self._states.get(asset_id)
        is_heard = state is None or state.condition not in (Condition.SILENT, Condition.UNKNOWN)
        return latest is not None and is_heard and _number(latest) is not None

    def _choose(self, domain: Domain, now_ms: int) -> None:
        """Which asset the card tells of."""
        domain.chosen_ms = now_ms
        if domain.worst:
            domain.told = domain.worst
        else:
            usable = [each for each in domain.series.values() if self._is_usable(each)]
            domain.told = max(usable, key=self._figure, default="")

    def _figure(self, asset_id: str) -> float:
        latest = self.value(asset_id)
        return (_number(latest) or 0.0) if latest is not None else 0.0


def _number(latest: Latest) -> float | None:
    """The value as a number, if it is a good one of now."""
    if latest.flags or latest.quality not in _USABLE or isinstance(latest.value, bool | str):
        return None
    return float(latest.value)
