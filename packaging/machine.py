"""What the machine itself must have, and how to get it on Debian and Ubuntu."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path


class SetupError(Exception):
    """Something stands in the way; str() is a sentence that says what to do about it."""


@dataclass(frozen=True)
class Part:
    """Something of the machine: how to see that it is there, and the packages that bring it."""

    name: str
    packages: tuple[str, ...]
    present: Callable[[], bool]
    promise: str = ""


def say(text: str) -> None:
    """One line of progress; on stderr, since stdout belongs to the command that runs."""
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


def _library(name: str, *packages: str) -> Part:
    return Part(name, packages, lambda: _loads(name))


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _program(*names: str) -> Callable[[], bool]:
    def present() -> bool:
        path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
        return any(shutil.which(name, path=path) for name in names)

    return present


def _postgres() -> bool:
    return bool(shutil.which("initdb")) or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _rtsp_server() -> bool:
    check = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    try:
        done = subprocess.run(["/usr/bin/python3", "-c", check], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


# Measured on a bare Debian 12: without these Qt and OpenCV do not load at all.
QT = (
    _library("libglib-2.0.so.0", "libglib2.0-0"),
    _library("libGL.so.1", "libgl1"),
    _library("libEGL.so.1", "libegl1"),
    _library("libxkbcommon.so.0", "libxkbcommon0"),
    _library("libdbus-1.so.3", "libdbus-1-3"),
    _library("libfontconfig.so.1", "libfontconfig1"),
)

# And without these there is no window on an X screen, and no sound.
WINDOW = (
    _library("libxcb-cursor.so.0", "libxcb-cursor0"),
    _library("libxcb-icccm.so.4", "libxcb-icccm4"),
    _library("libxcb-image.so.0", "libxcb-image0"),
    _library("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    _library("libxcb-render-util.so.0", "libxcb-render-util0"),
    _library("libxcb-shape.so.0", "libxcb-shape0"),
    _library("libxcb-xkb.so.1", "libxcb-xkb1"),
    _library("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    _library("libpulse.so.0", "libpulse0"),
)

SCREEN = Part("Xvfb", ("xvfb",), _program("Xvfb"), "the window on a real (virtual) screen")

COMPONENTS = (
    Part(
        "mosquitto",
        ("mosquitto",),
        _program("mosquitto"),
        "durable ingest, kill loop, bad input",
    ),
    Part("nats-server", ("nats-server",), _program("nats-server"), "the second broker profile"),
    Part("PostgreSQL", ("postgresql",), _postgres, "sync with a real PostgreSQL"),
    Part(
        "RTSP server",
        (
            "python3-gi",
            "gir1.2-gst-rtsp-server-1.0",
            "gstreamer1.0-plugins-base",
            "gstreamer1.0-plugins-good",
            "gstreamer1.0-plugins-bad",
        ),
        _rtsp_server,
        "cameras over real RTSP",
    ),
    Part("ffmpeg", ("ffmpeg",), _program("ffmpeg"), "camera clips made for tests, the camera benchmark"),
    SCREEN,
)


FAULTS = (
    Part("strace", ("strace",), _program("strace"), "every failing call of the operating system"),
    Part("mkfs.ext4", ("e2fsprogs",), _program("mkfs.ext4"), "power cuts and full disks"),
)


def frozen_parts() -> tuple[Part, ...]:
    """What PyInstaller needs besides: Python as a shared library, and binutils."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    distribution = sys.base_prefix == "/usr"
    parts = [Part("objdump", ("binutils",), _program("objdump"))]
    if distribution:
        parts.append(_library(f"libpython{version}.so.1.0", f"libpython{version}"))
    return tuple(parts)


def venv_package() -> str:
    """The Debian package that brings `venv` and `ensurepip` to this Python."""
    default = Path("/usr/bin/python3")
    if default.exists() and default.resolve() == Path(sys.executable).resolve():
        return "python3-venv"
    return f"python{sys.version_info.major}.{sys.version_info.minor}-venv"


def provide(parts: Iterable[Part], why: str) -> list[Part]:
    """Install what is missing where that is allowed; returns what stays missing.

    Only Linux is looked at: the wheels for Windows and macOS carry what they need.
    """
    if not sys.platform.startswith("linux"):
        return [part for part in parts if part.promise and not part.present()]
    missing = [part for part in parts if not part.present()]
    if not missing:
        return []
    say(f"{why}: missing {', '.join(part.name for part in missing)}")
    install([package for part in missing for package in part.packages])
    return [part for part in missing if not part.present()]


def install(packages: Iterable[str]) -> bool:
    """Install Debian packages after naming them; without the right to, print the one command."""
    names = list(dict.fromkeys(packages))
    if not names:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    root = _become_root()
    if not shutil.which("apt-get"):
        say(f"please install what Debian calls: {' '.join(names)}")
        return False
    if root is None:
        say(f"please run: sudo {' '.join(command)}")
        return False
    say(f"installing with apt-get: {' '.join(names)}")
    options = ["-o", "DPkg::Lock::Timeout=300", "-o", "APT::Install-Suggests=false", "-qq"]
    if not _apt([*root, "apt-get", *options, *command[1:]]):
        say("refreshing the list of packages")
        if not _apt([*root, "apt-get", *options, "update"]) or not _apt(
            [*root, "apt-get", *options, *command[1:]]
        ):
            say(f"apt-get failed; please run: {' '.join([*root, *command])}")
            return False
    return True


def _apt(command: list[str]) -> bool:
    done = subprocess.run(
        command,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode == 0


def _become_root() -> list[str] | None:
    """What to put before a command to run it as root; None where that takes a password."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"] if asked.returncode == 0 else None
