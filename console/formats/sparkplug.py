"""Sparkplug B over MQTT: births give names to aliases, data come by alias, deaths tell of nodes.

A source is `group/node` or `group/node/device`; its quantities are the metric's
names. Besides, each has the quantity `online` (1 or 0): a birth sets it, and a
death takes it from the node and from all its devices, so that a rule on it
tells of an outage and a rule of silence of what just stopped.
Sources: Sparkplug 3.0 (2.2 for STATE); DOMAIN.md, 2.2 and trap 18.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.formats import asides, json_text, remembering, sparkplug_values, sparkplug_wire, values
from console.formats.answers import Answer
from console.formats.json_text import Unreadable
from console.formats.sparkplug_nodes import MAX_NODES, Born, Node, recalled, rows_of
from console.formats.sparkplug_wire import Metric, Payload
from console.formats.times import LAST_MS
from console.settings import Feed
from db.records import Decoded, Flag, Mark, Reading, SetAside

NAMESPACE = "spBv1.0"
ONLINE = "online"
BD_SEQ = "bdSeq"
_CONTROLS = ("Node Control/", "Device Control/")
_DEVICE_KINDS = ("DBIRTH", "DDATA", "DDEATH", "DCMD")
_NODE_KINDS = ("NBIRTH", "NDATA", "NDEATH", "NCMD")
MAX_ANSWERS = 1000
ASK_AGAIN_MS = 60_000


class _Place(NamedTuple):
    """Whom a message is about, and when it was sent and received."""

    group: str
    node: str
    device: str
    sent_ms: int
    received_ms: int
    flags: int
    node_source: str
    source: str


class SparkplugDecoder:
    """Reads one feed's nodes; remembers their births, and asks for births that are missing if it may."""

    def __init__(self, name: str, feed: Feed, encodings: Sequence[str]) -> None:
        self._form = feed.sparkplug
        self._nodes: dict[str, Node] = {}
        self._changed: dict[str, bool] = {}  # nodes, and whether a birth or a death is among what changed
        self._answers: list[Answer] = []
        self._last_ms = -1

    def take_changes(self) -> remembering.Changes:
        """The births, deaths and counts of the nodes that were heard of since the last call."""
        changed, self._changed = self._changed, {}
        rows: remembering.Changes = {}
        for name, has_birth in changed.items():
            rows |= rows_of(name, self._nodes[name], has_birth=has_birth)
        return rows

    def recall(self, rows: remembering.Rows) -> None:
        """Know these nodes."""
        self._nodes = recalled(rows)

    def take_answers(self) -> list[Answer]:
        """The requests for births that what was decoded since the last call needs."""
        answers, self._answers = self._answers, []
        return answers

    def decode(self, topic: str, payload: bytes, received_ms: int, retained: bool) -> list[Decoded]:
        """The records of one message and what was refused of it; never empty."""
        flags = int(Flag.RETAINED) if retained else 0
        parts = topic.split("/")
        try:
            if "STATE" in parts[:2]:
                return [_state(parts, payload, received_ms, flags)]
            group, kind, node, device = _parts(parts)
            if kind.endswith("CMD"):
                raise Unreadable("no-reading", "a command to a node, no measurement")
            read = sparkplug_wire.read(payload)
            sent_ms = _moment(read.timestamp)
            at = f"{group}/{node}"
            source = f"{at}/{device}" if device else at
            place = _Place(
                group, node, device, self._clock(sent_ms, received_ms), received_ms, flags, at, source
            )
            out = self._message(kind, place, read)
        except Unreadable as error:
            return [SetAside(error.reason, error.detail)]
        if read.left:
            out.append(SetAside("too-many", f"{read.left} metrics beyond {sparkplug_wire.MAX_METRICS}"))
        if not any(type(each) is not Mark for each in out):
            out.append(
                SetAside("no-reading", f"{kind}: none of {len(read.metrics)} metrics has a value to keep")
            )
        return asides.bounded(out)

    def _clock(self, sent_ms: int | None, received_ms: int) -> int:
        """The sender's time; without one no two messages may look like one."""
        if sent_ms is not None:
            return sent_ms
        self._last_ms = (
            max(self._last_ms + 1, received_ms) if received_ms - self._last_ms < 1000 else received_ms
        )
        return self._last_ms

    def _message(self, kind: str, place: _Place, read: Payload) -> list[Decoded]:
        node = self._node(place)
        is_data = kind in ("NDATA", "DDATA") and not (node.is_recalled and not place.flags)
        self._changed[place.node_source] = not is_data or self._changed.get(place.node_source, False)
        if kind == "NDEATH":
            return self._node_death(node, place, read)
        if kind == "NBIRTH":
            node.begin(read.seq, _bd_seq(read))
            out = self._count(node, place, 0, 0)
            return out + self._birth(node, place, read)
        out = self._counted(node, place, read.seq)
        if kind == "DDEATH":
            node.devices[place.device] = False
            return [*out, _online(place.source, 0.0, place.sent_ms, place)]
        if kind == "DBIRTH":
            if not node.is_born:
                self._ask(node, place)
            node.devices[place.device] = True
            return out + self._birth(node, place, read)
        if place.device and not node.devices.get(place.device):
            self._ask(node, place)
        return out + self._data(node, place, read)

    def _node(self, place: _Place) -> Node:
        key = place.node_source
        node = self._nodes.get(key)
        if node is None:
            if len(self._nodes) >= MAX_NODES:
                raise Unreadable("too-many", f"more than {MAX_NODES} nodes on one feed")
            node = self._nodes[key] = Node()
        return node

    # --- counts and births that are missing ------------------------------------

    def _counted(self, node: Node, place: _Place, seq: int | None) -> list[Decoded]:
        """The mark of a message, and a request for births where messages are missing before it."""
        if seq is None or place.flags:
            return []
        if seq > 255:
            return [SetAside("sequence", f"{seq} is no count from 0 to 255")]
        number, missing = node.counted(seq)
        return self._count(node, place, number, missing)

    def _count(self, node: Node, place: _Place, number: int | None, missing: int) -> list[Decoded]:
        if missing:
            self._ask(node, place)
        return [] if number is None else [Mark(place.node_source, "", number, place.sent_ms, place.flags)]

    def _ask(self, node: Node, place: _Place) -> None:
        """Ask the node for its births, at most once a minute, where the settings let us speak."""
        waited = place.received_ms - node.asked_ms
        if (
            self._form.rebirth
            and not place.flags
            and waited >= ASK_AGAIN_MS
            and len(self._answers) < MAX_ANSWERS
        ):
            node.asked_ms = place.received_ms
            topic = f"{NAMESPACE}/{place.group}/NCMD/{place.node}"
            self._answers.append(Answer(topic, sparkplug_wire.rebirth(place.received_ms)))

    # --- what messages say -------------------------------------------------------

    def _birth(self, node: Node, place: _Place, read: Payload) -> list[Decoded]:
        out: list[Decoded] = [_online(place.source, 1.0, place.sent_ms, place)]
        for metric in read.metrics:
            if not metric.name:
                out.append(SetAside("sparkplug-alias", f"a birth names no metric for alias {metric.alias}"))
                continue
            try:
                born = node.learn(place.device, metric)
            except Unreadable as error:
                out.append(SetAside(error.reason, error.detail))
                continue
            self._metric(node, place, metric, born, out)
        return out

    def _data(self, node: Node, place: _Place, read: Payload) -> list[Decoded]:
        out: list[Decoded] = []
        for metric in read.metrics:
            try:
                born = node.meant(place.device, metric)
            except Unreadable as error:
                self._ask(node, place)
                out.append(SetAside(error.reason, f"{place.source[:80]}: {error.detail}"))
                continue
            self._metric(node, place, metric, born, out)
        return out

    def _node_death(self, node: Node, place: _Place, read: Payload) -> list[Decoded]:
        """The node and its devices are gone, unless the death belongs to an earlier birth."""
        bd_seq = _bd_seq(read)
        if node.is_born and bd_seq is not None and node.bd_seq is not None and bd_seq != node.bd_seq:
            said = f"the death has bdSeq {bd_seq}, the birth that stands {node.bd_seq}"
            return [SetAside("sparkplug-old", said)]
        alive = [device for device, is_online in node.devices.items() if is_online]
        node.end()
        at_ms = place.received_ms  # a will carries the time of the connection, not of the death
        sources = [place.node_source, *(f"{place.node_source}/{device}" for device in alive)]
        return [_online(source, 0.0, at_ms, place) for source in sources]

    def _metric(self, node: Node, place: _Place, metric: Metric, born: Born, out: list[Decoded]) -> None:
        if born.name == BD_SEQ or born.name.startswith(_CONTROLS) or metric.is_transient:
            return
        try:
            value = sparkplug_values.read(metric, metric.datatype or born.datatype, born.name)
            if value is None:
                return
            out.append(self._reading(place, metric, born, value))
        except Unreadable as error:
            if error.reason != "sparkplug-type" or node.is_news(born):
                out.append(SetAside(error.reason, f"{place.source[:80]}: {error.detail}"))

    def _reading(self, place: _Place, metric: Metric, born: Born, value: sparkplug_values.Value) -> Reading:
        name = values.name(born.name, "quantity")
        sent_ms = _moment(metric.timestamp)
        return Reading(
            source=place.source,
            quantity=self._form.quantities.get(name, name),
            value=value,
            observed_ms=place.sent_ms if sent_ms is None else sent_ms,
            received_ms=place.received_ms,
            unit=self._form.units.get(name) or sparkplug_values.unit(metric) or born.unit or "1",
            quality=sparkplug_values.quality(metric),
            flags=place.flags | (int(Flag.HISTORICAL) if metric.is_historical else 0),
        )


