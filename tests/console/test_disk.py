"""The watermarks: warn, shed, stop, and last the reserve."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.clock import ManualClock
from console.disk import DiskWatch
from console.errors import Unavailable
from console.settings import Disk

MIB = 2**20
LIMITS = Disk(warn_mib=400, shed_mib=300, stop_mib=200, reserve_mib=1)


class Room:
    """A disk whose free room is set by the test."""

    def __init__(self, folder: Path, free_mib: int) -> None:
        self.free_mib = free_mib
        self.held: list[str] = []
        self.watch = DiskWatch(folder, LIMITS, ManualClock(), self.held.append, self.usage)

    def usage(self, folder: Path) -> tuple[int, int, int]:
        return 1000 * MIB, (1000 - self.free_mib) * MIB, self.free_mib * MIB


@pytest.mark.parametrize(
    ("free_mib", "state", "word", "sheds", "holds"),
    [
        (500, "ok", "warning below 400", False, False),
        (399, "warn", "below 400 MiB", False, False),
        (299, "warn", "no backup, export or snapshot", True, False),
        (199, "bad", "feeds are not acknowledged", True, True),
    ],
)
def test_each_watermark_has_its_state_and_its_effect(
    tmp_path: Path, free_mib: int, state: str, word: str, sheds: bool, holds: bool
) -> None:
    room = Room(tmp_path, 500)
    room.watch.look(refuses=False)
    room.free_mib = free_mib
    lamp = room.watch.look(refuses=False)
    assert (lamp.state, word in lamp.detail) == (state, True)
    assert (bool(room.watch.shed), bool(room.held[-1])) == (sheds, holds)


def test_the_reserve_is_kept_let_go_for_acts_and_made_again(tmp_path: Path) -> None:
    room, reserve = Room(tmp_path, 500), tmp_path / "reserve"
    room.watch.look(refuses=False)
    assert reserve.stat().st_size == MIB
    assert reserve.stat().st_blocks * 512 >= MIB
    room.free_mib = 50
    room.watch.look(refuses=False)
    assert reserve.exists()
    lamp = room.watch.look(refuses=True)
    assert (reserve.exists(), lamp.state, "reserve" in lamp.detail) == (False, "bad", True)
    room.free_mib = 201
    room.watch.look(refuses=False)
    assert not reserve.exists()
    room.free_mib = 500
    room.watch.look(refuses=False)
    assert reserve.exists()


def test_a_disk_that_is_full_gives_the_reserve_back_before_anything_fails(tmp_path: Path) -> None:
    room = Room(tmp_path, 500)
    room.watch.look(refuses=False)
    room.free_mib = 3
    room.watch.look(refuses=False)
    assert not (tmp_path / "reserve").exists()


def test_what_can_be_done_without_is_refused_below_the_shed_mark(tmp_path: Path) -> None:
    room = Room(tmp_path, 299)
    room.watch.look(refuses=False)
    with pytest.raises(Unavailable, match="Only 299 MiB are free"):
        room.watch.check_room()
