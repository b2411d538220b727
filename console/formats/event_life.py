"""How the statements about one event make its state, whatever order they came in. Pure.

An end is final: an occurrence number or an alert's identity names one
occurrence, so what arrives after its end (an outage delivers 50 before 10) is
older news and opens nothing. Source: DOMAIN.md, trap 7.
"""

from __future__ import annotations

from collections.abc import Sequence

from db.records import Event

ENDS = ("cleared", "ended", "cancelled")
"""Statuses that end an event; of two at one time the later in this list counts."""


def is_over(events: Sequence[Event]) -> bool:
    """Whether statements of one event say that it is over."""
    return any(event.status in ENDS for event in _counted(events))


def settle(events: Sequence[Event]) -> Event:
    """The one statement that counts of those about one event (at least one).

    An end before all else, of several the latest; else the latest news. An
    exercise's statement never counts where a real one exists. The order of
    `events` does not matter.
    """
    counted = _counted(events)
    ends = [event for event in counted if event.status in ENDS]
    return max(ends or counted, key=_later)


def _counted(events: Sequence[Event]) -> list[Event]:
    real = [event for event in events if not event.exercise]
    return real or list(events)


def _later(event: Event) -> tuple[int, int, str, int]:
    order = ("occurred", "changed", *ENDS).index(event.status)
    return event.observed_ms, order, event.text, event.received_ms
