"""The disk under the data folder: what kind it is, whether it takes a store, how full and how fast it is."""

from __future__ import annotations

import os
import secrets
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from sqlite_utils import Migrations

from console.clock import Clock
from console.doctor.finding import Finding, tell
from console.errors import ConsoleError
from console.settings import Settings
from db.connection import open_writer

SLOW_FSYNC_MS = 50.0  # at the p99; a burst of ingest waits for one fsync
FSYNCS = 40
_MIB = 1 << 20

# File systems on which SQLite's locks and shared memory, or an fsync, cannot be relied on.
# Source: sqlite.org/wal.html, "All processes using a database must be on the same host computer".
REMOTE = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "davfs", "webdav")


def file_system(folder: Path) -> Finding:
    """What the data folder lies on: a disk of this machine that can be written, or something else."""
    place = folder.resolve()
    parts = [part for part in psutil.disk_partitions(all=True) if _holds(part.mountpoint, place)]
    if not parts:
        return tell("file system", "unknown", "filesystem-unknown", folder=str(folder))
    part = max(parts, key=lambda each: len(each.mountpoint))
    options = part.opts.split(",")
    facts = {"folder": str(folder), "kind": part.fstype or "?", "mount": part.mountpoint}
    if part.fstype.lower().startswith(REMOTE) or "remote" in options:
        return tell("file system", "bad", "filesystem-remote", **facts)
    if "ro" in options:
        return tell("file system", "bad", "filesystem-readonly", **facts)
    return tell("file system", "ok", "filesystem", **facts)


def _holds(mount: str, place: Path) -> bool:
    try:
        return place.is_relative_to(mount)
    except (ValueError, OSError):
        return False


def stores(folder: Path) -> Finding:
    """Whether an encrypted store can be made in `folder`, by an SQLite recent enough."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as scratch:
            db = open_writer(Path(scratch) / "trial.db", secrets.token_bytes(32), Migrations("doctor"))
            try:
                version = db.execute("select sqlite_version()").fetchone()[0]
            finally:
                db.close()
    except (ConsoleError, OSError) as error:
        return tell("store", "bad", "store-refused", error=str(error), folder=str(folder))
    return tell("store", "ok", "store", version=version)


def disk_space(folder: Path, settings: Settings) -> Finding:
    """Free space against the watermarks of the settings."""
    facts: dict[str, Any] = {"free": shutil.disk_usage(folder).free // _MIB, "folder": str(folder)}
    if facts["free"] <= settings.disk.stop_mib:
        return tell("disk", "bad", "disk-full", wanted=settings.disk.stop_mib, **facts)
    if facts["free"] <= settings.disk.warn_mib:
        return tell("disk", "warn", "disk-low", wanted=settings.disk.warn_mib, **facts)
    return tell("disk", "ok", "disk", **facts)


def disk_speed(folder: Path, clock: Clock) -> Finding:
    """How long the disk takes to promise that a write is safe."""
    try:
        times_ms = sorted(_fsync_times(folder, clock))
    except OSError as error:
        return tell("fsync", "bad", "fsync-refused", error=str(error), folder=str(folder))
    cuts = statistics.quantiles(times_ms, n=100, method="inclusive")
    facts = {"p50": round(cuts[49], 2), "p99": round(cuts[98], 2), "count": FSYNCS}
    if cuts[98] > SLOW_FSYNC_MS:
        return tell("fsync", "warn", "fsync-slow", **facts)
    return tell("fsync", "ok", "fsync", **facts)


def _fsync_times(folder: Path, clock: Clock) -> Iterator[float]:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        for _ in range(FSYNCS):
            file.write(bytes(4096))
            file.flush()
            begun_s = clock.monotonic_s()
            os.fsync(file.fileno())
            yield (clock.monotonic_s() - begun_s) * 1000


def existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())
