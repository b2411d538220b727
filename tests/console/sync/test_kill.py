"""A console killed in the middle of its exchange, with a centre that is written by the same process."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from console.sync.file_central import FileCentral
from db import blobs, entries
from tests.console.sync.desks import Desk

ROOT = Path(__file__).resolve().parents[3]
KEY = b"k" * 32

_VICTIM = """
import sys
from pathlib import Path
from console.sync.file_central import FileCentral
from tests.console.sync.desks import Desk
folder, centre = Path(sys.argv[1]), Path(sys.argv[2])
desk = Desk(folder, FileCentral(centre), key=b"k" * 32)
incident = desk.open(sys.argv[3])
for number in range(100_000):
    desk.note(incident.id, f"note {number}")
    print(incident.id, number, flush=True)
    if number % 3 == 0:
        desk.attach(incident.id, bytes([number % 256]) * 300_000)
    desk.meet()
"""


def test_kills_at_any_moment_lose_nothing_and_send_nothing_twice(tmp_path: Path) -> None:
    folder, centre = tmp_path / "desk", tmp_path / "centre"
    chance, acknowledged = random.Random(8), list[str]()
    for life in range(5):
        victim = subprocess.Popen(
            [sys.executable, "-c", _VICTIM, str(folder), str(centre), f"life {life}"],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert victim.stdout is not None
        for _ in range(chance.randint(1, 12)):
            acknowledged.append(victim.stdout.readline().strip())
        victim.kill()
        acknowledged += [line.strip() for line in victim.stdout.read().splitlines() if line.count(" ") == 1]
        victim.stdout.close()
        victim.wait()
    central = FileCentral(centre)
    desk = Desk(folder, central, key=KEY)
    try:
        desk.meet()
        assert desk.proof().equal and desk.unsent() == 0
        log = desk.log()
        kept = {(each.subject, entries.draft_of(each).payload.get("text")) for each in log}
        lost = [line for line in acknowledged if (line.split()[0], f"note {line.split()[1]}") not in kept]
        assert lost == []
        rows = central.entries_after(0, "", "", 0, 100_000)
        assert [row.hash for row in rows] == [each.hash for each in log]
        for each in log:
            sha256 = entries.draft_of(each).payload.get("sha256")
            if sha256:
                assert blobs.size(centre / "blobs", sha256) == 300_000
        with desk.reading() as db:
            assert entries.verify(db) is None
    finally:
        desk.close()
