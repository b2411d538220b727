"""Can I trust what I see? The bar that is always there, and the page behind each field."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFontMetrics, QIcon, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from db.records import Lamp, Proof
from widgets import theme
from widgets.bridge import Bridge
from widgets.duty_line import DutyLine
from widgets.figures import plain
from widgets.table import Column, RecordTable
from widgets.truth_text import KINDS, detail, field
from widgets.words import Words

_TICK_MS = 500
_GAP = 6
_FLAT = (
    f"QToolButton {{ border: 1px solid transparent; padding: 2px 5px; background: {theme.BAR}; }}"
    f"QToolButton:hover, QToolButton:focus {{ border-color: {theme.DIM}; }}"
)
_ORDER = ("bad", "warn", "unknown", "off", "ok")


class LampButton(QToolButton):
    """One field: shape, name and figure; pressed, it tells more."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(14, 14))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setStyleSheet(_FLAT)

    def minimumSizeHint(self) -> QSize:
        """May be squeezed: the bar chooses shorter words and never widens the window."""
        return QSize(40, super().minimumSizeHint().height())

    def show_field(self, state: str, text: str, *, old: bool) -> None:
        """Write the field; an abnormal one is bold and coloured, an old one says so by its shape."""
        shape, colour = theme.lamp_look("unknown" if old else state)
        self.setIcon(QIcon(theme.shape_pixmap(shape, colour, 0, 14)))
        bold = not old and state in ("warn", "bad")
        self.setFont(theme.font(13, bold=bold))
        self.setText(text)


