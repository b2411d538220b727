"""How the state of leaves rolls up the asset tree, at the cost of what changed only.

A leaf is a channel, or a device without channels that names a source. A node is
BAD under an active alarm of priority 1 or 2 and CAUTION under one of 3 or 4
(acknowledged or not; not once it has returned; a prediction counts, but says nothing of how it
is), SILENT when nothing came for its `silent_after_s`, UNKNOWN as a leaf from which nothing ever
came, else WELL. Channels of a silent device are silent. A node is shown as bad as the worst at
or below it, with the worst priority of the active alarms there, and counts the
leaves below.

Silence is measured on the monotonic clock from the moment a reading came, so
setting the clock silences nothing. Retained and backfilled readings prove no life.

Beside how a node is shown stands whether a device can serve (`db/fitness.py`): high fine
dust makes a sensor bad to look at and not a failed one. DOWN while it is silent, or under an
active alarm of a silence, a stuck value, an outage or a rule of faults; UNKNOWN while its
silence is explained from above, its alarm is out of service, or nothing ever came; else UP.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence

from console.clock import Clock
from db.alarm_records import Alarm, AlarmState
from db.asset_records import Asset, AssetState, Condition
from db.fitness import Fitness
from db.records import Latest, Reading

_SEEN_EVERY_S = 5.0  # a newer last-seen alone is told this often
_ACTIVE = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)
_FAULTS = ("silent", "stuck")  # kinds of rules


class _Node:
    """One asset; `below` counts nodes by condition, itself included."""

    __slots__ = (
        "alarms", "asset", "below", "children", "condition", "faults", "fitness", "hanging", "hangs_on",
        "heard_s", "is_leaf", "last_seen_ms", "parent", "ranks", "silent", "standing", "suppressed", "total",
        "well", "worst",
    )  # fmt: skip

    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.parent: _Node | None = None
        self.children: list[_Node] = []
        self.is_leaf = False
        self.condition = Condition.WELL
        self.below = [0] * len(Condition)
        self.well = self.total = self.standing = 0
        self.alarms: dict[str, int] = {}  # the priorities of its own active alarms
        self.faults: set[str] = set()  # its own active alarms that say it fails
        self.fitness = Fitness.UNKNOWN
        self.ranks = [0] * 5  # active alarms at or below it, by priority
        self.worst: _Node | None = None
        self.silent = False
        self.suppressed: set[str] = set()  # its own silences that another alarm explains
        self.hangs_on: list[_Node] = []  # by the tree or for its power, directly or not
        self.hanging: list[_Node] = []
        self.heard_s: float | None = None
        self.last_seen_ms: int | None = None

    def own(self) -> Condition:
        """Its own condition now; that of its device's silence included."""
        worst = Condition.WELL
        if self.alarms:
            worst = Condition.BAD if min(self.alarms.values()) <= 2 else Condition.CAUTION
        device = self.parent if self.asset.kind == "channel" and self.parent is not None else self
        if self.silent or device.silent:
            is_explained = self.is_explained() or device.is_explained()
            return max(worst, Condition.UNKNOWN if is_explained else Condition.SILENT)
        if self.suppressed or (self.is_leaf and self.heard_s is None):
            return max(worst, Condition.UNKNOWN)
        return worst

    def is_explained(self) -> bool:
        """Whether its silence has a cause above it; a channel's device is the channel itself."""
        if self.suppressed:
            return True
        own = self.parent if self.asset.kind == "channel" else None
        return any(each.silent for each in self.hangs_on if each is not own)

    @property
    def is_device(self) -> bool:
        """Whether its fitness is told: it speaks itself or by channels."""
        asset = self.asset
        speaks = bool(asset.source) or any(child.asset.kind == "channel" for child in self.children)
        return asset.kind not in ("channel", "district") and speaks

    def fit(self) -> Fitness:
        """Whether the device can serve, its channels included."""
        channels = [child for child in self.children if child.asset.kind == "channel"]
        parts = [self, *channels]
        if any(part.faults for part in parts):
            return Fitness.DOWN
        if self.silent or (channels and all(channel.silent for channel in channels)):
            is_explained = any(part.is_explained() for part in parts)
            return Fitness.UNKNOWN if is_explained else Fitness.DOWN
        if any(part.suppressed for part in parts) or all(part.heard_s is None for part in parts):
            return Fitness.UNKNOWN
        return Fitness.UP

    def shown(self) -> Condition:
        """The worst at or below it."""
        return next((c for c in sorted(Condition, reverse=True) if self.below[c]), Condition.WELL)


