"""What the screen says, in Korean and in English, and how it writes times, ages and values.

Every file of `resources/words` adds its keys: `[alarms]` with
`title = {ko = "알람", en = "Alarms"}` is the key `alarms.title`. Texts are
`str.format` patterns with named fields.
"""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale, QObject, Signal

from console.clock import SEOUL
from widgets.resource import resource

LANGUAGES = ("ko", "en")
_NAMED = re.compile(r"\\\{\d\\\}")
"""A named thing in an escaped sentence of the core."""
_LONGEST_SAID = 1000

UNIT_SIGNS = {
    "1": "",
    "Cel": "°C",
    "ug/m3": "µg/m³",
    "m/s2": "m/s²",
    "deg": "°",
    "km/h": "km/h",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "dB[SPL]": "dB",
    "dB": "dB",
    "lx": "lx",
    "{count}": "",
    "{person}": "",
    "{person}/m2": "/m²",
    "m3/s": "m³/s",
}


class Words(QObject):
    """The texts of one language at a time.

    Signals:
        changed: the language is another; every widget writes its texts anew.
    """

    changed = Signal()

    def __init__(self, language: str = "auto", folder: Path | None = None, zone: ZoneInfo = SEOUL) -> None:
        super().__init__()
        self._texts = load(folder or resource("words"))
        self._said = _patterns(self._texts)
        self._language = _chosen(language)
        self.zone = zone

    @property
    def language(self) -> str:
        """`ko` or `en`."""
        return self._language

    def set_language(self, language: str) -> None:
        """Switch to `ko`, `en` or, for `auto`, to what the system speaks."""
        chosen = _chosen(language)
        if chosen != self._language:
            self._language = chosen
            self.changed.emit()

    def learn(self, texts: dict[str, dict[str, str]]) -> None:
        """Take more texts, as of a domain pack; they win over those that came with the program."""
        self._texts = self._texts | texts
        self.changed.emit()

    def has(self, key: str) -> bool:
        """Whether there is a text for the key."""
        return key in self._texts

    def text(self, key: str, **fields: Any) -> str:
        """The text of the key; an unknown key shows itself, so that it is noticed."""
        pattern = self._texts.get(key, {}).get(self._language, key)
        return pattern.format(**fields) if fields else pattern

    def sentence(self, said: str) -> str:
        """What the core says, in the present language; as it came where there are no words for it."""
        if self._language == "en" or not 0 < len(said) <= _LONGEST_SAID:
            return said
        for pattern, key in self._said:
            found = pattern.fullmatch(said)
            if found is not None:
                return self.text(key).format(*found.groups())
        return said

    def pick(self, ko: str, en: str) -> str:
        """The one of two names from outside that fits the language; the other if it is empty."""
        return (ko or en) if self._language == "ko" else (en or ko)

    def quantity(self, name: str) -> str:
        """The name of a measured quantity; one without a word of its own as it came."""
        key = f"quantity.{name.lower()}"
        return self.text(key) if self.has(key) else name

    def age(self, seconds: float) -> str:
        """How long ago, in words: `0.4초`, `25초`, `3분`, `2시간 13분`, `4일`."""
        seconds = max(0.0, seconds)
        if seconds < 1:
            return self.text("age.seconds", n=f"{seconds:.1f}")
        if seconds < 60:
            return self.text("age.seconds", n=int(seconds))
        if seconds < 3600:
            return self.text("age.minutes", n=int(seconds // 60))
        if seconds < 86400:
            return self.text("age.hours", n=int(seconds // 3600), m=int(seconds % 3600 // 60))
        return self.text("age.days", n=int(seconds // 86400))

    def brief_age(self, seconds: float) -> str:
        """How long ago in the largest unit alone: `2시간`."""
        if 3600 <= seconds < 86400:
            return self.text("age.only_hours", n=int(seconds // 3600))
        return self.age(seconds)

    def time(self, at_ms: int) -> str:
        """Local time of day, `10:01:32`."""
        return self.when(at_ms)[-8:]

    def when(self, at_ms: int) -> str:
        """Local date and time, `2026-11-22 10:01:32`; a time outside the calendar as its number."""
        try:
            moment = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone)
        except (OverflowError, ValueError, OSError):
            return f"{at_ms} ms"
        return moment.strftime("%Y-%m-%d %H:%M:%S")

    def value(self, value: float | bool | str | None, unit: str = "1") -> str:
        """A value with its unit as people write it; `—` for none."""
        if value is None:
            return "—"
        if isinstance(value, bool):
            return self.text("value.yes" if value else "value.no")
        figure = value[:80] if isinstance(value, str) else _figure(value)
        sign = self.unit(unit)
        return f"{figure} {sign}" if sign else figure

    def unit(self, unit: str) -> str:
        """A UCUM unit as people write it; nothing for a plain number."""
        return UNIT_SIGNS.get(unit, unit)


def _patterns(texts: dict[str, dict[str, str]]) -> list[tuple[re.Pattern[str], str]]:
    """How to know the core's sentences again, the longest first, since a short one may fit more."""
    known = [(entry["en"], key) for key, entry in texts.items() if key.startswith("said.")]
    known.sort(key=lambda each: (-len(each[0]), each[1]))
    return [(re.compile(_NAMED.sub("(.+?)", re.escape(english)), re.DOTALL), key) for english, key in known]


def load(folder: Path) -> dict[str, dict[str, str]]:
    """All texts of a folder of TOML files, by key and language."""
    texts: dict[str, dict[str, str]] = {}
    for path in sorted(folder.glob("*.toml")):
        _flatten(tomllib.loads(path.read_text(encoding="utf-8")), "", texts)
    return texts


def _flatten(table: dict[str, Any], prefix: str, texts: dict[str, dict[str, str]]) -> None:
    for name, value in table.items():
        key = f"{prefix}{name}"
        if not isinstance(value, dict):
            continue
        if any(isinstance(value.get(language), str) for language in LANGUAGES):
            texts[key] = value
        else:
            _flatten(value, f"{key}.", texts)


def _figure(value: float) -> str:
    size = abs(value)
    if value == int(value) and size < 1e9:
        return f"{int(value):,}"
    return f"{value:,.0f}" if size >= 1000 else f"{value:.3g}" if size >= 100 else f"{value:.2f}"


def _chosen(language: str) -> str:
    if language in LANGUAGES:
        return language
    return "ko" if QLocale.system().language() == QLocale.Language.Korean else "en"
