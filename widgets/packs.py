"""The domain packs in use, as the screen knows them: their words, and which card each draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import QObject, Signal, Slot

from console.packs.tables import Pack, PackSeen, Quantity
from widgets.bridge import Bridge
from widgets.words import Words


def texts_of(packs: Iterable[Pack]) -> dict[str, dict[str, str]]:
    """The packs' words by key; of two packs with one key the first counts."""
    texts: dict[str, dict[str, str]] = {}
    for pack in packs:
        for each in pack.quantities:
            texts.setdefault(f"quantity.{each.name.lower()}", {"ko": each.ko, "en": each.en})
        for event in pack.event_types:
            texts.setdefault(f"event.{event.type.lower()}", {"ko": event.ko, "en": event.en})
    return texts


class Packs(QObject):
    """Asks the core for its packs at every link.

    Signals:
        changed: the packs in use are others than before.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self.in_use: tuple[Pack, ...] = ()
        self._by_domain: dict[str, Pack] = {}
        bridge.linked.connect(self._on_linked)

    def of_domain(self, domain: str) -> Pack | None:
        """The pack that draws the card of a domain."""
        return self._by_domain.get(domain)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("packs", {}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if error:
            return
        seen = msgspec.convert(value, list[PackSeen])
        self.use(each.pack for each in seen)

    def use(self, packs: Iterable[Pack]) -> None:
        """Take these as the packs in use."""
        found = tuple(packs)
        if found == self.in_use:
            return
        self.in_use = found
        self._by_domain = {}
        for pack in found:
            for domain in pack.pack.domains:
                self._by_domain.setdefault(domain, pack)
        self._words.learn(texts_of(found))
        self.changed.emit()


def quantity_of(pack: Pack, name: str) -> Quantity | None:
    """The pack's quantity of this name."""
    return next((each for each in pack.quantities if each.name == name), None)
