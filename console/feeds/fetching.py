"""One bounded HTTP question: so many bytes, so many seconds, one host, no redirects, no word of the key."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

import httpx2

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.formats.json_text import MAX_BYTES
from console.settings_tables import Poll

_AWAY = (408, 425, 429)
_PART = re.compile(r"\{(key|start|end|page|size|date|hour|area)\}")
_KEPT = 10_000  # addresses whose last answer is remembered
_MOST_AFTER_S = 3600.0

V = TypeVar("V")


class Later(Unavailable):
    """The other side says when to ask again, in seconds."""

    def __init__(self, text: str, after_s: float) -> None:
        super().__init__(text)
        self.after_s = after_s


class Mark(NamedTuple):
    """What tells whether an answer has changed: the service's own marks."""

    tag: str = ""
    changed: str = ""


class Fetched(NamedTuple):
    """An answer; `body` is None where the service says that nothing has changed."""

    body: bytes | None
    mark: Mark


class Fetching:
    """The questions of one feed. One thread."""

    def __init__(self, poll: Poll, clock: Clock, base: Path) -> None:
        self._poll, self._clock, self._base = poll, clock, base
        self._client = httpx2.Client(trust_env=False, follow_redirects=False, timeout=poll.timeout_s)
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log addresses, which hold keys
        self.origin = urlsplit(poll.url)[:2]

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def key(self) -> str:
        """The key as it stands in its file now, "" for none; raises Unavailable if it cannot be read."""
        if not self._poll.key_file:
            return ""
        path = self._base / Path(self._poll.key_file).expanduser()
        try:
            text = path.read_text(encoding="utf-8-sig").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise Unavailable(f"key_file {path.name}: cannot be read") from error
        if not text or not text.isascii() or not text.isprintable():
            raise Unavailable(f"key_file {path.name}: holds no key")
        return text

    def get(self, address: str, key: str, mark: Mark | None = None) -> Fetched:
        """Ask. Raises Unavailable where another try may help, Refused where only a person can."""
        if urlsplit(address)[:2] != self.origin:
            raise Refused("the address leads to another host than the settings name")
        headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if key and self._poll.header:
            headers[self._poll.header] = key
        if mark is not None and mark.tag:
            headers["If-None-Match"] = mark.tag
        if mark is not None and mark.changed:
            headers["If-Modified-Since"] = mark.changed
        try:
            with self._client.stream("GET", address, headers=headers) as response:
                return self._answer(response)
        except httpx2.InvalidURL as error:
            raise Refused("the address cannot be used") from error
        except httpx2.HTTPError as error:
            # Its own text may hold the address, and so the key.
            raise Unavailable(f"cannot be reached ({type(error).__name__})") from None

    def _answer(self, response: httpx2.Response) -> Fetched:
        status = response.status_code
        mark = Mark(response.headers.get("ETag", "")[:500], response.headers.get("Last-Modified", "")[:100])
        if status == 304:
            return Fetched(None, mark)
        if status >= 500 or status in _AWAY:
            raise Later(f"answers {status}", _after(response.headers))
        if 300 <= status < 400:
            raise Refused(f"answers {status} and leads elsewhere, which is not followed")
        if not 200 <= status < 300:
            raise Refused(f"refuses with {status}")
        return Fetched(self._read(response), mark)

    def _read(self, response: httpx2.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused("the answer is compressed, which was not asked for")
        body, end_s = bytearray(), self._clock.monotonic_s() + 2 * self._poll.timeout_s
        for piece in response.iter_raw():
            body += piece
            if len(body) > MAX_BYTES:
                raise Refused(f"the answer is larger than {MAX_BYTES >> 20} MiB; a smaller page_size helps")
            if self._clock.monotonic_s() > end_s:
                raise Unavailable("answers too slowly")
        return bytes(body)


def address(poll: Poll, zone: ZoneInfo, now_ms: int, key: str, area: str, page: int) -> str:
    """The address of a page of an area; pages count from 0 here and from 1 in the address."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    size = poll.page_size
    parts = {
        "key": key if "%" in key else quote(key, safe=""),  # some are handed out escaped already
        "area": quote(area, safe=""),
        "start": str(page * size + 1),
        "end": str((page + 1) * size if size else 1000),
        "page": str(page + 1),
        "size": str(size or 1000),
        "date": now.strftime("%Y-%m-%d"),
        "hour": now.strftime("%H"),
    }
    fill: Callable[[re.Match[str]], str] = lambda match: parts[match[1]]  # noqa: E731
    return _PART.sub(fill, poll.url)


class Remembered(Generic[V]):
    """What was seen last per name, the oldest forgotten first."""

    def __init__(self, most: int = _KEPT) -> None:
        self._known: dict[str, V] = {}
        self._most = most

    def get(self, name: str) -> V | None:
        """What was put last, None for nothing."""
        return self._known.get(name)

    def put(self, name: str, value: V) -> None:
        """Remember it as the newest."""
        self._known.pop(name, None)
        self._known[name] = value
        while len(self._known) > self._most:
            del self._known[next(iter(self._known))]


def _after(headers: Mapping[str, str]) -> float:
    shown = headers.get("Retry-After", "")
    return min(float(shown), _MOST_AFTER_S) if shown.isascii() and shown.isdigit() and len(shown) < 7 else 0.0
