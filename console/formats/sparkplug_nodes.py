"""What is known of Sparkplug nodes between their messages: births, aliases, the count of messages.

Sources: Sparkplug 3.0, chapters 5 and 6; DOMAIN.md, 2.2 and trap 18.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from console.formats import remembering, sparkplug_values
from console.formats.json_text import Unreadable
from console.formats.sparkplug_wire import Metric

MAX_NODES = 5_000
MAX_NAMES = 20_000  # metrics of one node with its devices
LATE = 128
"""A count that lies so far ahead is rather one that lies behind: messages overtake each other."""


class Born(NamedTuple):
    """What a birth said of a metric."""

    device: str
    name: str
    datatype: int | None
    unit: str


class Kept(msgspec.Struct, array_like=True):
    """A node as it is stored: its last birth, by metric with the alias."""

    is_born: bool
    bd_seq: int | None
    devices: dict[str, bool]
    metrics: list[tuple[str, str, int | None, str, int | None]]


_KEPT = msgspec.msgpack.Decoder(Kept)
_COUNTED = msgspec.msgpack.Decoder(tuple[int, int])
_BORN, _COUNT = "born ", "count "  # what keys of rows begin with


class Node:
    """One edge node since its last birth."""

    def __init__(self) -> None:
        self.is_recalled = False  # known from before our start, and not heard of since
        self.is_born = False
        self.bd_seq: int | None = None
        self.devices: dict[str, bool] = {}
        self.asked_ms = -(1 << 62)
        self._by_alias: dict[int, Born] = {}
        self._by_name: dict[tuple[str, str], Born] = {}
        self._told: set[tuple[str, str]] = set()
        self._seq: int | None = None
        self._count = 0

    def begin(self, seq: int | None, bd_seq: int | None) -> None:
        """The node is born: all that was known of its metrics is void, and its count begins anew."""
        self.end()
        self.is_born, self.bd_seq, self.is_recalled = True, bd_seq, False
        self._seq, self._count = seq, 0

    def end(self) -> None:
        """The node is dead, its devices with it, and what its aliases meant is void."""
        self.is_born = False
        self.devices = dict.fromkeys(self.devices, False)
        self._by_alias.clear()
        self._by_name.clear()
        self._told.clear()

    def counted(self, seq: int) -> tuple[int | None, int]:
        """The unwrapped number of a message (None if unknown) and how many are missing before it."""
        if self._seq is None or not self.is_born:
            return None, 0
        step = (seq - self._seq) % 256
        if self.is_recalled and step != 1:
            self.end()  # a birth may be among what we did not hear, and then its aliases mean something else
            return None, 0
        self.is_recalled = False
        if step > LATE:
            late = self._count - (256 - step)
            return (late if late >= 0 else None), 0
        self._seq, self._count = seq, self._count + step
        return self._count, max(0, step - 1)

    def learn(self, device: str, metric: Metric) -> Born:
        """A metric of a birth; raises Unreadable where its alias is taken."""
        born = Born(device, metric.name, metric.datatype, sparkplug_values.unit(metric))
        if len(self._by_name) >= MAX_NAMES:
            raise Unreadable("too-many", f"a node of more than {MAX_NAMES} metrics")
        self._by_name[device, metric.name] = born
        if metric.alias is not None:
            taken = self._by_alias.setdefault(metric.alias, born)
            if (taken.device, taken.name) != (device, metric.name):
                where = f"{taken.device or 'the node'}: {taken.name[:80]}"
                raise Unreadable("sparkplug-alias", f"alias {metric.alias} already means {where}")
            self._by_alias[metric.alias] = born
        return born

    def meant(self, device: str, metric: Metric) -> Born:
        """What a metric of data is; raises Unreadable where no birth said so."""
        if metric.name:
            born = self._by_name.get((device, metric.name))
            return born or Born(device, metric.name, metric.datatype, sparkplug_values.unit(metric))
        known = self._by_alias.get(metric.alias) if metric.alias is not None else None
        if known is None:
            why = "has no birth yet" if not self.is_born else "did not name it in its birth"
            raise Unreadable("sparkplug-alias", f"alias {metric.alias}: the node {why}")
        if known.device != device:
            raise Unreadable(
                "sparkplug-alias", f"alias {metric.alias} belongs to {known.device or 'the node'}"
            )
        return known

    def is_news(self, born: Born) -> bool:
        """Whether a metric that is passed over has not been told of since the birth."""
        key = (born.device, born.name)
        if key in self._told:
            return False
        self._told.add(key)
        return True

    def kept(self) -> Kept:
        """What must be known of it after a new start."""
        aliases = {(each.device, each.name): alias for alias, each in self._by_alias.items()}
        metrics = [
            (each.device, each.name, each.datatype, each.unit, aliases.get((each.device, each.name)))
            for each in self._by_name.values()
        ]
        return Kept(self.is_born, self.bd_seq, self.devices, metrics)

    @property
    def count(self) -> tuple[int, int] | None:
        """Its own number of its last message, and ours; None where it has none."""
        return None if self._seq is None else (self._seq, self._count)

    def recall(self, kept: Kept, count: tuple[int, int] | None) -> None:
        """Be as it was before our start."""
        self.is_born, self.bd_seq, self.devices = kept.is_born, kept.bd_seq, dict(kept.devices)
        self.is_recalled = kept.is_born
        if count is not None:
            self._seq, self._count = count
        for device, name, datatype, unit, alias in kept.metrics:
            born = self._by_name[device, name] = Born(device, name, datatype, unit)
            if alias is not None:
                self._by_alias[alias] = born


def rows_of(name: str, node: Node, *, has_birth: bool) -> remembering.Changes:
    """A node as rows: the birth where it has changed, the count always."""
    rows: remembering.Changes = {}
    if has_birth:
        rows[_BORN + name] = remembering.encode(node.kept())
    if node.count is not None:
        rows[_COUNT + name] = remembering.encode(node.count)
    return rows


def recalled(rows: remembering.Rows) -> dict[str, Node]:
    """The nodes that such rows tell of, by name."""
    rows = list(rows)
    counts = [(key.removeprefix(_COUNT), value) for key, value in rows if key.startswith(_COUNT)]
    born = [(key.removeprefix(_BORN), value) for key, value in rows if key.startswith(_BORN)]
    counted, nodes = dict(remembering.read(counts, _COUNTED)), {}
    for name, kept in remembering.read(born, _KEPT):
        nodes[name] = Node()
        nodes[name].recall(kept, counted.get(name))
    return nodes
