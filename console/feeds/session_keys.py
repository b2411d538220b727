"""Session keys of the integrated platform's form: given to who asks, shown with each message.

Keys live in this process only: after a new start a sender is told 4101 and asks again.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict, deque
from typing import NamedTuple

from console.clock import Clock
from console.feeds.posting import Asked, Reply
from console.formats import platform_out
from console.formats.json_text import Unreadable
from console.formats.platform_fields import Fields, envelope
from console.settings_tables import Endpoint

_MEDIA = "application/json; charset=utf-8"
_MOST_SENDERS = 256
_KEYS_EACH = 2  # so that two processes of one sender do not take the key from each other


class _Key(NamedTuple):
    text: str
    until_s: float


class SessionKeys:
    """Those of one door; any thread may call."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._given: OrderedDict[tuple[str, str], deque[_Key]] = OrderedDict()

    def reply(self, feed: str, endpoint: Endpoint, asked: Asked, body: bytes) -> Reply | None:
        """The answer to a request for a key, or to a message that shows none; None to go on and store it."""
        kind, sender, shown = _read(asked, body)
        if kind == "AUTH":
            if not sender or (endpoint.senders and sender not in endpoint.senders):
                return _said(401, "4101", "unknown sender")
            return _said(200, "2000", self._give(feed, sender, endpoint.session_hours))
        if endpoint.session_keys and not self._is_known(feed, sender, shown):
            return _said(401, "4101", "ask for a session key")
        return None

    def _give(self, feed: str, sender: str, hours: float) -> str:
        key = _Key(secrets.token_hex(16), self._clock.monotonic_s() + hours * 3600)
        with self._lock:
            self._given.setdefault((feed, sender), deque(maxlen=_KEYS_EACH)).append(key)
            self._given.move_to_end((feed, sender))
            while len(self._given) > _MOST_SENDERS:
                self._given.popitem(last=False)
        return key.text

    def _is_known(self, feed: str, sender: str, shown: str) -> bool:
        now_s = self._clock.monotonic_s()
        with self._lock:
            keys = list(self._given.get((feed, sender), ()))
        given = shown.encode("utf-8", "surrogateescape")
        fits = [hmac.compare_digest(each.text.encode(), given) for each in keys if each.until_s > now_s]
        return any(fits)


def _read(asked: Asked, body: bytes) -> tuple[str, str, str]:
    """What is wanted (AUTH, EVENT, ...), by whom, with which key: from the headers, else from the body."""
    kind, sender = asked.header("X-Scsns-svcTy"), asked.header("X-Scsns-sendCd")
    shown = asked.header("X-Scsns-Secret")
    if not (kind and sender and (shown or kind.upper() == "AUTH")):
        try:
            head = Fields(envelope(body, ("utf-8", "cp949")))
        except Unreadable:
            return kind.upper(), sender, shown
        kind, sender = kind or head.text("svcTy"), sender or head.text("sendCd")
        shown = shown or head.text("rrKey")
    return kind.strip().upper(), sender.strip()[:200], shown.strip()


def _said(status: int, code: str, message: str) -> Reply:
    return Reply(status, platform_out.answer(code, message), _MEDIA)
