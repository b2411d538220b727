"""Memory given back to the system."""

from __future__ import annotations

from console.allocation import give_back


def test_it_may_be_asked_for_twice_on_every_system() -> None:
    give_back()
    give_back()
