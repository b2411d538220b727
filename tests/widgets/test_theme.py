"""The look."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QFontInfo, QFontMetrics

from widgets import theme

TEXTS = (theme.TEXT, theme.BRIGHT, theme.DIM, *theme.PRIORITY.values(), theme.LIVE)
GROUNDS = (theme.GROUND, theme.BAR, theme.PANEL, theme.RAISED)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("ground", GROUNDS)
def test_every_text_can_be_read_on_every_ground(text: str, ground: str) -> None:
    assert theme.contrast(text, ground) >= 4.5


def test_selected_text_and_numbers_within_shapes_can_be_read() -> None:
    assert theme.contrast(theme.BRIGHT, theme.SELECTED) >= 4.5
    for colour in theme.PRIORITY.values():
        assert theme.contrast(theme.ON_COLOUR, colour) >= 4.5


def test_the_bundled_letters_are_used_and_figures_are_of_equal_width(qapp: object) -> None:
    assert theme.FAMILY in theme.load_fonts()
    font = theme.font(16)
    assert QFontInfo(font).family() == theme.FAMILY
    widths = {QFontMetrics(font).horizontalAdvance(figure * 4) for figure in "0123456789"}
    assert len(widths) == 1


@pytest.mark.parametrize("priority", [1, 2, 3, 4, 9])
def test_every_priority_has_a_shape_of_its_own_size(qapp: object, priority: int) -> None:
    assert not theme.priority_icon(priority, 24).pixmap(24, 24).isNull()
