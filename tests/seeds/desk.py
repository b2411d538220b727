"""A core in this process with every shipped pack, and what its operator gets of one message."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from console.clock import SystemClock
from console.core import Core
from console.packs import load, samples
from console.packs.replay import filled
from db.alarm_records import Alarm
from db.records import Latest

_T = TypeVar("_T")
PATIENCE_S = 20.0


class Desk:
    """One core on an empty folder; nothing of it is left after the `with`."""

    def __init__(self, folder: Path) -> None:
        self.clock = SystemClock()
        names = sorted(load.files(None))
        self.packs = {pack.pack.id: pack for _, pack in load.chosen(names, None)}
        # A broker nobody answers for: messages come in by `deliver` only.
        settings = samples.settings(list(self.packs.values()))
        self.core = Core(folder, settings, self.clock)

    def __enter__(self) -> Self:
        self.core.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.core.stop()

    def deliver(self, feed: str, topic: str, message: Any) -> Any:
        """Bring in one message with its marks of time filled in; what was stored, after the commit."""
        text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        payload = filled(text, self.clock.now_ms()).encode()
        return self.core.ingest.deliver(feed, [(topic, payload)]).result(PATIENCE_S)

    def value(self, source: str, quantity: str) -> Latest:
        """The newest value as the screens have it."""

        def find() -> Latest | None:
            for each in self.core.newest.all():
                if isinstance(each, Latest) and (each.source, each.quantity) == (source, quantity):
                    return each
            return None

        return self.until(find, f"{source} {quantity}")

    def alarm(self, rule: str, source: str = "") -> Alarm:
        """The standing alarm of this rule."""

        def find() -> Alarm | None:
            return next((each for each in self.alarms(rule) if source in ("", each.source)), None)

        return self.until(find, f"alarm of {rule} in {[each.rule for each in self.alarms()]}")

    def alarms(self, rule: str = "") -> list[Alarm]:
        """The alarms on the screens now."""
        return [
            each for each in self.core.newest.all() if isinstance(each, Alarm) and rule in ("", each.rule)
        ]

    def until(self, find: Callable[[], _T | None], what: str) -> _T:
        """What `find` gives once it gives something; fails when it never does."""
        pause, end = threading.Event(), self.clock.monotonic_s() + PATIENCE_S
        while (found := find()) is None:
            assert self.clock.monotonic_s() < end, f"never: {what}"
            pause.wait(0.02)
        return found
