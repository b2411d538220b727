"""A finding, and its words: the same texts for the command line and for the page, in both languages."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

RESOURCES = Path(__file__).resolve().parents[2] / "resources"

State = Literal["ok", "unknown", "warn", "bad"]
WORST_FIRST: tuple[State, ...] = ("bad", "warn", "unknown", "ok")


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `bad` keeps the console from its work, `warn` may do so one day.

    `unknown` could not be looked at. `found` and `remedy` are English; `code` names
    the text in `resources/words/doctor.toml` and `facts` fills it, for any language.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
    code: str = ""
    facts: dict[str, Any] = {}


def tell(name: str, state: State, code: str, **facts: Any) -> Finding:
    """The finding with the words of its code."""
    texts = words()[code]
    remedy = texts.get("remedy", {}).get("en", "")
    return Finding(name, state, texts["found"]["en"].format(**facts), remedy.format(**facts), code, facts)


@functools.cache
def words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """What can be found, by code: `found` and, where something is to be done, `remedy`, by language."""
    path = RESOURCES / "words" / "doctor.toml"
    found: dict[str, dict[str, dict[str, str]]] = tomllib.loads(path.read_text(encoding="utf-8"))["finding"]
    return found


def worst_first(findings: list[Finding]) -> list[Finding]:
    """The same, what matters most on top."""
    return sorted(findings, key=lambda each: WORST_FIRST.index(each.state))
