"""The demo's sensors: a process that publishes the district to a broker, as gateways would.

It waits for the first heartbeat of a console, so that nobody misses the
beginning, then tells the calm hours before, then lives.
"""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from console import lifeline
from console.clock import Clock, SystemClock
from console.demo.district import District, Message, Story
from console.demo.places import USERNAME
from console.demo.replays import Replays

HEARTBEATS = "gwanje/+/heartbeat"
_STEP_S = 0.25
_PATIENCE_S = 25.0
_MOST_QUEUED = 50_000
_AT_ONCE = 100  # messages of the past between two looks at whether to end


class Publisher:
    """One MQTT client for the whole district. `connect` first, `close` last."""

    def __init__(self, port: int, password: str) -> None:
        self._port = port
        self._linked = threading.Event()
        self.console_lives = threading.Event()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="demo-publisher", protocol=mqtt.MQTTv311
        )
        self._client.username_pw_set(USERNAME, password)
        self._client.max_queued_messages_set(_MOST_QUEUED)
        self._client.max_inflight_messages_set(200)
        self._client.reconnect_delay_set(1, 5)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message

    def connect(self, timeout_s: float) -> bool:
        """Begin, and hear heartbeats; False if the broker did not take us in time (it goes on trying)."""
        self._client.connect_async("127.0.0.1", self._port, keepalive=30)
        self._client.loop_start()
        return self._linked.wait(timeout_s)

    def publish(self, messages: Iterable[Message]) -> None:
        """Hand messages to the client at QoS 1; it keeps them while the broker is away."""
        for message in messages:
            self._client.publish(message.topic, message.payload, qos=1, retain=message.retain)

    def close(self) -> None:
        """End; what is still queued is dropped."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(
        self, client: mqtt.Client, context: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        if not reason.is_failure:
            client.subscribe(HEARTBEATS, 0)

    def _on_subscribe(
        self, client: mqtt.Client, context: Any, mid: int, reasons: Any, properties: Any
    ) -> None:
        self._linked.set()

    def _on_message(self, client: mqtt.Client, context: Any, message: mqtt.MQTTMessage) -> None:
        self.console_lives.set()


def play(
    publisher: Publisher, district: District, replays: Replays, clock: Clock, wait: Callable[[float], bool]
) -> None:
    """Tell the past and then live until `wait` (seconds to bool) says to end."""
    pause = round(_PATIENCE_S / _STEP_S)
    while pause and not publisher.console_lives.is_set():
        if wait(_STEP_S):
            return
        pause -= 1
    batch: list[Message] = []
    for message in district.history(clock.now_ms()):
        batch.append(message)
        if len(batch) >= _AT_ONCE:
            publisher.publish(batch)
            batch.clear()
            if wait(0.02):
                return
    publisher.publish(batch)
    district.messages(clock.now_ms())
    while not wait(_STEP_S):
        now_ms = clock.now_ms()
        publisher.publish(district.messages(now_ms))
        publisher.publish(replays.messages(now_ms))


def main(args: Sequence[str] = ()) -> int:
    """The process: prints `ready` once connected, and publishes until its lifeline closes."""
    parser = argparse.ArgumentParser(prog="gwanje demo-publisher", description="The demo's sensors.")
    parser.add_argument("--port", type=int, required=True, help="loopback port of the broker")
    parser.add_argument("--password-file", type=Path, required=True, help="file with the broker's password")
    parser.add_argument("--seed", type=int, default=1, help="which of the possible days")
    parser.add_argument("--story", choices=get_args(Story), default="busy", help="what happens that day")
    chosen = parser.parse_args(args)
    ended = threading.Event()
    lifeline.watch(ended.set)
    publisher = Publisher(chosen.port, chosen.password_file.read_text(encoding="utf-8").strip())
    if not publisher.connect(15.0):
        publisher.close()
        print("the broker does not answer", flush=True)  # noqa: T201 - whoever started us reads it
        return 1
    print("ready", flush=True)  # noqa: T201
    try:
        district, replays = District(chosen.seed, chosen.story), Replays(chosen.story)
        play(publisher, district, replays, SystemClock(), ended.wait)
    finally:
        publisher.close()
    return 0
