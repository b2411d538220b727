"""Topics: MQTT filters (`city/+/obs/#`) and patterns with named parts (`city/{gu}/{source}`)."""

from __future__ import annotations

import re
from collections.abc import Callable

from console.errors import SettingsError

Parts = dict[str, str]

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def matcher(topic_filter: str, where: str = "topics") -> Callable[[str], bool]:
    """A test for an MQTT filter; `$`-topics need a filter that starts with `$` (MQTT 5, 4.7.2)."""
    levels = topic_filter.split("/")
    if any(("+" in each and each != "+") or ("#" in each and each != "#") for each in levels):
        raise SettingsError(f"{where}: found {topic_filter!r}; + and # must stand alone in their level")
    if "#" in levels[:-1]:
        raise SettingsError(f"{where}: found {topic_filter!r}; # may only be the last level")
    if not topic_filter or "\0" in topic_filter:
        raise SettingsError(f"{where}: found {topic_filter!r}; a filter has a text without U+0000")
    text = "/".join("[^/]*" if each == "+" else re.escape(each) for each in levels if each != "#")
    if levels[-1] == "#":
        text = f"{text}(?:/.*)?" if levels[:-1] else ".*"
    if levels[0] in ("+", "#"):
        text = r"(?!\$)" + text
    found = re.compile(text, re.DOTALL).fullmatch
    return lambda topic: found(topic) is not None


def pattern(text: str, where: str = "topic") -> Callable[[str], Parts | None]:
    """A reader of a topic pattern: its named parts, or None where the topic does not fit.

    A named part is one level or a piece of one; `+` and `#` fit as in a filter.
    """
    names = _NAME.findall(text)
    if len(set(names)) != len(names):
        raise SettingsError(f"{where}: found {text!r}; a part is named twice")
    levels = text.split("/")
    if "#" in levels[:-1]:
        raise SettingsError(f"{where}: found {text!r}; # may only be the last level")
    if not text or any(mark in _NAME.sub("", each) for each in levels if each not in "+#" for mark in "{}+#"):
        raise SettingsError(
            f"{where}: found {text!r}; allowed: levels, {{parts}} of a-z, 0-9 and _, + and # alone in theirs"
        )
    pieces = [_level(each) for each in levels if each != "#"]
    whole = "/".join(pieces)
    if levels[-1] == "#":
        whole = f"{whole}(?:/.*)?" if pieces else ".*"
    found = re.compile(whole, re.DOTALL).fullmatch

    def parts(topic: str) -> Parts | None:
        match = found(topic)
        return match.groupdict() if match else None

    return parts


def _level(level: str) -> str:
    if level == "+":
        return "[^/]*"
    out, at = "", 0
    for match in _NAME.finditer(level):
        out += re.escape(level[at : match.start()]) + f"(?P<{match[1]}>[^/]+)"
        at = match.end()
    return out + re.escape(level[at:])


def fitting(text: str, stem: str) -> str:
    """A topic that fits a pattern or filter, with `stem` for every part that is open."""
    return "/".join(stem if each in ("+", "#") else _NAME.sub(stem, each) for each in text.split("/"))
