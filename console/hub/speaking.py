"""One HTTP question to another system: bounded in time and size, no redirects, no word of its secrets."""

from __future__ import annotations

import logging
from pathlib import Path

import httpx2

from console.clock import Clock
from console.errors import SettingsError, Unavailable

MOST_BYTES = 4 << 20
ANSWER_S = 60.0  # for a whole answer, however slowly it comes
PERHAPS_LATER = (401, 403, 404, 405, 407, 408, 409, 415, 421, 423, 425, 429)  # says nothing of what was sent


class Speaking:
    """The connection to one other system, by one thread; `name` is how errors call it."""

    def __init__(self, name: str, timeout_s: float, clock: Clock) -> None:
        self._name, self._clock = name, clock
        # A connection that is kept may be closed by the other side just as something is sent on it.
        self._client = httpx2.Client(
            trust_env=False,
            follow_redirects=False,
            timeout=timeout_s,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )
        logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would log addresses, which may hold keys

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def ask(self, method: str, url: str, content: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer. Raises Unavailable if none came."""
        until_s = self._clock.monotonic_s() + ANSWER_S
        headers = {"Accept-Encoding": "identity"} | headers
        try:
            with self._client.stream(method, url, content=content, headers=headers) as response:
                read = bytearray()
                for part in response.iter_raw():
                    read += part
                    if len(read) > MOST_BYTES or self._clock.monotonic_s() > until_s:
                        raise Unavailable(f"{self._name} answers without end")
                return response.status_code, bytes(read)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # Its own text may hold the address.
            raise Unavailable(f"{self._name} cannot be reached ({type(error).__name__})") from None


def secret(path: Path, key: str) -> str:
    """The one line of a file that the settings name as `key`; raises Unavailable, SettingsError."""
    try:
        found = path.expanduser().read_text(encoding="ascii").strip()
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"the {key} {path.name} cannot be read") from error
    if not found.isprintable():
        raise SettingsError(f"the {key} {path.name} holds more than one line")
    return found
