"""Our events for an integrated platform, over HTTP, with the session key that it gave us."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from console.clock import Clock
from console.errors import Refused, Unavailable
from console.formats import platform_out
from console.formats.json_text import Unreadable
from console.formats.platform_out import Answer, Link
from console.hub.outlet import with_number
from console.hub.speaking import PERHAPS_LATER, Speaking, secret
from console.hub.telling import Told
from console.settings_outlets import Chosen, Platform
from db.hub_messages import Thing
from db.records import Event

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Event).decode


class PlatformOutlet:
    """One platform. What waits for it is kept as the event, since a session key is for no store."""

    ways: tuple[str, ...] = ("http",)

    def __init__(self, name: str, platform: Platform, clock: Clock, base: Path) -> None:
        self.chosen: Chosen = platform
        self.cancelled = platform.cancelled
        self._name, self._platform, self._clock, self._base = name, platform, clock, base
        self._speaking = Speaking(f"the platform {name}", platform.timeout_s, clock)
        self._key = ""

    def close(self) -> None:
        """Let the connections go."""
        self._speaking.close()

    def probe(self) -> bool:
        """A new session key is an answer too."""
        if not self._platform.auth_url:
            return False
        self._key = ""
        return bool(self._session_key())

    def make(self, told: Told, known: Thing, device: str, now_ms: int) -> tuple[bytes, str]:
        """The event with its number and code; the code stays that of the occurrence."""
        code = known.memory or self._platform.codes.get(told.event.type, self._platform.code)
        event = with_number(told, known.number, code, now_ms)
        grade = self._platform.grades.get(event.grade, event.grade)  # type: ignore[call-overload]
        return _encode(replace(event, grade=grade)), code

    def send(self, way: str, body: bytes) -> None:
        """Send it; a key that is accepted no more is asked for anew, once."""
        event = _decode(body)
        had_key = bool(self._key)
        answer = self._post(event)
        if answer is None and had_key:
            self._key = ""
            answer = self._post(event)
        if answer is None:
            self._key = ""
            raise Unavailable(f"the platform {self._name} does not accept our session key")
        if answer.is_taken:
            return
        said = f"{answer.code} {answer.message}".strip()[:300]
        if answer.code.startswith("5"):
            raise Unavailable(f"the platform {self._name} answers {said}")
        raise Refused(said)

    def _post(self, event: Event) -> Answer | None:
        """The answer to the event; None where it is about our session key."""
        form, link = self._platform.form, self._link(self._session_key())
        if event.extra.get("whole"):
            body = platform_out.event(link, event, event.received_ms, form)
        else:
            user = event.extra.get("user") or ("", "")
            body = platform_out.status(link, event, event.received_ms, (user[0], user[1]), form)
        status, said = self._speaking.ask(
            "POST", self._platform.url, body, platform_out.headers(link, "EVENT", form) | self._token()
        )
        return self._read(status, said)

    def _read(self, status: int, said: bytes) -> Answer | None:
        try:
            answer = platform_out.read_answer(said)
        except Unreadable:
            answer = None
        if answer is not None and answer.code in platform_out.KEY_TROUBLE:
            return None
        if status == 401 and self._platform.auth_url:
            return None
        if status >= 500 or status in PERHAPS_LATER or 300 <= status < 400:
            raise Unavailable(f"the platform {self._name} answers {status}")
        if answer is None and status >= 400:
            return Answer(is_taken=False, code=str(status), message="")
        if answer is None:
            raise Unavailable(f"the platform {self._name} answers in another form")
        return answer

    def _session_key(self) -> str:
        """The key as its file says, as the platform has given it, or none; raises Unavailable."""
        if self._platform.key_file:
            return secret(self._base / self._platform.key_file, "key_file")
        if not self._platform.auth_url:
            return ""
        if not self._key:
            link = self._link("")
            status, said = self._speaking.ask(
                "POST",
                self._platform.auth_url,
                platform_out.key_request(link, self._clock.now_ms()),
                platform_out.headers(link, "AUTH") | self._token(),
            )
            try:
                answer = platform_out.read_answer(said)
            except Unreadable as error:
                raise Unavailable(f"the platform {self._name} gives no session key ({status})") from error
            if not answer.is_taken or not _is_key(answer.message):
                code = f"{answer.code} {answer.message}"[:200] if not answer.is_taken else "no key in it"
                raise Unavailable(f"the platform {self._name} gives no session key ({code})")
            self._key = answer.message
        return self._key

    def _link(self, key: str) -> Link:
        platform = self._platform
        return Link(
            sender=platform.send_cd, receiver=platform.rcv_cd, system=platform.system, session_key=key
        )

    def _token(self) -> dict[str, str]:
        if not self._platform.token_file:
            return {}
        return {self._platform.header: secret(self._base / self._platform.token_file, "token_file")}


def _is_key(text: str) -> bool:
    return 0 < len(text) <= 500 and text.isascii() and text.isprintable()
