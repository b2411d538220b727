"""Messages that could not be read: why, from where, and as they came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from db.records import FeedCount, Quarantined
from widgets import figures
from widgets.bridge import Bridge
from widgets.one_line import OneLine
from widgets.pages import PAGE, Pages
from widgets.payload_view import PayloadView
from widgets.quarantine_retry import Retry
from widgets.table import Column, RecordTable
from widgets.table_view import table_view
from widgets.words import Words

FRESH_MOST = 9999
_NARROW_PX = 700
_SIZE = 4


class QuarantinePanel(QWidget):
    """What was set aside, newest first, a page at a time.

    Signals:
        feed_selected: the name of the chosen feed, empty for all.
    """

    feed_selected = Signal(str)

    def __init__(self, bridge: Bridge, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._words = bridge, words
        self._counts: dict[str, FeedCount] = {}
        self._is_stale = True
        self._error = ""
        self._fresh: set[int] = set()
        self._retry_said = ""
        self._list = Pages(bridge, "quarantine", self)
        self._list.arrived.connect(self._take)
        self._retry = Retry(bridge, words, self)
        self._retry.said.connect(self._on_retry_said)
        self._retry.ended.connect(self.read_newest)
        self.model = RecordTable(self._columns(), words, parent=self)
        self._build()
        self._age_timer = QTimer(self, interval=1000)
        self._age_timer.timeout.connect(self._write_counts)
        self._age_timer.start()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self._translate)
        self._translate()

    def _columns(self) -> tuple[Column, ...]:
        words, plain = self._words, figures.plain
        return (
            Column("quarantine.column_received", lambda q: words.when(q.received_ms), lambda q: q.id),
            Column("quarantine.column_feed", lambda q: plain(q.feed, 60)),
            Column("quarantine.column_reason", lambda q: self.reason(q.reason)),
            Column("quarantine.column_topic", lambda q: plain(q.topic, 200)),
            Column(
                "quarantine.column_size", lambda q: figures.size(q.size), sort=lambda q: q.size, right=True
            ),
        )

    def reason(self, code: str) -> str:
        """The word for a reason; a code without one as it is."""
        key = f"reason.{code}"
        return self._words.text(key) if self._words.has(key) else figures.plain(code, 60)

    def _build(self) -> None:
        self.title, self.counts, self.empty, self.notice = QLabel(), OneLine("dim"), QLabel(), QLabel()
        self.title.setObjectName("title")
        for label in (self.empty, self.notice):
            label.setObjectName("dim")
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.feed, self.refresh = QComboBox(), QPushButton()
        self.feed.addItem("", "")
        self.feed.setMinimumWidth(140)
        self.feed.currentIndexChanged.connect(self._on_feed)
        self.refresh.clicked.connect(self.read_newest)
        self._build_table()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.table)
        self.pages.addWidget(self.empty)
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(self.pages)
        split.addWidget(self._build_preview())
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        split.setChildrenCollapsible(False)
        split.setSizes([600, 400])
        top, bar = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self.title)
        top.addWidget(self.counts, 1)
        self.newer, self.older, self.place = QPushButton(), QPushButton(), OneLine("dim")
        self.retry = QPushButton()
        self.retry.clicked.connect(self._on_retry)
        self.newer.clicked.connect(self.read_newest)
        self.older.clicked.connect(self.read_older)
        for widget in (self.feed, self.refresh, self.newer, self.older, self.retry):
            bar.addWidget(widget)
        bar.addWidget(self.place, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addLayout(top)
        layout.addLayout(bar)
        layout.addWidget(self.notice)
        layout.addWidget(split, 1)
        inside = Qt.ShortcutContext.WidgetWithChildrenShortcut
        QShortcut(QKeySequence("F5"), self, context=inside).activated.connect(self.read_newest)

    def _build_table(self) -> None:
        self.table = table_view(self.model, {0: 160, 1: 110, 2: 170, _SIZE: 84}, stretch=3)
        self.table.selectionModel().currentRowChanged.connect(self._on_row)

    def _build_preview(self) -> QWidget:
        self.detail, self.payload = OneLine(), PayloadView(self._words)
        box = QWidget()
        layout = QVBoxLayout(box)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.detail)
        layout.addWidget(self.payload, 1)
        return box

    # --- what it is told -----------------------------------------------------

    @Slot(bool, str)
    def _on_linked(self, up: bool, _reason: str) -> None:
        if up:
            self.read_newest()

    def apply(self, records: Sequence[Any]) -> None:
        """Take counts and newly set-aside messages; hidden, only know that there are some."""
        self._retry.apply(records)
        counted = False
        for record in records:
            if isinstance(record, FeedCount):
                self._counts[record.feed] = record
                counted = True
            elif isinstance(record, Quarantined) and self._is_wanted(record):
                self._fresh.add(record.id)
        if not self.isVisible():
            self._is_stale = self._is_stale or bool(self._fresh)
            return
        if counted:
            self._offer_feeds()
            self._write_counts()
        self._say()

    def _is_wanted(self, record: Quarantined) -> bool:
        return self.feed.currentData() in ("", record.feed) and len(self._fresh) < FRESH_MOST

    @Slot()
    def read_newest(self) -> None:
        """Ask the core for the newest page; hidden, when it is shown again."""
        self._is_stale = not self.isVisible()
        if not self._is_stale:
            self._list.newest(self._filter())

    @Slot()
    def read_older(self) -> None:
        """Ask the core for the page before this one."""
        ids = [record.id for record in self.model.records()]
        if ids:
            self._list.older(min(ids), self._filter())

    def _filter(self) -> dict[str, Any]:
        return {"feed": self.feed.currentData()} if self.feed.currentData() else {}

    @Slot(object, str)
    def _take(self, value: Any, error: str) -> None:
        self._error = error
        if not error:
            page = sorted(msgspec.convert(value, list[Quarantined]), key=lambda record: -record.id)
            if self._list.is_newest:
                self._fresh = set()
            self.model.replace(page)
            if page:
                self.table.selectRow(0)
            self._show_chosen()
        self._say()

    # --- what people do ------------------------------------------------------

    @Slot()
    def _on_feed(self) -> None:
        self.feed_selected.emit(self.feed.currentData() or "")
        self.read_newest()
        self._write_counts()

    @Slot()
    def _on_retry(self) -> None:
        if self._retry.is_running:
            self._retry.cancel()
        else:
            self._retry.start(self.feed.currentData() or "")

    @Slot(str)
    def _on_retry_said(self, text: str) -> None:
        self._retry_said = text
        self._say()

    @Slot(QModelIndex, QModelIndex)
    def _on_row(self, _current: QModelIndex, _before: QModelIndex) -> None:
        self._show_chosen()

    # --- showing -------------------------------------------------------------

    @Slot()
    def _show_chosen(self) -> None:
        index = self.table.currentIndex()
        if not index.isValid():
            self.detail.say(self._words.text("quarantine.choose") if self.model.rowCount() else "")
            self.payload.clear()
            return
        record: Quarantined = self.model.record(index)
        self.detail.say(f"{self.reason(record.reason)} ({record.reason}) — {record.detail}")
        self.payload.show_payload(record.payload, record.size)

    def _offer_feeds(self) -> None:
        known = {self.feed.itemData(row) for row in range(self.feed.count())}
        for feed in sorted(set(self._counts) - known):
            self.feed.addItem(figures.plain(feed, 60), feed)

    @Slot()
    def _write_counts(self) -> None:
        if not self.isVisible() or not self._counts:
            return
        chosen = self.feed.currentData()
        counts = [count for feed, count in self._counts.items() if not chosen or feed == chosen]
        names = ("received", "stored", "quarantined", "duplicate")
        sums = {name: f"{sum(getattr(count, name) for count in counts):,}" for name in names}
        text = self._words.text("quarantine.counts", **sums)
        last = max((count.last_ms for count in counts if count.last_ms is not None), default=None)
        if last is not None:
            age = self._words.age(self._bridge.age_s(last))
            text = self._words.text("quarantine.counts_last", counts=text, age=age)
        self.counts.say(text)

    def _say(self) -> None:
        records = self.model.records()
        self.pages.setCurrentIndex(0 if records else 1)
        feed = figures.plain(self.feed.currentText(), 60)
        key = "quarantine.empty_feed" if self.feed.currentData() else "quarantine.empty"
        self.empty.setText(self._words.text(key, feed=feed))
        notices = [self._retry_said] if self._retry_said else []
        if self._error:
            notices.append(self._words.text("quarantine.failed", error=figures.plain(self._error)))
        if self._fresh and records:
            notices.append(self._words.text("quarantine.fresh", n=len(self._fresh)))
        elif self._fresh and not self._error:
            self.read_newest()
        self.notice.setText("\n".join(notices))
        self.notice.setVisible(bool(notices))
        key = "quarantine.retry_cancel" if self._retry.is_running else "quarantine.retry"
        self.retry.setText(self._words.text(key))
        self.retry.setToolTip(self._words.text("quarantine.retry_why"))
        self.retry.setEnabled(bool(records) or self._retry.is_running)
        self.newer.setEnabled(not self._list.is_newest)
        self.older.setEnabled(len(records) >= PAGE)
        span = {
            "first": self._words.when(records[0].received_ms) if records else "",
            "last": self._words.when(records[-1].received_ms) if records else "",
        }
        self.place.say(self._words.text("quarantine.page", **span) if records else "")

    @Slot()
    def _translate(self) -> None:
        words = self._words
        self.title.setText(words.text("quarantine.title"))
        self.refresh.setText(words.text("quarantine.refresh"))
        self.newer.setText(words.text("quarantine.newer"))
        self.older.setText(words.text("quarantine.older", n=PAGE))
        self.feed.setItemText(0, words.text("quarantine.feed_all"))
        self._write_counts()
        self._show_chosen()
        self._say()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.table.setColumnHidden(_SIZE, event.size().width() < _NARROW_PX)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._offer_feeds()
        self._write_counts()
        if self._is_stale:
            self.read_newest()
