"""Plays replay files: publishes their messages to a broker at a multiple of their speed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from console.clock import Clock, SystemClock
from console.errors import Refused, Unavailable
from console.packs import load
from console.packs.replay import Line, lines

Publish = Callable[[str, bytes], None]
_CONNECT_S, _FLUSH_S = 10.0, 30.0


def address(text: str) -> tuple[str, int]:
    """Host and port of `host:port`; raises Refused."""
    host, mark, port = text.rpartition(":")
    if not mark or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Refused(f"--broker: found {text!r}; HOST:PORT")
    return host, int(port)


def together(names: Sequence[str], base: Path | None) -> list[Line]:
    """The messages of these packs' replays, by time; `all` means every installed pack."""
    wanted = list(load.files(base)) if "all" in names else list(names)
    found: list[Line] = []
    for path, pack in load.chosen(wanted, base):
        file = load.replay_path(path, pack)
        if file is not None:
            found += lines(file)
    return sorted(found, key=lambda line: line.after_ms)


def play(
    messages: Sequence[Line],
    publish: Publish,
    clock: Clock,
    *,
    speed: float,
    wait: Callable[[float], object],
) -> int:
    """Publish each when its time has come; returns how many.

    The messages' own times end now: faster than real, the story lies in the past and its last
    message is made at the moment at which it is sent.
    """
    if not messages:
        return 0
    length_ms = messages[-1].after_ms
    start_s, end_ms = clock.monotonic_s(), clock.now_ms() + round(length_ms / speed)
    for line in messages:
        left = line.after_ms / speed / 1000 - (clock.monotonic_s() - start_s)
        if left > 0:
            wait(left)
        publish(line.topic, line.bytes_at(end_ms - (length_ms - line.after_ms)))
    return len(messages)


class Publisher:
    """A client that publishes with QoS 1; `close` waits until the broker has confirmed everything."""

    def __init__(self, host: str, port: int, username: str = "", password: str = "") -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="gwanje-replay")
        self._client.max_queued_messages_set(0)
        if username:
            self._client.username_pw_set(username, password)
        self._up, self._refused = threading.Event(), ""
        self._client.on_connect = self._on_connect
        self._infos: list[mqtt.MQTTMessageInfo] = []
        try:
            self._client.connect(host, port, 30)
        except OSError as error:
            raise Unavailable(f"The broker {host}:{port} does not answer ({error})") from error
        self._client.loop_start()
        if not self._up.wait(_CONNECT_S) or self._refused:
            self._client.loop_stop()
            raise Unavailable(f"The broker {host}:{port} refused us ({self._refused or 'no answer'})")

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        self._refused = str(reason) if reason.is_failure else ""
        self._up.set()

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand a message to the broker."""
        self._infos.append(self._client.publish(topic, payload, qos=1))
        if len(self._infos) > 500:
            self._settle()

    def _settle(self) -> None:
        for each in self._infos:
            each.wait_for_publish(_FLUSH_S)
            if not each.is_published():
                raise Unavailable("The broker does not confirm what was published")
        self._infos.clear()

    def close(self) -> None:
        """Wait for the confirmations, then leave."""
        try:
            self._settle()
        finally:
            self._client.disconnect()
            self._client.loop_stop()


def print_replay(
    names: Sequence[str],
    base: Path,
    broker: str,
    speed: float,
    username: str = "",
    password_file: Path | None = None,
) -> int:
    """Play the packs' replays and say how many messages were published."""
    messages = together(names, base)
    password = password_file.read_text(encoding="utf-8").strip() if password_file else ""
    publisher = Publisher(*address(broker), username, password)
    try:
        count = play(messages, publisher.publish, SystemClock(), speed=speed, wait=threading.Event().wait)
    finally:
        publisher.close()
    click.echo(f"{count} messages published to {broker}")
    return 0
