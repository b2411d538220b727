"""One broker: its connection, what it delivers, what is acknowledged, and its heartbeat.

All methods are for the ingest thread. Only the opening of a connection (name
look-up, TCP, TLS) runs beside it, in a short thread of its own, so that a dead
broker holds up no living one.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from console.clock import Clock
from console.errors import SettingsError
from console.feeds.heartbeat import Heartbeat
from console.feeds.wire import WiredClient
from console.formats.answers import Answer
from console.settings import Broker
from console.worker import backoff

if TYPE_CHECKING:
    from console.feeds.posts import Way

log = structlog.get_logger(__name__)

CONNECT_S = 5.0  # for name look-up, TCP and TLS each, and again for the broker's answer
IN_FLIGHT = 2000  # unacknowledged messages that a broker may have sent us (MQTT 5)
_FIRST_S, _MOST_S = 0.5, 15.0


class Delivery(NamedTuple):
    """A message as it was delivered, and what is needed to acknowledge it to a broker.

    `flags` are the `Flag`s that its readings and events get besides their own.
    """

    session: Session | Way
    connection: int
    mid: int
    qos: int
    topic: str
    payload: bytes
    retained: bool
    dup: bool
    flags: int = 0


class Session:
    """A persistent session at one broker; `first` if its messages go before those of others.

    `gone` are topics that an earlier run may have subscribed with this client id.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        topics: Sequence[str],
        device: str,
        clock: Clock,
        process: str,
        *,
        first: bool = False,
        gone: Sequence[str] = (),
    ) -> None:
        self.name, self.first = name, first
        self.inbox: list[Delivery] = []
        self.heartbeat = Heartbeat(
            broker.heartbeat_topic.replace("{device}", device), broker.heartbeat_s, process
        )
        self.trouble = ""
        self.connection = 0
        self.is_forgotten = False  # the broker has lost our session and what it kept for us
        self.is_ready = False
        self._broker, self._topics, self._clock = broker, tuple(topics), clock
        self._gone = tuple(gone)
        self._asked: dict[int | None, list[str]] = {}
        self._client = self._make_client()
        self._opening: _Opening | None = None
        self._attempt = 0
        self._again_s = clock.monotonic_s()
        self._answer_by_s = 0.0
        self._misc_s = 0.0

    # --- the connection ------------------------------------------------------

    def _make_client(self) -> WiredClient:
        broker = self._broker
        five = broker.version == "5"
        client = WiredClient(
            CallbackAPIVersion.VERSION2,
            client_id=broker.client_id,
            clean_session=None if five else False,
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_S
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        # With this callback set paho queues instead of sending each packet by itself.
        client.on_socket_register_write = lambda *_: None
        if broker.username:
            client.username_pw_set(broker.username, password_of(broker))
        if broker.tls:
            client.context = tls_context(broker)
        return client

    def tend(self) -> None:
        """Connect again when it is time to, keep the connection alive, send the heartbeat."""
        now_s = self._clock.monotonic_s()
        if self._opening is not None:
            self._finish_opening(now_s)
        elif self._client.wire is None or self._client.socket() is None:
            if now_s >= self._again_s:
                self._opening = _Opening(self.name, self._client, self._broker)
        elif not self.is_ready and now_s >= self._answer_by_s:
            self._lose("the broker did not answer in time")
        elif now_s >= self._misc_s:
            self._misc_s = now_s + 1.0
            self._client.loop_misc()
            self.write()
        # An echo proves what it came through: it is not sent before every topic is confirmed.
        if self.is_subscribed and self.heartbeat.is_due(now_s):
            self._client.publish(self.heartbeat.topic, self.heartbeat.next(now_s), qos=0)
            self.write()

    def _finish_opening(self, now_s: float) -> None:
        opening = self._opening
        if opening is None or not opening.done.is_set():
            return
        self._opening = None
        self.connection += 1
        if opening.error is not None:
            self._lose(f"cannot be reached ({opening.error})")
        else:
            self._answer_by_s = now_s + CONNECT_S
            self.write()

    def _lose(self, why: str) -> None:
        """Give the connection up and try again later; what was delivered on it is never acknowledged."""
        if self.is_ready or self.trouble != why:
            log.info("broker", name=self.name, trouble=why)
        self.trouble, self.is_ready = why, False
        self._attempt += 1
        self._again_s = self._clock.monotonic_s() + backoff(self._attempt, first=_FIRST_S, most=_MOST_S)
        self.connection += 1
        if self._client.wire is not None:
            self._client.wire.close()
            self._client.wire = None

    def close(self) -> None:
        """Leave the broker in order; the session stays there and keeps what comes."""
        if self._opening is not None:
            self._client.abandon()
            self._opening.done.wait(CONNECT_S)
        was_ready, self.is_ready = self.is_ready, False
        if was_ready:
            self._client.disconnect()
            self.write()
        if self._client.wire is not None:
            self._client.wire.close()
            self._client.wire = None

    # --- what paho calls, in this thread ---------------------------------------

    def _on_connect(self, client: Any, _userdata: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.trouble = f"refused us: {reason}"
            return
        self._attempt, self.is_ready, self.trouble = 0, True, ""
        self.is_forgotten = not flags.session_present
        self.heartbeat.restart(self._clock.monotonic_s())
        self._asked.clear()
        if self._gone:
            client.unsubscribe(list(self._gone))
        self._subscribe(self._topics, heartbeat=True)
        log.info("broker", name=self.name, state="connected", connection=self.connection, priority=self.first)

    def _subscribe(self, topics: Sequence[str], *, heartbeat: bool = False) -> None:
        filters = [(topic, 1) for topic in topics]
        if heartbeat:
            filters.append((self.heartbeat.topic, 0))
        if filters:
            _, mid = self._client.subscribe(filters)
            self._asked[mid] = [topic for topic, _ in filters]

    def retopic(self, topics: Sequence[str]) -> None:
        """Read these topics from now on: subscribe what is new, leave what is gone; the link stays."""
        gone = [topic for topic in self._topics if topic not in topics]
        new = [topic for topic in topics if topic not in self._topics]
        self._gone = tuple(each for each in dict.fromkeys([*self._gone, *gone]) if each not in topics)
        self._topics = tuple(topics)
        if self.is_ready:
            if gone:
                self._client.unsubscribe(gone)
            if new:
                self.heartbeat.restart(self._clock.monotonic_s())
            self._subscribe(new)
            self.write()

    @property
    def is_subscribed(self) -> bool:
        """Whether the broker has confirmed, or refused, every topic."""
        return self.is_ready and not self._asked

    def _on_subscribe(self, _client: Any, _userdata: Any, mid: Any, reasons: Any, _properties: Any) -> None:
        asked = self._asked.pop(mid, [])
        refused = [topic for topic, reason in zip(asked, reasons, strict=False) if reason.is_failure]
        if refused:
            self.trouble = f"refuses the topics {', '.join(refused)}"

    def _on_message(self, _client: Any, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "\ufffd"
        payload = bytes(message.payload)
        if topic == self.heartbeat.topic and self.heartbeat.take(
            payload, self._clock.monotonic_s(), self._clock.now_ms()
        ):
            return
        self.inbox.append(
            Delivery(
                self,
                self.connection,
                message.mid,
                message.qos,
                topic,
                payload,
                message.retain,
                message.dup,
            )
        )

    def _on_disconnect(
        self, _client: Any, _userdata: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if self.is_ready:
            self._lose(f"the connection was lost ({reason})")

    # --- reading, acknowledging --------------------------------------------------

    def fileno(self) -> int:
        """The socket for `select`; -1 while there is none."""
        wire = self._client.wire
        return -1 if wire is None or self._opening is not None else wire.fileno()

    def has_waiting(self) -> bool:
        """Whether bytes have come in that `select` cannot see."""
        wire = self._client.wire
        return wire is not None and self._opening is None and wire.waiting()

    def wants_write(self) -> bool:
        """Whether something waits to be sent."""
        wire = self._client.wire
        return wire is not None and self._opening is None and wire.unsent()

    def read(self, most: int) -> None:
        """Read into the inbox what has come, until it holds `most` messages."""
        client, wire = self._client, self._client.wire
        if wire is None or self._opening is not None:
            return
        try:
            while len(self.inbox) < most and wire.fill():
                if client.loop_read() != mqtt.MQTT_ERR_SUCCESS or client.wire is not wire:
                    break
        except OSError as error:
            self._lose(f"the connection was lost ({error})")
        if client.wire is wire and client.socket() is None:
            self._lose(self.trouble or "the connection was lost")
        self.write()

    def acknowledge(self, connection: int, mid: int, qos: int) -> None:
        """Queue the acknowledgement, unless it belongs to an older connection: see `write`.

        A packet id of an older connection may by now mean another message.
        """
        if qos and connection == self.connection and self.is_ready:
            self._client.ack(mid, qos)

    def publish(self, answer: Answer) -> None:
        """Queue an answer; without a link, or on a topic that is none, it is lost: see `write`."""
        if not self.is_ready:
            return
        try:
            self._client.publish(answer.topic, answer.payload, qos=answer.qos)
        except ValueError as error:  # a topic with wildcards, a payload beyond MQTT's measure
            log.warning("answer", broker=self.name, error=str(error))

    def write(self) -> None:
        """Send what is queued, as far as the network takes it."""
        wire = self._client.wire
        if wire is None or self._opening is not None:
            return
        try:
            if self._client.want_write():
                self._client.loop_write()
            wire.flush()
        except OSError as error:
            self._lose(f"the connection was lost ({error})")


class _Opening:
    """The opening of a connection, beside the ingest thread. While it runs the client is its."""

    def __init__(self, name: str, client: WiredClient, broker: Broker) -> None:
        self.done = threading.Event()
        self.error: Exception | None = None
        self._client, self._broker = client, broker
        threading.Thread(target=self._open, name=f"connect-{name}", daemon=True).start()

    def _open(self) -> None:
        broker = self._broker
        try:
            if broker.version == "5":
                wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                wishes.SessionExpiryInterval = min(broker.session_expiry_s, 0xFFFFFFFF)
                wishes.ReceiveMaximum = IN_FLIGHT
                self._client.connect(
                    broker.host, broker.port, broker.keepalive_s, clean_start=False, properties=wishes
                )
            else:
                self._client.connect(broker.host, broker.port, broker.keepalive_s)
        except Exception as error:  # noqa: BLE001 - the top of a thread: it reports
            self.error = error
        finally:
            self.done.set()


def password_of(broker: Broker) -> str:
    """The password, from its file if one is named; raises SettingsError if that cannot be read."""
    if not broker.password_file:
        return broker.password
    try:
        return Path(broker.password_file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"password_file {broker.password_file}: cannot be read ({error})") from error


def tls_context(broker: Broker) -> ssl.SSLContext:
    """TLS that checks the broker's name and certificate, against `ca_file` or the system's store."""
    try:
        context = ssl.create_default_context(cafile=broker.ca_file or None)
        if broker.cert_file:
            context.load_cert_chain(broker.cert_file, broker.key_file or None)
    except (OSError, ValueError) as error:
        files = ", ".join(each for each in (broker.ca_file, broker.cert_file, broker.key_file) if each)
        raise SettingsError(f"TLS files {files}: cannot be used ({error})") from error
    return context
