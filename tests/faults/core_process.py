"""A real core under load that tells what it was promised.

`python -m tests.faults.core_process FOLDER PORT NAME SYNCHRONOUS`: readings come
from the broker at PORT (which sees what is acknowledged); three threads act as
screens do, and each act that was answered is a line on stdout, in one write.
It runs until it is killed or its standard input closes.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import threading
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from console import logs
from console.clock import SystemClock
from console.core import Core
from console.errors import ConsoleError
from console.link import Command, Hello
from console.settings import Broker, Disk, Feed, Mapped, Mapping, Settings, Site
from db import connection

NUMBERS = Feed(
    topics=("t/#",),
    mappings=(
        Mapping(
            topic="t/{source}", time="at", time_format="epoch_ms", values=(Mapped(quantity="n", value="n"),)
        ),
    ),
)


def settings(port: int = 0) -> Settings:
    """A core that reads numbers from a broker at `port`, or from none; its disk may be small."""
    brokers = {"main": Broker(port=port, version="3.1.1", heartbeat_s=0.5)} if port else {}
    return Settings(
        site=Site(device="faults"),
        brokers=brokers,
        feeds={"numbers": NUMBERS} if port else {},
        disk=Disk(warn_mib=0, shed_mib=0, stop_mib=0, reserve_mib=0),
    )


class Screen:
    """One who acts again and again, and tells each act that the core answered."""

    def __init__(self, core: Core, name: str, *, with_files: bool) -> None:
        self._core, self._name, self._with_files = core, name, with_files
        self._chance = random.Random(name)
        self._count = 0

    def act(self) -> None:
        """Until the core ends."""
        while True:
            try:
                incident = self._do("incident.open", title=f"정전 {self._name}", type="기타").id
                tell(f"incident {incident}")
                for _ in range(50):
                    self._one(incident)
            except ConsoleError:
                continue  # not answered: promised nothing

    def _one(self, incident: str) -> None:
        self._count += 1
        if not self._with_files:
            text = f"{self._name}-{self._count}"
            self._do("incident.note", incident=incident, text=text)
            tell(f"note {text}")
            return
        content = self._chance.randbytes(self._chance.randrange(1, 100_000))
        digest = hashlib.sha256(content).hexdigest()
        self._do("blob.put", sha256=digest, offset=0, chunk=content, last=True, size=len(content))
        self._do(
            "incident.attach", incident=incident, name="현장.jpg", media_type="image/jpeg", sha256=digest
        )
        tell(f"file {digest}")

    def _do(self, act: str, **args: Any) -> Any:
        number = f"{self._name}-{self._chance.getrandbits(64)}"
        return self._core._command(Command(number, act, args), Hello("ui", self._name, "시험 요원"))


def tell(line: str) -> None:
    """One line, whole or not at all."""
    os.write(1, line.encode() + b"\n")


def without_sync(synchronous: str) -> None:
    """Let every store that is opened for writing promise more than it keeps."""
    opened = connection.open_writer

    def open_writer(*args: Any) -> Database:
        db = opened(*args)
        db.conn.execute(f"PRAGMA synchronous={synchronous}")
        return db

    connection.open_writer = open_writer


def main(folder: Path, port: int, name: str, synchronous: str) -> None:
    logs.begin(folder, "core")
    if synchronous != "FULL":
        without_sync(synchronous)
    tell("starting")
    core = Core(folder, settings(port), SystemClock())
    core.start()
    tell("started")
    for number in range(3):
        screen = Screen(core, f"{name}-{number}", with_files=number == 0)
        threading.Thread(target=screen.act, daemon=True).start()
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
