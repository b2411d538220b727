"""A real nats-server with MQTT and the profile that we ship, on free loopback ports."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.settings import Broker
from tests.servers.mosquitto import free_port

ROOT = Path(__file__).resolve().parents[2]
PROFILE = ROOT / "resources" / "nats" / "gwanje.conf"
USER, PASSWORD = "gwanje", "only-for-tests"


def program() -> str | None:
    """Where nats-server is, also outside an ordinary user's PATH."""
    return shutil.which("nats-server", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


class Nats:
    """One server: `start`, `stop`, `kill`; it keeps its port and its stored sessions in between."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        text = PROFILE.read_text(encoding="utf-8")
        for ours, theirs in (
            (r'listen: "127\.0\.0\.1:4222"', f'listen: "127.0.0.1:{free_port()}"'),
            (r'listen: "127\.0\.0\.1:1883"', f'listen: "127.0.0.1:{self.port}"'),
            (r'store_dir: "[^"]+"', f'store_dir: "{folder / "js"}"'),
        ):
            text, changed = re.subn(ours, theirs, text)
            assert changed == 1, ours
        (folder / "gwanje.conf").write_text(text, encoding="utf-8")

    def start(self) -> None:
        """Start and wait until it takes MQTT connections."""
        nats = program()
        assert nats is not None
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [nats, "-c", str(self.folder / "gwanje.conf")],
                stdout=log,
                stderr=log,
                env={**os.environ, "GWANJE_NATS_PASSWORD": PASSWORD},
            )
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"nats-server did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in order; twice is harmless."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def kill(self) -> None:
        """End it without a chance to save anything."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def settings(self, **changes: object) -> Broker:
        """The `[brokers.NAME]` table for this server."""
        values: dict[str, object] = {
            "port": self.port,
            "version": "3.1.1",
            "username": USER,
            "password": PASSWORD,
            "heartbeat_s": 0.2,
        }
        return Broker(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[Nats]:
    """A running server; skips, naming the reason, where nats-server is not installed."""
    if program() is None:
        pytest.skip("nats-server is not installed")
    server = Nats(tmp_path / "nats")
    server.start()
    try:
        yield server
    finally:
        server.stop()
