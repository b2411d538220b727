"""B1: durable ingest against a bare client on the same broker, in the same run.

Both have a persistent session at one mosquitto (with our profile) and were
away while the messages came; then each drains its queue. The bare client only
acknowledges. Ours decodes, commits, acknowledges and judges every reading
against alarm rules; it is done when the last message has raised its alarm.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from console import lifeline
from console.alarms.evaluate import Evaluator
from console.clock import Clock, SystemClock
from console.engine import Engine
from console.errors import Unavailable
from console.evaluation import Evaluation
from console.feeds.ingest import Ingest
from console.feeds.session import IN_FLIGHT
from console.health.rollup import Health
from console.settings import Broker, Feed, Mapped, Mapping
from db import connection, feed, ops
from db.alarm_records import Alarm, Rule
from db.readings import StoredReading

REACH = 0.5
SOURCES = 1170  # sensors of the city today; DOMAIN.md, measured scale
PATIENCE_S = 300.0
_KEY = bytes(32)
_PROFILE = Path(__file__).resolve().parents[2] / "resources" / "mosquitto" / "gwanje.conf"

Payload = Callable[[int], bytes]


def run(quick: bool) -> dict[str, Any]:
    """Measure B1; `quick` for a run of seconds. Raises Unavailable where there is no mosquitto."""
    count, rounds = (8_000, 3) if quick else (30_000, 5)
    clock = SystemClock()
    parts: dict[str, Any] = {"messages": count, "rounds": rounds}
    with tempfile.TemporaryDirectory(prefix="gwanje-b1-") as name, _broker(Path(name), clock) as port:
        one = [_round(Path(name), port, at, count, _one_value, clock) for at in range(rounds)]
        many = _round(Path(name), port, rounds, count // 4, _sdot, clock)
    parts["bare_per_s"] = round(statistics.median(bare for bare, _ in one))
    parts["durable_per_s"] = round(statistics.median(ours for _, ours in one))
    ratios = sorted(ours / bare for bare, ours in one)
    parts["ratios"] = [round(each, 3) for each in ratios]
    parts["sdot_bare_per_s"], parts["sdot_durable_per_s"] = round(many[0]), round(many[1])
    parts["sdot_readings_per_s"] = round(many[1] * len(_SDOT))
    parts["sdot_ratio"] = round(many[1] / many[0], 3)
    value = round(statistics.median(ratios), 3)
    return {"name": "B1", "value": value, "reach": REACH, "holds": value >= REACH, "parts": parts}


# --- what is sent ---------------------------------------------------------------

_SDOT = ("pm25", "pm10", "temperature", "humidity", "wind_direction", "wind_speed", "gust_direction",
         "gust_speed", "illuminance", "uv", "noise", "vibration_x", "vibration_y", "vibration_z",
         "globe_temperature", "pm25_corrected", "pm10_corrected")  # fmt: skip
_START_MS = 1_800_000_000_000


def _one_value(n: int) -> bytes:
    return msgspec.json.encode({"at": _START_MS + n, "id": f"m{n}", "v0": n % 97 / 2})


def _sdot(n: int) -> bytes:
    values = {f"v{at}": (n + at) % 97 / 2 for at in range(len(_SDOT))}
    return msgspec.json.encode({"at": _START_MS + n, "id": f"m{n}", **values})


def _last(n: int) -> bytes:
    return msgspec.json.encode({"at": _START_MS + n, "id": f"m{n}", "v0": 1000})


def _feed(at: int, width: int) -> Feed:
    values = tuple(Mapped(quantity=_SDOT[v], value=f"v{v}", unit="ug/m3") for v in range(width))
    mapping = Mapping(topic=f"b1/{at}/{{source}}", time="at", time_format="epoch_ms", values=values)
    return Feed(topics=(f"b1/{at}/#",), mappings=(mapping,))


_RULES = (
    Rule(id="last", kind="threshold", source="last", quantity="pm25", above=500),
    Rule(id="dust", kind="threshold", quantity="pm25", above=75, deadband=5, on_delay_s=60),
    Rule(id="coarse", kind="threshold", quantity="pm10", above=150, deadband=10, on_delay_s=60),
    Rule(id="silent", kind="silent", silent_s=600),
)

# --- one round ------------------------------------------------------------------


def _round(
    folder: Path, port: int, at: int, count: int, payload: Payload, clock: Clock
) -> tuple[float, float]:
    """Messages per second of the bare client and of ours, with the same messages."""
    broker = Broker(port=port, client_id=f"b1-ours-{at}", heartbeat_s=1.0)
    feed_settings = _feed(at, len(_SDOT) if payload is _sdot else 1)
    bare = _Bare(port, f"b1-bare-{at}", f"b1/{at}/#", count, clock)
    bare.subscribe()
    ours = _Ours(folder / str(at), broker, feed_settings, count, clock)
    ours.subscribe()
    _publish(port, at, count, payload)
    if at % 2:
        return bare.drain(), ours.drain()
    durable = ours.drain()
    return bare.drain(), durable


def _publish(port: int, at: int, count: int, payload: Payload) -> None:
    with _client(port, f"b1-publisher-{at}") as client:
        client.loop_start()
        for n in range(count - 1):
            client.publish(f"b1/{at}/s{n % SOURCES}", payload(n), qos=1)
        client.publish(f"b1/{at}/last", _last(count), qos=1).wait_for_publish(PATIENCE_S)
        client.loop_stop()


@contextmanager
def _client(port: int, name: str) -> Iterator[mqtt.Client]:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5, manual_ack=True)
    client.max_inflight_messages_set(1000)
    client.max_queued_messages_set(0)
    _connect(client, port)
    try:
        yield client
    finally:
        client.disconnect()


def _connect(client: mqtt.Client, port: int) -> None:
    wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wishes.SessionExpiryInterval = 3600
    wishes.ReceiveMaximum = IN_FLIGHT
    client.connect("127.0.0.1", port, clean_start=False, properties=wishes)


class _Bare:
    """A client that acknowledges and does nothing else."""

    def __init__(self, port: int, name: str, topic: str, count: int, clock: Clock) -> None:
        self._port, self._name, self._topic, self._count, self._clock = port, name, topic, count, clock
        self._seen = 0
        self._ended_s = 0.0
        self._done = threading.Event()

    def subscribe(self) -> None:
        subscribed = threading.Event()
        with _client(self._port, self._name) as client:
            client.on_subscribe = lambda *_: subscribed.set()
            client.subscribe(self._topic, qos=1)
            client.loop_start()
            _wait(subscribed, "the broker did not take the subscription")
            client.loop_stop()

    def drain(self) -> float:
        """Messages per second, from connecting to the last acknowledgement."""
        began_s = self._clock.monotonic_s()
        with _client(self._port, self._name) as client:
            client.on_message = self._on_message
            client.loop_start()
            _wait(self._done, f"the bare client got {self._seen} of {self._count} messages")
            client.loop_stop()
        return self._count / (self._ended_s - began_s)

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self._seen += 1
        client.ack(message.mid, message.qos)
        if self._seen == self._count:
            self._ended_s = self._clock.monotonic_s()
            self._done.set()


class _Ours:
    """The ingest and the alarm engine as the core puts them together."""

    def __init__(self, folder: Path, broker: Broker, feed_settings: Feed, count: int, clock: Clock) -> None:
        self._folder, self._broker, self._feed, self._count, self._clock = (
            folder, broker, feed_settings, count, clock,
        )  # fmt: skip
        self._connected, self._judged = threading.Event(), threading.Event()
        self._ended_s = 0.0
        folder.mkdir()

    def subscribe(self) -> None:
        """Be there once, so that the broker keeps what comes, and make the stores."""
        self._open_feed().close()
        ingest = self._ingest(lambda _: None)
        ingest.start()
        _wait(self._connected, "the broker did not answer our heartbeat")
        ingest.stop()

    def drain(self) -> float:
        """Messages per second, from connecting to the alarm that the last one raised."""
        engine = Engine("ops", self._open_ops, self._told, self._clock)
        evaluation = Evaluation(
            engine,
            Evaluator(_RULES, [], self._clock),
            Health([], self._clock),
            self._open_reader,
            self._told,
            self._clock,
        )
        ingest = self._ingest(evaluation.committed)
        with ExitStack() as stack:
            engine.start()
            stack.callback(engine.stop)
            engine.call(lambda _db: [], 60)
            evaluation.start()
            stack.callback(evaluation.stop)
            began_s = self._clock.monotonic_s()
            ingest.start()
            stack.callback(ingest.stop)
            _wait(self._judged, "the last message did not raise its alarm")
        self._check()
        return self._count / (self._ended_s - began_s)

    def _ingest(self, on_committed: Callable[[list[StoredReading]], None]) -> Ingest:
        return Ingest(
            {"main": self._broker},
            {"b1": self._feed},
            self._open_feed,
            self._clock,
            self._told,
            on_committed,
            "b1",
        )

    def _open_feed(self) -> Any:
        return connection.open_writer(self._folder / "feed.db", _KEY, feed.migrations)

    def _open_ops(self) -> Any:
        return connection.open_writer(self._folder / "ops.db", _KEY, ops.migrations)

    def _open_reader(self) -> Any:
        return connection.open_reader(self._folder / "feed.db", _KEY)

    def _told(self, records: list[Any]) -> None:
        for each in records:
            if isinstance(each, Alarm) and each.source == "last":
                self._ended_s = self._clock.monotonic_s()
                self._judged.set()
            elif getattr(each, "kind", "") == "broker" and each.state == "ok":
                self._connected.set()

    def _check(self) -> None:
        """The figure counts only if every message is in the store."""
        db = self._open_reader()
        try:
            stored = db.conn.execute("SELECT stored, duplicate, quarantined FROM feed_count").fetchone()
        finally:
            db.close()
        if stored != (self._count, 0, 0):
            raise Unavailable(f"B1: stored, duplicate and set aside are {stored}, not {self._count}, 0, 0")


def _wait(event: threading.Event, otherwise: str) -> None:
    if not event.wait(PATIENCE_S):
        raise Unavailable(f"B1: {otherwise}")


# --- the broker -----------------------------------------------------------------


@contextmanager
def _broker(folder: Path, clock: Clock) -> Iterator[int]:
    """A mosquitto with our profile and a free port; it lets everyone in, on this machine only.

    Nothing of it is kept on disk, so that its autosave does not disturb either side.
    """
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/sbin")
    if program is None:
        raise Unavailable("B1 needs mosquitto (apt-get install mosquitto)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    replaced = ("#", "allow_anonymous", "persistence ", "autosave", "persistent_client_expiration")
    profile = [line for line in _PROFILE.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [line for line in profile if not line.startswith(replaced)]
    lines += ["persistence false", "allow_anonymous true", f"listener {port} 127.0.0.1"]
    config = folder / "mosquitto.conf"
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    process = lifeline.start(
        [program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await_port(port, clock)
        yield port
    finally:
        process.terminate()  # mosquitto does not read its standard input
        lifeline.end(process)


def _await_port(port: int, clock: Clock) -> None:
    until_s = clock.monotonic_s() + 10.0
    while clock.monotonic_s() < until_s:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        threading.Event().wait(0.02)
    raise Unavailable("B1: mosquitto did not start")
