"""One connection to a broker, step by step: each step waits for the broker's answer.

Made for examining: it keeps count of everything that arrives and acknowledges
only when told to. One thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.feeds.session import password_of, tls_context
from console.settings import Broker

PATIENCE_S = 5.0
OUR_RECEIVE_MAXIMUM = 2000  # what a console asks for, see console/feeds/session.py
_AHEAD = 10  # unacknowledged at a time towards the broker: fewer than any broker is known to allow
_SLICE_S = 0.05


class Visit:
    """A connection with the account of the settings; `with` connects and leaves in order.

    `keep_s` None: a clean session that ends with the connection; otherwise a
    persistent one that the broker shall keep for so long. `known` False goes in
    without name and password.
    """

    def __init__(
        self,
        broker: Broker,
        clock: Clock,
        client_id: str,
        *,
        version: str = "",
        keep_s: int | None = None,
        known: bool = True,
        acknowledge: bool = True,
    ) -> None:
        self.arrived: list[mqtt.MQTTMessage] = []
        self.session_present = False
        self.limits: Properties | None = None
        self._broker, self._clock, self._keep_s = broker, clock, keep_s
        self._five = (version or broker.version) == "5"
        self._at_once = acknowledge
        self._unacknowledged: list[mqtt.MQTTMessage] = []
        self._connack: Any = None
        self._granted: dict[int, Sequence[Any]] = {}
        self._published: dict[int, Any] = {}
        self._client = self._make_client(client_id, known)

    def _make_client(self, client_id: str, known: bool) -> mqtt.Client:
        broker = self._broker
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._five else self._keep_s is None,
            protocol=mqtt.MQTTv5 if self._five else mqtt.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = PATIENCE_S
        client.max_inflight_messages_set(_AHEAD)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        if known and broker.username:
            client.username_pw_set(broker.username, password_of(broker))
        if broker.tls:
            client.tls_set_context(tls_context(broker))
        return client

    # --- coming and going ------------------------------------------------------

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def connect(self) -> None:
        """Connect and wait for the answer; raises Unavailable without one and Refused for a no."""
        broker = self._broker
        try:
            if self._five:
                wishes = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                wishes.ReceiveMaximum = OUR_RECEIVE_MAXIMUM
                if self._keep_s is not None:
                    wishes.SessionExpiryInterval = min(self._keep_s, 0xFFFFFFFF)
                self._client.connect(
                    broker.host, broker.port, clean_start=self._keep_s is None, properties=wishes
                )
            else:
                self._client.connect(broker.host, broker.port)
        except (OSError, ValueError) as error:
            raise Unavailable(f"no connection ({error})") from error
        if not self.wait(lambda: self._connack is not None):
            raise Unavailable(f"no answer within {PATIENCE_S:.0f} s")
        if self._connack.is_failure:
            raise Refused(f"the broker refused us: {self._connack}")

    def leave(self) -> None:
        """Disconnect in order; a persistent session stays at the broker. Twice is harmless."""
        self._client.disconnect()
        self._client.loop(0.1)

    def wait(self, happened: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
        """Let the connection work until something has happened; False if it did not in time.

        Raises Unavailable when the connection ends while it waits.
        """
        until_s = self._clock.monotonic_s() + timeout_s
        while not happened():
            code = self._client.loop(_SLICE_S)
            if happened():
                return True
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS and not self._refused():
                raise Unavailable("the broker hung up")
            if self._clock.monotonic_s() > until_s:
                return False
        return True

    def _refused(self) -> bool:
        return self._connack is not None and bool(self._connack.is_failure)

    # --- subscribing, publishing, acknowledging -----------------------------------

    def subscribe(self, filters: Sequence[str], qos: int = 1) -> list[Any]:
        """The broker's answer to each filter; Unavailable if there is none."""
        _, mid = self._client.subscribe([(each, qos) for each in filters])
        if mid is None or not self.wait(lambda: mid in self._granted):
            raise Unavailable("no answer to a subscription")
        return list(self._granted[mid])

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> Any:
        """Publish at QoS 1; the broker's answer (MQTT 5 gives reasons), None if it gave none in time."""
        mid = self._client.publish(topic, payload, qos=1, retain=retain).mid
        self.wait(lambda: mid in self._published)
        return self._published.get(mid)

    def publish_all(
        self, topic: str, payloads: Sequence[bytes], *, timeout_s: float, told: Callable[[int], None]
    ) -> int:
        """Publish all in order at QoS 1; how many the broker has confirmed within the time."""
        mids = [self._client.publish(topic, payload, qos=1).mid for payload in payloads]
        until_s = self._clock.monotonic_s() + timeout_s
        before = len(self._published) - sum(mid in self._published for mid in mids)
        while self._clock.monotonic_s() < until_s:
            enough = min(len(self._published) + 100, before + len(mids))
            self.wait(lambda enough=enough: len(self._published) >= enough, 1.0)  # type: ignore[misc]
            told(len(self._published) - before)
            if len(self._published) - before >= len(mids):
                break
        return len(self._published) - before

    def quiet(self, for_s: float, *, until: int, timeout_s: float = 60.0) -> int:
        """Receive until `until` messages are there or none came for so long; how many there are."""
        end_s = self._clock.monotonic_s() + timeout_s
        while len(self.arrived) < until and self._clock.monotonic_s() < end_s:
            count = len(self.arrived)
            if not self.wait(lambda count=count: len(self.arrived) > count, for_s):  # type: ignore[misc]
                break
        return len(self.arrived)

    def acknowledge(self) -> None:
        """Acknowledge everything that has come, and from now on at once."""
        self._at_once = True
        waiting, self._unacknowledged = self._unacknowledged, []
        for message in waiting:
            self._client.ack(message.mid, message.qos)

    # --- what paho calls, in this thread -----------------------------------------

    def _on_connect(
        self, _client: mqtt.Client, _userdata: Any, flags: Any, reason: Any, limits: Properties | None
    ) -> None:
        self._connack, self.limits = reason, limits
        self.session_present = bool(flags.session_present)

    def _on_message(self, client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.arrived.append(message)
        if self._at_once:
            client.ack(message.mid, message.qos)
        else:
            self._unacknowledged.append(message)

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, mid: int, reasons: Any, _limits: Any
    ) -> None:
        self._granted[mid] = reasons

    def _on_publish(self, _client: mqtt.Client, _userdata: Any, mid: int, reason: Any, _limits: Any) -> None:
        self._published[mid] = reason
