"""The figures of alarms as a grid: what, how much, the target, and a mark where it is missed."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from db.kpi_records import Kpis
from widgets import theme
from widgets.words import Words


class Figure(NamedTuple):
    """One line: the key of its name, its value, the target if there is one, and whether it is met."""

    key: str
    value: str
    target: str = ""
    holds: bool = True


def told(found: Kpis, words: Words) -> list[Figure]:
    """What stands in the grid; targets of ISA-18.2 / IEC 62682 and EEMUA 191."""
    low, medium, high = found.mix
    answer, fleeting = found.response, found.fleeting_count
    pair = words.text("kpi.none")
    if answer.median_s is not None and answer.p90_s is not None:
        pair = words.text("kpi.seconds", median=f"{answer.median_s:.0f}", p90=f"{answer.p90_s:.0f}")
    most = f"{found.most_per_10min:g}"
    if found.most_at_ms is not None:
        most = f"{most} · {words.when(found.most_at_ms)[5:16]}"
    return [
        Figure("calls", words.text("kpi.pieces", n=f"{found.calls:,}")),
        Figure("operators", f"{found.operators:.1f}"),
        Figure("mean", f"{found.mean_per_10min:.2f}", "≤ 1", found.mean_per_10min <= 1),
        Figure("most", most, "≤ 10", found.most_per_10min <= 10),
        Figure("over", _percent(words, found.over_10_share), "< 1 %", found.over_10_share < 0.01),
        Figure("flood", _percent(words, found.flood_share), "< 1 %", found.flood_share < 0.01),
        Figure("top", _percent(words, found.top_rules_share), "≤ 5 %", found.top_rules_share <= 0.05),
        Figure(
            "mix", f"{100 * low:.0f} / {100 * medium:.0f} / {100 * high:.0f} %", "80 / 15 / 5",
            found.calls == 0 or (low >= 0.70 and high <= 0.10),
        ),
        Figure("response", pair),
        Figure("open", words.text("kpi.pieces", n=f"{answer.open:,}"), "0", answer.open == 0),
        Figure("chattering", f"{len(found.chattering)}", "0", not found.chattering),
        Figure("fleeting", words.text("kpi.pieces", n=f"{fleeting:,}"), "0", not fleeting),
        Figure("stale", words.text("kpi.pieces", n=f"{found.stale_count:,}"), "0", not found.stale_count),
        Figure("aside", f"{found.shelved:,} / {found.suppressed:,} / {found.out_of_service:,}"),
    ]  # fmt: skip


def _percent(words: Words, share: float) -> str:
    return words.text("kpi.percent", n=f"{100 * share:.1f}")


class KpiGrid(QWidget):
    """The figures, two to a line where there is room."""

    def __init__(self, words: Words, columns: int = 2) -> None:
        super().__init__()
        self._words, self._columns = words, columns
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setVerticalSpacing(6)
        self._labels: list[tuple[QLabel, QLabel, QLabel, QLabel]] = []

    def show_figures(self, found: Kpis) -> None:
        """Write the figures."""
        figures = told(found, self._words)
        while len(self._labels) < len(figures):
            self._add()
        for labels, figure in zip(self._labels, figures, strict=True):
            self._write(labels, figure)

    def _add(self) -> None:
        at = len(self._labels)
        row, column = divmod(at, self._columns)
        labels = (QLabel(), QLabel(), QLabel(), QLabel())
        for place, label in enumerate(labels):
            label.setTextFormat(Qt.TextFormat.PlainText)
            self._grid.addWidget(label, row, column * 5 + place)
        labels[1].setFont(theme.font(16, bold=True))
        labels[1].setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        labels[3].setObjectName("dim")
        if column + 1 < self._columns:
            self._grid.setColumnMinimumWidth(column * 5 + 4, 28)
        self._grid.setColumnStretch(column * 5, 1)
        self._labels.append(labels)

    def _write(self, labels: tuple[QLabel, QLabel, QLabel, QLabel], figure: Figure) -> None:
        name, value, sign, target = labels
        name.setText(self._words.text(f"kpi.figure.{figure.key}"))
        value.setText(figure.value)
        look = ("ring", theme.DIM) if figure.holds else ("square", theme.PRIORITY[3])
        shape = theme.shape_pixmap(look[0], look[1], 0, 14)
        sign.setPixmap(shape if figure.target else theme.shape_pixmap("dash", theme.GROUND, 0, 14))
        target.setText(self._words.text("kpi.target", value=figure.target) if figure.target else "")
        key = f"kpi.tip.{figure.key}"
        for label in labels:
            label.setToolTip(self._words.text(key) if self._words.has(key) else "")
