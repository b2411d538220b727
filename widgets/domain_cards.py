"""One card per domain of the district: how it is, how much of it is well, its worst value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from PySide6.QtCore import QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from db.records import Asset, AssetState, Condition, Latest
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words

CARD_WIDTH, CARD_HEIGHT, NARROW, TWO_LINES, GAP = 168, 74, 124, 42, 6


@dataclass(slots=True)
class Domain:
    """What a card sums up: the topmost nodes of one domain."""

    name: str
    tops: list[str] = field(default_factory=list)
    condition: Condition = Condition.UNKNOWN
    well: int = 0
    total: int = 0
    worst: str = ""
    alarms: int = 0
    priority: int = 0
    known: bool = False


def domains_of(assets: Iterable[Asset]) -> list[Domain]:
    """The domains in order of their first asset, each with its topmost nodes.

    A node without a domain of its own belongs to its parent's.
    """
    by_id = {asset.id: asset for asset in assets}
    found: dict[str, Domain] = {}
    for asset in by_id.values():
        if not asset.domain:
            continue
        above = by_id.get(asset.parent)
        while above is not None and above.domain != asset.domain:
            above = by_id.get(above.parent)
        if above is None:
            found.setdefault(asset.domain, Domain(asset.domain)).tops.append(asset.id)
    return list(found.values())


def sum_up(domain: Domain, states: dict[str, AssetState]) -> None:
    """Bring the card up to date: the worst of its tops decides."""
    known = [states[each] for each in domain.tops if each in states]
    domain.known = bool(known)
    domain.well = sum(state.well for state in known)
    domain.total = sum(state.total for state in known)
    domain.alarms = sum(state.alarms for state in known)
    if known:
        worst = max(known, key=lambda state: (state.condition, -(state.priority or 5)))
        domain.condition = worst.condition
        domain.priority = min((state.priority for state in known if state.priority), default=0)
        domain.worst = worst.worst if worst.condition is not Condition.WELL else ""


class DomainCards(QWidget):
    """The cards, as many in a row as fit; grey while all is well.

    Signals:
        asset_wanted: the id of the asset that decides a pressed card.
    """

    asset_wanted = Signal(str)

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self._assets: dict[str, Asset] | None = None
        self._states: dict[str, AssetState] = {}
        self._values: dict[tuple[str, str], Latest] = {}
        self._domains: list[Domain] = []
        self.setMinimumSize(CARD_WIDTH + 2 * GAP, CARD_HEIGHT + 2 * GAP)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self.update)

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("assets", {}, self._take_assets)
        self.update()

    def _take_assets(self, value: Any, error: str) -> None:
        if error:
            return
        assets = msgspec.convert(value, list[Asset])
        self._assets = {asset.id: asset for asset in assets}
        self._domains = domains_of(assets)
        self._sum_up()

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer states and values."""
        touched = False
        for record in records:
            if isinstance(record, AssetState):
                self._states[record.id] = record
                touched = True
            elif isinstance(record, Latest):
                self._values[(record.source, record.quantity)] = record
                touched = True
        if touched:
            self._sum_up()

    @property
    def worst_asset(self) -> str:
        """The id of the leaf that is worst of all; empty when all is well."""
        worst = max(self._domains, key=lambda each: (each.condition, -(each.priority or 5)), default=None)
        return worst.worst if worst is not None else ""

    def _sum_up(self) -> None:
        for domain in self._domains:
            sum_up(domain, self._states)
        self.update()

    # --- drawing

    def _places(self) -> list[tuple[QRect, Domain]]:
        """Where the cards are: never outside the panel, flatter and narrower where room is short."""
        count = max(1, len(self._domains))
        across = min(count, max(1, (self.width() - GAP) // (CARD_WIDTH + GAP)))
        narrow = min(count, max(1, (self.width() - GAP) // (NARROW + GAP)))
        while across < narrow and self._high(across) < TWO_LINES:
            across += 1
        wide, high = (self.width() - GAP) // across - GAP, min(96, self._high(across))
        return [
            (QRect(GAP + n % across * (wide + GAP), GAP + n // across * (high + GAP), wide, high), domain)
            for n, domain in enumerate(self._domains)
        ]

    def _high(self, across: int) -> int:
        rows = -(-max(1, len(self._domains)) // across)
        return max(26, (self.height() - GAP) // rows - GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.GROUND))
        if not self._domains:
            key = "cards.not_arrived" if self._assets is None else "cards.none"
            painter.setPen(QColor(theme.DIM))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words.text(key))
        for place, domain in self._places():
            self._card(painter, place, domain)
        painter.end()

    def _card(self, painter: QPainter, place: QRect, domain: Domain) -> None:
        shape, colour, number = theme.condition_look(domain.condition, domain.priority)
        abnormal = domain.condition > Condition.UNKNOWN
        painter.setPen(QColor(colour if abnormal else theme.LINE))
        painter.setBrush(QColor(theme.PANEL))
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        high = place.height()
        edge = 7 if high >= 54 else 2 if high >= TWO_LINES - 4 else max(2, (high - 20) // 2)
        inner = place.adjusted(8, edge, -8, -edge)
        theme.paint_shape(painter, QRectF(inner.left(), inner.top() + 1, 16, 16), shape, colour, number)
        share = f"{domain.well:,}/{domain.total:,}" if domain.known else "—"
        top = QRect(inner.left() + 24, inner.top(), inner.width() - 24, 18)
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.DIM))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        room = top.width() - QFontMetrics(painter.font()).horizontalAdvance(share) - 8
        painter.setFont(theme.font(14, bold=abnormal))
        painter.setPen(QColor(theme.BRIGHT if abnormal else theme.TEXT))
        _text(painter, QRect(top.left(), top.top(), room, 18), self._name(domain))
        if inner.height() < 34:
            return
        first, second = self._lines(domain)
        painter.setFont(theme.font(14, bold=abnormal))
        painter.setPen(QColor(theme.TEXT if abnormal else theme.DIM))
        _text(painter, QRect(inner.left(), inner.top() + 19, inner.width(), 19), first)
        if second and inner.height() >= 56:
            painter.setFont(theme.font(13))
            painter.setPen(QColor(theme.DIM))
            _text(painter, QRect(inner.left(), inner.top() + 40, inner.width(), 18), second)

    def _name(self, domain: Domain) -> str:
        key = f"domain.{domain.name}"
        return self._words.text(key) if self._words.has(key) else plain(domain.name, 30)

    def _lines(self, domain: Domain) -> tuple[str, str]:
        """The state in a word with the number of alarms; the leaf that decided, with its value."""
        words = self._words
        if not domain.known:
            return words.text("condition.unknown"), ""
        if not self._bridge.is_linked and self._bridge.last_ms is not None:
            return words.text("cards.old", time=words.time(self._bridge.last_ms)), ""
        state = words.text(f"condition.{domain.condition.name.lower()}")
        if domain.alarms:
            state = f"{state} · {words.text('cards.alarms', n=domain.alarms)}"
        return state, self._worst(domain.worst)

    def _worst(self, asset_id: str) -> str:
        asset = (self._assets or {}).get(asset_id)
        if asset is None:
            return ""
        value = self._values.get((asset.source, asset.quantity))
        name = self._words.pick(asset.name, asset.name_en)
        above = (self._assets or {}).get(asset.parent)
        if asset.kind == "channel" and above is not None:
            name = self._words.pick(above.name, above.name_en)
        if value is None:
            return plain(name, 60)
        return plain(f"{self._words.value(value.value, value.unit)} · {name}", 80)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for place, domain in self._places():
            if place.contains(event.position().toPoint()):
                self.asset_wanted.emit(domain.worst or (domain.tops[0] if domain.tops else ""))


def _text(painter: QPainter, area: QRect, text: str) -> None:
    elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
