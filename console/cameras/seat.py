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
    """Everything the pool knows of one stream of a camera; touched under the pool's lock only.

    `key` is the camera's id, for its main stream with `/main` after it.
    """

    key: str
    url: str = field(repr=False)
    size: tuple[int, int] | None = None
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
    def has_picture(self) -> bool:
        """Whether a picture of the present generation may be shown."""
        return self.stamps is not None and self.state not in ("idle", "starting", "offline")

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

    def report(self, camera_id: str, now_s: float) -> CameraState:
        """The state as the core and the truth bar take it."""
        age = round((now_s - self.seen_s) * 1000) if self.seen_s is not None else None
        reason = self.course.reason
        detail = REASONS.get(reason, reason)
        return CameraState(camera_id, self.state, age, self.since_ms, self.course.restarts, detail)


@dataclass
class Place:
    """A camera in the pool: its small stream, its main one if it has one, and what is wanted.

    The stream that is wanted leads. Until it has a picture the other one is
    shown if it plays, and the small one is started where the main one fails.
    """

    camera_id: str
    small: Seat
    main: Seat | None
    size: tuple[int, int] | None = None
    wants_main: bool = False

    @property
    def seats(self) -> tuple[Seat, ...]:
        return (self.small,) if self.main is None else (self.small, self.main)

    def wishes(self) -> list[tuple[Seat, tuple[int, int] | None]]:
        """The size that each stream shall play in, None for not at all."""
        lead, other = self._order()
        found = [(lead, self.size)]
        if other is not None:
            spare = not lead.has_picture and (other is self.small or other.size is not None)
            found.append((other, self.size if spare else None))
        return found

    def face(self) -> Seat:
        """The stream that is shown."""
        lead, other = self._order()
        return other if other is not None and other.has_picture and not lead.has_picture else lead

    def _order(self) -> tuple[Seat, Seat | None]:
        return (
            (self.main, self.small) if self.wants_main and self.main is not None else (self.small, self.main)
        )


def place(camera: Camera) -> Place:
    """The camera's place, nothing wanted yet."""
    main = Seat(f"{camera.id}/main", camera.main_url) if camera.main_url else None
    return Place(camera.id, Seat(camera.id, camera.url), main)
