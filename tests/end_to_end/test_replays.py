"""The replays of all packs at once through a real broker: every message is counted once."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from console.clock import SystemClock
from console.core import Core
from console.packs import load, samples
from console.packs.playing import play, together
from tests.end_to_end.whole import until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto

COUNTED = ("stored", "quarantined", "duplicate")


@pytest.mark.parametrize(
    "speed", [6000.0, pytest.param(60.0, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
def test_what_is_published_is_stored_or_set_aside_or_known(
    mosquitto: Mosquitto, tmp_path: Path, speed: float
) -> None:
    packs = [pack for _, pack in load.chosen(sorted(load.files(None)), None)]
    core = Core(tmp_path / "data", samples.settings(packs, mosquitto.settings()), SystemClock())
    clock = SystemClock()
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.username_pw_set(USER, PASSWORD)
    core.start()
    try:
        until(lambda: all(b["state"] == "ok" for b in core._questions.answer("status", {})["brokers"]))
        client.connect("127.0.0.1", mosquitto.port)
        client.loop_start()

        def counts() -> int:
            feeds = msgspec.to_builtins(core._questions.answer("status", {})["feeds"])
            return sum(each[name] for each in feeds for name in COUNTED)

        def subscribed() -> bool:
            client.publish("replay/electric/probe", f'{{"arc":0,"n":{clock.now_ms()}}}', qos=1)
            threading.Event().wait(0.3)
            return counts() > 0

        until(subscribed, what="the core's subscriptions stand")
        before = counts()
        sent = [0]

        def publish(topic: str, payload: bytes) -> None:
            sent[0] += 1
            client.publish(topic, payload, qos=1).wait_for_publish(20)

        published = play(
            together(["all"], None), publish, SystemClock(), speed=speed, wait=threading.Event().wait
        )
        assert published == sent[0] > 3000

        until(lambda: counts() >= before + published, within_s=15, what=f"{published} counted")
        assert counts() == before + published
    finally:
        client.disconnect()
        client.loop_stop()
        core.stop()
