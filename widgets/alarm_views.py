"""Which alarms the column lists: those that stand, or those that were put aside, each with its count."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QTabBar

from db.alarm_records import AlarmState
from widgets import theme
from widgets.alarm_model import VIEWS, View
from widgets.words import Words


class AlarmViews(QTabBar):
    """One tab per view; while nothing is put aside there is nothing to choose, and it takes no room.

    Signals:
        chosen: the View to list.
    """

    chosen = Signal(str)

    def __init__(self, words: Words) -> None:
        super().__init__()
        self._words = words
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setUsesScrollButtons(False)
        self.setFont(theme.font(13))
        self.setStyleSheet("QTabBar::tab { padding: 3px 6px; min-width: 0; }")
        for view in VIEWS:
            self.setTabData(self.addTab(""), view)
        self.setVisible(False)
        self.currentChanged.connect(self._choose)

    @property
    def view(self) -> View:
        """The present one."""
        view: View = self.tabData(self.currentIndex())
        return view

    def show_counts(self, counts: dict[AlarmState, int]) -> None:
        """Write the counts, and offer what has any; the present view stays."""
        put_aside = 0
        for index in range(self.count()):
            view: View = self.tabData(index)
            count = sum(counts[state] for state in VIEWS[view])
            put_aside += count if view != "standing" else 0
            self.setTabText(index, self._words.text(f"alarm_view.{view}", n=count))
            self.setTabVisible(index, bool(count) or view in ("standing", self.view))
        self.setVisible(put_aside > 0 or self.view != "standing")

    @Slot(int)
    def _choose(self, _index: int) -> None:
        self.chosen.emit(self.view)
