"""The look of the control room: colours, shapes and letters.

Grey is normal; colour is for the abnormal only, and never alone: a priority
is a shape with its number, a condition is a shape with a word.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication

from db.asset_records import Condition
from widgets.resource import resource

GROUND = "#1b1f24"
BAR = "#14171b"
PANEL = "#242a31"
RAISED = "#262d35"
LINE = "#39424d"
TEXT = "#d7dde4"
BRIGHT = "#f4f7fa"
DIM = "#9aa5b1"
SELECTED = "#2f5d8a"
LIVE = "#7fd1a0"
PRIORITY = {1: "#ff5c61", 2: "#ffa03a", 3: "#f2d64b", 4: "#62b5f0"}
LAMP = {"ok": DIM, "warn": PRIORITY[3], "bad": PRIORITY[2], "off": PRIORITY[4], "unknown": DIM}
ON_COLOUR = "#14171b"

Shape = Literal["triangle", "diamond", "square", "dot", "ring", "dash", "dashes"]
SHAPES: dict[int, Shape] = {1: "triangle", 2: "diamond", 3: "square", 4: "dot"}
SIGNS = {1: "▲", 2: "◆", 3: "■", 4: "●"}
FAMILY = "Pretendard"
TEXT_PX = 14


def priority_colour(priority: int) -> str:
    """The colour of a priority; one that is not 1 to 4 as the lowest."""
    return PRIORITY.get(priority, PRIORITY[4])


def condition_look(condition: Condition, priority: int = 0) -> tuple[Shape, str, int]:
    """How an asset is drawn: shape, colour, number within (0 for none).

    By the worst priority of its alarms where it has one, else by its condition.
    """
    if priority in PRIORITY:
        return SHAPES[priority], PRIORITY[priority], priority
    return {
        Condition.WELL: ("ring", DIM, 0),
        Condition.UNKNOWN: ("dash", DIM, 0),
        Condition.CAUTION: ("square", PRIORITY[3], 3),
        Condition.SILENT: ("dot", PRIORITY[4], 4),
        Condition.BAD: ("diamond", PRIORITY[2], 2),
    }[condition]  # type: ignore[return-value]


def lamp_look(state: str) -> tuple[Shape, str]:
    """How a lamp of the truth bar is drawn."""
    shapes: dict[str, Shape] = {"ok": "ring", "warn": "square", "bad": "diamond", "off": "dot"}
    return shapes.get(state, "dash"), LAMP.get(state, DIM)


def paint_shape(painter: QPainter, area: QRectF, shape: Shape, colour: str, number: int = 0) -> None:
    """Draw a shape that fills `area`, with a number within unless it is 0."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    side = min(area.width(), area.height())
    box = QRectF(area.center().x() - side / 2, area.center().y() - side / 2, side, side)
    if shape in ("ring", "dash", "dashes"):
        _paint_outline(painter, box, shape, colour)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        _paint_solid(painter, box, shape)
        if number:
            font = QFont(FAMILY)
            font.setPixelSize(max(8, round(side * 0.52)))
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(ON_COLOUR))
            low = side * 0.14 if shape == "triangle" else 0.0
            painter.drawText(box.translated(0, low), Qt.AlignmentFlag.AlignCenter, str(number))
    painter.restore()


def _paint_outline(painter: QPainter, box: QRectF, shape: Shape, colour: str) -> None:
    width = max(1.5, box.width() / 9)
    pen = QPen(QColor(colour), width)
    if shape == "dashes":
        pen.setStyle(Qt.PenStyle.DotLine)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inset = box.adjusted(width, width, -width, -width)
    if shape in ("ring", "dashes"):
        painter.drawEllipse(inset)
    else:
        painter.drawLine(QPointF(inset.left(), box.center().y()), QPointF(inset.right(), box.center().y()))


def _paint_solid(painter: QPainter, box: QRectF, shape: Shape) -> None:
    centre = box.center()
    if shape == "triangle":
        painter.drawPolygon(QPolygonF([QPointF(centre.x(), box.top()), box.bottomRight(), box.bottomLeft()]))
    elif shape == "diamond":
        middle = [
            QPointF(centre.x(), box.top()), QPointF(box.right(), centre.y()),
            QPointF(centre.x(), box.bottom()), QPointF(box.left(), centre.y()),
        ]  # fmt: skip
        painter.drawPolygon(QPolygonF(middle))
    elif shape == "square":
        inset = box.width() * 0.06
        painter.drawRect(box.adjusted(inset, inset, -inset, -inset))
    else:
        painter.drawEllipse(box)


