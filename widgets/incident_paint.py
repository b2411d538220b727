"""How a row of the incident list and a line of the timeline are drawn. All text is plain."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from db.records import Act, Incident
from widgets import figures, theme
from widgets.incident_model import RecordList, act_text
from widgets.words import Words

Index = QModelIndex | QPersistentModelIndex
_PAD = 8
_MOST_HEIGHTS = 20_000
_WRAP = int(Qt.TextFlag.TextWordWrap | Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignTop)


def _line(painter: QPainter, area: QRect, text: str, font: QFont, colour: str, right: bool = False) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, area.width())
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    painter.drawText(area, int(side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine), shown)


class IncidentRow(QStyledItemDelegate):
    """Level, title and age above; number, place, assignee and state below."""

    def __init__(self, words: Words, now_ms: Callable[[], int], parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._now_ms = words, now_ms
        self._bold, self._font = theme.font(14, bold=True), theme.font(13)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(
            160, QFontMetrics(self._bold).height() + QFontMetrics(self._font).height() + 2 * _PAD + 2
        )

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        incident = index.data(RecordList.RECORD)
        if not isinstance(incident, Incident):
            return
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if chosen:
            painter.fillRect(area, QColor(theme.SELECTED))
        self._texts(painter, area, incident, chosen)
        painter.setPen(QColor(theme.LINE))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.restore()

    def _texts(self, painter: QPainter, area: QRect, incident: Incident, chosen: bool) -> None:
        is_open = incident.state == "open"
        dim = theme.TEXT if chosen else theme.DIM
        mark = QRectF(area.left() + _PAD, area.center().y() - 10, 20, 20)
        if is_open:
            colour = theme.priority_colour(incident.level)
            theme.paint_shape(painter, mark, theme.SHAPES.get(incident.level, "dot"), colour, incident.level)
        else:
            theme.paint_shape(painter, mark, "ring", theme.DIM)
        left, width = area.left() + 38, area.width() - 38 - _PAD
        upper = QFontMetrics(self._bold).height()
        top = QRect(left, area.top() + _PAD, width, upper)
        low = QRect(left, top.bottom() + 3, width, QFontMetrics(self._font).height())
        since = incident.opened_ms if is_open else incident.closed_ms or incident.changed_ms
        age = self._words.age((self._now_ms() - since) / 1000)
        room = QFontMetrics(self._font).horizontalAdvance(age) + 10
        ink = theme.BRIGHT if is_open else dim
        font = self._bold if is_open else self._font
        _line(painter, top.adjusted(0, 0, -room, 0), figures.plain(incident.title), font, ink)
        _line(painter, top, age, self._font, dim, right=True)
        text, right = self._below(incident)
        room = QFontMetrics(self._font).horizontalAdvance(right) + 10
        _line(painter, low.adjusted(0, 0, -room, 0), text, self._font, dim)
        _line(painter, low, right, self._font, theme.PRIORITY[2] if incident.conflicts else dim, right=True)

    def _below(self, incident: Incident) -> tuple[str, str]:
        place = figures.plain(incident.place, 80) or self._words.text("incidents.no_place")
        text = f"{self._number(incident)} · {place}"
        if incident.conflicts:
            return text, self._words.text("incidents.conflict_mark", n=len(incident.conflicts))
        if incident.state == "closed":
            return text, self._words.text("incidents.closed")
        return text, figures.plain(incident.assignee, 24) or self._words.text("incidents.nobody")

    def _number(self, incident: Incident) -> str:
        """The number without the district, and without the day when it is today."""
        parts = figures.plain(incident.number, 60).split("-")
        if len(parts) < 3:
            return "-".join(parts)
        today = self._words.when(self._now_ms())[:10].replace("-", "")
        return "-".join(parts[2:] if parts[1] == today else parts[1:])


class ActRow(QStyledItemDelegate):
    """When, who and which device above; what they did below, wrapped; right whether the centre has it."""

    def __init__(self, words: Words, now_ms: Callable[[], int], parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._now_ms = words, now_ms
        self._font, self._small = theme.font(14), theme.font(13)
        self._heights: dict[tuple[str, int, str], int] = {}  # an act never changes, so its height stays

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = option.widget
        width = view.viewport().width() if isinstance(view, QAbstractItemView) else 400
        key = (index.data(RecordList.RECORD).entry_id, width, self._words.language)
        if key not in self._heights:
            if len(self._heights) >= _MOST_HEIGHTS:
                self._heights.clear()
            room = QRect(0, 0, max(80, width - 2 * _PAD), 100_000)
            text = QFontMetrics(self._font).boundingRect(room, _WRAP, str(index.data()))
            self._heights[key] = QFontMetrics(self._small).height() + text.height() + _PAD + 6
        return QSize(120, self._heights[key])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        act = index.data(RecordList.RECORD)
        if not isinstance(act, Act):
            return
        full: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(full, QColor(theme.RAISED))
        area = full.adjusted(_PAD, 4, -_PAD, -4)
        head = QRect(area.left(), area.top(), area.width(), QFontMetrics(self._small).height())
        mark = self._words.text("incident.sent" if act.sent else "incident.waiting")
        room = QFontMetrics(self._small).horizontalAdvance(mark) + 10
        time = figures.near_time(self._words, act.at_ms, self._now_ms())
        who = f"{time} · {figures.plain(act.actor, 60)} · {figures.plain(act.device, 40)}"
        _line(painter, head.adjusted(0, 0, -room, 0), who, self._small, theme.DIM)
        _line(painter, head, mark, self._small, theme.DIM if act.sent else theme.PRIORITY[3], right=True)
        painter.setFont(self._font)
        painter.setPen(QColor(theme.TEXT))
        painter.drawText(area.adjusted(0, head.height() + 1, 0, 0), _WRAP, act_text(self._words, act))
        painter.setPen(QColor(theme.LINE))
        painter.drawLine(full.bottomLeft(), full.bottomRight())
        painter.restore()
