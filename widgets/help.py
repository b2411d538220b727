"""The manual, from the program's own files; nothing is fetched."""

from __future__ import annotations

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from widgets.resource import resource
from widgets.words import Words


class _Pages(QTextBrowser):
    """A browser that loads nothing: neither pictures nor pages."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None


class Manual(QDialog):
    """The manual in the operator's language."""

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.pages = _Pages()
        self.pages.setOpenLinks(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages)
        self.resize(820, 640)
        words.changed.connect(self._translate)
        self._translate()

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("menu.manual"))
        text = resource("manual", f"{self._words.language}.md").read_text(encoding="utf-8")
        features = QTextDocument.MarkdownFeature.MarkdownNoHTML
        features |= QTextDocument.MarkdownFeature.MarkdownDialectGitHub
        document = self.pages.document()
        document.setDocumentMargin(18)
        document.setMarkdown(text, features)
        self._give_room(document)
        self.pages.moveCursor(QTextCursor.MoveOperation.Start)

    def _give_room(self, document: QTextDocument) -> None:
        """Set the paragraphs apart, which the Markdown of Qt does not."""
        block = document.begin()
        while block.isValid():
            if QTextCursor(block).currentTable() is None:
                form = block.blockFormat()
                form.setTopMargin(16 if form.headingLevel() else 4)
                form.setBottomMargin(6)
                QTextCursor(block).setBlockFormat(form)
            block = block.next()