class TruthBar(QWidget):
    """Broker, feeds, cameras, centre, backlog, proof, clock and disk, each with its age.

    Signals:
        opened: the kind of the field that was pressed.
    """

    opened = Signal(str)

    def __init__(self, bridge: Bridge, words: Words) -> None:
        super().__init__()
        self._bridge, self._words = bridge, words
        self._lamps: dict[str, dict[str, Lamp]] = {kind: {} for kind in KINDS}
        self._proof: Proof | None = None
        self._buttons = {kind: LampButton(kind) for kind in KINDS}
        self.duty = DutyLine(bridge, words, self)
        self.duty.changed.connect(self.refresh)
        self.clock = QToolButton()
        self.clock.setFont(theme.font(13, bold=True))
        self.clock.setMinimumWidth(60)
        self.clock.setStyleSheet(_FLAT)
        self.clock.clicked.connect(self._show_duty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 8, 3)
        layout.setSpacing(_GAP)
        for button in self._buttons.values():
            button.clicked.connect(self._open)
            layout.addWidget(button)
        layout.addStretch(1)
        layout.addWidget(self.clock)
        self.setFixedHeight(34)
        self.setMinimumWidth(600)
        self._ticker = QTimer(self)
        self._ticker.setInterval(_TICK_MS)
        self._ticker.timeout.connect(self.refresh)
        self._ticker.start()
        bridge.linked.connect(self._on_linked)
        words.changed.connect(self.refresh)
        self.refresh()

    def apply(self, records: tuple[Any, ...]) -> None:
        """Take newer lamps and proofs, and who is on shift."""
        self.duty.apply(records)
        touched = False
        for record in records:
            if isinstance(record, Lamp) and record.kind in self._lamps:
                self._lamps[record.kind][record.name] = record
                touched = True
            elif isinstance(record, Proof):
                self._proof = record
                touched = True
        if touched:
            self.refresh()

    def lamps(self, kind: str) -> list[Lamp]:
        """All lamps of a kind, by name."""
        return [lamp for _, lamp in sorted(self._lamps.get(kind, {}).items())]

    @property
    def proof(self) -> Proof | None:
        """The last comparison with the centre."""
        return self._proof

    def text(self, kind: str) -> str:
        """What the field says now."""
        return self._buttons[kind].text()

    @Slot()
    def refresh(self) -> None:
        """Write every field anew, in full words where they fit."""
        now_ms = self._bridge.now_ms()
        fields = [field(kind, self.lamps(kind), self._proof, now_ms, self._words) for kind in KINDS]
        texts = [f"{self._words.text(f'truth.{each.kind}')} {each.full}" for each in fields]
        clocks = self._clocks(now_ms)
        if self._width(texts, clocks[0]) > self.width():
            texts = [f"{self._words.text(f'truth.{each.kind}')} {each.short}" for each in fields]
        clock = next((each for each in clocks if self._width(texts, each) <= self.width()), clocks[-1])
        for each, text in zip(fields, texts, strict=True):
            button = self._buttons[each.kind]
            button.show_field(each.state, text, old=not self._bridge.is_linked)
            said = f"{self._words.text(f'truth.{each.kind}')}: {each.full}"
            button.setToolTip(said)
            button.setAccessibleName(said)
        self.clock.setText(clock)
        self.clock.setToolTip("\n".join([self._words.when(now_ms), *self.duty.lines(now_ms)]))

    def _clocks(self, now_ms: int) -> list[str]:
        """The people and the time, from the fullest to the time of day alone."""
        when, people = self._words.when(now_ms), self.duty.text(now_ms)
        return [f"{people} · {when}", f"{people} · {when[-8:]}", when[-8:]]

    @Slot()
    def _show_duty(self) -> None:
        """List who is on shift."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self._words.text("duty.title")).setEnabled(False)
        for line in self.duty.lines(self._bridge.now_ms()):
            menu.addAction(line.replace("&", "&&"))
        menu.popup(self.clock.mapToGlobal(self.clock.rect().bottomLeft()))

    def _width(self, texts: list[str], clock: str) -> int:
        metrics = QFontMetrics(theme.font(13, bold=True))
        return (
            sum(metrics.horizontalAdvance(text) + 38 + _GAP for text in texts)
            + metrics.horizontalAdvance(clock)
            + 42
        )

    @Slot(bool, str)
    def _on_linked(self, _up: bool, _reason: str) -> None:
        self.refresh()

    @Slot()
    def _open(self) -> None:
        button = self.sender()
        if isinstance(button, LampButton):
            self.opened.emit(button.kind)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.BAR)
        painter.fillRect(0, self.height() - 1, self.width(), 1, theme.LINE)
        painter.end()


class TruthPage(QDialog):
    """All lamps of one kind with the time of their proof; follows them while it is open."""

    def __init__(self, bar: TruthBar, kind: str, bridge: Bridge, words: Words) -> None:
        super().__init__(bar.window())
        self._bar, self._kind, self._bridge, self._words = bar, kind, bridge, words
        self.setWindowTitle(words.text("truth.page", kind=words.text(f"truth.{kind}")))
        self.model = RecordTable(self._columns(), words, parent=self)
        self.model.sort(1)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().setVisible(False)
        self.table.setWordWrap(True)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.note = QLabel()
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        close = QPushButton(words.text("truth.close"))
        close.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.note)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignRight)
        self.resize(760, 320)
        self._ticker = QTimer(self)
        self._ticker.setInterval(1000)
        self._ticker.timeout.connect(self.follow)
        self._ticker.start()
        self.follow()

    def _columns(self) -> tuple[Column, ...]:
        words = self._words
        return (
            Column("truth.name", lambda lamp: plain(lamp.name, 60)),
            Column(
                "truth.state",
                lambda lamp: words.text(f"truth.lamp.{lamp.state}"),
                sort=lambda lamp: (_ORDER.index(lamp.state), lamp.name),
                icon=lambda lamp: QIcon(theme.shape_pixmap(*theme.lamp_look(lamp.state), 0, 14)),
            ),
            Column("truth.number", _figure, right=True),
            Column("truth.proved", lambda lamp: words.when(lamp.proved_ms) if lamp.proved_ms else "—"),
            Column("truth.age", self._age, right=True),
            Column("truth.detail", lambda lamp: detail(lamp, words)),
        )

    def _age(self, lamp: Lamp) -> str:
        return self._words.age(self._bridge.age_s(lamp.proved_ms)) if lamp.proved_ms else "—"

    @Slot()
    def follow(self) -> None:
        """Show the newest lamps."""
        lamps = self._bar.lamps(self._kind)
        self.model.apply(lamps)
        self.model.refresh()
        proof = self._bar.proof
        if self._kind == "proof" and proof is not None:
            theirs = proof.theirs
            self.note.setText(
                self._words.text(
                    "truth.heads",
                    ours=proof.ours.count,
                    ours_hash=proof.ours.hash[:16],
                    theirs=theirs.count if theirs else "—",
                    theirs_hash=theirs.hash[:16] if theirs else "",
                )
            )
        else:
            self.note.setText("" if lamps else self._words.text("truth.nothing"))


def _figure(lamp: Lamp) -> str:
    if lamp.number is None:
        return "—"
    number = f"{lamp.number:,.0f}"
    of = lamp.total if lamp.among is None else lamp.among
    return number if of is None else f"{number} / {of:,.0f}"
