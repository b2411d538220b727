"""What keeps, or will keep, this machine and its surroundings from serving: findings with remedies."""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import keyring
import keyring.errors
import msgspec
from sqlite_utils import Migrations

from console.clock import Clock, SystemClock, local_text
from console.doctor_broker import round_trip
from console.errors import ConsoleError, Unavailable
from console.settings import Broker, Settings
from db.connection import open_writer

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
FONTS = ("Pretendard-Regular.otf", "Pretendard-Bold.otf")
BUILT_MS = 1_760_000_000_000  # October 2025; a clock before the program's own making is wrong
SLOW_FSYNC_MS = 50.0  # at the p99; a burst of ingest waits for one fsync
FSYNCS = 40
_MIB = 1 << 20

# Source: ARCHITECTURE §11, trap 8; what a bare Debian lacks for Qt and OpenCV to load and to open a window.
LIBRARIES = {
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libpulse.so.0": "libpulse0",
}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `bad` keeps the console from its work, `warn` may do so one day."""

    name: str
    state: Literal["ok", "warn", "bad"]
    found: str
    remedy: str = ""


def report(settings: Settings, folder: Path, clock: Clock | None = None) -> list[Finding]:
    """Look at everything, the data folder included; leaves nothing behind in it. Takes some seconds."""
    clock = clock or SystemClock()
    looks: list[Callable[[], Finding]] = [
        python_version,
        libraries,
        fonts,
        key_store,
        lambda: stores(_existing(folder)),
        lambda: disk_space(_existing(folder), settings),
        lambda: disk_speed(_existing(folder), clock),
        lambda: wall_clock(clock),
    ]
    findings = [look() for look in looks]
    findings += [broker_path(name, broker, clock) for name, broker in settings.brokers.items()]
    if not settings.brokers:
        findings.append(
            Finding("broker", "warn", "the settings name none", "add a table [brokers.main] to the settings")
        )
    return findings


def python_version() -> Finding:
    """The Python that runs this, and whether it is one that the program is tested with."""
    version = ".".join(map(str, sys.version_info[:3]))
    state: Literal["ok", "warn"] = "ok" if (3, 11) <= sys.version_info[:2] <= (3, 13) else "warn"
    return Finding("python", state, version, "" if state == "ok" else "use Python 3.11, 3.12 or 3.13")


def libraries() -> Finding:
    """The system libraries that Qt and OpenCV load; wheels of other systems carry theirs."""
    if not sys.platform.startswith("linux"):
        return Finding("libraries", "ok", "part of the packages")
    missing = [name for name in LIBRARIES if not _loads(name)]
    if not missing:
        return Finding("libraries", "ok", f"all {len(LIBRARIES)} load")
    packages = " ".join(LIBRARIES[name] for name in missing)
    return Finding("libraries", "bad", f"missing: {', '.join(missing)}", f"apt-get install {packages}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def fonts() -> Finding:
    """The Korean font that comes with the program."""
    missing = [name for name in FONTS if not (RESOURCES / "fonts" / name).is_file()]
    if missing:
        return Finding("fonts", "bad", f"missing: {', '.join(missing)}", "install the program again")
    return Finding("fonts", "ok", "the bundled Korean font is there")


def key_store() -> Finding:
    """Where the key of the stores can be kept."""
    try:
        backend = keyring.get_keyring()
        usable = backend.priority >= 1
    except (keyring.errors.KeyringError, RuntimeError, OSError) as error:
        return Finding("keyring", "warn", f"none that answers ({error})", _KEY_FILE)
    if usable:
        return Finding("keyring", "ok", backend.name)
    return Finding("keyring", "warn", "none of the operating system", _KEY_FILE)


_KEY_FILE = (
    "the key is kept in a file that only this user can read; keep the disk encrypted, or run in a"
    " session with a keyring"
)


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
        return Finding("store", "bad", str(error), f"make {folder} writable for this user")
    return Finding("store", "ok", f"SQLite {version}, encrypted")


def disk_space(folder: Path, settings: Settings) -> Finding:
    """Free space against the watermarks of the settings."""
    free_mib = shutil.disk_usage(folder).free // _MIB
    found = f"{free_mib} MiB free in {folder}"
    if free_mib <= settings.disk.stop_mib:
        return Finding(
            "disk", "bad", found, f"free more than {settings.disk.stop_mib} MiB: ingest stops there"
        )
    if free_mib <= settings.disk.warn_mib:
        return Finding("disk", "warn", found, f"free more than {settings.disk.warn_mib} MiB, or lower [disk]")
    return Finding("disk", "ok", found)


def disk_speed(folder: Path, clock: Clock) -> Finding:
    """How long the disk takes to promise that a write is safe."""
    try:
        times_ms = sorted(_fsync_times(folder, clock))
    except OSError as error:
        return Finding("fsync", "bad", str(error), f"make {folder} writable for this user")
    cuts = statistics.quantiles(times_ms, n=100, method="inclusive")
    found = f"p50 {cuts[49]:.2f} ms, p99 {cuts[98]:.2f} ms over {FSYNCS} writes of 4 KiB"
    if cuts[98] > SLOW_FSYNC_MS:
        return Finding("fsync", "warn", found, "put the data folder on a local solid-state disk")
    return Finding("fsync", "ok", found)


def _fsync_times(folder: Path, clock: Clock) -> Iterator[float]:
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
        for _ in range(FSYNCS):
            file.write(bytes(4096))
            file.flush()
            begun_s = clock.monotonic_s()
            os.fsync(file.fileno())
            yield (clock.monotonic_s() - begun_s) * 1000


def wall_clock(clock: Clock) -> Finding:
    """The machine's clock, as far as the machine itself can tell."""
    now_ms = clock.now_ms()
    found = f"{local_text(now_ms)} (Asia/Seoul)"
    remedy = "set the clock and keep it by NTP or PTP; alarms and records carry its time"
    if now_ms < BUILT_MS:
        return Finding("clock", "bad", f"{found}: before this program was made", remedy)
    if _is_synchronised() is False:
        return Finding("clock", "warn", f"{found}, not synchronised", remedy)
    return Finding("clock", "ok", found)


def _is_synchronised() -> bool | None:
    """What systemd says about the clock; None where it says nothing."""
    timedatectl = shutil.which("timedatectl")
    if timedatectl is None:
        return None
    command = [timedatectl, "show", "-p", "NTPSynchronized", "--value"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(done.stdout.strip())


def broker_path(name: str, broker: Broker, clock: Clock) -> Finding:
    """Publish to the broker and wait for our own message."""
    where = f"{broker.host}:{broker.port}"
    try:
        took_ms = round_trip(broker, clock)
    except Unavailable as error:
        return Finding(
            f"broker {name}", "bad", f"{where}: {error}", "start the broker; check host, port and firewall"
        )
    except ConsoleError as error:
        return Finding(
            f"broker {name}", "bad", f"{where}: {error}", f"check [brokers.{name}] in the settings"
        )
    return Finding(f"broker {name}", "ok", f"{where}: our own message came back after {took_ms:.0f} ms")


def _existing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())