class Health:
    """The state of every asset; one thread at a time.

    `seen` and `alarms` take what is new, `states` gives the nodes that changed
    since it was asked last. A reading costs one look-up. `faults` are the rules whose alarms say
    that a device fails; `moved` gives the devices whose fitness changed since it was asked last.
    """

    def __init__(self, assets: Iterable[Asset], clock: Clock, faults: Collection[str] = ()) -> None:
        self._clock = clock
        self._faults = frozenset(faults)
        self._touched: set[str] = set()
        self._nodes = {asset.id: _Node(asset) for asset in assets}
        self._order = {key: place for place, key in enumerate(self._nodes)}
        self._by_series: dict[tuple[str, str], list[_Node]] = {}
        self._by_source: dict[str, list[_Node]] = {}
        self._alarm_at: dict[str, _Node] = {}
        self._changed: set[str] = set(self._nodes)
        self._seen_since: set[str] = set()
        self._seen_told_s = clock.monotonic_s()
        self._timers: list[tuple[float, str]] = []
        self._grow()

    def _grow(self) -> None:
        for node in self._nodes.values():
            node.parent = self._nodes.get(node.asset.parent)
            if node.parent is not None:
                node.parent.children.append(node)
            if node.asset.kind == "channel":
                self._by_series.setdefault((node.asset.source, node.asset.quantity), []).append(node)
            elif node.asset.source:
                self._by_source.setdefault(node.asset.source, []).append(node)
        for node in self._nodes.values():
            node.hangs_on = self._above(node)
            for each in node.hangs_on:
                if each.asset.source:
                    each.hanging.append(node)
        for node in self._nodes.values():
            asset = node.asset
            node.is_leaf = bool(asset.source) and (asset.kind == "channel" or not node.children)
            node.condition = node.own()
            for above in _upwards(node):
                above.below[node.condition] += 1
                above.total += node.is_leaf
                above.well += node.is_leaf and node.condition is Condition.WELL

    def _above(self, node: _Node) -> list[_Node]:
        found: list[_Node] = []
        ahead = [node]
        while ahead and len(found) < 64:
            here = ahead.pop(0).asset
            for key in (here.power_parent, here.parent):
                each = self._nodes.get(key)
                if each is not None and each is not node and each not in found:
                    found.append(each)
                    ahead.append(each)
        return found

    # --- what is new ----------------------------------------------------------

    def seen(self, readings: Iterable[Reading | Latest]) -> None:
        """Take note of who was heard. A stored `Latest` counts from when it was received."""
        now_s, now_ms = self._clock.monotonic_s(), self._clock.now_ms()
        for reading in readings:
            if reading.flags:
                continue
            channels = self._by_series.get((reading.source, reading.quantity), ())
            devices = self._by_source.get(reading.source, ())
            heard_s = now_s
            if (channels or devices) and isinstance(reading, Latest):
                heard_s -= max(0, now_ms - reading.received_ms) / 1000
            for nodes in (channels, devices):
                for node in nodes:
                    self._heard(node, heard_s, reading.received_ms)

    def alarms(self, alarms: Iterable[Alarm]) -> None:
        """Take alarms as they are now."""
        for alarm in alarms:
            node = self._alarm_at.get(alarm.id) or self._place(alarm)
            if node is None:
                continue
            known = alarm.id in self._alarm_at
            is_aside = bool(alarm.suppressed_by) or alarm.out_of_service is not None
            counts = alarm.is_standing and not is_aside
            if counts != known:
                self._count(node, 1 if counts else -1)
            if counts:
                self._alarm_at[alarm.id] = node
            else:
                self._alarm_at.pop(alarm.id, None)
            if is_aside and alarm.is_standing:
                node.suppressed.add(alarm.id)
            else:
                node.suppressed.discard(alarm.id)
            is_active = counts and alarm.state in _ACTIVE
            self._rank(node, alarm.id, alarm.priority if is_active and alarm.look != "forecast" else 0)
            if is_active and (alarm.kind in _FAULTS or alarm.rule in self._faults):
                node.faults.add(alarm.id)
            else:
                node.faults.discard(alarm.id)
            self._touched.add(node.asset.id)
            self._settle_silence(node)

    # --- what it comes to -------------------------------------------------------

    def states(self) -> list[AssetState]:
        """The nodes that changed since the last call; newer last-seen times every few seconds."""
        now_s = self._clock.monotonic_s()
        self._fall_silent(now_s)
        if now_s - self._seen_told_s >= _SEEN_EVERY_S:
            self._seen_told_s = now_s
            self._tell_seen()
        changed = sorted(self._changed, key=self._order.__getitem__)
        self._changed.clear()
        return [self._state(self._nodes[key]) for key in changed]

    def all(self) -> list[AssetState]:
        """Every node as it is, parents first."""
        self._fall_silent(self._clock.monotonic_s())
        self._tell_seen()
        return [self._state(node) for node in self._nodes.values()]

    def moved(self) -> dict[str, Fitness]:
        """The devices that can serve since this was asked last, or can no longer."""
        found: dict[str, Fitness] = {}
        for key in self._touched:
            node = self._nodes[key]
            device = node.parent if node.asset.kind == "channel" and node.parent is not None else node
            if device.is_device and (fitness := device.fit()) is not device.fitness:
                device.fitness = found[device.asset.id] = fitness
        self._touched.clear()
        return found

    def fitness(self) -> dict[str, Fitness]:
        """Every device and whether it can serve."""
        self._touched.update(self._nodes)
        self.moved()
        return {node.asset.id: node.fitness for node in self._nodes.values() if node.is_device}

    def homes(self) -> dict[str, str]:
        """The facility of every device; a device that belongs to none is its own."""
        return {node.asset.id: _home(node) for node in self._nodes.values() if node.is_device}

    # --- inside -------------------------------------------------------------------

    def _heard(self, node: _Node, heard_s: float, received_ms: int) -> None:
        first = node.heard_s is None
        if node.heard_s is None or heard_s > node.heard_s:
            node.heard_s = heard_s
        if node.last_seen_ms is None or received_ms > node.last_seen_ms:
            node.last_seen_ms = received_ms
            self._seen_since.add(node.asset.id)
        if first or node.silent:
            after_s = node.asset.silent_after_s
            node.silent = False
            if after_s:
                heapq.heappush(self._timers, (node.heard_s + after_s, node.asset.id))
            self._settle_silence(node)

    def _fall_silent(self, now_s: float) -> None:
        while self._timers and self._timers[0][0] <= now_s:
            due, key = heapq.heappop(self._timers)
            node = self._nodes[key]
            if node.silent or node.heard_s is None:
                continue
            really = node.heard_s + node.asset.silent_after_s
            if really > due:
                heapq.heappush(self._timers, (really, key))
                continue
            node.silent = True
            self._settle_silence(node)

    def _settle_silence(self, node: _Node) -> None:
        self._settle(node)
        for child in node.children:
            if child.asset.kind == "channel":
                self._settle(child)
        for other in node.hanging:
            if other.parent is not node or other.asset.kind != "channel":
                self._settle(other)

    def _settle(self, node: _Node) -> None:
        """Bring the counts above a node up to date with its own condition."""
        self._touched.add(node.asset.id)
        before, after = node.condition, node.own()
        if after is before:
            return
        node.condition = after
        well = node.is_leaf * ((after is Condition.WELL) - (before is Condition.WELL))
        for above in _upwards(node):
            above.below[before] -= 1
            above.below[after] += 1
            above.well += well
            self._changed.add(above.asset.id)

    def _count(self, node: _Node, by: int) -> None:
        for above in _upwards(node):
            above.standing += by
            self._changed.add(above.asset.id)

    def _rank(self, node: _Node, alarm_id: str, priority: int) -> None:
        """Count an active alarm by its priority; 0 is one that is active no more."""
        before = node.alarms.pop(alarm_id, 0)
        if priority:
            node.alarms[alarm_id] = priority
        if before == priority:
            return
        for above in _upwards(node):
            above.ranks[before] -= 1  # place 0 counts nothing that is read
            above.ranks[priority] += 1
            self._changed.add(above.asset.id)

    def _tell_seen(self) -> None:
        for key in self._seen_since:
            node = self._nodes[key]
            for above in _upwards(node):
                if above.last_seen_ms is None or (node.last_seen_ms or 0) > above.last_seen_ms:
                    above.last_seen_ms = node.last_seen_ms
                self._changed.add(above.asset.id)
        self._seen_since.clear()

    def _place(self, alarm: Alarm) -> _Node | None:
        """The node an alarm is about: its asset, else the channel of its series, else its source's device."""
        named = self._nodes.get(alarm.asset)
        if named is not None:
            return named
        quantity = alarm.quantity.partition("/")[0]
        found: Sequence[_Node] = self._by_series.get((alarm.source, quantity), ())
        found = found or self._by_source.get(alarm.source, ())
        return found[0] if found else None

    def _state(self, node: _Node) -> AssetState:
        condition = node.shown()
        priority = next((rank for rank in (1, 2, 3, 4) if node.ranks[rank]), 0)
        worst = self._worst(node, condition, priority)
        return AssetState(
            node.asset.id,
            condition,
            well=node.well,
            total=node.total,
            worst=worst.asset.id if worst is not None else "",
            last_seen_ms=node.last_seen_ms,
            alarms=node.standing,
            priority=priority,
        )

    def _worst(self, node: _Node, condition: Condition, priority: int) -> _Node | None:
        """The node below that decided; the one that did so first as long as it does."""
        by_alarm = priority if condition in (Condition.BAD, Condition.CAUTION) else 0
        if condition is Condition.WELL:
            node.worst = None
        elif node.worst is None or not _decides(node.worst, condition, by_alarm):
            here = node
            while not _decides(here, condition, by_alarm):
                here = next(
                    child
                    for child in here.children
                    if child.below[condition] and (not by_alarm or child.ranks[by_alarm])
                )
            node.worst = here
        return node.worst


def _decides(node: _Node, condition: Condition, by_alarm: int) -> bool:
    """Its own condition is this one; where alarms decide, by one of that priority."""
    return node.condition is condition and (not by_alarm or by_alarm in node.alarms.values())


def _home(node: _Node) -> str:
    return next((each.asset.id for each in _upwards(node) if each.asset.kind == "facility"), node.asset.id)


def _upwards(node: _Node | None) -> Iterable[_Node]:
    while node is not None:
        yield node
        node = node.parent
