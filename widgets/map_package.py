"""A piece of the map for a crew: which zooms, how much that is, and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from db.map_records import MapSheet
from db.workings import Progress
from widgets import figures, theme
from widgets.bridge import Bridge
from widgets.fetching import Fetch
from widgets.labels import plain_label
from widgets.words import Words

_ASK_MS = 250
_FIRST, _LAST = 10, 16  # what a crew mostly needs: the district down to a house


class PackageDialog(QDialog):
    """Chooses maps and zooms of an area (west, south, east, north) and has them packed."""

    def __init__(
        self,
        bridge: Bridge,
        words: Words,
        sheets: list[MapSheet],
        bounds: tuple[float, float, float, float],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._bridge, self._words, self._bounds = bridge, words, bounds
        self._task = ""
        self._path = Path()
        self._asked = 0
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(words.text("map.package"))
        self.setMinimumWidth(460)
        self.maps = {sheet.id: self._box(sheet) for sheet in sheets if not sheet.error}
        self._build(sheets)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_ASK_MS)
        self._soon.timeout.connect(self._ask)
        bridge.changed.connect(self._apply)
        self._ask()

    def _box(self, sheet: MapSheet) -> QCheckBox:
        name = self._words.pick(sheet.name, sheet.name_en)
        text = f"{name} · {sheet.file}" if name else sheet.file
        box = QCheckBox(figures.plain(text, 80).replace("&", "&&"))
        box.setChecked(True)
        box.toggled.connect(self._on_choice)
        return box

    def _build(self, sheets: list[MapSheet]) -> None:
        words, layout = self._words, QVBoxLayout(self)
        west, south, east, north = self._bounds
        place = words.text("map.package_area", box=f"{west:.4f}, {south:.4f} – {east:.4f}, {north:.4f}")
        layout.addWidget(plain_label(place))
        for box in self.maps.values():
            layout.addWidget(box)
        zooms = [zoom for sheet in sheets if sheet.zooms and not sheet.error for zoom in sheet.zooms]
        low, high = min(zooms, default=0), max(zooms, default=20)
        self.first, self.last = QSpinBox(), QSpinBox()
        for spin, start in ((self.first, _FIRST), (self.last, _LAST)):
            spin.setRange(low, high)
            spin.setValue(start)
            spin.valueChanged.connect(self._on_choice)
        row = QHBoxLayout()
        for part in (plain_label(words.text("map.package_zooms")), self.first, plain_label("–"), self.last):
            row.addWidget(part)
        row.addStretch(1)
        layout.addLayout(row)
        self.amount = plain_label("")
        self.amount.setFont(theme.font(14, bold=True))
        self.bar, self.message = QProgressBar(), plain_label("")
        self.bar.setVisible(False)
        for each in (self.amount, self.bar, self.message):
            layout.addWidget(each)
        self.begin, self.cancel = QPushButton(words.text("map.package_save")), QPushButton()
        self.cancel.setText(words.text("export.cancel"))
        self.begin.clicked.connect(self._choose)
        self.cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.begin)
        layout.addLayout(buttons)

    @property
    def wanted(self) -> dict[str, Any]:
        """What is chosen, as the core takes it."""
        return {
            "bounds": list(self._bounds),
            "min_zoom": min(self.first.value(), self.last.value()),
            "max_zoom": max(self.first.value(), self.last.value()),
            "maps": [map_id for map_id, box in self.maps.items() if box.isChecked()],
        }

    @Slot()
    def _on_choice(self) -> None:
        self.begin.setEnabled(False)
        self._soon.start()

    @Slot()
    def _ask(self) -> None:
        wanted = self.wanted
        if not wanted["maps"]:
            self.amount.setText(self._words.text("map.package_none"))
            self.begin.setEnabled(False)
            return
        self._asked += 1
        number = self._asked
        self.amount.setText(self._words.text("map.package_measuring"))
        self._bridge.query("map.measure", wanted, lambda value, error: self._take_size(number, value, error))

    def _take_size(self, number: int, value: Any, error: str) -> None:
        if number != self._asked:
            return  # something else was chosen meanwhile
        found = value if isinstance(value, dict) else {}
        why_not = error or str(found.get("why_not", ""))
        fields = {"tiles": f"{found.get('tiles', 0):,}", "size": figures.size(int(found.get("bytes", 0)))}
        self.amount.setText(
            figures.plain(why_not) if why_not else self._words.text("map.package_size", **fields)
        )
        self.begin.setEnabled(not why_not and not self._task)

    @Slot()
    def _choose(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, self._words.text("map.package"), "gwanje-map.zip", "*.zip"
        )
        if path:
            self.write_to(Path(path))

    def write_to(self, path: Path) -> None:
        """Have it packed, then fetch it and put it there."""
        self._path = path if path.suffix.lower() == ".zip" else Path(f"{path}.zip")
        self.begin.setEnabled(False)
        self.bar.setRange(0, 0)
        self.bar.setVisible(True)
        self._bridge.command("map.package", self.wanted, self._on_started)

    def _on_started(self, value: Any, error: str) -> None:
        if error:
            self._end(error)
        else:
            self._task = msgspec.convert(value, Progress).id

    @Slot(object)
    def _apply(self, records: tuple[Any, ...]) -> None:
        for record in records:
            if isinstance(record, Progress) and record.id == self._task:
                self._follow(record)

    def _follow(self, progress: Progress) -> None:
        self.bar.setRange(0, progress.total)
        self.bar.setValue(progress.done)
        if progress.state == "done":
            fetch = Fetch(self._bridge, progress.path, self._path, self)
            fetch.ended.connect(self._end)
            self.message.setText(self._words.text("map.package_fetching"))
            fetch.start()
        elif progress.state != "running":
            self._end(progress.text or progress.state)

    @Slot(str)
    def _end(self, error: str) -> None:
        self._task = ""
        self.bar.setVisible(False)
        if error:
            self.begin.setEnabled(True)
            self.message.setStyleSheet(f"color: {theme.PRIORITY[2]}")
            self.message.setText(self._words.text("map.package_failed", error=figures.plain(error)))
            return
        self.begin.hide()
        self.cancel.setText(self._words.text("export.close"))
        self.message.setStyleSheet("")
        self.message.setText(self._words.text("map.package_done", path=str(self._path)))

    def reject(self) -> None:
        """Close; a package that is being made is ended first."""
        if self._task:
            self._bridge.command("task.cancel", {"id": self._task})
        super().reject()
