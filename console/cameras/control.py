"""What the pool and a cam process say to each other: one JSON value per line.

The pool writes to the process's stdin, whose end is also its order to end;
the process answers on stdout. URLs, which may carry credentials, travel here
and nowhere else: not on a command line, not in a log.
"""

from __future__ import annotations

import re

import msgspec


class Open(msgspec.Struct, tag=True, frozen=True):
    """Play `url` into the ring file, scaled down to fit width x height."""

    camera: str
    generation: int
    url: str
    ring: str
    width: int
    height: int

    def __repr__(self) -> str:
        return f"Open({self.camera!r}, {self.generation})"


class Resize(msgspec.Struct, tag=True, frozen=True):
    """Go on in another ring, in another size."""

    camera: str
    generation: int
    ring: str
    width: int
    height: int


class Shut(msgspec.Struct, tag=True, frozen=True):
    """Stop playing this generation."""

    camera: str
    generation: int


class Shoot(msgspec.Struct, tag=True, frozen=True):
    """Send the newest picture of this generation in full size as JPEG."""

    id: int
    camera: str
    generation: int


class Beat(msgspec.Struct, tag=True, frozen=True):
    """The process is alive."""

    number: int


class Opened(msgspec.Struct, tag=True, frozen=True):
    """The camera answered with pictures of this size."""

    camera: str
    generation: int
    width: int
    height: int


class Ended(msgspec.Struct, tag=True, frozen=True):
    """The thread of this generation came back; `reason` is a short code."""

    camera: str
    generation: int
    reason: str


class Shot(msgspec.Struct, tag=True, frozen=True):
    """The answer to Shoot; no bytes if there is no picture."""

    id: int
    jpeg: bytes


ToWorker = Open | Resize | Shut | Shoot
ToPool = Beat | Opened | Ended | Shot

_ENCODER = msgspec.json.Encoder()
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")


def line(message: ToWorker | ToPool) -> bytes:
    """The message as one line."""
    return _ENCODER.encode(message) + b"\n"


def without_urls(text: str) -> str:
    """The text with every URL taken out, fit for a log."""
    return _URL.sub("<url>", text)
