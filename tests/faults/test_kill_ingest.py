"""The ingest killed at random under load: what was published is stored, none lost, none twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from db import connection
from tests.faults.ingest_process import KEY
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.needs("mosquitto")

ROOT = Path(__file__).resolve().parents[2]
AT = 1_800_000_000_000


class Publisher:
    """Publishes numbered messages to both feeds at QoS 1 until told to end."""

    def __init__(self, broker: Mosquitto, per_second: int) -> None:
        self.published = 0
        self._broker, self._per_second = broker, per_second
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher")

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        with self._broker.client("publisher") as client:
            sent = []
            while not self._end.wait(0.02):
                for _ in range(self._per_second // 50):
                    n = self.published
                    sent.append(client.publish("timed/a", b'{"at":%d,"n":%d}' % (AT + n, n), qos=1))
                    sent.append(client.publish("clockless/a", b'{"n":%d}' % n, qos=1))
                    self.published += 1
            for each in sent:
                each.wait_for_publish(30)


class Nest:
    """The process that hatches ingests to be killed."""

    def __init__(self, folder: Path, broker: Mosquitto) -> None:
        self._pid = 0
        self._errors = folder / "stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.ingest_process", str(folder), str(broker.port),
                 str(broker.password_file)],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip

    def start(self) -> None:
        """Start an ingest and wait until the broker has proved itself to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"start\n")
        self._process.stdin.flush()
        self._pid, is_ready = 0, False
        while not (self._pid and is_ready):
            line = self._line()  # log lines come between
            is_ready = is_ready or line == b"ready"
            if line.startswith(b"started"):
                self._pid = int(line.split()[1])

    def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, f"the ingest ended by itself: {self._errors.read_text()[-2000:]}"
        return line

    def kill(self) -> None:
        """Kill the ingest as a crash would."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            self._pid = 0

    def close(self) -> None:
        """End everything."""
        self.kill()
        self._process.communicate(timeout=20)


def stored(folder: Path, source_feed: str) -> list[int]:
    db = connection.open_reader(folder / "feed.db", KEY)
    try:
        rows = db.conn.execute(
            "SELECT value FROM reading JOIN series ON series.id = series_id WHERE feed = ? ORDER BY value",
            (source_feed,),
        )
        return [int(row[0]) for row in rows]
    finally:
        db.close()


def kill_loop(tmp_path: Path, broker: Mosquitto, kills: int) -> None:
    chance = random.Random(20261122)
    nest = Nest(tmp_path, broker)
    try:
        nest.start()
        with Publisher(broker, per_second=500) as publisher:
            for _ in range(kills):
                threading.Event().wait(chance.uniform(0.0, 0.3))
                nest.kill()
                nest.start()
        deadline = time.monotonic() + 30
        while len(stored(tmp_path, "clockless")) < publisher.published and time.monotonic() < deadline:
            threading.Event().wait(0.1)
    finally:
        nest.close()
    everything = list(range(publisher.published))
    assert publisher.published > 10 * kills
    assert stored(tmp_path, "timed") == everything
    assert stored(tmp_path, "clockless") == everything


@pytest.mark.timeout(180)
def test_thirty_kills_lose_nothing_and_store_nothing_twice(tmp_path: Path, mosquitto: Mosquitto) -> None:
    kill_loop(tmp_path, mosquitto, kills=30)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_three_hundred_kills_lose_nothing_and_store_nothing_twice(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    kill_loop(tmp_path, mosquitto, kills=300)
