"""One card per domain of the district: how it is, how much of it is well, its worst value."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from console.packs.tables import Pack
from db.asset_records import Asset, Condition
from widgets import theme
from widgets.air_line import Told, air_line, weather_of
from widgets.bridge import Bridge
from widgets.card_figures import Line, grade_of, lines, short_name, ungraded, value_of, wanted
from widgets.card_trends import SPAN_MS, CardTrends, runs
from widgets.domain_model import SAMPLE_MS, Domain, Domains
from widgets.figures import plain
from widgets.health_model import value_text
from widgets.packs import Packs
from widgets.words import Words

QUIET_MS = 60_000
ONE_LINE = 28
CARD_WIDTH, NARROW, TWO_LINES, GAP = 168, 124, 42, 6
AIR = "air"  # the pack, whatever the site calls its domain
_QUIET = "#6b7681"


class DomainCards(QWidget):
    """The cards, as many in a row as fit; grey while all is well.

    Signals:
        domain_wanted: the domain whose card was pressed.
        quiet_changed: the height in pixels that is enough once all has been well for a while; 0 when
            something is not, at once.
    """

    domain_wanted = Signal(str)
    quiet_changed = Signal(int)

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self.model = Domains()
        self.packs = Packs(bridge, words)
        self.packs.changed.connect(self._use_packs)
        self._trends = CardTrends(bridge, self)
        self._trends.changed.connect(self.update)
        self._figures: dict[str, tuple[int, list[Line]]] = {}
        self._well_since_ms: int | None = None
        self._is_quiet = False
        self.setMinimumSize(CARD_WIDTH + 2 * GAP, ONE_LINE + 2 * GAP)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._retell)

    @Slot()
    def _retell(self) -> None:
        self._figures.clear()
        self.update()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.assets(self._take_assets)
        self.update()

    def _take_assets(self, value: Any, error: str) -> None:
        if error:
            return
        self.model.set_assets(msgspec.convert(value, list[Asset]), self._bridge.now_ms())
        self.update()

    @Slot()
    def _use_packs(self) -> None:
        needed: dict[str, dict[str, str]] = {}
        for pack in self.packs.in_use:
            statistics = {each.name: each.statistic for each in pack.quantities}
            for domain in pack.pack.domains:
                looked_at = wanted(pack.card) | (weather_of(pack) if _is_air(pack) else set())
                needed.setdefault(domain, {name: statistics[name] for name in looked_at})
        self.model.look_at(needed)
        self._figures.clear()
        self.update()

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer states and values."""
        self._trends.apply(records)
        if self.model.apply(records, self._bridge.now_ms()):
            self._settle_quiet()
            self._trends.want(filter(None, map(self.model.curved, self.domains)))
            self.update()

    def _settle_quiet(self) -> None:
        """Cards of a quiet district need one line each, after a while in which nothing happened."""
        now_ms, known = self._bridge.now_ms(), [each for each in self.domains if each.known]
        if not known or any(each.condition > Condition.UNKNOWN for each in known):
            self._well_since_ms = None
        elif self._well_since_ms is None:
            self._well_since_ms = now_ms
        is_quiet = self._well_since_ms is not None and now_ms - self._well_since_ms >= QUIET_MS
        if is_quiet != self._is_quiet:
            self._is_quiet = is_quiet
            across = max(1, (self.width() - GAP) // (CARD_WIDTH + GAP))
            lines = -(-len(self.domains) // across)
            self.quiet_changed.emit(lines * (ONE_LINE + GAP) + GAP if is_quiet else 0)

    @property
    def domains(self) -> list[Domain]:
        """What the cards tell, in their order."""
        return self.model.all

    def air(self, now_ms: int) -> Told | None:
        """The dust grade and the weather of the air domain; None while nothing has come."""
        domain = self._air_domain()
        pack = self.packs.of_domain(domain.name) if domain is not None else None
        if pack is None or domain is None:
            return None
        return air_line(pack, domain, self._words, now_ms)

    @property
    def air_domain(self) -> str:
        """The name of the domain that the air pack draws; "" while there is none."""
        domain = self._air_domain()
        return domain.name if domain is not None else ""

    def _air_domain(self) -> Domain | None:
        return next((each for each in self.domains if _is_air(self.packs.of_domain(each.name))), None)

    @property
    def worst_asset(self) -> str:
        """The id of the leaf that is worst of all; empty when all is well."""
        worst = max(self.domains, key=lambda each: (each.condition, -(each.priority or 5)), default=None)
        return worst.worst if worst is not None else ""

    # --- drawing

    def _places(self) -> list[tuple[QRect, Domain]]:
        """Where the cards are: never outside the panel, flatter and narrower where room is short."""
        count = max(1, len(self.domains))
        across = min(count, max(1, (self.width() - GAP) // (CARD_WIDTH + GAP)))
        narrow = min(count, max(1, (self.width() - GAP) // (NARROW + GAP)))
        while across < narrow and self._high(across) < TWO_LINES:
            across += 1
        across = -(-count // -(-count // across))  # no more than needed, so that the last row is full too
        wide, high = (self.width() - GAP) // across - GAP, min(96, self._high(across))
        return [
            (QRect(GAP + n % across * (wide + GAP), GAP + n // across * (high + GAP), wide, high), domain)
            for n, domain in enumerate(self.domains)
        ]

    def _high(self, across: int) -> int:
        rows = -(-max(1, len(self.domains)) // across)
        return max(26, (self.height() - GAP) // rows - GAP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.GROUND))
        if not self.domains:
            key = "cards.not_arrived" if self.model.assets is None else "cards.none"
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
        small, name = theme.font(13), theme.font(14, bold=abnormal)
        if inner.height() < 34:
            needed = QFontMetrics(name).horizontalAdvance(self._name(domain)) + 8
            share = self._instead(domain, top.width() - needed) or share
        room = top.width() - QFontMetrics(small).horizontalAdvance(share) - 8
        if QFontMetrics(name).horizontalAdvance(self._name(domain)) > room:
            share, room = "", top.width()  # the name goes before the figure that the mark sums up
        painter.setFont(small)
        painter.setPen(QColor(theme.DIM))
        painter.drawText(top, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, share)
        painter.setFont(name)
        painter.setPen(QColor(theme.BRIGHT if abnormal else theme.TEXT))
        _text(painter, QRect(top.left(), top.top(), room, 18), self._name(domain))
        if inner.height() < 34:
            return
        self._body(painter, inner, domain, abnormal)

    def _instead(self, domain: Domain, room: int) -> str:
        """On a well card of one line its first figure stands where the share would, if it fits whole."""
        if not domain.known or domain.well < domain.total or not self._bridge.is_linked:
            return ""
        figures = [each.text for each in self._figure_lines(domain) if not each.forecast]
        first = figures[0] if figures else self._lines(domain)[0]
        return first if QFontMetrics(theme.font(13)).horizontalAdvance(first) <= room else ""

    def _body(self, painter: QPainter, inner: QRect, domain: Domain, abnormal: bool) -> None:
        """The telling value, where it comes from, and its curve, as far as there is room."""
        first, second, right = self._lines(domain)
        told = self._figure_lines(domain) if domain.known and self._bridge.is_linked else []
        forecast = next((each.text for each in told if each.forecast), "")
        present = [each for each in told if not each.forecast]
        look = 0
        if present and not abnormal:
            first, look = present[0].text, present[0].look
            second = " · ".join([each.text for each in present[1:]] or [self._note(domain)])
        painter.setFont(theme.font(14, bold=abnormal))
        painter.setPen(QColor(theme.TEXT if abnormal else theme.DIM))
        room = QRect(inner.left(), inner.top() + 19, inner.width(), 19)
        line = QRect(inner.left(), inner.top() + 39, inner.width(), 18)
        if forecast:
            advance = QFontMetrics(painter.font()).horizontalAdvance
            left = room.width() - advance(first) - (16 if look else 0) - 8
            fits = advance(forecast) + 14 <= left
            if fits or inner.height() >= 56:  # on a flat card what is comes before what may be
                beside = room if fits else line
                beside.setWidth(beside.width() - self._forecast(painter, beside, forecast, beside.width()))
            else:
                forecast = ""
        if look:
            shape = QRectF(room.left(), room.top() + 4, 11, 11)
            theme.paint_shape(painter, shape, theme.SHAPES[look], theme.PRIORITY[look])
            room.setLeft(room.left() + 16)
        painter.setFont(theme.font(14, bold=abnormal))
        painter.setPen(QColor(theme.TEXT if abnormal else theme.DIM))
        pack = self.packs.of_domain(domain.name)
        metrics = QFontMetrics(painter.font())
        if metrics.horizontalAdvance(first) > room.width():
            first = with_value(ungraded(pack, first, self._words), room.width(), metrics)
        _text(painter, room, first)
        if inner.height() < 56:
            used = QFontMetrics(painter.font()).horizontalAdvance(first) + 10
            painter.setFont(theme.font(13))
            painter.setPen(QColor(theme.DIM))
            if inner.width() - used > 60 and not forecast:
                _text(painter, QRect(inner.left() + used, inner.top() + 19, inner.width() - used, 19), second)
            return
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.DIM))
        painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
        if right:
            line.setWidth(line.width() - QFontMetrics(painter.font()).horizontalAdvance(right) - 8)
        is_figure = bool(present[1:]) and not abnormal
        if is_figure and QFontMetrics(painter.font()).horizontalAdvance(second) > line.width():
            second = " · ".join(ungraded(pack, each.text, self._words) for each in present[1:])
        if line.width() > 40:
            _text(painter, line, _whole(painter, second, line.width(), is_figure=is_figure))
        if inner.height() >= 74:
            low = QRectF(inner.left(), inner.top() + 60, inner.width(), inner.height() - 61)
            self._curve(painter, low, domain)

    def _forecast(self, painter: QPainter, room: QRect, text: str, most: int) -> int:
        """What is predicted, slanted and behind a dotted edge, so that nobody takes it for what is."""
        font = theme.font(13)
        font.setItalic(True)
        wide = min(QFontMetrics(font).horizontalAdvance(text) + 14, most)
        painter.setPen(QPen(QColor(theme.DIM), 1, Qt.PenStyle.DotLine))
        painter.drawLine(room.right() - wide + 5, room.top() + 2, room.right() - wide + 5, room.bottom() - 2)
        painter.setFont(font)
        painter.setPen(QColor(theme.DIM))
        _text(painter, QRect(room.right() - wide + 11, room.top(), wide - 10, room.height()), text)
        return wide

    def _figure_lines(self, domain: Domain) -> list[Line]:
        """The figures of the domain's pack, told anew at most every two seconds."""
        pack = self.packs.of_domain(domain.name)
        if pack is None or not domain.figures:
            return []
        at_ms, found = self._figures.get(domain.name, (0, []))
        now_ms = self._bridge.now_ms()
        if not 0 <= now_ms - at_ms < SAMPLE_MS:
            found = lines(pack, domain.figures, self._words)
            self._figures[domain.name] = now_ms, found
        return found

    def _note(self, domain: Domain) -> str:
        pack = self.packs.of_domain(domain.name)
        return self._words.pick(pack.card.note, pack.card.note_en) if pack is not None else ""

    def _curve(self, painter: QPainter, area: QRectF, domain: Domain) -> None:
        """The last hours of the series it tells of, now at the right edge; a gap in it stays a gap."""
        series = self.model.curved(domain)
        points = self._trends.points(series) if series is not None else []
        if len(points) < 2:
            return
        now_ms = self._bridge.now_ms()
        span = min(SPAN_MS, max(60_000, now_ms - points[0][0]))
        values = [value for _, value in points]
        low, high = min(values), max(values)
        reach = max(high - low, abs(high) * 0.05) or 1.0
        middle = (low + high) / 2
        colour = theme.condition_look(domain.condition, domain.priority)[1]
        painter.save()
        painter.setClipRect(area.adjusted(0, -2, 0, 2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colour if domain.condition > Condition.UNKNOWN else _QUIET), 1.4))
        for run in runs(points):
            painter.drawPolyline(
                [
                    QPointF(
                        area.right() - (now_ms - at_ms) / span * area.width(),
                        area.center().y() - (value - middle) / reach * (area.height() - 3),
                    )
                    for at_ms, value in run
                ]
            )
        painter.restore()

    def _name(self, domain: Domain) -> str:
        key = f"domain.{domain.name}"
        if self._words.has(key):
            return self._words.text(key)
        pack = self.packs.of_domain(domain.name)
        return plain(self._words.pick(pack.pack.name, pack.pack.name_en) if pack else domain.name, 30)

    def _lines(self, domain: Domain) -> tuple[str, str, str]:
        """The telling value or the state in a word; whose it is; the number of alarms."""
        words = self._words
        if not domain.known:
            return words.text("condition.unknown"), "", ""
        if not self._bridge.is_linked and self._bridge.last_ms is not None:
            return words.text("cards.old", time=words.time(self._bridge.last_ms)), "", ""
        alarms = words.text("cards.alarms", n=domain.alarms) if domain.alarms else ""
        first, second = self._told(domain)
        return first or words.text(f"condition.{domain.condition.name.lower()}"), second, alarms

    def _told(self, domain: Domain) -> tuple[str, str]:
        asset = (self.model.assets or {}).get(domain.told)
        if asset is None:
            return "", ""
        above = (self.model.assets or {}).get(asset.parent) if asset.kind == "channel" else None
        home = above or asset
        whose = plain(self._words.pick(home.name, home.name_en), 80)
        silent_s = self.model.silent_s(domain.told, self._bridge.now_ms())
        if silent_s is not None:
            return f"{self._words.text('condition.silent')} {self._words.age(silent_s)}", whose
        latest = self.model.value(domain.told)
        if latest is None:
            return "", whose
        if not domain.worst and len(domain.series) > 1:
            whose = self._words.text("cards.highest", name=whose)
        pack = self.packs.of_domain(domain.name)
        short = short_name(pack, latest.quantity, self._words)
        name = short or self._words.pick(asset.name, asset.name_en)
        told = f"{name} {value_of(pack, latest, self._words) or value_text(self._words, latest)}"
        grade = grade_of(pack, latest) if pack is not None and not latest.flags else None
        if grade is not None:
            told += f" {self._words.pick(grade.ko, grade.en)}"
        return plain(told, 80), whose

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for place, domain in self._places():
            if place.contains(event.position().toPoint()):
                self.domain_wanted.emit(domain.name)


def _is_air(pack: Pack | None) -> bool:
    return pack is not None and pack.pack.id == AIR


def with_value(text: str, room: int, metrics: QFontMetrics) -> str:
    """A name with its value in so much room: the name is cut, never the value or its unit."""
    words = text.split()
    at = next((n for n, each in enumerate(words) if each.lstrip("-−")[:1].isdigit()), 0)
    value = " ".join(words[at:])
    left = room - metrics.horizontalAdvance(f" {value}")
    name = metrics.elidedText(" ".join(words[:at]), Qt.TextElideMode.ElideRight, max(0, left))
    return f"{name} {value}" if len(name) > 1 else value


def _whole(painter: QPainter, text: str, room: int, *, is_figure: bool) -> str:
    """As many of the figures as fit whole: half a figure may be read as another, half a name not."""
    parts = text.split(" · ")
    metrics = QFontMetrics(painter.font())
    while len(parts) > (not is_figure) and metrics.horizontalAdvance(" · ".join(parts)) > room:
        parts.pop()
    return " · ".join(parts)


def _text(painter: QPainter, area: QRect, text: str) -> None:
    elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
