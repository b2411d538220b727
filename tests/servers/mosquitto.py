"""A real mosquitto with the profile that we ship, on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from console.settings import Broker

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "resources" / "mosquitto" / "gwanje.conf"
USER, PASSWORD = "gwanje", "only-for-tests"


def program() -> str | None:
    """Where mosquitto is, also outside an ordinary user's PATH."""
    return shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin"
    )


class Mosquitto:
    """One broker: `start`, `stop`, `kill`; it keeps its port and its stored sessions in between."""

    def __init__(self, folder: Path, *, tls: bool = False, bare: bool = False) -> None:
        self.folder, self.tls, self.bare = folder, tls, bare
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.password_file = folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        subprocess.run(
            ["mosquitto_passwd", "-b", "-c", str(folder / "passwd"), USER, PASSWORD],
            check=True,
            capture_output=True,
        )
        if tls:
            make_certificates(folder)
        self._write_configuration()

    def _write_configuration(self) -> None:
        lines = [
            f"include_dir {self.folder / 'profile'}",
            f"persistence_location {self.folder}/",
            f"listener {self.port} 127.0.0.1",
            f"password_file {self.folder / 'passwd'}",
        ]
        if os.name == "posix" and os.geteuid() == 0:
            lines.append("user root")  # it would drop its rights and lose sight of the folder
        if self.bare:  # as mosquitto comes, without our profile
            lines = [lines[2], "allow_anonymous true", *lines[4:]]
        if self.tls:
            lines += [
                f"cafile {self.folder / 'ca.crt'}",
                f"certfile {self.folder / 'server.crt'}",
                f"keyfile {self.folder / 'server.key'}",
            ]
        (self.folder / "profile").mkdir(exist_ok=True)
        shutil.copy(PROFILE, self.folder / "profile" / "gwanje.conf")
        (self.folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")

    def start(self) -> None:
        """Start and wait until it takes connections."""
        mosquitto = program()
        assert mosquitto is not None
        command = [mosquitto, "-c", str(self.folder / "mosquitto.conf")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"mosquitto did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order; twice is harmless."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def save(self) -> None:
        """Let it write its sessions and queues to disk now."""
        assert self._process is not None
        self._process.send_signal(signal.SIGUSR1)

    def pause(self) -> None:
        """Let it hang: connections stand, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def settings(self, **changes: object) -> Broker:
        """The `[brokers.NAME]` table for this broker."""
        values: dict[str, object] = {
            "port": self.port,
            "username": USER,
            "password_file": str(self.password_file),
            "heartbeat_s": 0.2,
        }
        if self.tls:
            values |= {"tls": True, "ca_file": str(self.folder / "ca.crt"), "host": "localhost"}
        return Broker(**(values | changes))  # type: ignore[arg-type]

    @contextlib.contextmanager
    def client(self, client_id: str = "", *, version: str = "5") -> Iterator[mqtt.Client]:
        """A plain client, connected and running, to publish with."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311,
        )
        client.username_pw_set(USER, PASSWORD)
        client.max_inflight_messages_set(1000)
        client.max_queued_messages_set(0)
        if self.tls:
            client.tls_set(ca_certs=str(self.folder / "ca.crt"))
        client.connect("localhost" if self.tls else "127.0.0.1", self.port)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()


def publish_all(client: mqtt.Client, messages: list[tuple[str, bytes]], timeout: float = 60.0) -> None:
    """Publish at QoS 1 and wait until the broker has taken each; paho queues 65,535 at most."""
    for start in range(0, len(messages), 10_000):
        part = messages[start : start + 10_000]
        waiting = [client.publish(topic, payload, qos=1) for topic, payload in part]
        for each in waiting:
            each.wait_for_publish(timeout)
            assert each.is_published()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificates(folder: Path) -> None:
    """A test authority and a certificate for localhost, good for two days."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=Gwanje test authority",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout", "ca.key", "-out", "ca.crt")  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")  # fmt: skip
    (folder / "server.ext").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "server.ext", "-out", "server.crt")  # fmt: skip


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """A running broker; skips, naming the reason, where mosquitto is not installed."""
    yield from _running(Mosquitto(_folder(tmp_path)) if program() else None)


@pytest.fixture
def mosquitto_tls(tmp_path: Path) -> Iterator[Mosquitto]:
    """The same with TLS only."""
    yield from _running(Mosquitto(_folder(tmp_path), tls=True) if program() else None)


def _folder(tmp_path: Path) -> Path:
    return tmp_path / "mosquitto"


def _running(broker: Mosquitto | None) -> Iterator[Mosquitto]:
    if broker is None:
        pytest.skip("mosquitto is not installed")
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
