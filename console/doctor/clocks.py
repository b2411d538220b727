"""The machine's clock: whether it is kept by a time server, and how far it is from other clocks."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

from console.clock import Clock, local_text
from console.doctor.finding import Finding, tell
from console.errors import ConsoleError
from console.settings import Settings
from console.sync.opening import open_central

BUILT_MS = 1_760_000_000_000  # October 2025; a clock before the program's own making is wrong
FAR_MS = 2000
_HTTP_S = 5.0


def wall_clock(clock: Clock) -> Finding:
    """The machine's clock, as far as the machine itself can tell."""
    now_ms = clock.now_ms()
    facts = {"now": local_text(now_ms)}
    if now_ms < BUILT_MS:
        return tell("clock", "bad", "clock-old", **facts)
    synchronised = is_synchronised()
    if synchronised is False:
        return tell("clock", "warn", "clock-free", **facts)
    if synchronised is None:
        return tell("clock", "unknown", "clock-unsaid", **facts)
    return tell("clock", "ok", "clock", **facts)


def is_synchronised() -> bool | None:
    """What systemd or chrony says about the clock; None where neither says anything."""
    said = _answer("timedatectl", "show", "-p", "NTPSynchronized", "--value")
    if said in ("yes", "no"):
        return said == "yes"
    tracking = _answer("chronyc", "-c", "tracking")
    if tracking:
        return not tracking.endswith("Not synchronised")
    return None


def _answer(program: str, *arguments: str) -> str:
    path = shutil.which(program)
    if path is None:
        return ""
    try:
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=5, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def offset(settings: Settings, clock: Clock, base: Path) -> Finding:
    """How far our clock is from the centre's, or from a source's that answers over HTTP.

    MQTT brokers tell no time, so they are not asked.
    """
    central = settings.central
    if central.url:
        try:
            found = _centre_offset_ms(settings, clock, base)
        except (ConsoleError, OSError):
            found = None
        if found is not None:
            return judged(found, "central platform")
    for url in _sources(settings):
        found = _http_offset_ms(url, clock)
        if found is not None:
            return judged(found, urlsplit(url).hostname or "http")
    return tell("clock offset", "unknown", "offset-unknown")


def judged(offset_ms: float, where: str) -> Finding:
    """The finding for our clock being `offset_ms` ahead of another's."""
    facts = {"seconds": round(offset_ms / 1000, 1), "where": where}
    if abs(offset_ms) > FAR_MS:
        return tell("clock offset", "warn", "offset-far", **facts)
    return tell("clock offset", "ok", "offset", **facts)


def _centre_offset_ms(settings: Settings, clock: Clock, base: Path) -> float | None:
    central = settings.central
    if central.url.startswith("file:"):
        return None  # its clock is our own
    platform = open_central(central.url, password_file=central.password_file, base=base)
    try:
        before_ms = clock.now_ms()
        theirs_ms = platform.hello().clock_ms
        return (before_ms + clock.now_ms()) / 2 - theirs_ms
    finally:
        platform.close()


def _sources(settings: Settings) -> Sequence[str]:
    return [feed.backfill.url for feed in settings.feeds.values() if feed.backfill is not None]


def _http_offset_ms(url: str, clock: Clock) -> float | None:
    """From the Date of the answer, which counts whole seconds; None without one."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_HTTP_S)
    try:
        before_ms = clock.now_ms()
        connection.request("HEAD", "/")
        date = connection.getresponse().headers.get("Date", "")
        ours_ms = (before_ms + clock.now_ms()) / 2
        return ours_ms - (parsedate_to_datetime(date).timestamp() * 1000 + 500)
    except (OSError, HTTPException, ValueError, TypeError):
        return None
    finally:
        connection.close()
