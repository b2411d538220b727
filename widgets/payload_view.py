"""A message as it came, as text or as bytes; never as markup, never longer than a screen can take."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from widgets import figures
from widgets.one_line import OneLine
from widgets.words import Words

TEXT_MOST = 8192
HEX_MOST = 2048


def as_text(payload: bytes) -> str:
    """The beginning of a payload as UTF-8; bytes that are none are shown as their codes."""
    text = payload[:TEXT_MOST].decode("utf-8", errors="backslashreplace")
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def as_hex(payload: bytes) -> str:
    """The beginning of a payload as lines of offset, sixteen bytes and what of them is ASCII."""
    lines = []
    for at in range(0, min(len(payload), HEX_MOST), 16):
        piece = payload[at : at + 16]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(f"{at:06x}  {piece.hex(' '):<47}  {letters}")
    return "\n".join(lines)


class PayloadView(QWidget):
    """Shows one payload, and how much of it."""

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._payload: bytes | None = None
        self._size = 0
        self.cut, self.text = OneLine("dim"), QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMinimumHeight(60)
        self.as_text, self.as_hex = QPushButton(), QPushButton()
        group = QButtonGroup(self)
        row = QHBoxLayout()
        row.addWidget(self.cut, 1)
        for button in (self.as_text, self.as_hex):
            button.setCheckable(True)
            group.addButton(button)
            row.addWidget(button)
        self.as_text.setChecked(True)
        group.buttonClicked.connect(self._show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self.text, 1)
        words.changed.connect(self._translate)
        self._translate()

    def show_payload(self, payload: bytes, size: int) -> None:
        """Show what was kept of a message that had `size` bytes."""
        self._payload, self._size = payload, size
        self._show()

    def clear(self) -> None:
        """Show nothing."""
        self._payload = None
        self._show()

    @Slot()
    def _show(self) -> None:
        if self._payload is None:
            self.text.clear()
            self.cut.say("")
            return
        payload, is_hex = self._payload, self.as_hex.isChecked()
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPixelSize(13)
        self.text.setFont(fixed if is_hex else self.font())
        self.text.setPlainText(as_hex(payload) if is_hex else as_text(payload))
        shown = min(len(payload), HEX_MOST if is_hex else TEXT_MOST)
        sizes = {"shown": shown, "kept": len(payload), "size": self._size}
        texts = {name: figures.size(count) for name, count in sizes.items()}
        self.cut.say(self._words.text("quarantine.cut", **texts))

    @Slot()
    def _translate(self) -> None:
        self.as_text.setText(self._words.text("quarantine.text"))
        self.as_hex.setText(self._words.text("quarantine.hex"))
        self._show()
