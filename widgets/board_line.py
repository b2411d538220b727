"""The line over the docks: where one is, and the district in five figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from db.alarm_records import Alarm, AlarmState
from db.asset_records import AssetState, Condition
from db.records import Incident
from widgets import theme
from widgets.air_line import Told
from widgets.breadcrumbs import Breadcrumbs
from widgets.bridge import Bridge
from widgets.domain_model import Domains
from widgets.words import Words

_TICK_MS = 1000
_ASIDE = (AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE, AlarmState.NORMAL)
_GREY = "#6b7681"


class Chip(QToolButton):
    """One figure: a shape, a text, and a page behind it; grey while there is nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(16, 16))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(
            f"QToolButton {{ border: 1px solid transparent; padding: 1px 4px; background: transparent;"
            f" color: {theme.TEXT}; }}"
            f"QToolButton:hover, QToolButton:focus {{ border-color: {theme.DIM}; }}"
        )

    def say(self, text: str, icon: QIcon | None, tip: str, *, bold: bool) -> None:
        """Write the figure."""
        self.setIcon(icon or QIcon())
        self.setFont(theme.font(14, bold=bold))
        self.setText(text)
        self.setToolTip(tip)
        self.setAccessibleName(tip)

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())


class BoardLine(QWidget):
    """Breadcrumbs at the left; standing alarms by priority, incidents, facilities and the air at the right.

    Signals:
        panel_wanted: the key of the panel behind the figure that was pressed.
        facilities_wanted, air_wanted: the list of facilities, the domain of the air.
    """

    panel_wanted = Signal(str)
    facilities_wanted = Signal()
    air_wanted = Signal()

    def __init__(
        self, bridge: Bridge, words: Words, domains: Domains, air: Callable[[int], Told | None]
    ) -> None:
        super().__init__()
        self._bridge, self._words, self._domains, self._air = bridge, words, domains, air
        self._alarms: dict[str, tuple[int, bool]] = {}
        self._incidents: dict[str, int] = {}
        self.crumbs = Breadcrumbs(words)
        self.priorities = {priority: Chip() for priority in (1, 2, 3, 4)}
        self.incidents, self.facilities, self.air = Chip(), Chip(), Chip()
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 8, 0)
        row.setSpacing(4)
        row.addWidget(self.crumbs)
        row.addStretch(1)
        for chip in self.priorities.values():
            chip.clicked.connect(lambda: self.panel_wanted.emit("alarms"))
            row.addWidget(chip)
        self.incidents.clicked.connect(lambda: self.panel_wanted.emit("open"))
        self.facilities.clicked.connect(self.facilities_wanted)
        self.air.clicked.connect(self.air_wanted)
        for chip in (self.incidents, self.facilities, self.air):
            row.addWidget(chip)
        self.setFixedHeight(30)
        self.setMinimumWidth(1)
        self._ticker = QTimer(self, interval=_TICK_MS)
        self._ticker.timeout.connect(self.write)
        self._ticker.start()
        words.changed.connect(self.write)
        self.write()

    # --- what it is told

    def apply(self, records: Iterable[Any]) -> None:
        """Take newer incidents; the rest is told at the next tick."""
        for record in records:
            if isinstance(record, Incident):
                if record.state == "open":
                    self._incidents[record.id] = record.level
                else:
                    self._incidents.pop(record.id, None)

    @Slot(object)
    def follow(self, standing: Iterable[Alarm]) -> None:
        """Hold just these alarms as standing."""
        self._alarms.clear()
        self.update_alarms(standing)

    @Slot(object)
    def update_alarms(self, changed: Iterable[Alarm]) -> None:
        """Take alarms as they are now."""
        for alarm in changed:
            if alarm.shown in _ASIDE:
                self._alarms.pop(alarm.id, None)
            else:
                self._alarms[alarm.id] = alarm.priority, alarm.shown is AlarmState.UNACKNOWLEDGED

    # --- showing

    @Slot()
    def write(self) -> None:
        """Write every figure anew."""
        self._write_alarms()
        words, levels = self._words, list(self._incidents.values())
        icon = theme.priority_icon(min(levels), 16) if levels else None
        text = words.text("summary.incidents", n=len(levels))
        self.incidents.say(text, icon or _ring(), text, bold=bool(levels))
        self._write_facilities()
        now_ms = self._bridge.now_ms()
        told = self._air(now_ms)
        if told is None:
            text = words.text("summary.air_none")
            self.air.say(text, QIcon(theme.shape_pixmap("dash", theme.DIM, 0, 16)), text, bold=False)
            return
        line = told.text
        if told.age_s is not None:
            line = words.text("summary.air_old", line=line, age=words.age(told.age_s))
        is_old = told.age_s is not None
        shape = "dash" if is_old else theme.SHAPES[told.look] if told.look else "ring"
        colour = theme.PRIORITY[told.look] if told.look and not is_old else theme.DIM
        tip = words.text("summary.air_tip", n=told.stations)
        self.air.say(line, QIcon(theme.shape_pixmap(shape, colour, 0, 16)), tip, bold=bool(told.look))

    def _write_alarms(self) -> None:
        counts = Counter(priority for priority, _ in self._alarms.values())
        new = Counter(priority for priority, is_new in self._alarms.values() if is_new)
        for priority, chip in self.priorities.items():
            n = counts[priority]
            colour = theme.PRIORITY[priority] if n else _GREY
            icon = QIcon(theme.shape_pixmap(theme.SHAPES[priority], colour, priority, 16))
            tip = self._words.text("summary.alarm_tip", n=n, priority=priority)
            chip.say(f"{n:,}", icon, tip, bold=bool(new[priority]))

    def _write_facilities(self) -> None:
        words = self._words
        states = [state for state in map(self._domains.state, self._domains.facilities) if state is not None]
        if not states:
            text = words.text("summary.facilities_none")
            self.facilities.say(text, QIcon(theme.shape_pixmap("dash", theme.DIM, 0, 16)), text, bold=False)
            return
        counts = Counter(state.condition for state in states)
        worst = max(states, key=_badness)
        text = words.text("summary.facilities", well=counts[Condition.WELL], total=len(states))
        tip = words.text(
            "summary.facilities_tip",
            total=len(states),
            well=counts[Condition.WELL],
            bad=counts[Condition.BAD],
            silent=counts[Condition.SILENT],
            caution=counts[Condition.CAUTION],
            unknown=counts[Condition.UNKNOWN],
        )
        icon = theme.condition_icon(worst.condition, 16, worst.priority)
        self.facilities.say(text, icon, tip, bold=worst.condition > Condition.UNKNOWN)


def _badness(state: AssetState) -> tuple[int, int]:
    return int(state.condition), -(state.priority or 5)


def _ring() -> QIcon:
    return QIcon(theme.shape_pixmap("ring", theme.DIM, 0, 16))
