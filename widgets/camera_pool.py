"""What the camera wall needs of others: pictures, and which cameras are near a place."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from console.cameras import Frame
from db.records import Camera, CameraState

NEAR = 9


class Pool(Protocol):
    """What the wall needs of `console.cameras.CameraPool`."""

    def want(self, sizes: Mapping[str, tuple[int, int]], main: Collection[str] = ()) -> None:
        """What is visible."""

    def frame(self, camera_id: str) -> Frame | None:
        """The newest picture."""

    def states(self) -> list[CameraState]:
        """How the cameras are."""

    def snapshot(self, camera_id: str) -> bytes | None:
        """The newest picture as JPEG."""

    def processes(self) -> list[int]:
        """The process ids of the decoders."""

    def stop(self) -> None:
        """End."""


def nearest(cameras: Iterable[Camera], lon: float, lat: float, most: int = NEAR) -> list[Camera]:
    """The cameras with a position that are nearest to this one, the nearest first."""
    narrow = math.cos(math.radians(lat))

    def far(camera: Camera) -> float:
        return math.hypot(((camera.lon or 0.0) - lon) * narrow, (camera.lat or 0.0) - lat)

    placed = [camera for camera in cameras if camera.lon is not None and camera.lat is not None]
    return sorted(placed, key=far)[:most]
