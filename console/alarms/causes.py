"""Which silences another alarm explains: a pole without power, a gateway or broker that is away.

A cause is an active silence, or an active alarm of a rule with `outage`, of an
asset that the silent one hangs on (by the tree or by its power), or the
silence of a whole group that its source belongs to. Only what is active counts,
so the same watches give the same causes after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

from console.alarms.rulebook import Rulebook, Subject, matches
from db.alarms import Watch


class Causes:
    """The active silences and outages by where they are; holds no state of its own."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self._silent: dict[str, str] = {}  # active silences that can be suppressed: their sources
        self._below: dict[str, set[str]] = {}  # the same, by each asset they hang on
        self._at: dict[str, set[str]] = {}  # active causes by asset
        self._groups: dict[str, str] = {}  # active silences of groups: their patterns

    def follow(self, subject: Subject, before: Watch, after: Watch) -> bool:
        """Take note of a watch that moved; whether a cause came or went."""
        if before.active == after.active:
            return False
        asset = after.alarm.asset if after.alarm is not None else subject.place.asset
        is_silence = subject.rule.kind == "silent"
        if is_silence and subject.rule.group:
            _keep(self._groups, subject.id, subject.source, is_in=after.active)
            return True
        if is_silence:
            _keep(self._silent, subject.id, subject.source, is_in=after.active)
            for each in self._rulebook.above(asset):
                _put(self._below, each, subject.id, is_in=after.active)
        if not asset or not (is_silence or subject.rule.outage):
            return False
        _put(self._at, asset, subject.id, is_in=after.active)
        return bool(self._below.get(asset))

    def cause_of(self, subject: Subject) -> str:
        """The alarm that explains this silence; the one furthest up, "" if there is none."""
        if subject.rule.kind != "silent" or subject.rule.group:
            return ""
        groups = [key for key, pattern in self._groups.items() if matches(pattern, subject.source)]
        if groups:
            return min(groups)
        for asset in reversed(self._rulebook.above(subject.place.asset)):
            found = self._at.get(asset)
            if found:
                return min(found)
        return ""

    def explained_by(self, subject: Subject, asset: str) -> list[str]:
        """The active silences that this cause explains, or would."""
        if subject.rule.group:
            found: Iterable[str] = (
                key for key, source in self._silent.items() if matches(subject.source, source)
            )
        else:
            found = self._below.get(asset, ())
        return sorted(each for each in found if each != subject.id)


def _keep(names: dict[str, str], key: str, text: str, *, is_in: bool) -> None:
    if is_in:
        names[key] = text
    else:
        names.pop(key, None)


def _put(sets: dict[str, set[str]], at: str, key: str, *, is_in: bool) -> None:
    if is_in:
        sets.setdefault(at, set()).add(key)
    elif at in sets:
        sets[at].discard(key)
        if not sets[at]:
            del sets[at]
