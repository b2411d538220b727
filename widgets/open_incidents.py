"""The situations that people have in hand, on the board; a press opens the whole story."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from db.records import Incident
from widgets import theme
from widgets.bridge import Bridge
from widgets.figures import plain
from widgets.table import Column, RecordTable
from widgets.words import Words


class OpenIncidents(QWidget):
    """Open incidents, the severest and newest first.

    Signals:
        incident_wanted: the id of the incident that was chosen.
        new_wanted: the operator wants to open one by hand.
    """

    incident_wanted = Signal(str)
    new_wanted = Signal()

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self._arrived = False
        column = Column("panel.open", _line, sort=lambda each: (each.level, -each.opened_ms))
        self.model = RecordTable((column,), words, keep=lambda each: each.state == "open", parent=self)
        self.model.sort(0)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(_Delegate(words, self.list))
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.activated.connect(self._open)
        self.list.clicked.connect(self._open)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setObjectName("dim")
        self.new_button = QPushButton()
        self.new_button.clicked.connect(self.new_wanted)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.note)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.new_button)
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer incidents."""
        incidents = [record for record in records if isinstance(record, Incident)]
        if incidents:
            self.model.apply(incidents)
            self._translate()

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self._bridge.query("incidents", {"search": "", "state": "open", "limit": 200}, self._take)

    def _take(self, value: Any, error: str) -> None:
        if not error:
            self._arrived = True
            self.model.replace(msgspec.convert(value, list[Incident]))
            self._translate()

    @Slot(QModelIndex)
    def _open(self, index: QModelIndex) -> None:
        self.incident_wanted.emit(self.model.record(index).id)

    @Slot()
    def _translate(self) -> None:
        self.new_button.setText(self._words.text("open.new"))
        empty = self.model.rowCount() == 0
        self.note.setVisible(empty)
        self.note.setText(self._words.text("open.none" if self._arrived else "open.not_arrived"))
        self.list.viewport().update()


class _Delegate(QStyledItemDelegate):
    def __init__(self, words: Words, parent: QObject) -> None:
        super().__init__(parent)
        self._words = words

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, 46)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        incident: Incident = index.data(RecordTable.RECORD)
        area: QRect = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        ground = theme.SELECTED if selected else theme.PANEL
        painter.fillRect(area.adjusted(0, 0, 0, -1), QColor(ground))
        painter.fillRect(area.left(), area.bottom(), area.width(), 1, QColor(theme.LINE))
        spot = QRectF(area.left() + 10, area.center().y() - 9, 18, 18)
        shape = theme.SHAPES[incident.level]
        theme.paint_shape(painter, spot, shape, theme.priority_colour(incident.level), incident.level)
        inner = area.adjusted(38, 4, -8, -4)
        upper, lower = QRect(inner), QRect(inner)
        upper.setHeight(inner.height() // 2)
        lower.setTop(upper.bottom())
        painter.setFont(theme.font(14, bold=True))
        painter.setPen(QColor(theme.BRIGHT if selected else theme.TEXT))
        _left(painter, upper, plain(incident.title, 120))
        painter.setFont(theme.font(13))
        painter.setPen(QColor(theme.BRIGHT if selected else theme.DIM))
        who = plain(incident.assignee, 24)
        words = self._words
        held = words.text("open.assignee", name=who) if who else words.text("open.nobody")
        _left(painter, lower, f"{held} · {words.time(incident.opened_ms)[:5]} · {plain(incident.number, 40)}")
        painter.restore()


def _line(incident: Incident) -> str:
    return plain(f"{incident.number} {incident.title}", 160)


def _left(painter: QPainter, area: QRect, text: str) -> None:
    elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
