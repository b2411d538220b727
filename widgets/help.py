"""The manual, from the program's own files; nothing is fetched."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QImage, QKeySequence, QShortcut, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from widgets.resource import resource
from widgets.words import Words

_WIDE = 760
_PICTURES = (".png", ".webp")


class _Pages(QTextBrowser):
    """A browser that loads the manual's own pictures, made to fit, and nothing else."""

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        path = _of_manual(name if isinstance(name, QUrl) else QUrl(name), _PICTURES)
        if path is None:
            return None
        picture = QImage(str(path))
        if picture.width() <= _WIDE:
            return picture
        return picture.scaledToWidth(_WIDE, Qt.TransformationMode.SmoothTransformation)


def _of_manual(name: QUrl, suffixes: tuple[str, ...]) -> Path | None:
    """The file of the manual that a relative address names; None for any other address."""
    folder = resource("manual")
    if not name.isRelative() or not name.path():
        return None
    path = (folder / name.path()).resolve()
    is_ours = path.is_relative_to(folder.resolve()) and path.suffix in suffixes
    return path if is_ours and path.is_file() else None


class Manual(QDialog):
    """The manual in the operator's language."""

    def __init__(self, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.pages = _Pages()
        self.pages.setOpenLinks(False)
        self.pages.anchorClicked.connect(self._open)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages)
        self.resize(820, 640)
        for keys in ("Alt+Left", "Backspace"):
            QShortcut(QKeySequence(keys), self).activated.connect(self._translate)
        words.changed.connect(self._translate)
        self._translate()

    @Slot()
    def _translate(self) -> None:
        self.setWindowTitle(self._words.text("menu.manual"))
        self._show(resource("manual", f"{self._words.language}.md"))

    @Slot(QUrl)
    def _open(self, link: QUrl) -> None:
        """Follow a link within the manual; others go nowhere."""
        page = _of_manual(link, (".md",))
        if page is not None:
            self._show(page)

    def _show(self, page: Path) -> None:
        features = QTextDocument.MarkdownFeature.MarkdownNoHTML
        features |= QTextDocument.MarkdownFeature.MarkdownDialectGitHub
        document = self.pages.document()
        document.setDocumentMargin(18)
        document.setMarkdown(page.read_text(encoding="utf-8"), features)
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
