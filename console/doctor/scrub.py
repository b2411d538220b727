"""Takes out of texts what support must not see: secrets, names, addresses, places, plates, payloads.

The same text becomes the same mark within one file, so that support can see that two
things are one; the marks are salted anew for each file and lead nowhere.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from typing import Any

import msgspec

from console.settings import Settings

# The texts of the settings that say how, and not who or where. All others are marked.
TELLING = frozenset(
    {"version", "kind", "form", "statistic", "unit", "language", "timezone", "encodings", "time_format"}
    | {"time_zone", "state", "quantity"}
)
_SHORTEST = 3  # a name of two letters would be found in every other word

_PATTERNS = tuple(
    (re.compile(pattern), mark)
    for pattern, mark in (
        (r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s\"'<>]+", "<url>"),
        (
            r"(?i)\b(password|passwd|pwd|token|secret|key|authorization|bearer)\b\s*[=:]?\s*\S+",
            r"\1 <secret>",
        ),
        (r"\{.*\}", "<content>"),
        (r"\[.*[,:].*\]", "<content>"),
        (r"b?\"(?:[^\"\\]|\\.)*\"", "<text>"),
        (r"b?'(?:[^'\\]|\\.)*'", "<text>"),
        (r"<[^<>]{0,20}=[^<>]*>", "<content>"),
        (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b", "<mail>"),
        (r"[가-힣]{0,2}\s?\d{2,3}\s?[가-힣]\s?\d{4}", "<plate>"),
        (r"\b0\d{1,2}[- ]?\d{3,4}[- ]?\d{4}\b", "<phone>"),
        (r"\b\d{6}-?[1-8]\d{6}\b", "<number>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}\b", "<address>"),
        (r"\b(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}\b", "<address>"),
        (r"-?\b\d{1,3}\.\d{4,}\b", "<place>"),
        (r"(?i)(/home/|/Users/|\\Users\\)[^/\\\s]+", r"\1<user>"),
        (r"\b(?=[A-Za-z0-9+/_=-]*\d)[A-Za-z0-9+/_=-]{20,}", "<long>"),
        (r"\b[A-Z][a-z]+(?:[- ][A-Z][a-z]+)+\b", "<name>"),
        (r"[가-힣]+", "<한글>"),
    )
)


class Scrubber:
    """Cleans the texts of one file."""

    def __init__(self, settings: Settings, names: Iterable[str] = ()) -> None:
        self._salt = secrets.token_bytes(16)
        self._settings = settings
        known = {text for text in _texts(msgspec.to_builtins(settings)) if len(text) >= _SHORTEST}
        known |= {name for name in names if len(name) >= _SHORTEST}
        known -= _defaults()
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def mark(self, text: str) -> str:
        """What stands for the text in this file."""
        return f"<{hashlib.blake2b(text.encode(), key=self._salt, digest_size=4).hexdigest()}>"

    def text(self, text: str) -> str:
        """A line without what must not be seen; what remains is how, how many and when."""
        if self._known is not None:
            text = self._known.sub(lambda found: self.mark(found[0]), text)
        for pattern, mark in _PATTERNS:
            text = pattern.sub(mark, text)
        return text

    def value(self, value: Any) -> Any:
        """A structure with every text in it cleaned; numbers, truths and the names of fields stay."""
        if isinstance(value, dict):
            return {self.text(str(name)): self.value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def settings(self) -> Any:
        """The settings: numbers, truths and what is a choice; of all other texts only their marks."""
        return self._marked(msgspec.to_builtins(self._settings), "")

    def _marked(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            named = field in ("brokers", "feeds")  # tables whose names a person chose
            return {
                self.mark(name) if named else name: self._marked(each, name) for name, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._marked(each, field) for each in value]
        if field in ("lon", "lat") and isinstance(value, float):
            return "<place>"
        if isinstance(value, str) and value and field not in TELLING:
            return self.mark(value)
        return value


def _texts(value: Any, field: str = "") -> Iterable[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            if field in ("brokers", "feeds"):
                yield name
            yield from _texts(each, name)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, field)
    elif isinstance(value, str) and field not in TELLING:
        yield value


def _defaults() -> set[str]:
    """Texts that say nothing about a site, since every site has them."""
    return {"main", "gwanje", "feed", "broker", "device", "source", "value", "Authorization", "messages"}
