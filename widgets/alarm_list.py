"""The list in which alarms are drawn: tall rows, nothing sideways, several at a time."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from widgets.alarm_delegate import ROW_HEIGHT, AlarmDelegate


def alarm_list(model: QAbstractItemModel, delegate: AlarmDelegate) -> QTableView:
    """A list of this model; a table, since its rows need no layout of their own, unlike a list view's."""
    made = QTableView()
    made.setModel(model)
    made.setItemDelegate(delegate)
    made.horizontalHeader().hide()
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    made.verticalHeader().hide()
    made.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    made.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
    made.setShowGrid(False)
    made.setTabKeyNavigation(False)
    made.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    made.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return made
