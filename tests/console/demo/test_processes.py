"""The demo's broker and publisher as processes: they work together, and end when their lifeline does."""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from console import lifeline
from console.demo.places import USERNAME
from console.roles import role_command

PASSWORD = "correct horse"


class Demo:
    """A broker on a free port, and what else the test starts."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        (folder / "password").write_text(PASSWORD)
        self.broker = self.start("demo-broker")

    def start(self, role: str) -> subprocess.Popen[bytes]:
        errors = self.stack.enter_context((self.folder / f"{role}.err").open("wb"))
        process = lifeline.start(
            role_command(role, "--port", str(self.port), "--password-file", str(self.folder / "password")),
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=lifeline.working_folder(),
        )
        self.stack.callback(lifeline.end, process)
        assert process.stdout is not None
        self.stack.enter_context(process.stdout)
        assert process.stdout.readline() == b"ready\n", (self.folder / f"{role}.err").read_text()
        return process

    def client(self, password: str = PASSWORD) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        client.username_pw_set(USERNAME, password)
        self.stack.callback(client.loop_stop)
        self.stack.callback(client.disconnect)
        return client

    def said_on_stderr(self) -> str:
        return "".join(path.read_text() for path in sorted(self.folder.glob("*.err")))


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with ExitStack() as stack:
        yield Demo(tmp_path, stack)


def test_a_wrong_password_is_refused(demo: Demo) -> None:
    refused = threading.Event()

    def on_connect(client: mqtt.Client, context: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            refused.set()

    client = demo.client("wrong")
    client.on_connect = on_connect
    client.connect("127.0.0.1", demo.port)
    client.loop_start()
    assert refused.wait(10)


def test_the_publisher_begins_with_the_first_heartbeat(demo: Demo) -> None:
    demo.start("demo-publisher")
    topics: set[str] = set()
    enough = threading.Event()

    def on_message(client: mqtt.Client, context: Any, message: mqtt.MQTTMessage) -> None:
        topics.add(message.topic.split("/")[1])
        if topics >= {"sdot", "market", "river", "noise"}:
            enough.set()

    def on_subscribe(client: mqtt.Client, context: Any, mid: int, reasons: Any, properties: Any) -> None:
        client.publish("gwanje/test/heartbeat", b"1", 1)

    client = demo.client()
    client.on_message, client.on_subscribe = on_message, on_subscribe
    client.on_connect = lambda *_: client.subscribe("hanbit/#", 1)
    client.connect("127.0.0.1", demo.port)
    client.loop_start()
    assert enough.wait(20)
    assert demo.said_on_stderr() == ""


@pytest.mark.parametrize("how", ["lifeline", "terminate"])
def test_both_end_when_they_shall(demo: Demo, how: str) -> None:
    for process in (demo.start("demo-publisher"), demo.broker):
        if how == "terminate":
            process.terminate()
            assert process.wait(15) == 0
        else:
            assert lifeline.end(process, 15) == 0
    assert demo.said_on_stderr() == ""
