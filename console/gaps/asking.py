"""Asking a source's own history over HTTP for a stretch of time: one question, one bounded answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urljoin, urlsplit

import httpx2
import msgspec

from console.clock import Clock
from console.errors import Refused, SettingsError, Unavailable
from console.formats.paths import compile_path
from console.gaps import temporal
from console.settings import Backfill

MOST_BYTES = 16 << 20  # of one answer; a larger one is asked for in shorter stretches
MOST_PAGES = 50
_ANSWER_S = 120.0  # for a whole answer, however slowly it comes
_PART = re.compile(r"\{(source|since|until|since_ms|until_ms)\}")
_NOTHING = (204, 404)  # an entity that has no history is not there for some servers
_AWAY = (408, 425, 429)


class Answer(NamedTuple):
    """Messages as the feed's topic would have brought them, as JSON."""

    messages: list[bytes]
    complete: bool = True


class Asks(Protocol):
    """What the backfill asks."""

    def __call__(self, source: str, since_ms: int, until_ms: int) -> Answer: ...


class TooMuch(Refused):
    """An answer larger than what is read: a shorter stretch may fit."""


class Question:
    """`Feed.backfill`, ready to ask. One thread."""

    def __init__(self, feed: str, backfill: Backfill, clock: Clock, base: Path) -> None:
        where = f"feeds.{feed}.backfill"
        self._url, self._form, self._clock = backfill.url, backfill.form, clock
        parts = urlsplit(backfill.url)
        self._origin = (parts.scheme, parts.netloc)
        if "{" in parts.netloc or not parts.hostname:
            raise SettingsError(
                f"{where}.url: found a host that is not fixed; only the path and query may vary"
            )
        self._items = compile_path(backfill.items, f"{where}.items") if backfill.items != "@" else _itself
        self._header, self._token_file = backfill.header, backfill.token_file
        self._base = base
        self._client = httpx2.Client(trust_env=False, follow_redirects=False, timeout=backfill.timeout_s)
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log addresses, which may hold keys

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def __call__(self, source: str, since_ms: int, until_ms: int) -> Answer:
        """What the source says it observed in this stretch.

        Raises Unavailable where another try may help, Refused where none will.
        """
        if set(source) <= {"."}:
            raise Refused(f"the source {source!r} is no part of an address")
        address = _filled(self._url, source, since_ms, until_ms)
        messages, complete = list[bytes](), True
        for _ in range(MOST_PAGES):
            value, following, whole = self._get(address)
            complete = complete and whole
            if value is not None:
                messages += self._messages(value)
            if following is None:
                return Answer(messages, complete)
            address = following
        return Answer(messages, False)

    def _messages(self, value: Any) -> list[bytes]:
        found = self._items(value)
        if self._form == "ngsi-ld":
            entities = found if type(found) is list else [found]
            return [msgspec.json.encode(each) for entity in entities for each in temporal.messages(entity)]
        if found is None:
            return []
        if type(found) is not list:
            raise Refused("the answer has no list where backfill.items looks for it")
        return [each.encode() if type(each) is str else msgspec.json.encode(each) for each in found]

    def _get(self, address: str) -> tuple[Any, str | None, bool]:
        """The JSON of an answer, the address of its next page, and whether it says that it is whole."""
        if urlsplit(address)[:2] != self._origin:
            raise Refused("the address leads to another host than the settings name")
        try:
            with self._client.stream("GET", address, headers=self._headers()) as response:
                status = response.status_code
                if status in _NOTHING:
                    return None, None, True
                if status >= 500 or status in _AWAY:
                    raise Unavailable(f"the source's history answers {status}")
                if not 200 <= status < 300:
                    raise Refused(f"the source's history refuses with {status}")
                body = self._read(response)
                return _json(body), _next(response, address), status != 206
        except httpx2.InvalidURL as error:
            raise Refused("the address cannot be used") from error
        except httpx2.HTTPError as error:
            raise Unavailable(f"the source's history cannot be reached ({type(error).__name__})") from error

    def _read(self, response: httpx2.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise Refused("the answer is compressed, which was not asked for")
        body, end_s = bytearray(), self._clock.monotonic_s() + _ANSWER_S
        for piece in response.iter_raw():
            body += piece
            if len(body) > MOST_BYTES:
                raise TooMuch(
                    f"the answer is larger than {MOST_BYTES >> 20} MiB; a smaller backfill.hours helps"
                )
            if self._clock.monotonic_s() > end_s:
                raise Unavailable("the source's history answers too slowly")
        return bytes(body)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._form == "ngsi-ld":
            headers["Accept"] = "application/ld+json, application/json"
        if self._token_file:
            headers[self._header] = _token(self._base / Path(self._token_file).expanduser())
        return headers


def _itself(value: Any) -> Any:
    return value


def _token(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"token_file {path.name}: cannot be read") from error
    if not text or not text.isascii() or not text.isprintable():
        raise Refused(f"token_file {path.name}: holds no token")
    return text


def _filled(url: str, source: str, since_ms: int, until_ms: int) -> str:
    parts = {
        "source": quote(source, safe=""),
        "since": quote(_iso(since_ms), safe=""),
        "until": quote(_iso(until_ms), safe=""),
        "since_ms": str(since_ms),
        "until_ms": str(until_ms),
    }
    fill: Callable[[re.Match[str]], str] = lambda match: parts[match[1]]  # noqa: E731
    return _PART.sub(fill, url)


def _iso(at_ms: int) -> str:
    try:
        text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError) as error:
        raise Refused(f"{at_ms} ms lies outside the calendar") from error
    return text.replace("+00:00", "Z")


def _json(body: bytes) -> Any:
    if not body.strip():
        return None
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Unavailable("the source's history answers with something that is no JSON") from error


def _next(response: httpx2.Response, address: str) -> str | None:
    """The next page by the header `Link: <…>; rel="next"` (RFC 8288), as NGSI-LD has it."""
    link = response.links.get("next")
    return urljoin(address, link["url"]) if link and link.get("url") else None
