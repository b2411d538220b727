"""The bar over the alarms while there are more of them than people can follow."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from db.alarm_records import Flood, FloodGroup
from widgets import theme
from widgets.figures import plain
from widgets.one_line import OneLine
from widgets.words import Words

_TOP = 3
_TICK_MS = 1000


class FloodBar(QFrame):
    """Since when, how many, and by what; when it is over it says so and offers the report.

    It takes no room in calm times. `name_of` names a rule, or gives nothing where it is not known.

    Signals:
        grouped: the alarms shall be listed by cause (True) or one by one.
        chosen: (rule, place) of a cause that the operator wants to see.
        report_wanted: the report of the flood that is over.
    """

    grouped = Signal(bool)
    chosen = Signal(tuple)
    report_wanted = Signal()

    def __init__(self, words: Words, now_ms: Callable[[], int], name_of: Callable[[str], str]) -> None:
        super().__init__()
        self._words, self._now_ms, self._name_of = words, now_ms, name_of
        self._flood: Flood | None = None
        self._over: tuple[Flood, int] | None = None
        self._build()
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self._write)
        self.setVisible(False)
        words.changed.connect(self._translate)
        self._translate()

    def _build(self) -> None:
        self.said = OneLine()
        self.said.setFont(theme.font(14, bold=True))
        self.group = QPushButton()
        self.group.setCheckable(True)
        self.group.toggled.connect(self._on_group)
        self.report, self.close_it = QPushButton(), QPushButton()
        self.report.clicked.connect(self.report_wanted)
        self.close_it.clicked.connect(self._close)
        self.causes = [QPushButton() for _ in range(_TOP)]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 3)
        layout.setSpacing(8)
        self.shape = QLabel()
        layout.addWidget(self.shape)
        layout.addWidget(self.said, 1)
        for place, button in enumerate(self.causes):
            button.clicked.connect(lambda _=False, at=place: self._choose(at))
            layout.addWidget(button)
        for button in (self.group, self.report, self.close_it):
            layout.addWidget(button)
        for button in self.findChildren(QPushButton):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    @property
    def is_on(self) -> bool:
        """Whether a flood lasts."""
        return self._flood is not None and self._flood.on

    def show_flood(self, flood: Flood) -> None:
        """Take the newest record of it."""
        before, self._flood = self._flood, flood
        if flood.on:
            self._over = None
            self._ticker.start()
        elif before is not None and before.on:
            self._over = (before, self._now_ms())
            self._ticker.stop()
            self.group.setChecked(False)
        self._write()

    @Slot(bool)
    def _on_group(self, on: bool) -> None:
        self._translate()
        self.grouped.emit(on)

    def _choose(self, at: int) -> None:
        groups = self._flood.groups if self._flood is not None else ()
        if at < len(groups):
            self.group.setChecked(True)
            self.chosen.emit((groups[at].rule, groups[at].place))

    @Slot()
    def _close(self) -> None:
        self._over = None
        self._write()

    @Slot()
    def _write(self) -> None:
        flood, over = self._flood, self._over
        on = flood is not None and flood.on
        self.setVisible(on or over is not None)
        for button in (self.report, self.close_it):
            button.setVisible(not on)
        self.group.setVisible(on)
        self._write_causes(flood.groups[:_TOP] if on and flood is not None else ())
        if on and flood is not None:
            self._write_on(flood)
        elif over is not None:
            self._write_over(*over)

    def _write_on(self, flood: Flood) -> None:
        since_ms = flood.since_ms or self._now_ms()
        worst = min((group.priority for group in flood.groups), default=2)
        self._dress(theme.PRIORITY[2], min(worst, 2))
        self.said.say(
            self._words.text(
                "flood.on",
                since=self._words.time(since_ms)[:5],
                age=self._words.age((self._now_ms() - since_ms) / 1000),
                n=f"{flood.annunciated:,}",
                people=flood.operators,
            )
        )

    def _write_over(self, flood: Flood, until_ms: int) -> None:
        self._dress(theme.LINE, 0)
        since, until = (self._words.time(at)[:5] for at in (flood.since_ms or until_ms, until_ms))
        self.said.say(self._words.text("flood.over", since=since, until=until, n=f"{flood.peak:,}"))

    def _write_causes(self, groups: tuple[FloodGroup, ...]) -> None:
        """The largest causes, as many as there is room for."""
        room = self.width() // 2 if self.width() > 600 else 0
        for place, button in enumerate(self.causes):
            shown = place < len(groups)
            if shown:
                button.setText(self._cause(groups[place]))
                button.setIcon(theme.priority_icon(groups[place].priority))
                room -= button.sizeHint().width() + 8
            button.setVisible(shown and room >= 0)

    def _cause(self, group: FloodGroup) -> str:
        name = self._words.pick(group.name, group.name_en) or self._name_of(group.rule) or group.rule
        return self._words.text("flood.cause", name=plain(name, 26), n=f"{group.count:,}")

    def _dress(self, colour: str, priority: int) -> None:
        self.shape.setVisible(priority > 0)
        if priority:
            sign = theme.shape_pixmap(theme.SHAPES[priority], theme.PRIORITY[priority], priority, 20)
            self.shape.setPixmap(sign)
        self.setStyleSheet(f"FloodBar {{ background: {theme.RAISED}; border: 1px solid {colour}; }}")

    @Slot()
    def _translate(self) -> None:
        key = "flood.ungroup" if self.group.isChecked() else "flood.group"
        self.group.setText(self._words.text(key))
        self.report.setText(self._words.text("flood.report"))
        self.close_it.setText(self._words.text("flood.close"))
        self._write()
