"""What is known of Sparkplug nodes between their messages: births, aliases, the count of messages.

Sources: Sparkplug 3.0, chapters 5 and 6; DOMAIN.md, 2.2 and trap 18.
"""

from __future__ import annotations

from typing import NamedTuple

from console.formats import sparkplug_values
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


class Node:
    """One edge node since its last birth."""

    def __init__(self) -> None:
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
        self.is_born, self.bd_seq = True, bd_seq
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
