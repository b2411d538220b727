"""A Sparkplug node that was there before the console: asked for its births through a real broker."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from console.clock import SystemClock
from console.formats import sparkplug_wire
from tests.console.formats import sparkplug_bytes as spark
from tests.end_to_end.test_roles import settings_for
from tests.end_to_end.whole import WholeConsole, until
from tests.servers.mosquitto import PASSWORD, USER, Mosquitto

ROOT = Path(__file__).resolve().parents[2]
NODE = "spBv1.0/plant/{}/gw"


class Node:
    """A node that speaks when it is spoken to."""

    def __init__(self, port: int) -> None:
        self.commands: list[bytes] = []
        self.subscribed = threading.Event()
        self._at_ms = SystemClock().now_ms() - 10_000
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="node")
        self._client.username_pw_set(USER, PASSWORD)
        self._client.on_message = self._heard
        self._client.on_subscribe = lambda *_: self.subscribed.set()
        self._client.will_set(NODE.format("NDEATH"), spark.payload(spark.bd_seq(7)), qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(NODE.format("NCMD"), 1)
        self._client.loop_start()

    def say(self, kind: str, *metrics: bytes, seq: int) -> None:
        self._at_ms += 1000  # two values of one metric at one time would be one
        content = spark.payload(*metrics, seq=seq, at=self._at_ms)
        self._client.publish(NODE.format(kind), content, qos=1).wait_for_publish(10)

    def vanish(self) -> None:
        """Fall off the network, so that the broker publishes the will."""
        self._client.loop_stop()
        self._client.socket().close()  # type: ignore[union-attr]

    def _heard(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.commands.append(message.payload)


def test_a_missing_birth_is_asked_for_and_the_node_is_followed_to_its_death(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    shipped = tomllib.loads((ROOT / "resources" / "settings" / "sparkplug.toml").read_text(encoding="utf-8"))
    shipped["feeds"]["sparkplug"]["sparkplug"]["rebirth"] = True
    settings = settings_for(mosquitto) | {"feeds": shipped["feeds"]}
    with WholeConsole(tmp_path / "data", settings, screen=False) as console:
        until(lambda: any(b["state"] == "ok" for b in (console.ask() or {"brokers": []})["brokers"]))
        node = Node(mosquitto.port)
        assert node.subscribed.wait(10)
        node.say("NDATA", spark.metric(alias=1, at=None, float=1.0), seq=40)
        until(lambda: node.commands, what="the console asked for the births")
        (command,) = sparkplug_wire.read(node.commands[0]).metrics
        assert (command.name, command.value) == ("Node Control/Rebirth", True)
        node.say(
            "NBIRTH", spark.bd_seq(7), spark.metric("Temp", alias=1, at=None, type_=9, float=20.0), seq=0
        )
        node.say("NDATA", spark.metric(alias=1, at=None, float=21.5), seq=1)

        def latest(quantity: str) -> Any:
            found = [each for each in console.ask("state") or () if each["record"] == "Latest"]
            return next((each["value"] for each in found if each["quantity"] == quantity), None)

        until(lambda: latest("Temp") == 21.5, what="the value by its alias")
        assert latest("online") == 1.0
        node.vanish()
        until(lambda: latest("online") == 0.0, what="the death of the node")
