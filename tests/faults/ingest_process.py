"""The ingest alone in a process, to be killed: `python -m tests.faults.ingest_process FOLDER PORT PASSWORD`.

The program itself is a nest: for each line on its input it forks one ingest
(everything is imported already, so thirty kills take seconds), says `started
PID`, and the ingest says `ready` when the broker has proved itself.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any

from console.clock import SystemClock
from console.feeds.ingest import Ingest
from console.settings import Broker, Feed, Mapped, Mapping
from db import connection, feed
from db.records import Lamp

KEY = bytes(range(32))
_NUMBER = (Mapped(quantity="n", value="n"),)

FEEDS = {
    "timed": Feed(
        topics=("timed/#",),
        mappings=(Mapping(topic="{source}/a", time="at", time_format="epoch_ms", values=_NUMBER),),
    ),
    "clockless": Feed(topics=("clockless/#",), mappings=(Mapping(topic="{source}/a", values=_NUMBER),)),
}


def ingest(folder: Path, port: int, password_file: str) -> None:
    """Run until killed."""
    ready = threading.Event()

    def told(records: list[Any]) -> None:
        proved = any(
            isinstance(each, Lamp) and each.kind == "broker" and each.state == "ok" for each in records
        )
        if proved and not ready.is_set():
            ready.set()
            os.write(1, b"ready\n")

    Ingest(
        {"main": Broker(port=port, username="gwanje", password_file=password_file, heartbeat_s=0.1)},
        FEEDS,
        lambda: connection.open_writer(folder / "feed.db", KEY, feed.migrations),
        SystemClock(),
        told,
        lambda _: None,
        "console-1",
    ).start()
    threading.Event().wait()


def main(folder: Path, port: int, password_file: str) -> None:
    """Fork an ingest for each line that comes in; end with the input, and the last one with it."""
    child = 0
    for _ in sys.stdin.buffer:
        if child:
            os.waitpid(child, 0)
        child = os.fork()
        if not child:
            os.close(0)
            ingest(folder, port, password_file)
        os.write(1, b"started %d\n" % child)
    if child:
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
