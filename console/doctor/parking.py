"""Does a broker keep what it accepted for a console that is away, and over its own restart?

A throw-away session subscribes and leaves; messages are published; it comes
back and counts. The same again around a restart. Sessions are removed at the end.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from console.clock import Clock
from console.doctor.visit import Visit
from console.errors import ConsoleError, Unavailable
from console.settings import Broker

MESSAGES = 3000  # more than the 1,000 (and what is in flight) that mosquitto keeps by default
RESTART_MESSAGES = 200
_WINDOW_S = 0.4  # without an acknowledgement from us: so long no more means the window is full
_QUIET_S = 1.5
_PUBLISH_S = 60.0
_PAUSE_S = 0.5

Told = Callable[[int, int], None]
"""Takes (done, total); may raise to end the examination."""


@dataclass(frozen=True, slots=True)
class Parked:
    """What came back of what the broker had accepted.

    `window` is how many it sent ahead of the first acknowledgement.
    """

    published: int
    confirmed: int
    delivered: int
    doubled: int
    in_order: bool
    session_kept: bool
    window: int

    @property
    def is_whole(self) -> bool:
        """Whether everything that was confirmed came back."""
        return self.session_kept and self.delivered >= self.confirmed


class Lot:
    """A session of our own at a broker, with a topic of its own, in which messages are parked."""

    def __init__(self, broker: Broker, clock: Clock, version: str = "") -> None:
        token = secrets.token_hex(4)
        self.broker, self.clock, self.version = broker, clock, version or broker.version
        self.client_id = f"{broker.client_id}-doctor-{token}"
        prefix = broker.heartbeat_topic.replace("{device}", "doctor").rsplit("/", 1)[0]
        self.topic = f"{prefix}/{token}"
        self._payloads: list[bytes] = []
        self._confirmed = 0

    def _visit(self, *, acknowledge: bool = True) -> Visit:
        return Visit(
            self.broker,
            self.clock,
            self.client_id,
            version=self.version,
            keep_s=self.broker.session_expiry_s,
            acknowledge=acknowledge,
        )

    def park(self, count: int, told: Told) -> None:
        """Subscribe, leave, and have `count` messages published meanwhile."""
        with self._visit() as visit:
            visit.subscribe([self.topic])
        self._payloads = [f"{number} {self.client_id}".encode() for number in range(count)]
        with Visit(self.broker, self.clock, f"{self.client_id}-pub", version=self.version) as publisher:
            self._confirmed = publisher.publish_all(
                self.topic, self._payloads, timeout_s=_PUBLISH_S, told=lambda done: told(done, 2 * count)
            )

    def come_back(self, told: Told) -> Parked:
        """Connect again and take what is there."""
        count = len(self._payloads)
        with self._visit(acknowledge=False) as visit:
            kept = visit.session_present
            window = visit.quiet(_WINDOW_S, until=count)
            visit.acknowledge()
            while visit.quiet(_QUIET_S, until=min(count, len(visit.arrived) + 500)) < count:
                before = len(visit.arrived)
                told(count + before, 2 * count)
                if visit.quiet(_QUIET_S, until=before + 1) == before:
                    break
            visit.wait(lambda: False, 0.1)  # a doubled one would follow the last, and acknowledgements leave
            return self._counted([bytes(each.payload) for each in visit.arrived], kept, window)

    def _counted(self, arrived: list[bytes], kept: bool, window: int) -> Parked:
        own = set(self._payloads)
        first = list(dict.fromkeys(each for each in arrived if each in own))
        numbers = [int(each.split(b" ")[0]) for each in first]
        return Parked(
            published=len(self._payloads),
            confirmed=self._confirmed,
            delivered=len(first),
            doubled=sum(each in own for each in arrived) - len(first),
            in_order=numbers == sorted(numbers),
            session_kept=kept,
            window=window,
        )

    def clear(self) -> None:
        """Remove the session from the broker, as far as it can be reached."""
        with (
            contextlib.suppress(ConsoleError),
            Visit(self.broker, self.clock, self.client_id, version=self.version),
        ):
            pass  # a clean session under the same name takes the place of the kept one


@contextlib.contextmanager
def cleared(own: Lot) -> Iterator[Lot]:
    """The lot, cleared at the end."""
    try:
        yield own
    finally:
        own.clear()


def park_and_return(broker: Broker, clock: Clock, count: int, told: Told, version: str = "") -> Parked:
    """Park `count` messages and take them again; raises Unavailable or Refused where that cannot be."""
    with cleared(Lot(broker, clock, version)) as own:
        own.park(count, told)
        return own.come_back(told)


def over_a_restart(
    broker: Broker,
    clock: Clock,
    restart: Callable[[], None],
    wait: Callable[[float], object],
    *,
    back_within_s: float = 60.0,
    count: int = RESTART_MESSAGES,
) -> Parked:
    """Park, let `restart` restart the broker, wait until it answers, take what is left.

    Raises Unavailable if it does not answer within `back_within_s`.
    """
    with cleared(Lot(broker, clock)) as own:
        own.park(count, _unheard)
        restart()
        until_s = clock.monotonic_s() + back_within_s
        while True:
            try:
                return own.come_back(_unheard)
            except Unavailable:
                if clock.monotonic_s() > until_s:
                    raise
                wait(_PAUSE_S)


def _unheard(_done: int, _total: int) -> None:
    pass
