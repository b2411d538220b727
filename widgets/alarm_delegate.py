"""How one alarm is drawn in the list, and its texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from db.alarm_records import Alarm, AlarmState, Rule, Summary
from db.asset_records import Asset
from db.records import Latest
from widgets import theme
from widgets.alarm_values import SeriesKey, series_of
from widgets.bridge import Bridge
from widgets.figures import near_time, plain
from widgets.words import Words

ROW_HEIGHT = 52
_STATE_KEYS = {
    AlarmState.UNACKNOWLEDGED: "alarms.unacknowledged",
    AlarmState.ACKNOWLEDGED: "alarms.acknowledged",
    AlarmState.RETURNED: "alarms.returned",
    AlarmState.NORMAL: "alarms.normal",
    AlarmState.LATCHED: "alarms.latched",
    AlarmState.SHELVED: "alarms.shelved",
    AlarmState.SUPPRESSED: "alarms.suppressed_state",
    AlarmState.OUT_OF_SERVICE: "alarms.out_of_service",
}
_LOUD = (AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED)


class AlarmTexts:
    """Writes alarms: where, what, since when. Knows assets and rules once they have arrived."""

    def __init__(self, bridge: Bridge, words: Words) -> None:
        self._bridge = bridge
        self.words = words
        self.assets: dict[str, Asset] = {}
        self.rules: dict[str, Rule] = {}
        self.incidents: dict[str, str] = {}  # their numbers, by id
        self.now: dict[SeriesKey, Latest] = {}  # the newest values of what alarms are about
        self.guidance: dict[str, str] = {}  # what the core says to do, by alarm
        self.under: Callable[[str], Sequence[Alarm]] = lambda _: ()
        self.standing: Callable[[str], Alarm | None] = lambda _: None

    def where(self, alarm: Alarm) -> str:
        """The asset's name (a channel's with its device), or the place or source as it came."""
        asset = self.assets.get(alarm.asset)
        if asset is None:
            return plain(alarm.place or alarm.source, 80)
        name = self.words.pick(asset.name, asset.name_en)
        above = self.assets.get(asset.parent)
        if asset.kind == "channel" and above is not None:
            device = self.words.pick(above.name, above.name_en)
            name = name if device in name else f"{device} · {name}"
        return plain(name, 80)

    def where_and_under(self, alarm: Alarm) -> str:
        """The same, with how many alarms this one explains."""
        count = len(self.under(alarm.id))
        where = self.where(alarm)
        return f"{where} · {self.words.text('alarms.under', n=count)}" if count else where

    def what(self, alarm: Alarm) -> str:
        """What is wrong, with value and limit where there are."""
        name, measured = self.what_parts(alarm)
        return f"{name} · {measured}" if measured else name

    def what_parts(self, alarm: Alarm) -> tuple[str, str]:
        """The name of what is wrong, and the value with its limit; empty where nothing was measured."""
        name = self.words.pick(alarm.name, alarm.name_en)
        if alarm.look == "event":
            return plain(name, 120), plain(alarm.text, 60)
        if alarm.look == "forecast":
            name = f"[{self.words.text('alarms.forecast')}] {name or self.words.quantity(alarm.quantity)}"
        if alarm.kind == "silent":
            return plain(name or self.words.text("alarms.silent"), 120), ""
        measured = self.measured(alarm) if alarm.value is not None or not name else ""
        return plain(name or self.words.quantity(alarm.quantity), 120), plain(measured, 60)

    def measured(self, alarm: Alarm) -> str:
        """`156 → 지금 120 µg/m³ (한계 150)`: the value that raised it, and the one now if it is another."""
        value = self.words.value(alarm.value, alarm.unit)
        now = self.value_now(alarm)
        if now is not None and now.value != alarm.value:
            raised = self.words.value(alarm.value)
            value = self.words.text("alarms.now", value=raised, now=self.words.value(now.value, now.unit))
        if alarm.limit is None:
            return value
        return f"{value} {self.words.text('alarms.limit', limit=self.words.value(alarm.limit))}"

    def value_now(self, alarm: Alarm) -> Latest | None:
        """The newest value of the alarm's series; None where nothing newer than the alarm's was heard."""
        key = series_of(alarm)
        now = self.now.get(key) if key is not None else None
        if now is None or (alarm.observed_ms is not None and now.observed_ms < alarm.observed_ms):
            return None
        return now

    def state(self, alarm: Alarm) -> str:
        """The state in a word."""
        state = self.words.text(_STATE_KEYS[alarm.shown])
        if alarm.escalated_ms is not None and alarm.shown is AlarmState.UNACKNOWLEDGED:
            return f"{state} · {self.words.text('alarms.escalated')}"
        return state

    def state_and_age(self, alarm: Alarm) -> str:
        """`미확인 · 25초`: the state, and how long since it began, or of what is put aside until it ends."""
        until = self.until_ms(alarm)
        if until is not None:
            end = near_time(self.words, until, self._bridge.now_ms())[:-3]
            return self.words.text("alarms.until", state=self.state(alarm), time=end)
        since = alarm.returned_ms if alarm.state is AlarmState.RETURNED else alarm.raised_ms
        return f"{self.state(alarm)} · {self.words.age(self._bridge.age_s(since or alarm.raised_ms))}"

    @staticmethod
    def until_ms(alarm: Alarm) -> int | None:
        """When shelving or work ends by itself."""
        if alarm.shown is AlarmState.SHELVED and alarm.shelf is not None:
            return alarm.shelf.until_ms
        if alarm.shown is AlarmState.OUT_OF_SERVICE and alarm.out_of_service is not None:
            return alarm.out_of_service.until_ms
        return None

    def brief(self, alarm: Alarm) -> str:
        """Where, what, and since when, in one line."""
        return f"{self.where(alarm)} · {self.what(alarm)} · {self.words.time(alarm.raised_ms)}"

    def rule_name(self, rule_id: str) -> str:
        """The name of a rule; empty where it is not known."""
        rule = self.rules.get(rule_id)
        return self.words.pick(rule.name, rule.name_en) if rule is not None else ""

    def summary(self, summary: Summary) -> str:
        """`10:01:07 · 누설전류 조치 40건이 한꺼번에 발생 · 중앙시장`."""
        name = self.rule_name(summary.rule)
        asset = self.assets.get(summary.place)
        place = self.words.pick(asset.name, asset.name_en) if asset is not None else summary.place
        told = self.words.text(f"summary.{summary.cause}", n=summary.count, name=plain(name, 80)).strip()
        parts = (self.words.time(summary.at_ms), told, plain(place, 80))
        return " · ".join(part for part in parts if part)

    def line(self, alarm: Alarm) -> str:
        """The whole alarm in one line, for a screen reader and a tool tip."""
        raised = self.words.when(alarm.raised_ms)
        priority = self.words.text(f"priority.{min(4, max(1, alarm.priority))}")
        where = self.where_and_under(alarm)
        return f"{priority} · {where} · {self.what(alarm)} · {self.state(alarm)} · {raised}"


class AlarmDelegate(QStyledItemDelegate):
    """Two lines per alarm: unacknowledged has weight, acknowledged is quiet, returned is dim."""

    def __init__(self, texts: AlarmTexts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._texts = texts
        self._plain, self._bold = theme.font(13), theme.font(14, bold=True)
        self._name, self._small_bold = theme.font(14), theme.font(13, bold=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW_HEIGHT)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        alarm: Alarm = index.data(Qt.ItemDataRole.UserRole)
        area: QRect = option.rect
        state: QStyle.StateFlag = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        self._ground(painter, area, alarm, selected, focused)
        self._lines(painter, area.adjusted(44, 6, -10, -6), alarm, selected)
        painter.restore()

    def _ground(self, painter: QPainter, area: QRect, alarm: Alarm, selected: bool, focused: bool) -> None:
        is_new = alarm.shown is AlarmState.UNACKNOWLEDGED
        colour = theme.priority_colour(alarm.priority)
        ground = theme.SELECTED if selected else theme.RAISED if is_new else theme.PANEL
        painter.fillRect(area.adjusted(0, 0, 0, -1), QColor(ground))
        painter.fillRect(area.left(), area.bottom(), area.width(), 1, QColor(theme.LINE))
        if is_new and alarm.look != "forecast":
            painter.fillRect(area.left(), area.top(), 4, area.height() - 1, QColor(colour))
        if focused:
            painter.setPen(QColor(theme.BRIGHT))
            painter.drawRect(area.adjusted(0, 0, -1, -2))
        quiet = alarm.shown not in _LOUD
        is_forecast = alarm.look == "forecast"
        shape = "dashes" if is_forecast else theme.SHAPES.get(alarm.priority, "dot")
        spot = QRectF(area.left() + 13, area.center().y() - 10, 20, 20)
        painter.setOpacity(0.55 if quiet else 1.0)
        theme.paint_shape(painter, spot, shape, colour, alarm.priority)
        painter.setOpacity(1.0)

    def _lines(self, painter: QPainter, area: QRect, alarm: Alarm, selected: bool) -> None:
        is_new = alarm.shown is AlarmState.UNACKNOWLEDGED
        quiet = alarm.shown not in _LOUD
        strong = QColor(theme.BRIGHT if selected or is_new else theme.DIM if quiet else theme.TEXT)
        weak = QColor(theme.BRIGHT if selected else theme.TEXT if is_new else theme.DIM)
        half = area.height() // 2
        upper = QRect(area.left(), area.top(), area.width(), half)
        lower = QRect(area.left(), area.top() + half, area.width(), area.height() - half)
        painter.setPen(weak)
        painter.setFont(self._plain)
        room = self._right(painter, upper, self._texts.words.time(alarm.raised_ms))
        painter.setPen(strong)
        painter.setFont(self._bold if is_new else self._name)
        self._left(painter, upper, room, self._texts.where_and_under(alarm))
        painter.setFont(self._small_bold if is_new else self._plain)
        painter.setPen(strong if is_new else weak)
        what, said = self.fitting(lower.width(), alarm, painter.font())
        room = self._right(painter, lower, said)
        painter.setFont(self._plain)
        painter.setPen(weak)
        self._left(painter, lower, room, what)

    def fitting(self, width: int, alarm: Alarm, state_font: QFont) -> tuple[str, str]:
        """What and state that fit: first the age goes, then letters of the name; never value or limit."""
        texts, metrics, states = self._texts, QFontMetrics(self._plain), QFontMetrics(state_font)
        what = texts.what(alarm)
        for said in (texts.state_and_age(alarm), texts.state(alarm)):
            room = width - states.horizontalAdvance(said) - 10
            if metrics.horizontalAdvance(what) <= room:
                return what, said
        name, measured = texts.what_parts(alarm)
        if measured:
            left = room - metrics.horizontalAdvance(f" · {measured}")
            name = metrics.elidedText(name, Qt.TextElideMode.ElideRight, max(0, left))
            what = f"{name} · {measured}" if len(name) > 1 else measured
        return what, said

    def _right(self, painter: QPainter, area: QRect, text: str) -> int:
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        return area.width() - QFontMetrics(painter.font()).horizontalAdvance(text) - 10

    def _left(self, painter: QPainter, area: QRect, room: int, text: str) -> None:
        elided = QFontMetrics(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, max(0, room))
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided)
