"""The crisis warnings in force, one line each over the whole window; without one it takes no room.

The four levels are an axis of their own: they change no alarm's priority, and the line
says its level by word, by how many of four marks are full, and by the official colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from db.asset_records import Crisis
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.words import Words

COLOURS = {1: theme.PRIORITY[4], 2: theme.PRIORITY[3], 3: theme.PRIORITY[2], 4: theme.PRIORITY[1]}
"""Blue, yellow, orange, red: those of the national scale, attention to serious."""
MOST_LINES = 3
_HIGH, _GAP, _EDGE = 30, 2, 12


def kind_word(words: Words, kind: str) -> str:
    """What a warning is about, in the operator's language; a kind without a word as it was written."""
    key = f"crisis_kind.{kind}"
    return words.text(key) if words.has(key) else plain(kind, 60)


def title(words: Words, crisis: Crisis) -> str:
    """`위기경보 주의 · 호우`; an exercise says so first."""
    level = words.text(f"crisis.level_{crisis.level}")
    name = words.text("crisis.name", level=level, kind=kind_word(words, crisis.kind))
    return words.text("crisis.exercise_name", name=name) if crisis.exercise else name


def story(words: Words, crisis: Crisis, now_ms: int) -> str:
    """What it says, by whom since when, and until when: `호우주의보 발효 (CAP · 09:40) — 만료 15:00`."""
    by = plain(crisis.origin or crisis.by, 40)
    since = words.text("crisis.since", by=by, time=_time(words, crisis.since_ms, now_ms))
    ends = (
        words.text("crisis.until", time=_time(words, crisis.until_ms, now_ms))
        if crisis.until_ms is not None
        else words.text("crisis.no_end")
    )
    return f"{plain(crisis.text, 200)} ({since}) — {ends}".strip()


def _time(words: Words, at_ms: int, now_ms: int) -> str:
    """Time of day; with its date when that is not today."""
    when = words.when(at_ms)
    return when[11:16] if when[:10] == words.when(now_ms)[:10] else when[5:16]


class CrisisBanner(QWidget):
    """The lines; a press on one asks to end it.

    Signals:
        end_wanted: the warning that was pressed.
    """

    end_wanted = Signal(object)

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self._crises: dict[Any, Crisis] = {}
        self.setVisible(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._tell)

    @property
    def crises(self) -> list[Crisis]:
        """Those in force, the highest first, exercises after what is real."""
        return sorted(
            self._crises.values(), key=lambda each: (each.exercise, -each.level, each.since_ms, each.kind)
        )

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer warnings; one of level 0 has ended."""
        changed = False
        for record in records:
            if isinstance(record, Crisis):
                changed = True
                if record.level:
                    self._crises[record.key] = record
                else:
                    self._crises.pop(record.key, None)
        if changed:
            self._tell()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        """A link that comes back tells of all that is in force; what it does not tell of has ended."""
        if up:
            self._bridge.query("crises", {}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if not error:
            found = msgspec.convert(value, list[Crisis])
            self._crises = {each.key: each for each in found}
            self._tell()

    @Slot()
    def _tell(self) -> None:
        shown = self.crises
        lines = min(len(shown), MOST_LINES)
        self.setFixedHeight(lines * (_HIGH + _GAP) or 1)
        self.setVisible(bool(shown))
        now_ms = self._bridge.now_ms()
        said = [f"{title(self._words, each)} — {story(self._words, each, now_ms)}" for each in shown]
        self.setToolTip("\n".join([*said, self._words.text("crisis.press")] if said else []))
        self.setAccessibleName(" / ".join(said))
        self.update()

    def _places(self) -> list[tuple[QRect, Crisis]]:
        return [
            (QRect(0, n * (_HIGH + _GAP), self.width(), _HIGH), crisis)
            for n, crisis in enumerate(self.crises[:MOST_LINES])
        ]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        more = len(self._crises) - MOST_LINES
        places = self._places()
        for place, crisis in places:
            is_last = place is places[-1][0]
            self._line(painter, place, crisis, more if is_last and more > 0 else 0)
        painter.end()

    def _line(self, painter: QPainter, place: QRect, crisis: Crisis, more: int) -> None:
        colour = QColor(COLOURS[crisis.level])
        ground = QColor(colour)
        ground.setAlpha(26)
        dotted = Qt.PenStyle.DashLine if crisis.exercise else Qt.PenStyle.SolidLine
        painter.setBrush(ground)
        edge = QColor(colour)
        edge.setAlpha(130)
        painter.setPen(QPen(edge, 1, dotted))
        painter.drawRect(place.adjusted(0, 0, -1, -1))
        left = self._meter(painter, place, crisis.level, colour)
        painter.setFont(theme.font(15, bold=True))
        painter.setPen(colour)
        left = _write(painter, left, place, title(self._words, crisis)) + 24
        right = self._words.text("crisis.exercise" if crisis.exercise else "crisis.real")
        if more:
            right = f"{self._words.text('crisis.more', n=more)} · {right}"
        painter.setFont(theme.font(13, bold=crisis.exercise))
        painter.setPen(QColor(theme.BRIGHT if crisis.exercise else theme.DIM))
        wide = QFontMetrics(painter.font()).horizontalAdvance(right)
        ends = place.right() - _EDGE - wide
        _write(painter, ends, place, right)
        painter.setFont(theme.font(14))
        painter.setPen(QColor(theme.TEXT))
        room = QRect(left, place.top(), max(0, ends - left - 16), place.height())
        said = story(self._words, crisis, self._bridge.now_ms())
        _write(painter, left, room, said, room.width())

    @staticmethod
    def _meter(painter: QPainter, place: QRect, level: int, colour: QColor) -> int:
        """Four marks, as many full as the level; returns where the words begin."""
        painter.setPen(QPen(colour, 1))
        for n in range(4):
            mark = QRectF(place.left() + _EDGE + n * 8, place.center().y() - 5, 5, 11)
            painter.setBrush(colour if n < level else Qt.BrushStyle.NoBrush)
            painter.drawRect(mark)
        return place.left() + _EDGE + 4 * 8 + 8

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for place, crisis in self._places():
            if place.contains(event.position().toPoint()):
                self.end_wanted.emit(crisis)

    def sizeHint(self) -> QSize:
        return QSize(400, self.height())


def _write(painter: QPainter, left: int, place: QRect, text: str, room: int = 0) -> int:
    """Write a text in the middle of the line; returns where it ends."""
    metrics = QFontMetrics(painter.font())
    said = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room) if room else text
    wide = metrics.horizontalAdvance(said)
    painter.drawText(
        QRect(left, place.top(), wide + 2, place.height()),
        Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter,
        said,
    )
    return left + wide
