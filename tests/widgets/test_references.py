"""PySide6 6.12.0 on Python 3.11 takes a reference from None on each void Qt call; ours must not."""

from __future__ import annotations

import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel


def test_void_qt_calls_leave_the_references_of_none_alone(qapp: object) -> None:
    label, timer = QLabel(), QTimer()
    before = sys.getrefcount(None)
    for number in range(5000):
        label.setText(str(number))
        label.update()
        timer.setInterval(number)
    assert abs(sys.getrefcount(None) - before) < 1000
