"""Cameras: a pool of decoder processes whose newest pictures lie in shared memory.

The screen asks the pool; only the `cam` role decodes. Nothing here knows Qt.
"""

from console.cameras.frames import Frame
from console.cameras.pool import CameraPool

__all__ = ["CameraPool", "Frame"]
