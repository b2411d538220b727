"""A steady load of MQTT messages with one counter among them."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from console.bench.sensors import Chatter
from console.clock import Clock

_STEP_S = 0.01
_SOURCES = 200
_WINDOW = 500


class Load:
    """Publishes `rate` messages a second at QoS 1; every seventh step moves the counter.

    Seven steps of 10 ms, so that it does not march in step with a screen that
    takes over every 100 ms.

    `sent_ns` holds the monotonic ns at which each number of the counter
    (topic `bench/counter`, field `v`) was given to the socket. With a
    `chatter` its sensors report one after the other, else 200 plain ones.
    """

    def __init__(self, port: int, *, rate: int, clock: Clock, chatter: Chatter | None = None) -> None:
        self._clock = clock
        self._chatter = chatter
        self._rate = rate
        self._spared = 0 if rate < 100 else 1  # the place of the counter's own message
        self._step = self._next = 0
        self._pause = threading.Event()
        self.number = 0
        self.sent_ns: dict[int, int] = {}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench-load")
        self._client.username_pw_set("bench", "bench")
        self._client.max_inflight_messages_set(0)
        self._client.connect("127.0.0.1", port)

    def __enter__(self) -> Self:
        self.number = self._clock.now_ms() % 100_000_000 * 1000  # a later load counts on from a higher number
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def run_for(self, seconds: float) -> None:
        """Publish for so long, in steps of 10 ms."""
        begin_s = self._clock.monotonic_s()
        steps = round(seconds / _STEP_S)
        for step in range(steps):
            self._publish_step()
            rest_s = begin_s + (step + 1) * _STEP_S - self._clock.monotonic_s()
            if rest_s > 0:
                self._pause.wait(rest_s)

    def _publish_step(self) -> None:
        self._step += 1
        at_ms = self._clock.now_ms()
        for place in range(
            self._rate * self._step // 100 - self._rate * (self._step - 1) // 100 - self._spared
        ):
            if self._chatter is not None:
                self._report(self._next, at_ms)
                continue
            source = (self._step * 7 + place) % _SOURCES
            self._client.publish(f"bench/s{source}", f'{{"at":{at_ms + place},"v":{place}.5}}', qos=1)
        if self._step % 7 == 0:
            self.number += 1
            self.sent_ns[self.number] = round(self._clock.monotonic_s() * 1e9)
            self._client.publish("bench/counter", f'{{"at":{at_ms},"v":{self.number}}}', qos=1)

    def burst(self, numbers: Iterable[int]) -> float:
        """Let these sensors report at once; returns the seconds until the broker has taken all."""
        begin_s = self._clock.monotonic_s()
        last = None
        for at, number in enumerate(numbers):
            last = self._report(number, self._clock.now_ms())
            if at % _WINDOW == _WINDOW - 1:
                last.wait_for_publish(60)
        if last is not None:
            last.wait_for_publish(60)
        return self._clock.monotonic_s() - begin_s

    def _report(self, number: int, at_ms: int) -> mqtt.MQTTMessageInfo:
        assert self._chatter is not None
        self._next = (number + 1) % self._chatter.count
        topic, payload = self._chatter.message(number, at_ms)
        return self._client.publish(topic, payload, qos=1)
