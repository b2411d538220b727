"""What all who serve another system share: one meeting after another, patience, and an honest lamp."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from sqlite_utils import Database

from console.clock import Clock
from console.errors import ConsoleError, Unavailable
from console.sync.exchange import Writer
from console.worker import backoff
from db import hub_messages, hubs
from db.connection import SqlError, unavailable
from db.records import Lamp

PROBE_S = 300.0  # without an answer until it is asked whether it is there
_MOST_S = 60.0
OpenReader = Callable[[], Database]


class Serving(ABC):
    """Everything between this console and one other system; one thread calls `step`.

    `hub` is its name in ops.db, `lamp_name` that of its lamp.
    """

    def __init__(
        self,
        hub: str,
        lamp_name: str,
        every_s: float,
        engine: Writer,
        open_ops: OpenReader,
        clock: Clock,
        publish: Callable[[list[Any]], None],
    ) -> None:
        self.hub, self._lamp_name, self._every_s = hub, lamp_name, every_s
        self._engine, self._open_ops = engine, open_ops
        self._clock, self._publish = clock, publish
        self._retry_s = 0.0
        self._attempt = 0
        self._fault = ""
        self._proved_ms: int | None = None
        self._proved_s = -math.inf

    def step(self, wait: Callable[[float], bool]) -> None:
        """Meet it once, then rest; never raises for a system or a disk that is away."""
        more = False
        if self._clock.monotonic_s() >= self._retry_s:
            try:
                more = self.meet()
                if not more and self._age_s() >= PROBE_S and self.probe():
                    self.proved()
                self._attempt, self._fault = 0, ""
            except ConsoleError as error:
                self._attempt += 1
                self._retry_s = self._clock.monotonic_s() + backoff(self._attempt, most=_MOST_S)
                self._fault = str(error)
        self._publish([self.lamp()])
        if not more:
            wait(self._every_s)

    @abstractmethod
    def meet(self) -> bool:
        """Bring it what waits, a bounded part; True if there is more. Raises Unavailable, Refused."""

    def probe(self) -> bool:
        """Ask whether it is there, without sending anything; False where there is no such question.

        Raises Unavailable, Refused.
        """
        return False

    @abstractmethod
    def close(self) -> None:
        """Let the connections go; after the thread has ended."""

    def follows(self) -> bool:
        """Whether it wants our entries at all."""
        return True

    def proved(self) -> None:
        """The other side has answered just now."""
        self._proved_ms, self._proved_s = self._clock.now_ms(), self._clock.monotonic_s()

    def _age_s(self) -> float:
        return self._clock.monotonic_s() - self._proved_s

    def said(self) -> list[str]:
        """What else the lamp shall say."""
        return []

    def lamp(self) -> Lamp:
        """How it stands with it, from its last answer; what waits is said with its age."""
        now_ms = self._clock.now_ms()
        said = [self._fault or ("answers" if self._age_s() < 2 * PROBE_S else "has not been asked lately")]
        state = "bad" if self._fault else "ok" if self._age_s() < 2 * PROBE_S else "unknown"
        with contextlib.suppress(Unavailable), self.reading() as db:
            waits, parked = self._waits(db), hubs.parked(db, self.hub)
            if waits and self.follows():
                said.append(waits)
                state = "bad" if state == "bad" else "warn"
            if parked:
                said.append(f"{len(parked)} refused: {parked[0].reason}")
                state = "bad" if state == "bad" else "warn"
        return Lamp(
            kind="feed",
            name=self._lamp_name,
            state=state,  # type: ignore[arg-type]
            proved_ms=self._proved_ms,
            number=(now_ms - self._proved_ms) / 1000 if self._proved_ms is not None else None,
            detail="; ".join([*said, *self.said()]),
        )

    def _waits(self, db: Database) -> str:
        """What the other side does not have yet, in words; "" for nothing."""
        made, since_ms = hub_messages.count(db, self.hub)
        left = hubs.backlog(db, self.hub)
        oldest = min((each for each in (since_ms, left.oldest_ms) if each is not None), default=None)
        if oldest is None:
            return ""
        age_s = max(self._clock.now_ms() - oldest, 0) // 1000
        return f"{made + left.unsent} entries unsent, the oldest is {age_s} s old"

    @contextlib.contextmanager
    def reading(self) -> Iterator[Database]:
        """A short look at ops.db; raises Unavailable."""
        with reading(self._open_ops) as db:
            yield db


@contextlib.contextmanager
def reading(open_reader: OpenReader) -> Iterator[Database]:
    """A connection for a short look; raises Unavailable where the store cannot be read now."""
    db = open_reader()
    try:
        yield db
    except SqlError as error:
        if unavailable(error):
            raise Unavailable(f"The store cannot be read now ({error})") from error
        raise
    finally:
        db.close()
