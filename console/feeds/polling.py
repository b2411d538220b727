"""Feeds that are asked for over HTTP, one thread each: pages, areas, what has changed, linked alerts."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError as NotInTime
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

import structlog

from console.clock import Clock
from console.errors import ConsoleError, Refused, Unavailable
from console.feeds.fetching import Fetching, Later, Mark, Remembered, address
from console.feeds.ingest import Ingest
from console.feeds.posts import Delivered
from console.formats import cap, open_api, sensorthings, topics, xml_text
from console.formats.json_text import Unreadable
from console.settings import Feed
from console.worker import Worker, backoff

log = structlog.get_logger(__name__)

LINKS_MOST = 200  # alerts that are fetched in one round
_COMMIT_S = 60.0
_SAYS = ("seoul", "sdot")  # kinds whose answers say of themselves whether they worked


class _Page(NamedTuple):
    """What a page was: its rows, how many there are in all, and what is wrong with it."""

    rows: int
    total: int | None
    trouble: str


class Polling:
    """One feed. `start` and `stop` once each."""

    def __init__(
        self,
        name: str,
        feed: Feed,
        ingest: Ingest,
        clock: Clock,
        base: Path,
        zone: str,
        encodings: tuple[str, ...],
    ) -> None:
        assert feed.poll is not None
        self._name, self._feed, self._poll = name, feed, feed.poll
        self._ingest, self._clock = ingest, clock
        self._zone, self._encodings = ZoneInfo(zone), encodings
        self._fetching = Fetching(feed.poll, clock, base)
        self._seen = Remembered[bytes]()
        self._marks = Remembered[Mark]()
        self._unread = Remembered[bool]()  # whether a page could not be read in full
        self._followed = Remembered[bool]()
        self._next = Remembered[str]()  # where an unchanged page said that the next one is
        self._attempt = 0
        self._worker = Worker(f"poll-{name}", self._step)

    def start(self) -> None:
        """Begin; once only."""
        self._worker.start()

    def stop(self) -> None:
        """End after the question that is being asked. Twice is harmless."""
        self._worker.stop(2 * self._poll.timeout_s)
        self._fetching.close()

    def halt(self) -> None:
        """Ask it to end, without waiting."""
        self._worker.stop(0.0)

    def kick(self) -> None:
        """Ask now."""
        self._worker.kick()

    def _step(self, wait: Callable[[float], bool]) -> None:
        begun_s, rest_s = self._clock.monotonic_s(), self._poll.every_s
        troubles, after_s = self._round(wait)
        if troubles:
            self._attempt += 1
            first, *others = troubles
            more = f"; {len(others)} more" if others else ""
            self._ingest.proofs.fails(self._name, f"{first}{more}")
            log.info("poll", feed=self._name, trouble=first, attempt=self._attempt)
            rest_s = backoff(self._attempt, first=min(5.0, rest_s), most=max(60.0, rest_s))
        else:
            self._attempt = 0
        wait(max(after_s, rest_s - (self._clock.monotonic_s() - begun_s), 0.2))

    def _round(self, wait: Callable[[float], bool]) -> tuple[list[str], float]:
        """Ask for every area once; what went wrong, and how long the other side wants us to wait."""
        troubles: list[str] = []
        after_s = 0.0
        for area in self._poll.areas or ("",):
            try:
                trouble = self._area(area, self._fetching.key())
                if trouble:
                    troubles.append(f"{area}: {trouble}" if area else trouble)
                else:
                    self._ingest.proofs.works(self._name)
            except ConsoleError as error:
                troubles.append(f"{area}: {error}" if area else str(error))
                after_s = max(after_s, error.after_s if isinstance(error, Later) else 0.0)
            if wait(0.0):
                break
        return troubles, after_s

    def _area(self, area: str, key: str) -> str:
        """All pages of an area; what is wrong with it, "" for nothing."""
        if self._feed.kind == "sensorthings":
            return self._linked(area, key)
        seen, before = 0, b""
        for page in range(self._poll.pages_most):
            name = f"{area}/{page}"
            asked = address(self._poll, self._zone, self._clock.now_ms(), key, area, page)
            fetched = self._fetching.get(asked, key, self._marks.get(name))
            if fetched.body is None:
                if not self._poll.page_size:
                    return ""
                continue  # this page is as it was, the next may have changed
            digest = sha256(fetched.body).digest()
            if digest == before:
                return ""  # a service that answers every page alike has only one
            before = digest
            found = self._take(area, name, fetched.body, digest, key)
            self._marks.put(name, fetched.mark)
            if found.trouble:
                return found.trouble
            seen += found.rows
            is_last = found.rows < self._poll.page_size and seen >= (found.total or 0)
            if not self._poll.page_size or not found.rows or is_last:
                return ""
            if found.total is not None and seen >= found.total:
                return ""
        return f"more than {self._poll.pages_most} pages"

    def _linked(self, area: str, key: str) -> str:
        """The pages of a SensorThings answer, of which each names the next one, on the same host."""
        asked = address(self._poll, self._zone, self._clock.now_ms(), key, area, 0)
        seen: set[str] = set()
        for page in range(self._poll.pages_most):
            seen.add(asked)
            fetched = self._fetching.get(asked, key, self._marks.get(asked))
            if fetched.body is None:
                link = self._next.get(asked) or ""
            else:
                link = sensorthings.next_link(fetched.body, self._encodings)
                digest = sha256(fetched.body).digest()
                where = urlsplit(asked).path  # it names the Datastream, as an MQTT topic does
                trouble = self._take(where, f"{area}/{page}", fetched.body, digest, key).trouble
                self._marks.put(asked, fetched.mark)
                self._next.put(asked, link)
                if trouble:
                    return trouble
            asked = urljoin(asked, link)
            if not link or asked in seen:
                return ""
        return f"more than {self._poll.pages_most} pages" if self._poll.pages_most > 1 else ""

    def _take(self, area: str, name: str, body: bytes, digest: bytes, key: str) -> _Page:
        """Store a page, unless it is the one that was stored last."""
        said, rows = self._examined(body)
        is_new = self._poll.unchanged == "store" or self._seen.get(name) != digest
        if said.reason == "no-rows":
            self._seen.put(name, digest)
            return _Page(0, 0, "")
        if self._feed.kind == "cap":
            self._alerts(area, body, key, is_new=is_new)
        elif is_new:
            done = self._deliver(area, body)
            learns = self._feed.kind == "sensorthings" and b'"result"' not in body  # entities alone
            self._unread.put(name, bool(done.set_aside) and not said.reason and not learns)
        self._seen.put(name, digest)
        if self._unread.get(name):
            return _Page(rows, said.total, "what it answers cannot be read in full; see what was set aside")
        trouble = said.detail.replace(key, "…") if key and said.reason else said.detail if said.reason else ""
        return _Page(rows, said.total, trouble)

    def _examined(self, body: bytes) -> tuple[open_api.Said, int]:
        try:
            found = open_api.tree(body, self._encodings) if self._feed.kind != "cap" else None
            said = open_api.said(found)
            rows = open_api.rows(found)
        except Unreadable:
            return open_api.Said(), 0
        return (said if self._feed.kind in _SAYS else open_api.Said(total=said.total)), rows

    def _deliver(self, area: str, body: bytes) -> Delivered:
        future = self._ingest.deliver(self._name, [(topic_of(self._name, self._feed, area), body)])
        try:
            return future.result(_COMMIT_S)
        except NotInTime as error:
            future.cancel()
            raise Unavailable("the store is busy") from error

    # --- warnings that a list only links -----------------------------------------

    def _alerts(self, area: str, body: bytes, key: str, *, is_new: bool) -> None:
        """A list's own alerts, and those that it links on the same host, each once."""
        try:
            root = xml_text.read(body, self._encodings)
        except Unreadable:
            if is_new:
                self._deliver(area, body)
            return
        links = [urljoin(self._poll.url, link) for link in cap.links(root)]
        own = [link for link in links if urlsplit(link)[:2] == self._fetching.origin]
        foreign = [link for link in links if link not in own]
        told = [link for link in foreign if self._followed.get(link) is None]
        # A list without alerts says so once, and not at every change of its date.
        empty = not links and not cap.alerts(root) and xml_text.namespace(root) != cap.ATOM
        is_told = empty and self._followed.get(f"empty {root.tag}") is not None
        if is_new and (cap.alerts(root) or told or (empty and not is_told)):
            self._deliver(area, body)
        for link in told:
            self._followed.put(link, True)
        if empty:
            self._followed.put(f"empty {root.tag}", True)
        for link in [link for link in own if self._followed.get(link) is None][:LINKS_MOST]:
            self._follow(area, link, key)

    def _follow(self, area: str, link: str, key: str) -> None:
        try:
            fetched = self._fetching.get(link, key)
        except Refused as error:
            log.info("poll", feed=self._name, link=str(error))
        else:
            if fetched.body is not None:
                self._deliver(area, fetched.body)
        self._followed.put(link, True)


def topic_of(name: str, feed: Feed, part: str) -> str:
    """The topic of a message that has none: one that the feed's first mapping fits, else `name/part`.

    What MQTT has a meaning for is replaced.
    """
    tidy = "".join("_" if each in "/+#" or not each.isprintable() else each for each in part)[:300]
    if feed.mappings:
        return topics.fitting(feed.mappings[0].topic, tidy or name)
    return f"{name}/{tidy}" if tidy else name
