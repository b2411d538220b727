"""The attachments of an incident: list, preview, saving, and files on their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from db.records import Attachment, Incident
from widgets import figures
from widgets.bridge import Bridge
from widgets.incident_files import (
    PICTURES,
    PREVIEW_MOST,
    Source,
    Upload,
    in_pool,
    media_type,
    picture,
    safe_name,
    save,
)
from widgets.one_line import OneLine
from widgets.words import Words

_PREVIEW = QSize(640, 480)


class Uploads(QWidget):
    """The file on its way with its progress; one after the other.

    Signals:
        said: what came of it, and whether it went well.
    """

    said = Signal(str, bool)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._waiting: list[Upload] = []
        self._now: Upload | None = None
        self.text, self.bar, self.stop, self.retry = OneLine(), QProgressBar(), QPushButton(), QPushButton()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(120)
        self.stop.clicked.connect(self.cancel)
        self.retry.clicked.connect(self.again)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        for widget in (self.bar, self.retry, self.stop):
            layout.addWidget(widget)
        self.hide()

    def add(self, incident: str, name: str, kind: str, source: Source, camera: str = "") -> None:
        """Send this to the incident as soon as the one before is there."""
        self._waiting.append(Upload(self._bridge, incident, name, kind, source, camera, self))
        if self._now is None:
            self._next()

    def _next(self) -> None:
        self._now = self._waiting.pop(0) if self._waiting else None
        self.setVisible(self._now is not None)
        if self._now is None:
            return
        self.stop.setText(self._words.text("incident.cancel"))
        self.retry.setText(self._words.text("incident.retry"))
        self.retry.hide()
        self.bar.show()
        self.bar.setRange(0, 0)
        self.text.say(self._words.text("incident.hashing", name=figures.plain(self._now.name, 80)))
        self._now.moved.connect(self._on_moved)
        self._now.finished.connect(self._on_finished)
        self._now.start()

    @Slot(int, int)
    def _on_moved(self, have: int, size: int) -> None:
        if self._now is None:
            return
        self.bar.setRange(0, 100)
        self.bar.setValue(have * 100 // max(1, size))
        fields = {
            "percent": have * 100 // max(1, size),
            "done": figures.size(have),
            "total": figures.size(size),
        }
        self.text.say(
            self._words.text("incident.uploading", name=figures.plain(self._now.name, 80), **fields)
        )

    @Slot(str)
    def _on_finished(self, reason: str) -> None:
        if self._now is None:
            return
        name = figures.plain(self._now.name, 80)
        if not reason:
            self.said.emit(self._words.text("incident.upload_done", name=name), True)
            self._drop()
            return
        if reason == "cancelled":
            self.said.emit(self._words.text("incident.upload_cancelled", name=name), True)
            self._drop()
            return
        key = f"incident.{reason}"
        error = self._words.text(key) if self._words.has(key) else figures.plain(reason)
        text = self._words.text("incident.upload_failed", name=name, error=error)
        self.text.say(text)
        self.said.emit(text, False)
        self.bar.hide()
        self.retry.show()

    def _drop(self) -> None:
        if self._now is not None:
            self._now.deleteLater()
        self._next()

    @Slot()
    def again(self) -> None:
        """Go on with the file that failed, from where it stopped."""
        if self._now is not None:
            self.retry.hide()
            self.bar.show()
            self._now.cancelled = False
            self._now.start()

    @Slot()
    def cancel(self) -> None:
        """Give up the file on its way; of one that failed at once."""
        if self._now is None:
            return
        self._now.cancel()
        if self.retry.isVisibleTo(self):
            self._on_finished("cancelled")


class Attachments(QWidget):
    """The list of attachments with a preview of the chosen one.

    Signals:
        said: what came of an act, and whether it went well.
    """

    said = Signal(str, bool)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._shown: tuple[Attachment, ...] = ()
        self._wanted = ""
        self._working: QObject | None = None
        self.title, self.list, self.preview = QLabel(), QListWidget(), QLabel()
        self.save_button = QPushButton()
        self.title.setObjectName("dim")
        self.preview.setTextFormat(Qt.TextFormat.PlainText)
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setWordWrap(True)
        self.preview.setObjectName("dim")
        self.preview.setMinimumSize(100, 40)
        self.list.setMinimumHeight(40)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.currentRowChanged.connect(self._on_row)
        self.save_button.clicked.connect(self.save_chosen)
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.save_button)
        row = QHBoxLayout()
        row.addLayout(left, 1)
        row.addWidget(self.preview, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.title)
        layout.addLayout(row, 1)
        self.translate()

    def translate(self) -> None:
        """Write the texts in the present language."""
        self.title.setText(f"{self._words.text('incident.attachments')} {len(self._shown) or ''}")
        self.save_button.setText(self._words.text("incident.save_as"))

    def show_incident(self, incident: Incident | None) -> None:
        """Show this incident's attachments; the chosen one stays chosen."""
        files = incident.attachments if incident else ()
        if files == self._shown:
            return
        chosen = self._chosen()
        self._shown = files
        self.list.blockSignals(True)
        self.list.clear()
        for file in files:
            name = figures.plain(file.name, 120)
            self.list.addItem(QListWidgetItem(f"{name} · {figures.size(file.size)}"))
        row = next(
            (n for n, file in enumerate(files) if chosen and file.sha256 == chosen.sha256), len(files) - 1
        )
        self.list.blockSignals(False)
        self.list.setCurrentRow(row)
        self._on_row(row)
        self.setVisible(bool(files))
        self.translate()

    def _chosen(self) -> Attachment | None:
        row = self.list.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    @Slot(int)
    def _on_row(self, _row: int) -> None:
        chosen = self._chosen()
        self.save_button.setEnabled(chosen is not None)
        self.preview.setPixmap(QPixmap())
        if chosen is None or chosen.sha256 == "":
            self.preview.setText("")
            return
        if chosen.media_type not in PICTURES or chosen.size > PREVIEW_MOST:
            self.preview.setText(self._words.text("incident.preview_none"))
            return
        wanted = self._wanted = chosen.sha256
        self.preview.setText(self._words.text("incident.preview_loading"))
        self._bridge.query(
            "blob", {"sha256": wanted}, lambda value, error: self._on_blob(wanted, value, error)
        )

    def _on_blob(self, sha256: str, value: Any, error: str) -> None:
        if sha256 != self._wanted:
            return
        if error or not isinstance(value, bytes):
            self._no_preview(error or "—")
            return
        self._working = in_pool(
            lambda: (sha256, picture(value, _PREVIEW)), self._on_picture, self._no_preview
        )

    @Slot(object)
    def _on_picture(self, found: tuple[str, QImage]) -> None:
        sha256, image = found
        if sha256 == self._wanted:
            room = self.preview.size().expandedTo(QSize(160, 100))
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self.preview.setPixmap(QPixmap.fromImage(image.scaled(room, keep, smooth)))

    @Slot(str)
    def _no_preview(self, error: str) -> None:
        self.preview.setText(self._words.text("incident.preview_failed", error=figures.plain(error, 120)))

    # --- saving --------------------------------------------------------------

    @Slot()
    def save_chosen(self) -> None:
        """Ask where, then fetch the chosen attachment and write it there."""
        chosen = self._chosen()
        if chosen is None:
            return
        title = self._words.text("incident.save_as")
        path, _ = QFileDialog.getSaveFileName(self, title, safe_name(chosen.name))
        if path:
            self.save_to(chosen, Path(path))

    def save_to(self, file: Attachment, path: Path) -> None:
        """Fetch and write without asking."""
        self._bridge.query(
            "blob", {"sha256": file.sha256}, lambda value, error: self._write(path, value, error)
        )

    def _write(self, path: Path, value: Any, error: str) -> None:
        if error or not isinstance(value, bytes):
            self._not_saved(error or "—")
            return
        self._working = in_pool(lambda: save(path, value), self._on_saved, self._not_saved)

    @Slot(object)
    def _on_saved(self, name: str) -> None:
        self.said.emit(self._words.text("incident.saved", name=figures.plain(name, 120)), True)

    @Slot(str)
    def _not_saved(self, error: str) -> None:
        self.said.emit(self._words.text("incident.not_saved", error=figures.plain(error)), False)


def _decoded(sha256: str, data: bytes) -> tuple[str, QImage]:
    return sha256, picture(data, _PREVIEW)


def file_source(path: Path) -> tuple[str, str, Source]:
    """Name, media type and bytes of a file."""
    return path.name, media_type(path), Source(path)
