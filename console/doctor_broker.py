"""One message through a broker and back, on a connection of its own."""

from __future__ import annotations

import secrets
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.feeds.session import password_of, tls_context
from console.settings import Broker

PATIENCE_S = 5.0


def round_trip(broker: Broker, clock: Clock) -> float:
    """Milliseconds from publishing to receiving our own message, QoS 1.

    Raises Unavailable if nothing answers, Refused if the broker says no, and
    SettingsError for a password or certificate file that cannot be used. The
    session is a throw-away one, so that the console's own is not disturbed.
    """
    trip = _Trip(broker, clock)
    try:
        return trip.run()
    finally:
        trip.close()


class _Trip:
    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker, self._clock = broker, clock
        self._topic = broker.heartbeat_topic.replace("{device}", "doctor")
        self._token = secrets.token_hex(8).encode()
        self._sent_s = 0.0
        self._took_ms: float | None = None
        self._refusal = ""
        self._client = self._make_client()

    def _make_client(self) -> mqtt.Client:
        broker = self._broker
        five = broker.version == "5"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{broker.client_id}-doctor-{secrets.token_hex(4)}",
            clean_session=None if five else True,
            protocol=mqtt.MQTTv5 if five else mqtt.MQTTv311,
            reconnect_on_failure=False,
        )
        client.connect_timeout = PATIENCE_S
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        if broker.username:
            client.username_pw_set(broker.username, password_of(broker))
        if broker.tls:
            client.tls_set_context(tls_context(broker))
        return client

    def run(self) -> float:
        try:
            self._client.connect(self._broker.host, self._broker.port)
        except (OSError, ValueError) as error:
            raise Unavailable(f"no connection ({error})") from error
        until_s = self._clock.monotonic_s() + PATIENCE_S
        while True:
            ended = self._client.loop(0.1) != MQTTErrorCode.MQTT_ERR_SUCCESS
            if self._refusal:
                raise Refused(self._refusal)
            if self._took_ms is not None:
                return self._took_ms
            if ended:
                raise Unavailable("the broker hung up")
            if self._clock.monotonic_s() > until_s:
                raise Unavailable(f"our own message did not come back within {PATIENCE_S:.0f} s")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop(0.1)

    def _on_connect(
        self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._refusal = f"the broker refused us: {reason}"
            return
        client.subscribe(self._topic, qos=1)

    def _on_subscribe(
        self, client: mqtt.Client, _data: Any, _mid: Any, reasons: Any, _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refusal = f"the broker does not let us read {self._topic}"
            return
        self._sent_s = self._clock.monotonic_s()
        client.publish(self._topic, self._token, qos=1)

    def _on_message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        if message.payload == self._token:
            self._took_ms = (self._clock.monotonic_s() - self._sent_s) * 1000
