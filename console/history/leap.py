"""A guard for what removes by the clock: a clock that leapt ahead must not empty the history.

What is believed goes on with the monotonic clock. Where the wall clock is more
than a day away from that, it is believed only after it has stood so for a day of
running time, restarts included; until then things go by the earlier of the two.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from console.clock import Clock

_DAY_MS = 86_400_000
_FILE = "clock.json"


class _Kept(msgspec.Struct):
    believed_ms: int
    apart_ms: int = 0  # for how long of running time the wall clock has been a day or more away


class Believed:
    """The time to let things go by; one thread. It is kept in the data folder from run to run."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._path, self._clock = folder / _FILE, clock
        self._kept = self._read() or _Kept(clock.now_ms())
        self._mono_s = clock.monotonic_s()

    def now_ms(self) -> int:
        """Never much later than the true time, unless the clock has been wrong for a day."""
        now_ms, mono_s = self._clock.now_ms(), self._clock.monotonic_s()
        gone_ms, self._mono_s = round((mono_s - self._mono_s) * 1000), mono_s
        kept = self._kept
        kept.believed_ms += gone_ms
        if abs(now_ms - kept.believed_ms) <= _DAY_MS:
            kept.believed_ms, kept.apart_ms = now_ms, 0
        else:
            kept.apart_ms += gone_ms
            if kept.apart_ms >= _DAY_MS:
                kept.believed_ms, kept.apart_ms = now_ms, 0
        self._write()
        return min(now_ms, kept.believed_ms)

    def _read(self) -> _Kept | None:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _write(self) -> None:
        part = self._path.with_suffix(".part")
        try:
            part.write_bytes(msgspec.json.encode(self._kept))
            part.replace(self._path)
        except OSError:
            pass  # a full disk: it is written the next time
