"""The alarms of a flood by cause and place, standing still while somebody reads."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import (
    QLabel,
    QStyle,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from db.alarm_records import Alarm, Flood
from widgets import theme
from widgets.alarm_delegate import AlarmDelegate, AlarmTexts
from widgets.alarm_list import alarm_list
from widgets.figures import plain
from widgets.flood_rows import FloodRows, Group, GroupKey
from widgets.reading import Reading
from widgets.words import Words

_REST_MS = 500  # between two groupings: 15,000 alarms take some 30 ms


class FloodGroups(QWidget):
    """Critical alarms first, each for itself, then the causes with their counts.

    Signals:
        chosen: a tuple of the alarms of the selected rows, a group's all.
        acknowledge_wanted: the same alarms shall be acknowledged.
    """

    chosen = Signal(tuple)
    acknowledge_wanted = Signal()

    def __init__(self, words: Words, texts: AlarmTexts) -> None:
        super().__init__()
        self._words, self._texts = words, texts
        self._facilities: dict[str, str] = {}
        self._assets_seen: object = None
        self._newest: Sequence[Alarm] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._group)
        self.model = FloodRows(self._facility, self)
        self._delegate = _GroupDelegate(texts, self.model, self)
        self._build()
        self.reading = Reading(self.list)
        self.reading.changed.connect(self.model.hold)
        self.model.counted.connect(self._count)
        for key, act in (
            ("Right", lambda: self._open(True)),
            ("Left", lambda: self._open(False)),
            ("Return", lambda: self._open(None)),
            ("Space", self.acknowledge_wanted.emit),
            ("Esc", self.leave),
        ):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(act)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.said, self.hint = QLabel(), QLabel()
        self.hint.setObjectName("dim")
        self.list = alarm_list(self.model, self._delegate)
        self.list.selectionModel().selectionChanged.connect(self._on_selection)
        self.list.doubleClicked.connect(self._toggle)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for widget, stretch in ((self.said, 0), (self.list, 1), (self.hint, 0)):
            layout.addWidget(widget, stretch)

    # --- what it shows

    def show_flood(self, flood: Flood) -> None:
        """Mark the alarm with which it began."""
        self._delegate.first_out = flood.first_out
        self.list.viewport().update()

    def show_alarms(self, alarms: Sequence[Alarm]) -> None:
        """Group these alarms; of those that come within half a second only the newest."""
        self._newest = alarms
        if not self._rest.isActive():
            self._group()

    @Slot()
    def _group(self) -> None:
        alarms, self._newest = self._newest, None
        if alarms is None:
            return
        self._rest.start()
        if self._texts.assets is not self._assets_seen:
            self._assets_seen, self._facilities = self._texts.assets, {}
        self.model.show_alarms(alarms)

    def show_group(self, key: GroupKey) -> None:
        """Choose a cause, and see it."""
        row = self.model.row_of(tuple(key))
        if row is not None:
            self.list.setCurrentIndex(self.model.index(row))
            self.list.scrollTo(self.model.index(row))

    def selected(self) -> list[Alarm]:
        """The alarms of the selected rows, each once."""
        rows = sorted(self.list.selectionModel().selectedIndexes(), key=lambda index: index.row())
        found: dict[str, Alarm] = {}
        for index in rows:
            row = self.model.row(index)
            found |= {each.id: each for each in (row.alarms if isinstance(row, Group) else (row,))}
        return list(found.values())

    @Slot()
    def leave(self) -> None:
        """Read no more: rows come in order."""
        self.list.clearSelection()

    # --- inside

    def _facility(self, alarm: Alarm) -> str:
        """The facility that an alarm lies in, else its place as it came."""
        found = self._facilities.get(alarm.asset)
        if found is None:
            asset = self._texts.assets.get(alarm.asset)
            while asset is not None and asset.kind != "facility":
                asset = self._texts.assets.get(asset.parent)
            found = self._facilities[alarm.asset] = asset.id if asset is not None else ""
        return found or alarm.place

    @Slot()
    def _on_selection(self) -> None:
        self.chosen.emit(tuple(self.selected()))

    @Slot(QModelIndex)
    def _toggle(self, index: QModelIndex) -> None:
        row = self.model.row(index)
        if isinstance(row, Group):
            self.model.open(row.key, not self.model.is_open(row.key))

    def _open(self, is_open: bool | None) -> None:
        index = self.list.currentIndex()
        row = self.model.row(index) if index.isValid() else None
        if isinstance(row, Group):
            self.model.open(row.key, not self.model.is_open(row.key) if is_open is None else is_open)

    @Slot()
    def _count(self) -> None:
        words, model = self._words, self.model
        key = "flood.shown_and_single" if model.single else "flood.shown"
        self.said.setText(
            words.text(key, n=f"{model.count - model.single:,}", groups=model.groups, single=model.single)
        )
        waiting = model.waiting
        self.hint.setText(words.text("flood.held", n=waiting) if waiting else words.text("flood.keys"))

    @Slot()
    def _translate(self) -> None:
        self._count()
        self.list.viewport().update()


class _GroupDelegate(AlarmDelegate):
    """Draws a group like an alarm with a count; an alarm in a group is drawn as in the list."""

    def __init__(self, texts: AlarmTexts, model: FloodRows, parent: QObject) -> None:
        super().__init__(texts, parent)
        self._model = model
        self._large = theme.font(18, bold=True)
        self.first_out = ""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        row = self._model.row(index)
        if isinstance(row, Group):
            painter.save()
            self._group(painter, option, row)
            painter.restore()
            return
        area: QRect = option.rect
        if row.priority > 1 and self._model.row_of(row.id) is not None:
            option.rect = area.adjusted(18, 0, 0, 0)
            painter.fillRect(area.adjusted(0, 0, 0, -1), QColor(theme.PANEL))
        super().paint(painter, option, index)
        if row.id == self.first_out:
            self._first(painter, QRect(area.right() - 150, area.top() + 6, 70, 18))

    def _group(self, painter: QPainter, option: QStyleOptionViewItem, group: Group) -> None:
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        calls = group.unhandled > 0
        colour = theme.priority_colour(group.priority)
        painter.fillRect(
            area.adjusted(0, 0, 0, -1),
            QColor(theme.SELECTED if selected else theme.RAISED if calls else theme.PANEL),
        )
        painter.fillRect(area.left(), area.bottom(), area.width(), 1, QColor(theme.LINE))
        if calls:
            painter.fillRect(area.left(), area.top(), 4, area.height() - 1, QColor(colour))
        spot = QRectF(area.left() + 13, area.center().y() - 10, 20, 20)
        painter.setOpacity(1.0 if calls else 0.55)
        theme.paint_shape(painter, spot, theme.SHAPES.get(group.priority, "dot"), colour, group.priority)
        painter.setOpacity(1.0)
        strong = QColor(theme.BRIGHT if selected or calls else theme.TEXT)
        weak = QColor(theme.BRIGHT if selected else theme.TEXT if calls else theme.DIM)
        inner = area.adjusted(44, 6, -10, -6)
        half = inner.height() // 2
        upper = QRect(inner.left(), inner.top(), inner.width(), half)
        lower = QRect(inner.left(), inner.top() + half, inner.width(), inner.height() - half)
        arrow = "▾" if self._model.is_open(group.key) else "▸"
        words = self._texts.words
        painter.setFont(self._large)
        painter.setPen(strong)
        room = self._right(painter, upper, f"{words.text('flood.count', n=f'{len(group.alarms):,}')} {arrow}")
        painter.setFont(self._bold if calls else self._name)
        self._left(painter, upper, room, self.title(group))
        painter.setFont(self._small_bold if calls else self._plain)
        painter.setPen(strong if calls else weak)
        said = (
            words.text("flood.unhandled", n=f"{group.unhandled:,}") if calls else words.text("flood.handled")
        )
        room = self._right(painter, lower, said)
        painter.setFont(self._plain)
        painter.setPen(weak)
        if any(each.id == self.first_out for each in group.alarms):
            width = self._first(painter, lower)
            lower, room = lower.adjusted(width + 6, 0, 0, 0), room - width - 6
            painter.setFont(self._plain)
            painter.setPen(weak)
        self._left(painter, lower, room, self._began(group))

    def title(self, group: Group) -> str:
        """`누설전류 조치 · 중앙시장`: the cause and the place."""
        words = self._texts.words
        rule = self._texts.rules.get(group.rule)
        name = words.pick(rule.name, rule.name_en) if rule is not None else ""
        if not name:
            own = next((each for each in group.alarms if each.rule == group.rule), None)
            name = words.pick(own.name, own.name_en) if own is not None else ""
            name = name or (self._texts.what_parts(own)[0] if own is not None else group.rule)
        asset = self._texts.assets.get(group.place)
        place = words.pick(asset.name, asset.name_en) if asset is not None else group.place
        return plain(f"{name} · {place or words.text('flood.elsewhere')}", 160)

    def _began(self, group: Group) -> str:
        first = group.alarms[0]
        words, where = self._texts.words, self._texts.where(first)
        return words.text("flood.first_of", time=words.time(first.raised_ms), where=where)

    def _first(self, painter: QPainter, area: QRect) -> int:
        """The mark of the alarm with which the flood began; returns its width."""
        painter.setFont(self._small_bold)
        text = self._texts.words.text("flood.first_out")
        width = QFontMetrics(self._small_bold).horizontalAdvance(text) + 12
        box = QRect(area.left(), area.center().y() - 9, width, 18)
        painter.setPen(QColor(theme.BRIGHT))
        painter.drawRect(box)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        return width