def _parts(parts: list[str]) -> tuple[str, str, str, str]:
    """Group, kind, node and device of a topic; raises Unreadable where it is none of Sparkplug."""
    if len(parts) in (4, 5) and parts[0] == NAMESPACE:
        group, kind, node, device = parts[1], parts[2], parts[3], "/".join(parts[4:])
        fits = (bool(device) and kind in _DEVICE_KINDS) or (len(parts) == 4 and kind in _NODE_KINDS)
        name = f"{group}/{node}/{device}"
        if fits and group and node and len(name) <= values.MAX_NAME and name.isprintable():
            return group, kind, node, device
    shown = "/".join(parts)[:200]
    raise Unreadable("sparkplug-topic", f"{shown!r} is no topic of {NAMESPACE}")


def _moment(found: int | None) -> int | None:
    """A time of a message; nothing and 0 mean that there is none."""
    if not found:
        return None
    if found >= LAST_MS:
        raise Unreadable("time", f"{found} ms since 1970 lies after the year 2199")
    return found


def _bd_seq(read: Payload) -> int | None:
    for metric in read.metrics:
        if metric.name == BD_SEQ and type(metric.value) is int:
            return metric.value
    return None


def _online(source: str, value: float, at_ms: int, place: _Place) -> Reading:
    return Reading(
        source=source,
        quantity=ONLINE,
        value=value,
        observed_ms=at_ms,
        received_ms=place.received_ms,
        flags=place.flags,
    )


def _state(parts: list[str], payload: bytes, received_ms: int, flags: int) -> Reading:
    """Whether a host application is there: 3.0's JSON, or the word of 2.2."""
    host = "/".join(parts[2:] if parts[0] == NAMESPACE else parts[1:])
    values.name(host, "source")
    word = payload.strip().upper() if len(payload) < 20 else b""
    observed_ms = received_ms
    if word in (b"ONLINE", b"OFFLINE"):
        is_online: object = word == b"ONLINE"
    else:
        said = json_text.read(payload)
        is_online = said.get("online") if isinstance(said, dict) else None
        sent = said.get("timestamp") if isinstance(said, dict) else None
        observed_ms = (_moment(sent) if type(sent) is int and sent > 0 else None) or received_ms
        if type(is_online) is not bool:
            raise Unreadable("value", "the state says neither that the host is online nor that it is not")
    return Reading(f"STATE/{host}", ONLINE, 1.0 if is_online else 0.0, observed_ms, received_ms, flags=flags)
