"""What the truth bar says of brokers and feeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from console.clock import Clock
from console.feeds.proofs import Proofs, by_proof
from console.feeds.session import Session
from console.settings import Feed
from db.records import FeedCount, Lamp

EVERY_S = 1.0

_State = Literal["ok", "warn", "bad", "off", "unknown"]
_WORSE: tuple[_State, ...] = ("ok", "off", "unknown", "warn", "bad")  # of two sessions the worse is shown


class _Heard(NamedTuple):
    """When a feed last said something, by both clocks; `mono_s` is None for before our start."""

    at_ms: int
    mono_s: float | None
    received: int


class Lamps:
    """Makes the lamps from proofs. `now` may be called from any thread; the rest is the ingest's."""

    def __init__(
        self, sessions: Sequence[Session], feeds: Mapping[str, Feed], clock: Clock, proofs: Proofs
    ) -> None:
        self._sessions, self._feeds, self._clock, self._proofs = sessions, feeds, clock, proofs
        self._heard: dict[str, _Heard] = {}
        self._disk = ""
        self._started_s = clock.monotonic_s()
        self._started_ms = clock.now_ms()
        self._due_s = 0.0
        self._shown: dict[tuple[str, str], str] = {}

    def start(self, known: Iterable[FeedCount]) -> None:
        """Take over from the store when each feed last spoke."""
        for each in known:
            if each.last_ms is not None:
                self._heard.setdefault(each.feed, _Heard(each.last_ms, None, each.received))

    def heard(self, tallied: Iterable[FeedCount]) -> None:
        """A batch was committed."""
        now_s = self._clock.monotonic_s()
        for each in tallied:
            before = self._heard.get(each.feed)
            if each.last_ms is not None and (before is None or before.received != each.received):
                self._heard[each.feed] = _Heard(each.last_ms, now_s, each.received)

    def set_disk(self, trouble: str) -> None:
        """Say that the disk refuses; "" when it does no more."""
        self._disk, self._due_s = trouble, 0.0

    def due(self) -> list[Lamp]:
        """All lamps once a second, and any whose state has changed at once."""
        now_s = self._clock.monotonic_s()
        lamps = self.now()
        if now_s < self._due_s:
            lamps = [lamp for lamp in lamps if self._shown.get((lamp.kind, lamp.name)) != lamp.state]
        else:
            self._due_s = now_s + EVERY_S
        for lamp in lamps:
            self._shown[lamp.kind, lamp.name] = lamp.state
        return lamps

    def now(self) -> list[Lamp]:
        """The lamps by the proofs there are."""
        now_s = self._clock.monotonic_s()
        brokers: dict[str, Lamp] = {}
        for lamp in (self._broker(session, now_s) for session in self._sessions):
            known = brokers.get(lamp.name)
            if known is None or _WORSE.index(lamp.state) > _WORSE.index(known.state):
                brokers[lamp.name] = lamp
        return list(brokers.values()) + [self._feed(name, feed, now_s) for name, feed in self._feeds.items()]

    def _broker(self, session: Session, now_s: float) -> Lamp:
        beat = session.heartbeat
        state: _State = beat.state(now_s)
        detail = session.trouble
        begun_s = self._started_s if beat.since_s is None else beat.since_s
        if beat.proved_s is None and now_s - begun_s < 3 * beat.every_s and not detail:
            state, detail = "unknown", "waiting for the first heartbeat"
        elif state == "ok" and detail:
            state = "warn"
        elif state != "ok" and not detail:
            unsure = session.is_ready and not session.is_subscribed
            detail = "the topics are not confirmed" if unsure else "heartbeats do not come back"
        age_s = None if beat.proved_s is None else round(now_s - beat.proved_s, 1)
        return Lamp(
            kind="broker",
            name=session.name,
            state=state,
            proved_ms=beat.proved_ms,
            number=age_s,
            detail=detail,
        )

    def _feed(self, name: str, feed: Feed, now_s: float) -> Lamp:
        heard = self._heard.get(name)
        state: _State = "ok"
        detail, age_s = "", None
        proved_ms = heard.at_ms if heard else None
        if feed.via in ("poll", "folder"):
            state, detail, age_s, proved_ms = by_proof(
                feed, self._proofs.of(name), now_s, now_s - self._started_s
            )
        elif feed.via == "listen" and (trouble := self._proofs.of(name).trouble):
            state, detail = "bad", trouble
        elif heard is None:
            waited_s = now_s - self._started_s
            state = "bad" if feed.silent_s and waited_s >= feed.silent_s else "unknown"
            detail = "nothing has been received yet"
        else:
            age_s = self._age(heard, now_s)
            if feed.silent_s and age_s >= feed.silent_s:
                state, detail = "bad", f"silent for longer than {feed.silent_s:.0f} s"
        if self._disk:
            state, detail = "bad", self._disk
        return Lamp(
            kind="feed",
            name=name,
            state=state,
            proved_ms=proved_ms,
            number=age_s,
            total=float(heard.received) if heard else None,
            detail=detail,
        )

    def _age(self, heard: _Heard, now_s: float) -> float:
        """Seconds since the last message; what came before our start is dated by the wall clock."""
        if heard.mono_s is not None:
            return round(now_s - heard.mono_s, 1)
        before_s = max(0.0, (self._started_ms - heard.at_ms) / 1000)
        return round(before_s + now_s - self._started_s, 1)
