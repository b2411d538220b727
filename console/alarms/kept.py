"""What the fold keeps of readings before rules can judge: what they gather, and the newest values."""

from __future__ import annotations

from msgspec.structs import replace

from console.alarms import force
from console.alarms.gather import Figure, Values, gather, note
from console.alarms.rulebook import Rulebook, Subject
from console.alarms.transitions import number
from db.alarms import Gathered
from db.records import Reading

_AHEAD_MS = 60_000
"""How far ahead of ours a sender's clock may be; a time beyond that would make all that follows late."""
_NOTED = "|"
"""Before the series of a noted value among what is gathered; no rule's name can be empty."""


class Kept:
    """`gathered` by watch and, behind a mark, by series; `anew` names what of it has changed."""

    def __init__(self, rulebook: Rulebook) -> None:
        self._rulebook = rulebook
        self.gathered: dict[str, Gathered] = {}
        self.anew: set[str] = set()
        self._known: Values = {}

    def resume(self, gathered: dict[str, Gathered]) -> None:
        """Take up what was kept."""
        for key, state in gathered.items():
            self.gathered[key] = state
            if key.startswith(_NOTED):
                source, _, quantity = key.removeprefix(_NOTED).rpartition("|")
                self._known[source, quantity] = state

    def is_in_force(self, subject: Subject, at_ms: int) -> bool:
        """Whether the rule judges at this time, with what is known of its other quantity."""
        limits = subject.rule
        return force.in_time(limits, at_ms, self._rulebook.zone) and force.is_met(
            limits, subject.source, self._known
        )

    def gather(self, subject: Subject, reading: Reading) -> Figure | None:
        """The figure that the rule judges after this reading; None where it can not yet."""
        value = number(reading)
        if value is None:
            return None
        if reading.observed_ms > reading.received_ms + _AHEAD_MS and subject.rule.kind != "forecast":
            reading = replace(reading, observed_ms=reading.received_ms)
        state = self.gathered.get(subject.id)
        if state is None:
            state = Gathered()
        figure = gather(subject.rule, state, reading, value, self._known)
        if subject.rule.kind not in ("threshold", "cross"):
            self.gathered[subject.id] = state
            self.anew.add(subject.id)
        return figure

    def note(self, reading: Reading) -> None:
        """Keep the newest value of a series that other rules want to know."""
        value = number(reading)
        if value is None:
            return
        key = f"{_NOTED}{reading.source}|{reading.quantity}"
        state = self.gathered.get(key)
        if state is None:
            state = self.gathered[key] = self._known[reading.source, reading.quantity] = Gathered()
        note(state, value, min(reading.observed_ms, reading.received_ms + _AHEAD_MS))
        self.anew.add(key)