@lru_cache(maxsize=256)
def shape_pixmap(shape: Shape, colour: str, number: int = 0, size: int = 20) -> QPixmap:
    """The shape as a picture of `size` pixels, sharp on screens of twice the density."""
    pixmap = QPixmap(size * 2, size * 2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    paint_shape(painter, QRectF(2, 2, size * 2 - 4, size * 2 - 4), shape, colour, number)
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return pixmap


def priority_icon(priority: int, size: int = 20) -> QIcon:
    """▲1 ◆2 ■3 ●4, the number within the shape."""
    return QIcon(shape_pixmap(SHAPES.get(priority, "dot"), priority_colour(priority), priority, size))


def condition_icon(condition: Condition, size: int = 20, priority: int = 0) -> QIcon:
    """The shape of an asset's condition or worst alarm; a grey ring when it is well."""
    shape, colour, number = condition_look(condition, priority)
    return QIcon(shape_pixmap(shape, colour, number, size))


def font(pixels: int = TEXT_PX, *, bold: bool = False) -> QFont:
    """The bundled letters, with figures of equal width; never below 13 pixels."""
    made = QFont(FAMILY)
    made.setPixelSize(max(13, pixels))
    made.setBold(bold)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def load_fonts() -> list[str]:
    """Make the bundled letters known to Qt; returns their families."""
    families: list[str] = []
    for path in sorted(resource("fonts").glob("*.otf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number >= 0:
            families += QFontDatabase.applicationFontFamilies(number)
    return families


def palette() -> QPalette:
    """The colours of every standard widget."""
    made = QPalette()
    role = QPalette.ColorRole
    colours = {
        role.Window: GROUND, role.WindowText: TEXT, role.Base: PANEL, role.AlternateBase: GROUND,
        role.Text: TEXT, role.Button: RAISED, role.ButtonText: TEXT, role.BrightText: BRIGHT,
        role.ToolTipBase: RAISED, role.ToolTipText: TEXT, role.Highlight: SELECTED,
        role.HighlightedText: BRIGHT, role.Link: PRIORITY[4], role.LinkVisited: PRIORITY[4],
        role.PlaceholderText: DIM, role.Light: LINE, role.Midlight: LINE, role.Mid: LINE,
        role.Dark: BAR, role.Shadow: BAR, role.Accent: SELECTED,
    }  # fmt: skip
    for each, colour in colours.items():
        made.setColor(each, QColor(colour))
    for each in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, each, QColor(DIM))
    made.setColor(QPalette.ColorGroup.Disabled, role.Button, QColor(GROUND))
    return made


def stylesheet() -> str:
    """What the palette cannot say: flat lines, no gradients, no rounded decoration."""
    return f"""
QToolTip {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE}; padding: 4px; }}
QPushButton, QToolButton {{ background: {RAISED}; color: {TEXT}; border: 1px solid {LINE};
  padding: 4px 10px; border-radius: 2px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {DIM}; }}
QPushButton:pressed, QToolButton:pressed, QPushButton:checked, QToolButton:checked {{
  background: {SELECTED}; color: {BRIGHT}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {PRIORITY[4]}; }}
QPushButton:disabled, QToolButton:disabled {{ background: {GROUND}; color: {DIM}; }}
QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QSpinBox, QDateTimeEdit {{
  background: {BAR}; color: {TEXT}; border: 1px solid {LINE}; padding: 3px 6px; }}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus {{ border-color: {PRIORITY[4]}; }}
QHeaderView::section {{ background: {PANEL}; color: {DIM}; border: 0;
  border-bottom: 1px solid {LINE}; padding: 4px 6px; }}
QTableView, QTreeView, QListView {{ background: {PANEL}; color: {TEXT}; border: 1px solid {LINE};
  gridline-color: {LINE}; selection-background-color: {SELECTED}; selection-color: {BRIGHT}; }}
QMenuBar {{ background: {BAR}; color: {TEXT}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {SELECTED}; color: {BRIGHT}; }}
QMenu {{ background: {PANEL}; color: {TEXT}; border: 1px solid {LINE}; }}
QMenu::item:disabled {{ color: {DIM}; }}
QSplitter::handle {{ background: {GROUND}; }}
QScrollBar:vertical {{ background: {GROUND}; width: 12px; margin: 0; }}
QScrollBar:horizontal {{ background: {GROUND}; height: 12px; margin: 0; }}
QScrollBar::handle {{ background: {LINE}; min-height: 28px; min-width: 28px; }}
QScrollBar::handle:hover {{ background: {DIM}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: {GROUND}; }}
QLabel#dim {{ color: {DIM}; }}
QLabel#title {{ color: {BRIGHT}; font-weight: bold; }}
QFrame#panel {{ background: {PANEL}; border: 1px solid {LINE}; }}
"""


def dress(app: QApplication) -> None:
    """Give the program its look, whatever the desktop says."""
    load_fonts()
    app.setStyle("Fusion")
    app.setPalette(palette())
    app.setFont(font())
    app.setStyleSheet(stylesheet())


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, 1 to 21. WCAG 2.2, "contrast ratio"."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    made = QColor(colour)
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (made.redF(), made.greenF(), made.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
