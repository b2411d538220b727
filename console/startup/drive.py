"""What kind of drive the data folder is on: a network drive cannot keep what the stores promise."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePath

from console.clock import Clock
from console.errors import StoreError
from console.startup.found import Found

# The log of a store is memory that its processes share, which no network drive has, and locks
# there may be granted twice (sqlite.org/wal.html, "Disadvantages"; sqlite.org/howtocorrupt.html, 2.1).
NETWORK = {
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "lustre",
    "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "davfs", "fuse.davfs2", "beegfs", "ocfs2", "gfs2",
}  # fmt: skip
DOUBTFUL = {"vfat", "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "9p", "virtiofs", "drvfs", "vboxsf"}
_REMOTE_DRIVE = 4  # DRIVE_REMOTE of GetDriveTypeW


def refuse_network(folder: Path) -> None:
    """Raise StoreError if the folder is on a drive of another machine."""
    system = system_of(folder)
    if system in NETWORK:
        raise StoreError(
            f"{folder}: lies on a network drive ({system}), on which a store would be damaged sooner or"
            " later; choose a folder on a disk of this machine with --data"
        )


def note(folder: Path, clock: Clock) -> list[Found]:
    """A warning where the drive may lose what it was told to keep."""
    system = system_of(folder)
    if system not in DOUBTFUL:
        return []
    text = f"The data folder is on {system}, which may not keep what was written through a power cut"
    return [Found("", "drive", clock.now_ms(), text, fields={"system": system})]


def has_steady_numbers(folder: Path) -> bool:
    """Whether a file keeps its number (inode) there from one mount to the next."""
    return system_of(folder) not in DOUBTFUL


def system_of(folder: Path) -> str:
    """The kind of file system, as the system calls it; "" where it does not say."""
    if sys.platform == "win32":
        return _windows_system(folder)
    try:
        table = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return system_in(table, Path(os.path.realpath(folder)))


def system_in(table: str, folder: PurePath) -> str:
    """The kind of file system of a path by a table as proc_pid_mountinfo(5) has it; the last mount counts."""
    best, system = -1, ""
    for line in table.splitlines():
        fields, mark, rest = line.partition(" - ")
        if not mark or len(fields.split(" ")) < 5 or not rest:
            continue
        point = PurePath(_unescaped(fields.split(" ")[4]))
        if folder.is_relative_to(point) and len(point.parts) >= best:
            best, system = len(point.parts), rest.split(" ")[0]
    return system


def _unescaped(text: str) -> str:
    for code, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, char)
    return text


if sys.platform == "win32":

    def _windows_system(folder: Path) -> str:
        import ctypes

        root = folder.resolve().anchor
        is_remote = root.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(root) == _REMOTE_DRIVE
        return "smb3" if is_remote else ""
