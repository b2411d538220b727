"""Fixture: a real RTSP server (GStreamer's) that plays the sample clips in a loop."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SYSTEM_PYTHON = Path("/usr/bin/python3")
SERVE = Path(__file__).with_name("rtsp_serve.py")
CLIPS = Path(__file__).resolve().parents[3] / "shared" / "samples" / "clips"
USER, PASSWORD = "wall", "s3cret-word"
_ASK = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@dataclass(frozen=True)
class RtspServer:
    """A running server; every stream needs the account."""

    port: int
    process: subprocess.Popen[bytes]

    def url(self, name: str, user: str = USER, password: str = PASSWORD) -> str:
        """The address of the stream `name` (people: a key frame each second; cars: each 4.8 s)."""
        return f"rtsp://{user}:{password}@127.0.0.1:{self.port}/{name}"


def clip(name: str) -> Path:
    """A sample clip; skips the test where the samples are missing."""
    path = CLIPS / name
    if not path.is_file():
        pytest.skip(f"sample clip missing: {path}")
    return path


@pytest.fixture
def rtsp_server() -> Iterator[RtspServer]:
    """A server on a free loopback port with /people and /cars, ended after the test."""
    found = (
        SYSTEM_PYTHON.exists()
        and not subprocess.run([SYSTEM_PYTHON, "-c", _ASK], check=False, capture_output=True).returncode
    )
    if not found:
        pytest.skip("RTSP server not installed: gir1.2-gst-rtsp-server-1.0 and the gstreamer plugins")
    streams = {"people": clip("one-by-one-person-detection.mp4"), "cars": clip("car-detection.mp4")}
    named = [f"{USER}:{PASSWORD}@{name}={path}" for name, path in streams.items()]
    process = subprocess.Popen(
        [SYSTEM_PYTHON, SERVE, "0", *named],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline().split()
        assert line[:1] == [b"ready"], "the RTSP server did not start"
        yield RtspServer(int(line[1]), process)
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
