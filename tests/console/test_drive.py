"""Which drives a data folder may be on."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from console.clock import ManualClock
from console.core import Core
from console.errors import StoreError
from console.settings import Settings
from console.startup import drive

TABLE = r"""22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /mnt/office rw shared:2 - cifs //srv/share rw
41 22 0:41 / /mnt/with\040space rw - nfs4 srv:/x rw
42 40 8:2 / /mnt/office/local rw - xfs /dev/sdb1 rw
43 22 8:3 / /media/stick rw - exfat /dev/sdc1 rw
broken line
"""


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/home/a", "ext4"),
        ("/mnt/office", "cifs"),
        ("/mnt/office/gwanje/data", "cifs"),
        ("/mnt/office/local/data", "xfs"),
        ("/mnt/officer", "ext4"),
        ("/mnt/with space/x", "nfs4"),
        ("/media/stick/gwanje", "exfat"),
    ],
)
def test_the_nearest_mount_says_the_system(path: str, system: str) -> None:
    assert drive.system_in(TABLE, PurePosixPath(path)) == system


def test_a_network_drive_is_refused_with_the_reason_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drive, "system_of", lambda folder: "nfs4")
    with pytest.raises(StoreError, match=r"network drive \(nfs4\).*--data"):
        Core(tmp_path / "data", Settings(), ManualClock())
    assert not (tmp_path / "data").exists()


def test_a_stick_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drive, "system_of", lambda folder: "exfat")
    (found,) = drive.note(tmp_path, ManualClock())
    assert (found.what, found.fields) == ("drive", {"system": "exfat"})
    monkeypatch.setattr(drive, "system_of", lambda folder: "ext4")
    assert drive.note(tmp_path, ManualClock()) == []
