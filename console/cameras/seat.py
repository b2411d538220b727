"""One camera in the pool: what is wanted of it, its course, and its ring."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from console.cameras import policy
from console.cameras.frames import Frame, FrameReader, Stamps
from console.cameras.process import CamProcess
from db.records import Camera, CameraState

REASONS = {
    "": "",
    "not-open": "the camera did not answer",
    "no-picture": "the camera stopped sending",
    "hung": "no answer in time",
    "crashed": "the decoder was replaced",
    "no-memory": "no room for pictures",
}


@dataclass
class Seat:
    """Everything the pool knows of a camera; touched under the pool's lock only."""

    camera: Camera
    size: tuple[int, int] | None = None
    main: bool = False
    course: policy.Course = field(default_factory=policy.Course)
    process: CamProcess | None = None
    ring: Path | None = None
    reader: FrameReader | None = None
    stamps: Stamps | None = None
    frame: Frame | None = None
    asked_s: float | None = None
    seen_s: float | None = None
    sight: policy.Sight = field(default_factory=lambda: policy.Sight(None))
    state: policy.State = "idle"
    since_ms: int = 0

    @property
    def url(self) -> str:
        """The stream that fits the wish: the main one in focus, the small one on the wall."""
        return self.camera.main_url if self.main and self.camera.main_url else self.camera.url

    def look(self, now_s: float, now_ms: int) -> None:
        """Read the ring's stamps and name the state anew."""
        if self.reader is not None:
            self.stamps = self.reader.stamps() or self.stamps
        stamps = self.stamps
        if stamps is not None:
            self.seen_s = stamps.stamp_s
        self.sight = policy.Sight(
            asked_s=self.asked_s,
            failed=self.course.failures > 0,
            seen_s=self.seen_s,
            current_s=stamps.stamp_s if stamps else None,
            changed_s=stamps.changed_s if stamps else None,
            black_s=stamps.black_s if stamps else None,
        )
        named = policy.state(self.sight, now_s)
        if named != self.state:
            self.state = named
            began_s = {"frozen": self.sight.changed_s, "black": self.sight.black_s}.get(named)
            if named in ("stale", "offline"):
                began_s = self.seen_s if self.seen_s is not None else self.asked_s
            self.since_ms = now_ms - (round((now_s - began_s) * 1000) if began_s is not None else 0)

    def newest(self) -> Frame | None:
        """The newest picture of the present generation, copied once."""
        if self.reader is None or self.reader.generation != self.course.generation:
            return None
        newer = self.reader.newest(self.frame.sequence if self.frame is not None else 0)
        if newer is not None:
            self.frame = newer
        return self.frame

    def take_ring(self, ring: Path, reader: FrameReader) -> None:
        """Look at another ring from now on; what was last seen stays until its first picture."""
        frame, stamps = self.frame, self.stamps
        self.drop_ring()
        self.ring, self.reader, self.stamps = ring, reader, stamps
        self.frame = replace(frame, sequence=0) if frame is not None else None

    def drop_ring(self) -> None:
        """Forget the ring, and the pictures that came through it."""
        if self.reader is not None:
            self.reader.close()
        if self.ring is not None:
            self.ring.unlink(missing_ok=True)
        self.reader = self.ring = self.frame = self.stamps = None

    def report(self, now_s: float) -> CameraState:
        """The state as the core and the truth bar take it."""
        age = round((now_s - self.seen_s) * 1000) if self.seen_s is not None else None
        reason = self.course.reason
        detail = REASONS.get(reason, reason)
        return CameraState(self.camera.id, self.state, age, self.since_ms, self.course.restarts, detail)
