"""What this machine is and has: Python, libraries, fonts, key store, processors, memory, limits."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import sys
import zoneinfo

import keyring
import keyring.errors
import psutil

from console.doctor.finding import RESOURCES, Finding, tell
from console.settings import Settings

FONTS = ("Pretendard-Regular.otf", "Pretendard-Bold.otf")
FILES_WANTED = 1024  # open at once in the core: stores, brokers and screens, with room
MEMORY_WANTED_MIB = 4000
CORES_WANTED = 2
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

DRIVERS = ("PySide6-Essentials", "paho-mqtt", "sqlcipher3", "opencv-python", "psycopg", "pcodec")


def python_version() -> Finding:
    """The Python that runs this, and whether it is one that the program is tested with."""
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] <= (3, 13):
        return tell("python", "ok", "python", version=version, system=platform.platform())
    return tell("python", "warn", "python-other", version=version, system=platform.platform())


def libraries() -> Finding:
    """The system libraries that Qt and OpenCV load; wheels of other systems carry theirs."""
    if not sys.platform.startswith("linux"):
        return tell("libraries", "ok", "libraries-inside")
    missing = [name for name in LIBRARIES if not _loads(name)]
    if not missing:
        return tell("libraries", "ok", "libraries", count=len(LIBRARIES))
    packages = " ".join(LIBRARIES[name] for name in missing)
    return tell("libraries", "bad", "libraries-missing", missing=", ".join(missing), packages=packages)


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
        return tell("fonts", "bad", "fonts-missing", missing=", ".join(missing))
    return tell("fonts", "ok", "fonts")


def key_store() -> Finding:
    """Where the key of the stores can be kept."""
    try:
        backend = keyring.get_keyring()
        usable = backend.priority >= 1
    except (keyring.errors.KeyringError, RuntimeError, OSError) as error:
        return tell("keyring", "warn", "keyring-silent", error=str(error))
    return (
        tell("keyring", "ok", "keyring", backend=backend.name)
        if usable
        else tell("keyring", "warn", "keyring-none")
    )


def drivers() -> Finding:
    """The versions of what reaches the screen, the brokers, the stores, the cameras and the centre."""
    named = ", ".join(f"{name} {version}" for name, version in versions().items())
    return tell("drivers", "ok", "drivers", versions=named)


def versions() -> dict[str, str]:
    """The drivers that are installed, each with its version."""
    found = {name: _version(name) for name in DRIVERS}
    return {name: version for name, version in found.items() if version}


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def strength() -> Finding:
    """Processors and memory."""
    cores = psutil.cpu_count() or 1
    memory = psutil.virtual_memory()
    facts = {"cores": cores, "total": memory.total // _MIB, "free": memory.available // _MIB}
    if cores < CORES_WANTED or facts["total"] < MEMORY_WANTED_MIB:
        return tell("machine", "warn", "machine-small", **facts)
    return tell("machine", "ok", "machine", **facts)


def open_files() -> Finding:
    """How many files and connections one process may have open."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return tell("files", "ok", "files-unlimited")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return tell("files", "ok", "files-unlimited")
    if soft < FILES_WANTED:
        return tell("files", "warn", "files-few", limit=soft, wanted=FILES_WANTED)
    return tell("files", "ok", "files", limit=soft)


def time_zones(settings: Settings) -> Finding:
    """Whether the rules of the site's time zone are there."""
    zone = settings.site.timezone
    try:
        zoneinfo.ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        return tell("time zone", "bad", "zone-missing", zone=zone)
    return tell("time zone", "ok", "zone", zone=zone)
